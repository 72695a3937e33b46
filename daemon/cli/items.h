// Lists in answers. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "schema/json.h"

namespace rollcall::cli {

// The values of a list in a daemon's answer; none where it is no list.
[[nodiscard]] inline const json::Array& items(const json::Value& value) {
    static const json::Array kNone;
    return value.array() == nullptr ? kNone : *value.array();
}

// The other way about: texts as such a list.
[[nodiscard]] inline json::Value list_of(const std::vector<std::string>& texts) {
    json::Value out{json::Array{}};
    for (const std::string& text : texts) out.push(text);
    return out;
}

}  // namespace rollcall::cli
