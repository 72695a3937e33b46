#include "daemon/audit/basis_history.h"

#include <algorithm>
#include <utility>

namespace rollcall::audit {

using schema::TrailAnchor;

void BasisHistory::take(std::uint64_t number, const json::Value& ours) {
    const json::Value& said = ours["basis"];
    if (said.is_null()) return;
    auto basis = schema::read_trail_basis(said);
    if (!basis) return;  // a later version's: what it says is not compared
    Said now{number, std::move(*basis)};
    for (TrailAnchor& anchor : now.basis.anchors)
        std::erase_if(former_, [&anchor](const Former& one) {
            if (one.anchor.name != anchor.name || !one.anchor.is_at(anchor)) return false;
            anchor.heads = std::max(anchor.heads, one.anchor.heads);
            anchor.newest = std::max(anchor.newest, one.anchor.newest);
            return true;
        });
    if (last_)
        for (TrailAnchor& was : last_->basis.anchors) {
            const auto at = std::find_if(now.basis.anchors.begin(), now.basis.anchors.end(),
                                         [&was](const TrailAnchor& one) { return one.name == was.name; });
            if (at == now.basis.anchors.end() || !at->is_at(was)) {
                former_.push_back({number, std::move(was)});
                continue;
            }
            at->heads = std::max(at->heads, was.heads);
            at->newest = std::max(at->newest, was.newest);
        }
    last_ = std::move(now);
}

}  // namespace rollcall::audit
