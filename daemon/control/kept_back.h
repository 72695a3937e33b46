// Departed people of whom something is still to be done and is not, because somebody or something stops it: a
// guard holds it, it was rejected, the policy protects them, everything is paused. What is only under way is
// not here. Engine thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/seen.h"

namespace rollcall::control {

// The protected Matrix IDs that belong to somebody who has departed.
[[nodiscard]] std::vector<std::string> protected_departed(const policy::Decider& decider);
// By Matrix ID: what stops it, for people.
[[nodiscard]] std::map<std::string, std::string> kept_back(const engine::Engine& engine);
// A line for `check --online`; nullopt where nobody is kept back.
[[nodiscard]] std::optional<Seen> departures_seen(const engine::Engine& engine);

}  // namespace rollcall::control
