// Held: what becomes of the actions that guards have stopped, while the world goes on.
//
//     waits     wanted now: part of a hold, done only after an approval
//     dormant   not wanted at this moment, and nothing says that its cause is gone: it was rejected, what it
//               rests on cannot be read just now, the policy does not name its room just now, or the person
//               departs (which is the departures' guard's question). It waits again as soon as it is wanted
//               again
//     gone      somebody's hand did it before anybody had answered: a kick, or leaving. It counts as if it
//               waited, as long as others of that hold do, so that nobody's doing changes what the rest of it
//               is compared with. Whoever is let in again by hand after that is taken back at once: they were
//               out, and no guard has stopped that
//     over      approved, done, or its cause is gone
//
// So neither a refill in parts nor another policy, a restart or an older ledger lets an action pass that a
// guard has stopped once. Pure.
#pragma once

#include "policy/guard.h"

namespace rollcall::policy {

enum class HeldState : std::uint8_t { waits, dormant, gone, over };
[[nodiscard]] HeldState held_state(const Decider& decider, const Backlog& backlog, const GuardMemory& memory,
                                   const ActionKey& key, const HeldBy& by);

// Whose question an action is by now that this guard has stopped: whoever has come back after a departure
// that was held would only lose a room.
[[nodiscard]] HeldBy held_by_now(const Decider& decider, const Backlog& backlog, const ActionKey& key,
                                 const HeldBy& by);

// Of what is held, those that are gone and still count.
[[nodiscard]] std::vector<ActionKey> gone_by_hand(const Decider& decider, const Backlog& backlog,
                                                  const GuardMemory& memory);

// Does what this guard has stopped stop this action? A departure is stopped by its own guard alone.
[[nodiscard]] bool stops(const HeldBy& by, const UserAction& action);

// About somebody in a room that exists and that the policy does not name: nothing is wanted there, until it
// is named again.
[[nodiscard]] bool rests(const Decider& decider, const ActionKey& key);

// Let in by hand against the verdict: however many those are, they are taken back, and fill no guard.
[[nodiscard]] bool came_unbidden(const Decider& decider, UserId user, const UserAction& action);

// Why the plan wants this action now; nullopt: it does not.
[[nodiscard]] std::optional<Basis> wanted_basis(const Decider& decider, const Backlog& backlog,
                                                const ActionKey& key);

}  // namespace rollcall::policy
