// The values of a list in a daemon's answer; none where it is no list. Pure; any thread.
#pragma once

#include "schema/json.h"

namespace rollcall::cli {

[[nodiscard]] inline const json::Array& items(const json::Value& value) {
    static const json::Array kNone;
    return value.array() == nullptr ? kNone : *value.array();
}

}  // namespace rollcall::cli
