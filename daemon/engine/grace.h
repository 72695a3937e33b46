// Grace: how long a removal waits that only the directory brought about (guards.grace), so that somebody who
// moves from one group to another, or a script that empties a group and fills it again, throws nobody out.
//
// From when the removal was first wanted, by the clock that does not jump; whoever is wanted again meanwhile
// begins anew. Kept in memory only: after a restart everybody waits anew. What an apply brought about was
// shown, and does not wait. Guards count who waits, because they are in the plan. Engine thread only.
#pragma once

#include <set>
#include <unordered_map>

#include "policy/backlog.h"

namespace rollcall::engine {

class Grace {
  public:
    // What is wanted from now on does not wait: somebody has seen it and said yes.
    void applied() { applied_ = true; }
    // The backlog is complete and has changed.
    void update(const policy::Decider& decider, const policy::Backlog& backlog, Tick now);
    // How long this removal waits still; zero if it does not.
    [[nodiscard]] Duration left(const policy::Decider& decider, UserId user, const policy::UserAction& action,
                                Tick now) const;
    // When the next one has waited long enough; kNoTick if none waits.
    [[nodiscard]] Tick next(Tick now) const;

    // Is this a removal that the directory alone brought about? A departure is another lane.
    [[nodiscard]] static bool concerns(const policy::UserAction& action) {
        return action.lane == policy::Lane::removal && action.kind == policy::ActionKind::remove &&
               action.basis != policy::Basis::outsider;
    }

  private:
    std::unordered_map<std::uint64_t, Tick> due_;  // user and room
    std::set<Tick> moments_;
    bool applied_ = false;
};

}  // namespace rollcall::engine
