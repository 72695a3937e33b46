// What the questions to the trail answer, as people read it. Each takes the handler's answer
// (daemon/control/handler.h). Pure, but for the system's zone files; any thread.
#pragma once

#include <string>

#include "daemon/cli/items.h"
#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

[[nodiscard]] std::string access_view(const json::Value& result, const std::string& zone, const Look& look);
[[nodiscard]] std::string leavers_view(const json::Value& result, const std::string& zone, const Look& look);
[[nodiscard]] std::string show_view(const json::Value& result, const std::string& zone, const Look& look);
[[nodiscard]] std::string review_view(const json::Value& result, const std::string& zone, const Look& look);
// Which owners were asked to sign off what. `later`: no daemon runs that would send it now.
[[nodiscard]] std::string asked_view(const json::Value& result, bool later, const Look& look);
[[nodiscard]] std::string erased_view(const json::Value& result, const Look& look);
[[nodiscard]] std::string rotated_view(const json::Value& result, const std::string& key_file,
                                       const Look& look);
[[nodiscard]] std::string legal_hold_view(const json::Value& result, const Look& look);
// One page that needs nothing beside it, each room on a sheet of its own with a place to sign.
[[nodiscard]] std::string review_html(const json::Value& result, const std::string& zone);
// RFC 4180, one line a member; texts that a spreadsheet would take for a formula get an apostrophe.
[[nodiscard]] std::string review_csv(const json::Value& result);

// --- shared by them ---
// The texts of a list, with commas between.
[[nodiscard]] std::string listed(const json::Value& texts);
// "jdoe (@johndoe:corp.example.com)", or the Matrix ID alone where it begins with the login.
[[nodiscard]] std::string name_of(const json::Value& row);
// "0.2 s", "4 min 10 s", "3 h 5 min".
[[nodiscard]] std::string span_text(std::int64_t ms);
// Why who is in a room is not wholly known, a paragraph each.
[[nodiscard]] std::string room_remarks(const json::Value& remarks, const Look& look);
// "reason (rule)".
[[nodiscard]] std::string with_rule(const json::Value& row);

}  // namespace rollcall::cli
