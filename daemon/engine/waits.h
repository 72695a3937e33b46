// How long the engine waits before it asks the homeserver again. Pure; engine thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "policy/base/time.h"

namespace rollcall::engine {

inline constexpr Duration kFirstRetry = std::chrono::seconds{1};
inline constexpr Duration kRefusedRetry = std::chrono::minutes{15};
// A room that the bot is not in is looked at again after that long: within a minute, with the time it takes.
inline constexpr Duration kLookAtLost = std::chrono::seconds{45};
// How often the store is told that this process runs: what an end without warning leaves unknown.
inline constexpr Duration kAliveEvery = std::chrono::seconds{30};

// The first wait, doubled with each attempt, up to the longest.
[[nodiscard]] inline Duration backoff(Duration first, Duration longest, int attempts) {
    Duration wait = first;
    for (int i = 1; i < attempts && wait < longest; ++i) wait *= 2;
    return std::min(wait, longest);
}

}  // namespace rollcall::engine
