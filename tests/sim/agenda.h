// Agenda: the simulated clock, and what is going to happen by it. Nothing in a simulation reads another
// clock.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "policy/base/time.h"

namespace rollcall::sim {

class Agenda {
  public:
    explicit Agenda(Time start) : now_(start) {}
    [[nodiscard]] Time now() const { return now_; }
    // When the next thing happens; kNever if nothing will.
    [[nodiscard]] Time next() const { return due_.empty() ? kNever : due_.begin()->first.first; }
    void after(Duration wait, std::function<void()> what) {
        due_.emplace(std::pair(now_ + wait, ++number_), std::move(what));
    }
    // Moves the clock to `time` and lets everything happen that is due by then.
    void advance(Time time) {
        while (!due_.empty() && due_.begin()->first.first <= time) {
            auto node = due_.extract(due_.begin());
            if (node.key().first > now_) now_ = node.key().first;
            node.mapped()();
        }
        if (time > now_) now_ = time;
    }

  private:
    Time now_;
    std::uint64_t number_ = 0;
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> due_;
};

}  // namespace rollcall::sim
