// Random: everything that a simulation leaves to chance, from one seed. Copyable; no locking.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace rollcall::sim {

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    [[nodiscard]] std::size_t below(std::size_t end) { return end == 0 ? 0 : engine_() % end; }
    [[nodiscard]] std::size_t between(std::size_t least, std::size_t most) {
        return least + below(most - least + 1);
    }
    [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
    template <class T>
    [[nodiscard]] const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }

  private:
    std::mt19937_64 engine_;
};

}  // namespace rollcall::sim
