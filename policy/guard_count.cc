#include "policy/guard_count.h"

#include <algorithm>

#include "policy/held.h"

namespace rollcall::policy {

void Count::put(UserId user, const UserAction& action, bool under_way) {
    counted.push_back(user.value);
    if (under_way)
        ++moving;
    else
        actions.emplace_back(user, action);
}

void Count::finish() {
    std::sort(counted.begin(), counted.end());
    counted.erase(std::unique(counted.begin(), counted.end()), counted.end());
}

bool too_many(std::size_t people, std::size_t base, const Share& limit) {
    return std::cmp_greater_equal(people, limit.at_least) &&
           people * 100 > base * static_cast<std::size_t>(limit.percent);
}

Counter::Counter(const Decider& decider, const Backlog& backlog, const GuardMemory& memory,
                 const std::set<std::uint32_t>& gaining)
    : decider_(decider),
      backlog_(backlog),
      memory_(memory),
      gaining_(gaining),
      answers_(!memory.approved.empty() || !memory.rejected.empty()),
      now_(decider.world().now) {
    ledger();
    gone();
    plan();
    departures.finish(), removals.finish(), outsiders.finish();
    for (auto& [room, count] : loses) count.finish();
    for (auto& [room, count] : gains) count.finish();
}

std::vector<ActionKey> Counter::keys(const Count& count) const {
    std::vector<ActionKey> out;
    out.reserve(count.actions.size());
    for (const auto& [user, action] : count.actions) out.push_back(key_of(decider_, user, action));
    return out;
}

void Counter::plan() {
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

void Counter::lane(Lane lane) {
    const IdSet& users = backlog_.users_in(lane);
    for (std::size_t u = users.next(0); u != IdSet::npos; u = users.next(u + 1)) {
        const UserId user(u);
        for (const UserAction& action : backlog_.actions(user)) {
            if (action.lane != lane) continue;
            if (lane == Lane::addition && (action.kind != ActionKind::add || may_trip_[action.room] == 0))
                continue;
            const std::optional<Guard> guard = guard_of(decider_, user, action);
            if (guard && !answered(user, action, *guard)) put(user, action, *guard);
        }
    }
}

void Counter::put(UserId user, const UserAction& action, Guard guard) {
    const bool under_way =
        !memory_.under_way.empty() && memory_.under_way.contains(key_of(decider_, user, action));
    if (guard == Guard::departures) departures.put(user, action, under_way);
    if (guard == Guard::outsiders) outsiders.put(user, action, under_way);
    if (guard == Guard::removals)
        removals.put(user, action, under_way), loses[action.room].put(user, action, under_way);
    if (guard == Guard::room_gains && !invited(user, action.room))
        gains[action.room].put(user, action, under_way);
}

void Counter::put(RoomCount& count, const ActionKey& key) const {
    if (answers(memory_.approved, key, kNoBasis) || answers(memory_.rejected, key, kNoBasis)) return;
    count.counted.insert(key.room);
    if (!memory_.under_way.contains(key)) count.actions.push_back(key);
}

// Ten million additions may wait, and it takes long to look at each. A room for which none has appeared
// since guards counted last gains no more than it did then; and of the others few can gain too many even
// if all that wait there count.
bool Counter::rooms_that_may_trip() {
    may_trip_.assign(backlog_.rooms(), 0);
    bool any = false;
    for (std::uint32_t r = 0; r < backlog_.rooms(); ++r)
        if ((backlog_.rooms_grown().contains(r) || gaining_.contains(r)) && may_gain_too_many(r))
            any = true, may_trip_[r] = 1;
    return any;
}

bool Counter::may_gain_too_many(std::uint32_t room) const {
    const RoomId id = decider_.world_room(room);
    const auto gained = gains.find(room);
    const std::size_t done = gained == gains.end() ? 0 : gained->second.counted.size();
    const std::size_t joined = id.valid() ? decider_.world().rooms[id.index()].joined : 0;
    const std::size_t people = backlog_.adds_waiting(room) + done;
    const Share& limit = decider_.program().guards.room_gains;
    // A room that nobody is in is filled for the first time, however many that are.
    if (joined == 0 || std::cmp_less(people, limit.at_least)) return false;
    const std::size_t base = people_of(id);
    return too_many(people, base - std::min(base, done), limit);
}

// How many of our own people a room has, as far as nobody's doing has changed that: whoever was kicked or has
// left by themselves belongs to it still, and whoever was let in by hand never did.
std::size_t Counter::people_of(RoomId room) const {
    const World& world = decider_.world();
    const auto gone = gone_.find(room);
    std::size_t out = gone == gone_.end() ? 0 : gone->second;
    for (const UserId user : world.room_users.row(room.index())) {
        const Membership* held = world.membership(user, room);
        if (held == nullptr || user == decider_.bot()) continue;
        const bool own = decider_.person_of(user).valid() || world.is_local(world.users.text(user));
        const bool in = held->state == MembershipState::join && !held->unbidden;
        out += own && (in || out_by_hand(*held)) ? 1U : 0U;
    }
    return out;
}

bool Counter::loses_too_many(std::uint32_t room, const Count& count) const {
    const Share& limit = decider_.program().guards.room_loses;
    const RoomId id = decider_.world_room(room);
    if (count.actions.empty() || !id.valid() || std::cmp_less(count.size(), limit.at_least)) return false;
    const std::size_t waiting = count.actions.size() + count.moving;
    const std::size_t done = count.size() - std::min(count.size(), waiting);  // in the ledger only
    return too_many(count.size(), people_of(id) + done, limit);
}

bool Counter::gains_too_many(std::uint32_t room, const Count& count) const {
    const Share& limit = decider_.program().guards.room_gains;
    const RoomId id = decider_.world_room(room);
    if (count.actions.empty() || !id.valid() || decider_.world().rooms[id.index()].joined == 0) return false;
    if (std::cmp_less(count.size(), limit.at_least)) return false;
    const std::size_t waiting = count.actions.size() + count.moving;
    const std::size_t done = count.size() - std::min(count.size(), waiting);
    const std::size_t base = people_of(id);
    return base > done && too_many(count.size(), base - done, limit);  // else its first fill, however it goes
}

bool Counter::invited(UserId user, std::uint32_t room) const {
    return decider_.world().state_of(user, decider_.world_room(room)) == MembershipState::invite;
}

bool Counter::answered(UserId user, const UserAction& action, Guard guard) const {
    if (!answers_) return false;
    const ActionKey key = key_of(decider_, user, action);
    if (answers(memory_.rejected, key, action.basis)) return true;
    const bool frozen = guard == Guard::removals && !decider_.world().frozen.empty();
    return !frozen && answers(memory_.approved, key, action.basis);
}

// Is this still in the window of a guard, or was it when the guard began to hold?
bool Counter::within(Time done, Guard guard, const std::string& room, Duration window) const {
    const auto since = memory_.held_since.find({guard, room});
    return done + window > (since == memory_.held_since.end() ? now_ : std::min(now_, since->second));
}

// Whose removal was held when somebody's hand put them out, or they left: neither number knows of that.
void Counter::gone() {
    for (const ActionKey& key : gone_by_hand(decider_, backlog_, memory_)) {
        const auto room = static_cast<std::uint32_t>(decider_.program().room_index(key.room));
        const UserId user = decider_.world().users.find(key.user);
        const bool outsider = memory_.held.at(key).guard == Guard::outsiders;
        const UserAction action{room, ActionKind::remove, Lane::removal, kNoBasis, 0};
        (outsider ? outsiders : removals).put(user, action, true);
        if (outsider) continue;
        loses[room].put(user, action, true);
        ++gone_[decider_.world_room(room)];
    }
}

void Counter::ledger() {
    for (const auto& [entry, when] : memory_.ledger) done(entry, when);
}

void Counter::done(const LedgerEntry& entry, Time when) {
    const Guards& guards = decider_.program().guards;
    const int index = decider_.program().room_index(entry.room);
    const auto room = static_cast<std::uint32_t>(index);
    const auto note = [&](Count& count) { count.counted.push_back(number(entry.user)); };
    switch (entry.guard) {
        case Guard::departures:
            if (within(when, entry.guard, "", guards.departures.within)) note(departures);
            break;
        case Guard::outsiders:
            if (within(when, entry.guard, "", guards.removals.within)) note(outsiders);
            break;
        case Guard::removals:
            if (within(when, entry.guard, "", guards.removals.within)) note(removals);
            if (index >= 0 && within(when, Guard::room_loses, entry.room, kShareWindow)) note(loses[room]);
            break;
        case Guard::room_gains:
            if (index >= 0 && within(when, entry.guard, entry.room, kShareWindow)) note(gains[room]);
            break;
        case Guard::rooms_created:
            if (within(when, entry.guard, "", guards.rooms_within)) created.counted.insert(entry.room);
            break;
        case Guard::rooms_released:
            if (within(when, entry.guard, "", guards.rooms_within)) released.counted.insert(entry.room);
            break;
        default:
            break;
    }
}

// Of whom only the ledger still knows, a number beyond all ids.
std::uint32_t Counter::number(const std::string& name) {
    if (const UserId user = decider_.world().users.find(name); user.valid()) return user.value;
    const auto next = static_cast<std::uint32_t>(UserId::kNone - 1 - strangers_.size());
    return strangers_.try_emplace(name, next).first->second;
}

}  // namespace rollcall::policy
