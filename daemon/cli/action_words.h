// Actions in words: what a line of a plan, a hold or a failure says to people. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "schema/json.h"

namespace rollcall::cli {

// How a line concerns people: additions and removals are shown differently from the rest.
enum class Kind { addition, removal, change };
[[nodiscard]] Kind kind_of(std::string_view action);

// Of an action about a room: "its name", "who may join"; "" for one about a user.
[[nodiscard]] std::string_view room_change(std::string_view action);

// What happens to the user of a line, without the name: "joins", "is removed", "becomes an owner".
[[nodiscard]] std::string user_words(const json::Value& line);

// "remove engineering @anna:example.org" → "remove @anna:example.org from #engineering".
[[nodiscard]] std::string action_words(std::string_view action_text);

}  // namespace rollcall::cli
