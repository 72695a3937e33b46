// Holds: what a guard stopped, why, and how it goes on. Pure; any thread.
#pragma once

#include <string>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

// `holds` as the handler answers it: of every hold its cause and both answers, then what waits and why; and
// what was rejected. Without `all` the first actions of each.
[[nodiscard]] std::string holds_view(const json::Value& result, const std::string& zone, bool all,
                                     const Look& look);
// One hold's first lines: its id, guard, room, cause, and since when.
[[nodiscard]] std::string hold_heading(const json::Value& hold, const std::string& zone, const Look& look);
// What was rejected: who said so, when and why, and the first `most_actions` of what it was.
[[nodiscard]] std::string rejections(const json::Value& rejected, const std::string& zone,
                                     std::size_t most_actions, const Look& look);
// Is there a hold among these that ends by itself, and that nobody can answer?
[[nodiscard]] bool any_nobody_answers(const json::Value& holds);
// How its actions go on, or do not: both commands.
[[nodiscard]] std::string hold_answers(const json::Value& hold, const Look& look);

}  // namespace rollcall::cli
