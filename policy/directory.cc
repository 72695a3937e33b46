#include "policy/directory.h"

#include <algorithm>

namespace rollcall::policy {

std::string DirectoryStatus::sentence() const {
    std::string out = text;
    for (const DirectoryRemark& remark : remarks) out += (out.empty() ? "" : "; ") + remark.text;
    return out;
}

bool DirectoryStatus::remarks_on(DirectoryRemark::About about) const {
    return std::any_of(remarks.begin(), remarks.end(),
                       [about](const DirectoryRemark& remark) { return remark.about == about; });
}

}  // namespace rollcall::policy
