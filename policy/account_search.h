// Whose account is looked for, where the homeserver had none of that name. Names that somebody made up are
// looked for seldom, and some at a time: whoever may invite makes as many of them as they like.
#pragma once

#include <algorithm>

#include "policy/decide.h"

namespace rollcall::policy {

// A place in a managed room that the policy does not take from them.
[[nodiscard]] inline bool has_place(const Decider& decider, UserId user, const Membership& held) {
    const int room = is_present(held.state) ? decider.managed(held.room) : -1;
    return room >= 0 && decider.verdict(user, static_cast<std::uint32_t>(room)).presence != Presence::out;
}

// Somebody of the directory, or somebody who has a place in a room.
[[nodiscard]] inline bool worth_finding(const Decider& decider, UserId user) {
    if (decider.person_of(user).valid()) return true;
    const auto row = decider.world().memberships.row(user.index());
    return std::any_of(row.begin(), row.end(),
                       [&](const Membership& held) { return has_place(decider, user, held); });
}

// A name that was taken out of a managed room before there was an account of it, or is to be and cannot:
// whoever gets that account reads the room up to there (Synapse), until it is forgotten in their name, or
// comes in.
[[nodiscard]] inline bool made_up(const Decider& decider, UserId user) {
    const auto row = decider.world().memberships.row(user.index());
    return !worth_finding(decider, user) && std::any_of(row.begin(), row.end(), [&](const Membership& held) {
        return (held.needs_forget || is_present(held.state)) && decider.managed(held.room) >= 0;
    });
}

}  // namespace rollcall::policy
