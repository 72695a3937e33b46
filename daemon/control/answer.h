// Small pieces of answers that several commands share. Engine thread.
#pragma once

#include "daemon/engine/engine.h"
#include "policy/base/diagnostic.h"
#include "policy/guard.h"
#include "schema/json.h"

namespace rollcall::control {

[[nodiscard]] json::Value ok(json::Value result, int exit = 0);
[[nodiscard]] json::Value error(const Error& error, const Diagnostics& diagnostics = {});
[[nodiscard]] json::Value to_json(const Diagnostics& diagnostics);
[[nodiscard]] json::Value to_json(const policy::Hold& hold, const policy::HeldSince& held_since);
// What was rejected and still would be done: hold, by, reason, at, actions; by hold.
[[nodiscard]] json::Value rejections_json(const policy::Answers& rejected);
// {"holds": …, "rejected": …}; each hold with its `lines` on demand.
[[nodiscard]] json::Value holds_json(const engine::Engine& engine, bool with_lines = false);
// Of a hold's first actions why each would be done, and where the rule stands: [{"reason", "rule"}…].
[[nodiscard]] json::Value hold_lines(const engine::Engine& engine, const policy::Hold& hold);
[[nodiscard]] json::Value to_json(const policy::Evidence& evidence);
[[nodiscard]] json::Value to_json(const policy::Decider& decider, const policy::PlanLine& line,
                                  std::string held, bool rejected);
[[nodiscard]] std::string_view to_text(policy::Tri value);
[[nodiscard]] std::string_view to_text(policy::Lane lane);
// A room of the policy in force by a key that it has or had, or its address. There must be a policy in force.
[[nodiscard]] Result<std::uint32_t> find_room(const engine::Engine& engine, const std::string& name);
// The user that somebody meant: a login or a Matrix ID. not_found or conflict with a hint.
[[nodiscard]] Result<UserId> find_user(engine::Engine& engine, const std::string& name);
[[nodiscard]] Result<PersonId> find_person(engine::Engine& engine, const std::string& name);

}  // namespace rollcall::control
