// The clocks of this machine, for whoever hands a moment to the engine.
#pragma once

#include <chrono>

#include "policy/base/time.h"

namespace rollcall {

[[nodiscard]] inline Moment clock_now() {
    return {std::chrono::floor<Duration>(std::chrono::system_clock::now()),
            Tick{std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch())}};
}

}  // namespace rollcall
