// What the readers of the parts of a policy share. One reading, one stack.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "policy/base/diagnostic.h"
#include "policy/pattern.h"

namespace rollcall::schema {

struct PolicyContext {
    Diagnostics& out;
    std::map<std::string, Result<policy::Pattern>>& patterns;  // by their text: each is made once
    std::string_view directory;    // the configured directory, which `directory:` may name
    std::string_view server_name;  // the own homeserver's; "" where it is not known: its checks are left out
    std::string_view time_zone;    // of the days in `until`
};

inline constexpr std::size_t kLongestName = 255;
inline constexpr std::size_t kLongestTopic = 4096;
inline constexpr std::size_t kLongestReason = 1024;
inline constexpr std::size_t kLongestPattern = 1000;
// They cost each person a match, where values are not the same for many, and some ten kilobytes.
inline constexpr std::size_t kMostPatterns = 1'000;
inline constexpr std::size_t kMostRooms = 100'000;
inline constexpr std::size_t kDeepestExpression = 16;

}  // namespace rollcall::schema
