#include "daemon/engine/grace.h"

#include <algorithm>
#include <utility>

namespace rollcall::engine {

using policy::World;

void Grace::update(const policy::Decider& decider, const policy::Backlog& backlog, Tick now) {
    const auto before = std::exchange(due_, {});
    moments_.clear();
    const Duration grace = std::exchange(applied_, false) ? Duration{} : decider.program().guards.grace;
    const policy::IdSet& users = backlog.users_in(policy::Lane::removal);
    for (std::size_t u = users.next(0); u != policy::IdSet::npos; u = users.next(u + 1))
        for (const policy::UserAction& action : backlog.actions(UserId(u))) {
            if (!concerns(action)) continue;
            const std::uint64_t pair = World::pair(UserId(u), decider.world_room(action.room));
            const auto known = before.find(pair);
            const Tick due = known == before.end() ? now + grace : known->second;
            due_.emplace(pair, due);
            if (due > now) moments_.insert(due);
        }
}

Duration Grace::left(const policy::Decider& decider, UserId user, const policy::UserAction& action,
                     Tick now) const {
    if (!concerns(action)) return {};
    const auto at = due_.find(World::pair(user, decider.world_room(action.room)));
    return at == due_.end() ? decider.program().guards.grace : std::max(Duration{}, at->second - now);
}

Tick Grace::next(Tick now) const {
    const auto at = moments_.upper_bound(now);
    return at == moments_.end() ? kNoTick : *at;
}

}  // namespace rollcall::engine
