#include "policy/explain_approval.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <utility>

#include "policy/base/text.h"

namespace rollcall::policy {

std::string until_words(const CompiledApproval& approval) {
    return approval.until_text.empty() ? to_rfc3339(approval.until) : approval.until_text;
}

Reason approval_reason(const CompiledApproval& approval) {
    return {fmt::format("approved until {}, sponsor {}: {}", until_words(approval), approval.sponsor,
                        approval.reason),
            "outsiders." + approval.key, approval.at};
}

std::string sponsor_fault(const Decider& decider, const CompiledApproval& approval) {
    const PersonId sponsor = decider.world().person(approval.sponsor_guid);
    if (sponsor.valid() && decider.departed(sponsor) == Tri::yes)
        return fmt::format("the sponsor {} has departed", approval.sponsor);
    if (!sponsor.valid() || !decider.world().people[sponsor.index()].present)
        return fmt::format("the sponsor {} is not in the directory", approval.sponsor);
    return fmt::format("the sponsor {} is not an employee", approval.sponsor);
}

Reason lapsed_reason(const Decider& decider, const CompiledApproval& approval) {
    const bool ended = decider.world().now >= approval.until;
    return {ended ? fmt::format("the approval ended on {}", until_words(approval))
                  : sponsor_fault(decider, approval),
            fmt::format("outsiders.{}.{}", approval.key, ended ? "until" : "sponsor"), approval.at};
}

std::vector<Foreseen> foreseen(const Decider& decider, std::string_view user) {
    std::map<std::uint32_t, Foreseen> found;
    for (const CompiledApproval& approval : decider.program().approvals) {
        if (!glob_match(approval.who, user)) continue;
        const bool holds = decider.in_force(approval);
        for (const std::uint32_t room : approval.rooms) {
            Foreseen& one = found[room];
            if (one.room != kNoRoom && (one.holds || !holds)) continue;
            one = {room, holds, holds ? approval_reason(approval) : lapsed_reason(decider, approval)};
        }
    }
    std::vector<Foreseen> out;
    out.reserve(found.size());
    for (auto& [room, one] : found) out.push_back(std::move(one));
    return out;
}

}  // namespace rollcall::policy
