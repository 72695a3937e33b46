// A plan as admins read it: room by room what joins (+) and changes (~); then, apart from that and in full,
// who is removed
// (-); then what guards hold (!) and what was rejected; counts at the end, where the eye is when the screen
// stands still.
//
// Additions to one room are summed up after kMostAdditions: a first fill has thousands. Removals never are.
// Pure; any thread.
#pragma once

#include <string>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

inline constexpr std::size_t kMostAdditions = 10;

// `plan` as the handler answers it; `all` lists every addition.
[[nodiscard]] std::string plan_view(const json::Value& plan, const std::string& zone, const Look& look,
                                    bool all);

// "Plan: 3 rooms to create, 214 people to add, 2 to remove, 1 hold"
[[nodiscard]] std::string plan_summary(const json::Value& plan);
// Is there anything in it, held or not?
[[nodiscard]] bool plan_is_empty(const json::Value& plan);

// What one plan has and the other has not: "" if they are the same.
[[nodiscard]] std::string plan_difference(const json::Value& saved, const json::Value& now, const Look& look);

}  // namespace rollcall::cli
