// Of status and plan: who waits before they lose a room, and who is out of one in which they belong. Numbers,
// and the first few of each by name. Engine thread.
#pragma once

#include "daemon/engine/engine.h"
#include "policy/backlog.h"
#include "policy/decide.h"
#include "schema/json.h"

namespace rollcall::control {

// Removals that wait for guards.grace: {"count", "first": [{"user", "room", "left"}]}. Of the policy in
// force: what an apply brings about does not wait.
// Requests that have waited for their answers for longer than usual: {"count", "longest"}; and who of the
// departed is not out of everything after that long: {"count", "first": [{"user", "since"}]}.
[[nodiscard]] json::Value overdue_json(engine::Engine& engine);
[[nodiscard]] json::Value who_waits(const engine::Engine& engine);
// Belong by this policy, are out by somebody's hand, and nothing is to be done about it: {"kicked": …,
// "left": …}, each {"count", "first": [{"user", "room"}]}.
[[nodiscard]] json::Value out_by_hand(const policy::Decider& decider, const policy::Backlog& backlog);
// Are invited, and nobody joins for them: {"count", "first": [{"user", "room"}]}. Whoever has an approval
// only where Rollcall has invited them.
[[nodiscard]] json::Value must_accept(const policy::Decider& decider, const policy::Backlog& backlog);

// What the removal of somebody from outside waits for, if that is their sponsor's own: "once …"; or "".
[[nodiscard]] std::string after_sponsor(const engine::Engine& engine, UserId user,
                                        const policy::UserAction& action);

}  // namespace rollcall::control
