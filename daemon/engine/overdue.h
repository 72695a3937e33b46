// Overdue: requests that wait for their answers, and departed people of whom something is still to be done,
// by how long that has been so on the monotonic clock: green is only what does not hang. Owned by the engine,
// looked at in each of its turns; engine thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "policy/backlog.h"

namespace rollcall::engine {

class Overdue {
  public:
    // Shorter than this is how long things take.
    static constexpr Duration kUsual = std::chrono::seconds{5};
    static constexpr std::size_t kMostNamed = 100;

    // What is open at the end of a turn. Of departed people only the first are followed.
    void look(Tick now, const std::vector<std::uint64_t>& requests, const policy::IdSet& departed);

    struct Waiting {
        std::size_t count = 0;  // of those that have waited for longer than usual
        Duration longest{};
    };
    [[nodiscard]] Waiting requests(Tick now) const;
    struct Person {
        UserId user;
        Duration since{};
    };
    [[nodiscard]] std::vector<Person> departed(Tick now) const;  // longest first

  private:
    std::map<std::uint64_t, Tick> requests_;
    std::map<UserId, Tick> departed_;
};

}  // namespace rollcall::engine
