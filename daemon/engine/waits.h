// How long the engine waits before it asks the homeserver again. Pure; engine thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "policy/base/time.h"

namespace rollcall::engine {

inline constexpr Duration kTryOnDemand = std::chrono::seconds{1};  // whoever asks, no oftener than that

inline constexpr Duration kFirstRetry = std::chrono::seconds{1};
// A homeserver that says when to come back is taken at its word up to here: what a leaver or an outsider can
// still read waits for no number that anybody may have written, and neither does all else for hours.
inline constexpr Duration kLongestToldUrgent = std::chrono::seconds{10};
inline constexpr Duration kLongestTold = std::chrono::minutes{5};
inline constexpr Duration kLongestToldRead = std::chrono::minutes{1};
inline constexpr Duration kRefusedRetry = std::chrono::minutes{15};
// A room of which the homeserver makes only half, and then refuses: each attempt leaves one behind.
inline constexpr Duration kHalfMadeRetry = std::chrono::hours{24};
// A room that the bot is not in is looked at again after that long: within a minute, with the time it takes.
inline constexpr Duration kLookAtLost = std::chrono::seconds{45};
// Whether there is an account on which something hangs is asked again after that long.
inline constexpr Duration kLookForAccount = std::chrono::seconds{30};
// So many names that somebody made up are looked for when all rooms are read, at most.
inline constexpr std::size_t kMadeUpAtOnce = 500;
// How often the store is told that this process runs: what an end without warning leaves unknown.
inline constexpr Duration kAliveEvery = std::chrono::seconds{30};

// The first wait, doubled with each attempt, up to the longest.
[[nodiscard]] inline Duration backoff(Duration first, Duration longest, int attempts) {
    Duration wait = first;
    for (int i = 1; i < attempts && wait < longest; ++i) wait *= 2;
    return std::min(wait, longest);
}

}  // namespace rollcall::engine
