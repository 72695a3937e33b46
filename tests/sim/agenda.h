// Agenda: the simulated clocks, and what is going to happen by them. Nothing in a simulation reads another
// clock. now() is the time that it is; the daemon sees its machine's clocks, of which one may be set wrong.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "policy/base/time.h"

namespace rollcall::sim {

class Agenda {
  public:
    explicit Agenda(Time start) : start_(start), now_(start) {}
    [[nodiscard]] Time now() const { return now_; }
    [[nodiscard]] Tick tick() const { return Tick{now_ - start_ + kUpBefore}; }
    [[nodiscard]] Time time_of(Tick tick) const {
        if (tick == kNoTick) return kNever;
        if (tick == Tick::min()) return Time::min();
        return start_ + (tick.time_since_epoch() - kUpBefore);
    }
    // What the machine's clocks show.
    [[nodiscard]] Moment moment() const { return {now_ + wrong_by, tick()}; }
    Duration wrong_by{};  // how far its clock is ahead; negative: behind
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
    static constexpr Duration kUpBefore = std::chrono::hours{5};  // the machine, before all this
    const Time start_;
    Time now_;
    std::uint64_t number_ = 0;
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> due_;
};

}  // namespace rollcall::sim
