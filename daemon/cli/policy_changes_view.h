// What the policy itself changes, setting by setting, before and after: of a plan, where what is dangerous
// stands out and is never left out, and of one setting in the trail. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

inline constexpr std::size_t kMostChanges = 30;  // that are not dangerous, unless all are wanted

// "joined → shared", "no longer: rollcall-canary"; of what is new, itself.
[[nodiscard]] std::string change_words(const std::string& before, const std::string& after);
// "" where nothing changes.
[[nodiscard]] std::string policy_changes_view(const json::Value& plan, const Look& look, bool all);
// "12 settings to change, 3 of them dangerous"; "" where nothing changes.
[[nodiscard]] std::string policy_changes_summary(const json::Value& plan);

}  // namespace rollcall::cli
