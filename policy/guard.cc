#include "policy/guard.h"

#include <algorithm>
#include <utility>

#include "policy/guard_count.h"
#include "policy/held.h"
#include "policy/hold_cause.h"

namespace rollcall::policy {

Time ledger_needed_from(const Guards& guards, const HeldSince& held_since, Time now) {
    const Duration longest =
        std::max({guards.removals.within, guards.departures.within, guards.rooms_within, kShareWindow});
    for (const auto& [guard, since] : held_since) now = std::min(now, since);
    return now - longest;
}

bool gives_up_a_canary(const Program& in_force, const Program& next) {
    return std::any_of(in_force.canaries.begin(), in_force.canaries.end(), [&next](const Canary& canary) {
        return std::none_of(next.canaries.begin(), next.canaries.end(),
                            [&canary](const Canary& kept) { return kept.guid == canary.guid; });
    });
}

namespace {

// What stands under the new key already is of a room that was never made.
template <class Entries, class Rename>
void rename_keys(Entries& entries, const Rename& rename) {
    Entries out;
    for (const bool moved : {true, false})
        for (auto& [key, value] : entries)
            if (auto now = rename(key); (now != key) == moved)
                out.try_emplace(std::move(now), std::move(value));
    entries = std::move(out);
}

}  // namespace

void rename_room(GuardMemory& memory, const std::string& from, const std::string& to) {
    const auto room = [&](std::string& key) {
        if (key == from) key = to;
    };
    const auto action = [&](const ActionKey& key) { return renamed(key, from, to); };
    for (auto& [key, by] : memory.held) room(by.room);
    rename_keys(memory.held, action);
    rename_keys(memory.approved, action);
    rename_keys(memory.rejected, action);
    rename_keys(memory.ledger, [&](LedgerEntry entry) {
        room(entry.room);
        return entry;
    });
    rename_keys(memory.held_since, [&](HeldSince::key_type guard) {
        room(guard.second);
        return guard;
    });
    std::set<ActionKey> under_way;
    for (const ActionKey& key : memory.under_way) under_way.insert(action(key));
    memory.under_way = std::move(under_way);
}

ActionKey key_of(const Decider& decider, UserId user, const UserAction& action) {
    const World& world = decider.world();
    std::string room;
    if (action.kind == ActionKind::leave_unmanaged) {
        // Whoever has come back since has nothing to leave any more.
        if (const auto leaving = world.departing.find(user);
            leaving != world.departing.end() && action.room < leaving->second.rooms.size())
            room = leaving->second.rooms[action.room].room;
    } else if (action.room != kNoRoom) {
        room = decider.program().rooms[action.room].key;
    }
    return {action.kind, std::move(room), world.users.text(user)};
}

namespace {

// A departure that was let through, unasked or by an approval, is finished: what follows from its first steps
// (the rooms that were found, the past to forget) is no new departure. Nor is it one that an account appears
// of somebody who had departed before: who makes accounts fills no guard with them.
bool has_begun(const World& world, UserId user, const UserAction& action) {
    if (action.kind == ActionKind::forget) return true;
    const auto leaving = world.departing.find(user);
    return leaving != world.departing.end() &&
           (leaving->second.signed_out || leaving->second.listed || leaving->second.late);
}

std::optional<Guard> guard_of_addition(const Decider& decider, UserId user, const UserAction& action) {
    if (action.kind != ActionKind::add) return std::nullopt;
    const RoomId room = decider.world_room(action.room);
    if (!room.valid() || decider.world().rooms[room.index()].phase != RoomPhase::open) return std::nullopt;
    // Put back after they were kicked or left: the room does not gain them.
    const Membership* held = decider.world().membership(user, room);
    return held != nullptr && out_by_hand(*held) ? std::nullopt : std::optional(Guard::room_gains);
}

}  // namespace

bool is_ordered(const Decider& decider, UserId user, const UserAction& action) {
    if (action.lane != Lane::departure) return false;
    const PersonId holder = decider.person_of(user);
    const PersonId person = holder.valid() ? holder : decider.former_holder(user);
    return person.valid() && decider.world().people[person.index()].depart_ordered;
}

std::optional<Guard> guard_of(const Decider& decider, UserId user, const UserAction& action) {
    switch (action.lane) {
        case Lane::departure:
            if (is_ordered(decider, user, action)) return std::nullopt;
            if (has_begun(decider.world(), user, action) || came_unbidden(decider, user, action))
                return std::nullopt;
            // Who never had an account here loses nothing, however many of them there are.
            if (!decider.was_here(user)) return std::nullopt;
            return Guard::departures;
        case Lane::removal:
            if (action.kind != ActionKind::remove) return std::nullopt;
            return action.basis == Basis::outsider ? Guard::outsiders : Guard::removals;
        case Lane::addition:
            return guard_of_addition(decider, user, action);
        default:
            return std::nullopt;
    }
}

namespace {

// What one evaluation finds: who holds what, and the holds as people see them.
class Finding {
  public:
    Finding(const Decider& decider, const Backlog& backlog, const GuardMemory& memory) {
        for (const auto& [key, before] : memory.held) {
            const HeldState state = held_state(decider, backlog, memory, key, before);
            const HeldBy by = state == HeldState::waits ? held_by_now(decider, backlog, key, before) : before;
            if (state == HeldState::waits) waits_[by].push_back(key);
            if (state == HeldState::waits || state == HeldState::dormant) held.emplace(key, by);
        }
        for (const ActionKey& key : gone_by_hand(decider, backlog, memory))
            held.emplace(key, memory.held.at(key));
    }
    HeldActions held;

    // A guard trips: all that it has counted is its hold. What another one holds stays that one's, but what
    // rooms' own guards hold is shown by the wider one.
    void trip(const HeldBy& by, std::vector<ActionKey> keys, Overrun overrun) {
        std::vector<ActionKey>& shown = waits_[by];
        for (ActionKey& key : keys) {
            const auto [at, fresh] = held.try_emplace(key, by);
            if (!fresh && at->second == by) continue;  // in there already
            const bool narrower = by.guard == Guard::removals && at->second.guard == Guard::room_loses;
            // Whoever was to lose a room and departs now: it is this guard's question, until they are back.
            const bool departs = by.guard == Guard::departures;
            if (departs) at->second = by;
            if (fresh || narrower || departs)
                shown.push_back(std::move(key));
            else
                ++overrun.elsewhere;
        }
        if (by.guard == Guard::removals)
            std::erase_if(waits_, [](const auto& row) { return row.first.guard == Guard::room_loses; });
        overrun.people = things_of(shown);
        causes_[by] = overrun_cause(by, overrun);
        if (shown.empty()) waits_.erase(by);
    }
    [[nodiscard]] std::vector<Hold> holds() {
        std::vector<Hold> out;
        for (auto& [by, keys] : waits_) {
            const auto tripped = causes_.find(by);
            std::string cause =
                tripped != causes_.end() ? tripped->second : left_over_cause(by, things_of(keys));
            out.push_back(make_hold(by.guard, by.room, std::move(cause), std::move(keys)));
        }
        return out;
    }

  private:
    std::map<HeldBy, std::vector<ActionKey>> waits_;
    std::map<HeldBy, std::string> causes_;
};

// Of those that a guard has counted, how many it has let pass within its window.
std::size_t passed(const Count& count) {
    std::set<std::uint32_t> waiting;
    for (const auto& [user, action] : count.actions) waiting.insert(user.value);
    return count.size() - waiting.size();
}
std::size_t passed(const RoomCount& count) {
    return count.counted.size() - count.actions.size();
}

}  // namespace

void GuardState::evaluate(const Decider& decider, const Backlog& backlog, const GuardMemory& memory) {
    const std::set<std::uint32_t> gaining = std::exchange(*this, {}).gaining_;
    const Counter count(decider, backlog, memory, gaining);
    const Guards& guards = decider.program().guards;
    Finding found(decider, backlog, memory);
    frozen_ = !decider.world().frozen.empty();
    const auto over = [&](Guard guard, const auto& c, const auto& keys, int at_most, Duration within,
                          bool all = false) {
        if (c.actions.empty() || (!all && std::cmp_less_equal(c.size(), at_most))) return false;
        found.trip({guard, ""}, keys(c),
                   {.passed = passed(c), .at_most = at_most, .within = within, .given_up = all});
        return true;
    };
    const bool given_up = memory.canary_given_up && !frozen_;
    const auto of_people = [&count](const Count& c) { return count.keys(c); };
    const auto of_rooms = [](const RoomCount& c) { return c.actions; };
    departures_ = over(Guard::departures, count.departures, of_people, guards.departures.at_most,
                       guards.departures.within);
    const Rate& removals = guards.removals;
    outsiders_ =
        over(Guard::outsiders, count.outsiders, of_people, removals.at_most, removals.within, given_up);
    if (!frozen_)
        removals_ =
            over(Guard::removals, count.removals, of_people, removals.at_most, removals.within, given_up);
    const auto room_trips = [&](Guard guard, std::uint32_t room, const Count& c, const Share& limit) {
        found.trip({guard, decider.program().rooms[room].key}, count.keys(c),
                   {.passed = passed(c),
                    .at_most = limit.percent,
                    .within = kShareWindow,
                    .at_least = limit.at_least});
    };
    if (!frozen_ && !removals_)
        for (const auto& [room, c] : count.loses)
            if (count.loses_too_many(room, c))
                losing_.insert(room), room_trips(Guard::room_loses, room, c, guards.room_loses);
    for (const auto& [room, c] : count.gains)
        if (count.gains_too_many(room, c))
            gaining_.insert(room), room_trips(Guard::room_gains, room, c, guards.room_gains);
    created_ = over(Guard::rooms_created, count.created, of_rooms, guards.rooms_created, guards.rooms_within);
    released_ =
        over(Guard::rooms_released, count.released, of_rooms, guards.rooms_released, guards.rooms_within);
    if (frozen_)
        holds_.push_back(make_hold(Guard::canaries, "", decider.world().frozen, count.keys(count.removals)));
    for (Hold& hold : found.holds()) holds_.push_back(std::move(hold));
    held_ = std::move(found.held);
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

namespace {

// Who is removed, and not because they came from elsewhere or departed, is removed on the directory's word.
bool waits_for_belief(const UserAction& action) {
    if (action.kind != ActionKind::remove || action.lane == Lane::departure) return false;
    return action.basis != Basis::outsider || action.lane == Lane::removal;
}

}  // namespace

bool GuardState::allows(const Decider& decider, const GuardMemory& memory, UserId user,
                        const UserAction& action) const {
    const bool any_answer = !memory.approved.empty() || !memory.rejected.empty();
    // What was approved rested on a directory that could be believed, and so does taking back what was done
    // by hand.
    if (!decider.world().frozen.empty() && waits_for_belief(action)) return false;
    const std::optional<Guard> guard = guard_of(decider, user, action);
    if (!guard && !any_answer && held_.empty()) return true;
    if (is_ordered(decider, user, action)) return true;
    const ActionKey key = key_of(decider, user, action);
    if (answers(memory.rejected, key, action.basis)) return false;
    if (answers(memory.approved, key, action.basis)) return true;
    if (const auto held = held_.find(key);
        held != held_.end() && stops(held->second, action) && !came_unbidden(decider, user, action))
        return false;
    if (!guard) return true;
    switch (*guard) {
        case Guard::departures:
            return !departures_;
        case Guard::outsiders:
            return !outsiders_;
        case Guard::removals:
            return !removals_ && !losing_.contains(action.room);
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
    if (held_.contains(key)) return false;
    if (action.kind == ActionKind::create) return !created_;
    if (action.kind == ActionKind::release) return !released_;
    return true;
}

}  // namespace rollcall::policy
