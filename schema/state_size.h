// StateSize: how much of a room's state there is beside its members, which are as many as its people are.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::schema {

struct StateSize {
    std::size_t bytes = 0, events = 0;
    std::string by;  // of whom most of it is
};

// What is more than this is said: each look at such a room costs the homeserver, and us, that much, and one
// of 512 MiB cannot be read at all. A room that Rollcall keeps has some twenty events beside its members.
inline constexpr std::size_t kMostStateBytes = std::size_t{8} << 20U;
inline constexpr std::size_t kMostStateEvents = 10'000;

// Of the answer to GET /rooms/{roomId}/state; nullopt where it is no more than that.
[[nodiscard]] std::optional<StateSize> too_large_state(std::string_view body);

}  // namespace rollcall::schema
