#include "daemon/engine/witnesses.h"

#include <chrono>
#include <utility>

namespace rollcall::engine {
namespace {
constexpr Duration kTellAgain = std::chrono::seconds{30};
constexpr Duration kMoved =
    std::chrono::seconds{5};  // HTTP dates have whole seconds, and answers take a while
}  // namespace

void Witnesses::heard(std::string whose, Time says, Tick now) {
    policy::ClockReading reading{std::move(whose), says, now};
    {
        const std::lock_guard lock(mutex_);
        const auto [at, fresh] = told_.try_emplace(reading.whose, reading);
        const Duration moved = (says - at->second.time) - (now - at->second.tick);
        if (!fresh && now - at->second.tick < kTellAgain && std::chrono::abs(moved) < kMoved) return;
        at->second = reading;
    }
    mailbox_.put(std::move(reading));
}

}  // namespace rollcall::engine
