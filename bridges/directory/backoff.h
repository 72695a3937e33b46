// Backoff: how long to wait before the next try. Doubles from `first` to `last`, a quarter of it by chance,
// so that several daemons do not knock at a restarted server together. Owned by one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace rollcall::directory {

class Backoff {
  public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds last)
        : first_(first), last_(last), now_(first) {}
    [[nodiscard]] std::chrono::milliseconds next() {
        const auto wait = now_;
        now_ = std::min(now_ * 2, last_);
        std::uniform_int_distribution<std::chrono::milliseconds::rep> part(wait.count() * 3 / 4,
                                                                           wait.count());
        return std::chrono::milliseconds{part(random_)};
    }
    void reset() { now_ = first_; }

  private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds last_;
    std::chrono::milliseconds now_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace rollcall::directory
