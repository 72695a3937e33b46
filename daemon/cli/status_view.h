// status: one clear first line, what needs attention, then the state of each part. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

// Whatever somebody should look at, the worst first; empty when all is well. `daemon`: one runs.
[[nodiscard]] std::vector<std::string> needs_attention(const json::Value& status, bool daemon,
                                                       const std::string& time_zone);

// Holds that somebody can say yes or no to.
[[nodiscard]] std::size_t answerable_holds(const json::Value& status);

// `daemon`: it answered itself; otherwise no daemon runs, which needs attention too.
[[nodiscard]] std::string status_view(const json::Value& status, bool daemon, const std::string& time_zone,
                                      const Look& look);

}  // namespace rollcall::cli
