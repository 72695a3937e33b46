#include "daemon/audit/room_keys.h"

#include <algorithm>

#include "daemon/audit/recovery.h"

namespace rollcall::audit {

using schema::TrailEntry;
using schema::TrailKind;

void RoomKeys::take(std::uint64_t index, const TrailEntry& entry) {
    if (entry.kind == TrailKind::policy && entry.action == schema::kRenameRoom && !entry.before.empty()) {
        renames_.push_back({index, entry.before, entry.after});
        return;
    }
    const auto gained = entry.recovered.empty() ? std::nullopt : read_range(entry.recovered);
    if (!gained) return;
    for (std::size_t i = renames_.size(); i > 0; --i) {
        const Rename lost = renames_[i - 1];
        if (gained->first <= lost.index && lost.index <= gained->second)
            renames_.push_back({index, lost.to, lost.from});
    }
}

const std::string& RoomKeys::now(const std::string& key, std::uint64_t index) const {
    const std::string* out = &key;
    for (const Rename& one : renames_)
        if (one.index > index && one.from == *out) out = &one.to;
    return *out;
}

std::vector<RoomKeys::Span> RoomKeys::spans(const std::string& key) const {
    std::vector<Span> out;
    Span span{key, 0, 0};
    for (auto one = renames_.rbegin(); one != renames_.rend(); ++one) {
        if (one->from == span.key) {  // until then another room had it
            span.after = one->index;
            break;
        }
        if (one->to != span.key) continue;
        span.after = one->index - 1;
        out.push_back(span);
        span = {one->from, 0, one->index - 1};
    }
    out.push_back(std::move(span));
    std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace rollcall::audit
