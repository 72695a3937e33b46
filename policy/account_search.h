// Whose account is looked for, where the homeserver had none of that name. Names that somebody made up are
// looked for seldom, and some at a time: whoever may invite makes as many of them as they like.
#pragma once

#include <algorithm>

#include "policy/decide.h"

namespace rollcall::policy {

// Somebody of the directory, or somebody who has a place in a room.
[[nodiscard]] inline bool worth_finding(const Decider& decider, UserId user) {
    if (decider.person_of(user).valid()) return true;
    const auto row = decider.world().memberships.row(user.index());
    return std::any_of(row.begin(), row.end(), [](const Membership& held) {
        return held.state == MembershipState::join || held.state == MembershipState::invite ||
               held.state == MembershipState::knock;
    });
}

// A name that was taken out of a managed room before there was an account of it: whoever gets that account
// reads the room up to there (Synapse), until it is forgotten in their name.
[[nodiscard]] inline bool would_read_the_past(const Decider& decider, UserId user) {
    const auto row = decider.world().memberships.row(user.index());
    return std::any_of(row.begin(), row.end(), [&](const Membership& held) {
        return held.needs_forget && decider.managed(held.room) >= 0;
    });
}

}  // namespace rollcall::policy
