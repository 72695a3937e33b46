// What is said beside a plan, before it is applied: what of it the homeserver would not do as it stands, and
// what of the directory it cannot show.
// Engine thread.
#pragma once

#include <string>
#include <vector>

#include "daemon/engine/engine.h"
#include "policy/base/diagnostic.h"
#include "policy/decide.h"
#include "policy/guard.h"
#include "policy/room_rename.h"

namespace rollcall::control {

// Addresses of rooms that do not have theirs yet, in the policy's order: what the homeserver is to be asked
// about before anybody is told anything of them.
[[nodiscard]] std::vector<std::string> addresses_to_claim(const policy::Decider& decider);

// An address that a room of the policy would have, and that leads elsewhere.
struct TakenAddress {
    std::uint32_t room = 0;  // of the program
    std::string address, leads_to;
};
[[nodiscard]] std::vector<TakenAddress> taken_addresses(const engine::Engine& engine,
                                                        const policy::Decider& decider);

// While a room is being made nobody can say which one `formerly` means: an error then.
[[nodiscard]] Status none_is_being_made(engine::Engine& engine, const policy::Program& program);

// What becomes of the holds of the policy in force, sentences: which of their actions this policy does not
// want any more, and which rest since it does not name their room. `guards` have counted the plan.
[[nodiscard]] std::vector<std::string> holds_changed(const engine::Engine& engine,
                                                     const policy::Decider& decider,
                                                     const std::vector<policy::RoomRename>& renames,
                                                     const policy::GuardState& guards);

[[nodiscard]] Diagnostics plan_warnings(const engine::Engine& engine, const policy::Decider& decider);

}  // namespace rollcall::control
