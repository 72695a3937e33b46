// The wall clock, for what is compared with a controller's. Any thread.
#pragma once

#include "policy/base/time.h"

namespace rollcall::directory {

[[nodiscard]] inline Time now() {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace rollcall::directory
