// Entries of the evidence trail, one line each: local time with its zone, kind, who, room, action, result,
// reason. Lines are neither wrapped nor cut: an entry is evidence. Pure; any thread.
#pragma once

#include <string>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

[[nodiscard]] std::string audit_view(const json::Array& entries, const std::string& time_zone,
                                     const Look& look);

}  // namespace rollcall::cli
