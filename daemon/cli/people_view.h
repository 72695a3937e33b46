// Of status and plan: who waits before they lose a room, and who is out of one in which they belong; and of
// readmit, who is let in again. Pure.
#pragma once

#include <string>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

// `answer`: of status or plan, with `grace` and `out_by_hand`; "" where there is nobody.
[[nodiscard]] std::string people_sections(const json::Value& answer, const Look& look);
// Of status: who was invited and has to accept, since nobody joins for them; "" where there is nobody.
[[nodiscard]] std::string invited_section(const json::Value& status, const Look& look);
// Is somebody out of a room in which they belong, and not because they wanted it?
[[nodiscard]] std::size_t kicked_people(const json::Value& answer);
// The answer of readmit.
[[nodiscard]] std::string readmitted_view(const json::Value& result, const Look& look);

}  // namespace rollcall::cli
