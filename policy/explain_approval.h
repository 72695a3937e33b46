// What approvals of outsiders say, in sentences for people: until when, as the policy has it, and why one
// does not hold. Built on demand; nothing is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/explain.h"

namespace rollcall::policy {

// "2027-01-31", the last day that counts, or a moment: as it was written.
[[nodiscard]] std::string until_words(const CompiledApproval& approval);
// Of one that holds: "approved until 2027-01-31, sponsor jdoe: Contract 2026-118".
[[nodiscard]] Reason approval_reason(const CompiledApproval& approval);
// Why a sponsor cannot answer for anybody.
[[nodiscard]] std::string sponsor_fault(const Decider& decider, const CompiledApproval& approval);
// Of one that does not hold (any more): its end, or its sponsor.
[[nodiscard]] Reason lapsed_reason(const Decider& decider, const CompiledApproval& approval);

// What is known of a Matrix ID that no room and no directory has shown yet: the rooms that approvals name it
// for, one that holds before one that does not.
struct Foreseen {
    std::uint32_t room = kNoRoom;
    bool holds = false;
    Reason reason;
};
[[nodiscard]] std::vector<Foreseen> foreseen(const Decider& decider, std::string_view user);

}  // namespace rollcall::policy
