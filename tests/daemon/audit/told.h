// What a thread of the audit has told (the publisher's a LogState, the collector's a CollectorState), waited
// for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace rollcall::audit::test {

template <class State>
class Told {
  public:
    [[nodiscard]] std::function<void(const State&)> tell() {
        return [this](const State& state) {
            const std::lock_guard lock(mutex_);
            last_ = state;
            changed_.notify_all();
        };
    }
    // False where it has not come after twenty seconds.
    template <class Condition>
    [[nodiscard]] bool comes(Condition condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return condition(last_); });
    }
    [[nodiscard]] State last() {
        const std::lock_guard lock(mutex_);
        return last_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    State last_;
};

}  // namespace rollcall::audit::test
