// why: the verdict first and in words, then the rule, the path through the directory, the evidence, what is
// now and what happens next, and who answers for the room. Pure; any thread.
#pragma once

#include <string>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

// `one_room`: a room was asked about; otherwise a table of all rooms that concern the person.
[[nodiscard]] std::string why_view(const json::Value& why, bool one_room, const std::string& time_zone,
                                   const Look& look);

}  // namespace rollcall::cli
