// Waits for something that other threads bring about.
#pragma once

#include <chrono>
#include <thread>

namespace rollcall::directory {

// False where it has not come about after ten seconds.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

}  // namespace rollcall::directory
