// What can still be read of JSON of which a part is beyond json::parse().
//
// Anybody in a room chooses most of an event's content: nest it deeper than the parser's limit, and a
// transaction read as one text could never be read, nor acknowledged, again; skip the whole event, and its
// sender would have joined the room unseen. So a text is first cut into its elements without building
// anything, each element is parsed by itself, and of one that cannot be parsed the members that can be are
// kept. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/json.h"

namespace rollcall::json {

struct Slice {
    std::string key;        // of an object's member; "" of an array's element
    std::string_view text;  // of the value, within the text given
};

// The elements of an array or the members of an object, one level deep, in constant stack. Only strings,
// brackets and commas are looked at: a slice may still be no JSON. invalid_input where the text as a whole is
// not of that shape.
[[nodiscard]] Result<std::vector<Slice>> elements(std::string_view array);
[[nodiscard]] Result<std::vector<Slice>> members(std::string_view object);

// The value; where it cannot be parsed whole and is an object, what of its members can be, and so on `levels`
// deep. A key that stands twice in what was salvaged means its last value, as it does to homeservers.
[[nodiscard]] Result<Value> salvage(std::string_view text, const Limits& limits = {}, int levels = 2);

}  // namespace rollcall::json
