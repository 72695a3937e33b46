// Waits for something that other threads bring about.
#pragma once

#include <chrono>
#include <thread>

namespace rollcall {

// False where it has not come about in that time. The sleep is a poll's pause.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::seconds limit = std::chrono::seconds{10}) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

}  // namespace rollcall
