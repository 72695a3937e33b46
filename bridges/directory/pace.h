// How often the directory is looked at, for whoever judges whether it still answers. Pure; any thread.
#pragma once

#include <chrono>

namespace rollcall::directory {

// Where a notification is open: against wake-ups that got lost, and idle time-outs.
inline constexpr std::chrono::seconds kLookEvery{15};

}  // namespace rollcall::directory
