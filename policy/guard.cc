#include "policy/guard.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <utility>

namespace rollcall::policy {

namespace {
constexpr Duration kShareWindow = std::chrono::hours{1};  // of room_loses and room_gains
}  // namespace

Time ledger_needed_from(const Guards& guards, const HeldSince& held_since, Time now) {
    const Duration longest =
        std::max({guards.removals.within, guards.departures.within, guards.rooms_within, kShareWindow});
    for (const auto& [guard, since] : held_since) now = std::min(now, since);
    return now - longest;
}

ActionKey key_of(const Decider& decider, UserId user, const UserAction& action) {
    const World& world = decider.world();
    std::string room;
    if (action.kind == ActionKind::leave_unmanaged) {
        room = world.departing.at(user).rooms[action.room].room;
    } else if (action.room != kNoRoom) {
        room = decider.program().rooms[action.room].key;
    }
    return {action.kind, std::move(room), world.users.text(user)};
}

namespace {

// A departure that was let through, unasked or by an approval, is finished: what follows from its first steps
// (the rooms that were found, the past to forget) is no new departure.
bool has_begun(const World& world, UserId user, const UserAction& action) {
    if (action.kind == ActionKind::forget) return true;
    const auto leaving = world.departing.find(user);
    return leaving != world.departing.end() && (leaving->second.signed_out || leaving->second.listed);
}

}  // namespace

std::optional<Guard> guard_of(const Decider& decider, UserId user, const UserAction& action) {
    switch (action.lane) {
        case Lane::departure:
            return has_begun(decider.world(), user, action) ? std::nullopt : std::optional(Guard::departures);
        case Lane::removal:
            return action.kind == ActionKind::remove ? std::optional(Guard::removals) : std::nullopt;
        case Lane::addition: {
            if (action.kind != ActionKind::add) return std::nullopt;
            const RoomId room = decider.world_room(action.room);
            const bool filled = room.valid() && decider.world().rooms[room.index()].phase == RoomPhase::open;
            return filled ? std::optional(Guard::room_gains) : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

namespace {

// What one guard has counted: distinct users (or rooms) of the plan and of the ledger within its window, and
// what of it is in the plan. Ids, not texts: there may be millions of additions, and only a hold needs names.
struct Count {
    std::vector<std::uint32_t> counted;  // users; sorted and distinct once the counting is over
    std::vector<std::pair<UserId, UserAction>> actions;
    void put(UserId user, const UserAction& action) {
        counted.push_back(user.value);
        actions.emplace_back(user, action);
    }
    void finish() {
        std::sort(counted.begin(), counted.end());
        counted.erase(std::unique(counted.begin(), counted.end()), counted.end());
    }
    [[nodiscard]] std::size_t size() const { return counted.size(); }
};
struct RoomCount {
    std::set<std::string> counted;
    std::vector<ActionKey> actions;
    [[nodiscard]] std::size_t size() const { return counted.size(); }
};

bool too_many(std::size_t people, std::size_t base, const Share& limit) {
    return std::cmp_greater_equal(people, limit.at_least) &&
           people * 100 > base * static_cast<std::size_t>(limit.percent);
}

class Counter {
  public:
    // `gaining`: rooms that room_gains held until now.
    Counter(const Decider& decider, const Backlog& backlog, const GuardMemory& memory,
            const std::set<std::uint32_t>& gaining)
        : decider_(decider),
          backlog_(backlog),
          memory_(memory),
          gaining_(gaining),
          answers_(!memory.approved.empty() || !memory.rejected.empty()),
          now_(decider.world().now) {
        ledger();
        plan();
        departures.finish(), removals.finish();
        for (auto& [room, count] : loses) count.finish();
        for (auto& [room, count] : gains) count.finish();
    }

    Count departures, removals;
    std::map<std::uint32_t, Count> loses, gains;
    RoomCount created, released;

    [[nodiscard]] std::vector<ActionKey> keys(const Count& count) const {
        std::vector<ActionKey> out;
        out.reserve(count.actions.size());
        for (const auto& [user, action] : count.actions) out.push_back(key_of(decider_, user, action));
        return out;
    }

  private:
    void plan() {
        lane(Lane::departure);
        lane(Lane::removal);
        if (rooms_that_may_trip()) lane(Lane::addition);
        const IdSet& rooms = backlog_.rooms_with_actions();
        for (std::size_t r = rooms.next(0); r != IdSet::npos; r = rooms.next(r + 1))
            for (const RoomAction& action : backlog_.actions(static_cast<std::uint32_t>(r)))
                if (action.kind == ActionKind::create)
                    put(created, {action.kind, decider_.program().rooms[r].key, ""});
        for (std::size_t i = 0; i < decider_.world().rooms.size(); ++i) {
            if (decider_.managed(RoomId(i)) >= 0) continue;
            const Room& room = decider_.world().rooms[i];
            if (!room.released && !room.id.empty()) put(released, {ActionKind::release, room.key, ""});
        }
    }

    void lane(Lane lane) {
        const IdSet& users = backlog_.users_in(lane);
        for (std::size_t u = users.next(0); u != IdSet::npos; u = users.next(u + 1)) {
            const UserId user(u);
            for (const UserAction& action : backlog_.actions(user)) {
                if (action.lane != lane) continue;
                if (lane == Lane::addition && (action.kind != ActionKind::add || may_trip_[action.room] == 0))
                    continue;
                const std::optional<Guard> guard = guard_of(decider_, user, action);
                if (!guard || answered(user, action, *guard)) continue;
                if (*guard == Guard::departures) departures.put(user, action);
                if (*guard == Guard::removals)
                    removals.put(user, action), loses[action.room].put(user, action);
                if (*guard == Guard::room_gains && !invited(user, action.room))
                    gains[action.room].put(user, action);
            }
        }
    }

    // Ten million additions may wait, and it takes long to look at each. A room for which none has appeared
    // since guards counted last gains no more than it did then; and of the others few can gain too many even
    // if all that wait there count.
    [[nodiscard]] bool rooms_that_may_trip() {
        may_trip_.assign(backlog_.rooms(), 0);
        bool any = false;
        for (std::uint32_t r = 0; r < backlog_.rooms(); ++r)
            if ((backlog_.rooms_grown().contains(r) || gaining_.contains(r)) && may_gain_too_many(r))
                any = true, may_trip_[r] = 1;
        return any;
    }

    [[nodiscard]] bool may_gain_too_many(std::uint32_t r) const {
        const RoomId id = decider_.world_room(r);
        const auto gained = gains.find(r);
        const std::size_t done = gained == gains.end() ? 0 : gained->second.counted.size();
        const std::size_t joined = id.valid() ? decider_.world().rooms[id.index()].joined : 0;
        // A room that nobody is in is filled for the first time, however many that are.
        return joined > 0 && too_many(backlog_.adds_waiting(r) + done, joined - std::min(joined, done),
                                      decider_.program().guards.room_gains);
    }

    [[nodiscard]] bool invited(UserId user, std::uint32_t room) const {
        return decider_.world().state_of(user, decider_.world_room(room)) == MembershipState::invite;
    }

    [[nodiscard]] bool answered(UserId user, const UserAction& action, Guard guard) const {
        if (!answers_) return false;
        const ActionKey key = key_of(decider_, user, action);
        if (answers(memory_.rejected, key, action.basis)) return true;
        const bool frozen = guard == Guard::removals && !decider_.world().frozen.empty();
        return !frozen && answers(memory_.approved, key, action.basis);
    }

    void put(RoomCount& count, const ActionKey& key) const {
        if (answers(memory_.approved, key, kNoBasis) || answers(memory_.rejected, key, kNoBasis)) return;
        count.counted.insert(key.room);
        count.actions.push_back(key);
    }

    // Is this still in the window of a guard, or was it when the guard began to hold?
    [[nodiscard]] bool within(Time done, Guard guard, const std::string& room, Duration window) const {
        const auto since = memory_.held_since.find({guard, room});
        return done + window > (since == memory_.held_since.end() ? now_ : std::min(now_, since->second));
    }

    void ledger() {
        const Guards& guards = decider_.program().guards;
        for (const auto& [entry, done] : memory_.ledger) {
            const std::uint32_t user = number(entry.user);
            const int index = decider_.program().room_index(entry.room);
            const auto room = static_cast<std::uint32_t>(index);
            switch (entry.guard) {
                case Guard::departures:
                    if (within(done, entry.guard, "", guards.departures.within))
                        departures.counted.push_back(user);
                    break;
                case Guard::removals:
                    if (within(done, entry.guard, "", guards.removals.within))
                        removals.counted.push_back(user);
                    if (index >= 0 && within(done, Guard::room_loses, entry.room, kShareWindow))
                        loses[room].counted.push_back(user);
                    break;
                case Guard::room_gains:
                    if (index >= 0 && within(done, entry.guard, entry.room, kShareWindow))
                        gains[room].counted.push_back(user);
                    break;
                case Guard::rooms_created:
                    if (within(done, entry.guard, "", guards.rooms_within))
                        created.counted.insert(entry.room);
                    break;
                case Guard::rooms_released:
                    if (within(done, entry.guard, "", guards.rooms_within))
                        released.counted.insert(entry.room);
                    break;
                default:
                    break;
            }
        }
    }

    // Of whom only the ledger still knows, a number beyond all ids.
    [[nodiscard]] std::uint32_t number(const std::string& name) {
        if (const UserId user = decider_.world().users.find(name); user.valid()) return user.value;
        const auto next = static_cast<std::uint32_t>(UserId::kNone - 1 - strangers_.size());
        return strangers_.try_emplace(name, next).first->second;
    }

    const Decider& decider_;
    const Backlog& backlog_;
    const GuardMemory& memory_;
    const std::set<std::uint32_t>& gaining_;
    const bool answers_;
    Time now_;
    std::map<std::string, std::uint32_t> strangers_;
    std::vector<char> may_trip_;  // by program room: room_gains may hold its additions
};

}  // namespace

void GuardState::evaluate(const Decider& decider, const Backlog& backlog, const GuardMemory& memory) {
    const std::set<std::uint32_t> gaining = std::exchange(*this, {}).gaining_;
    const Counter count(decider, backlog, memory, gaining);
    const Guards& guards = decider.program().guards;
    const auto over = [](const auto& c, int at_most) {
        return !c.actions.empty() && std::cmp_greater(c.size(), at_most);
    };
    const World& world = decider.world();

    if (!world.frozen.empty()) {
        frozen_ = true;
        holds_.push_back(make_hold(Guard::canaries, "", world.frozen, count.keys(count.removals)));
    }
    if (over(count.departures, guards.departures.at_most)) {
        departures_ = true;
        holds_.push_back(
            make_hold(Guard::departures, "",
                      fmt::format("{} people would have departed within {}; at most {} may unasked",
                                  count.departures.size(), duration_text(guards.departures.within),
                                  guards.departures.at_most),
                      count.keys(count.departures)));
    }
    if (!frozen_ && over(count.removals, guards.removals.at_most)) {
        removals_ = true;
        holds_.push_back(make_hold(
            Guard::removals, "",
            fmt::format(
                "{} people would lose a room within {} without having departed; at most {} may unasked",
                count.removals.size(), duration_text(guards.removals.within), guards.removals.at_most),
            count.keys(count.removals)));
    }
    const auto share = [&](const Count& c, std::uint32_t room, const Share& limit, bool loses) {
        if (c.actions.empty()) return false;
        const RoomId id = decider.world_room(room);
        const std::size_t joined = id.valid() ? world.rooms[id.index()].joined : 0;
        const std::size_t done = c.size() - std::min(c.size(), c.actions.size());  // in the ledger only
        const std::size_t base = loses ? joined + done : joined - std::min(joined, done);
        if (!loses && base == 0) return false;  // its first fill, however it goes
        return too_many(c.size(), base, limit);
    };
    const auto room_hold = [&](Guard guard, std::uint32_t room, const Count& c, const char* verb,
                               const Share& limit) {
        const std::string& key = decider.program().rooms[room].key;
        holds_.push_back(make_hold(
            guard, key,
            fmt::format("{} would {} {} people within 1h; at most {} % may unasked, or fewer than {}", key,
                        verb, c.size(), limit.percent, limit.at_least),
            count.keys(c)));
    };
    if (!frozen_ && !removals_)
        for (const auto& [room, c] : count.loses)
            if (share(c, room, guards.room_loses, true))
                losing_.insert(room), room_hold(Guard::room_loses, room, c, "lose", guards.room_loses);
    for (const auto& [room, c] : count.gains)
        if (share(c, room, guards.room_gains, false))
            gaining_.insert(room), room_hold(Guard::room_gains, room, c, "gain", guards.room_gains);
    if (over(count.created, guards.rooms_created)) {
        created_ = true;
        holds_.push_back(make_hold(
            Guard::rooms_created, "",
            fmt::format("{} rooms would be created within {}; at most {} may unasked", count.created.size(),
                        duration_text(guards.rooms_within), guards.rooms_created),
            count.created.actions));
    }
    if (over(count.released, guards.rooms_released)) {
        released_ = true;
        holds_.push_back(make_hold(
            Guard::rooms_released, "",
            fmt::format("{} rooms would be let go of within {}; at most {} may unasked",
                        count.released.size(), duration_text(guards.rooms_within), guards.rooms_released),
            count.released.actions));
    }
}

HeldSince GuardState::held_since(const HeldSince& before, Time now) const {
    HeldSince out;
    for (const Hold& hold : holds_) {
        if (hold.guard == Guard::canaries) continue;  // it has no window
        const auto since = before.find({hold.guard, hold.room});
        out[{hold.guard, hold.room}] = since == before.end() ? now : since->second;
    }
    for (const auto& [guard, since] : before) {
        const bool covered = guard.first == Guard::room_loses ? frozen_ || removals_
                                                              : guard.first == Guard::removals && frozen_;
        if (covered) out.try_emplace(guard, since);
    }
    return out;
}

bool GuardState::allows(const Decider& decider, const GuardMemory& memory, UserId user,
                        const UserAction& action) const {
    const bool any_answer = !memory.approved.empty() || !memory.rejected.empty();
    const std::optional<Guard> guard = guard_of(decider, user, action);
    if (!guard && !any_answer) return true;
    const ActionKey key = key_of(decider, user, action);
    if (answers(memory.rejected, key, action.basis)) return false;
    // What was approved rested on a directory that could be believed.
    if (frozen_ && guard == Guard::removals) return false;
    if (answers(memory.approved, key, action.basis)) return true;
    if (!guard) return true;
    switch (*guard) {
        case Guard::departures:
            return !departures_;
        case Guard::removals:
            return !frozen_ && !removals_ && !losing_.contains(action.room);
        case Guard::room_gains:
            return !gaining_.contains(action.room);
        default:
            return true;
    }
}

bool GuardState::allows(const Decider& decider, const GuardMemory& memory, std::uint32_t room,
                        const RoomAction& action) const {
    const ActionKey key{action.kind, room == kNoRoom ? "" : decider.program().rooms[room].key, ""};
    if (answers(memory.rejected, key, kNoBasis)) return false;
    if (answers(memory.approved, key, kNoBasis)) return true;
    if (action.kind == ActionKind::create) return !created_;
    if (action.kind == ActionKind::release) return !released_;
    return true;
}

}  // namespace rollcall::policy
