// Engine: what is to be done about a room itself: made, filled while it is hidden, closed and shown,
// repaired, let go of.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "daemon/engine/requests.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;
using schema::TrailEntry;
using schema::TrailKind;

namespace {
// Rooms that are hidden at the same time. When one is closed Synapse's user directory pairs up all of its
// members, which takes half as long as their joins did and slows whatever is filled after it (measured,
// docs/carrying-on.md), so more at once are sooner done with. But whoever is not in after a minute costs an
// invitation and a join: how many can be full in time is seen from the joins so far.
constexpr std::size_t kFilledAtOnce = 12;
constexpr std::size_t kFilledAtFirst = 4;     // before the pace is known
constexpr std::int64_t kPaceKnownAfter = 20;  // joins
constexpr Duration kFilledWithin = std::chrono::seconds{48};
constexpr std::string_view kHidden = "hidden";
}  // namespace

// ---------------------------------------------------------------- filling and closing

// A room is hidden, and admits openly, until everybody is in it, for a minute at most, and never in a pause
// or after a crash: from then on nobody joins until it is closed. Its alias and its place in the space come
// after that, because they are wanted of an open room only, and closing is what opens it (policy/plan.cc).
void Engine::close_rooms() {
    const bool derived = !whole_pass_ && backlog_.complete();
    for (const auto& [id, filling] : std::map<RoomId, Filling>(filling_)) {
        const policy::Room& room = world_.rooms[id.index()];
        if (room.phase != policy::RoomPhase::filling) {
            filling_.erase(id), closing_.erase(id);
            if (!accepted_.empty()) more_ = true;  // what was done there can be looked at now
            continue;
        }
        const int index = decider_->managed(id);
        const bool filled =
            index < 0 || (derived && backlog_.adds_waiting(static_cast<std::uint32_t>(index)) == 0);
        // Those who are still to come cannot: their joins are put off, or the homeserver is away.
        const bool stalled = filling.last_join + policy::kFillStalled <= world_.tick;
        if (filled || stalled || fill_is_over(id) || pause_ != Pause::none) closing_.insert(id);
        if (!closing_.contains(id)) continue;
        if (!filled) first_fills_.insert(id);
        close(id);
    }
}

// A first fill is not what room_gains is there for. Where the door had to be shut before everybody was in,
// those who were still to come are let in as if it had been faster.
void Engine::go_on_with_first_fills() {
    for (const RoomId id : std::exchange(first_fills_, {})) {
        if (world_.rooms[id.index()].phase == policy::RoomPhase::filling) {
            first_fills_.insert(id);
            continue;
        }
        const int index = decider_->managed(id);
        const policy::IdSet& users = backlog_.users_in(Lane::addition);
        for (std::size_t u = users.next(0); index >= 0 && u != policy::IdSet::npos; u = users.next(u + 1))
            for (const policy::UserAction& action : backlog_.actions(UserId(u)))
                if (action.kind == ActionKind::add && std::cmp_equal(action.room, index))
                    set_answer(memory_.approved, "approved", policy::key_of(*decider_, UserId(u), action),
                               policy::Answer{action.basis, "", "policy", "the room's first fill", date()});
    }
}

bool Engine::fill_is_over(RoomId id) const {
    const auto filling = filling_.find(id);
    return closing_.contains(id) ||
           (filling != filling_.end() && filling->second.since + policy::kFillAtMost <= world_.tick);
}

void Engine::close(RoomId id) {
    const policy::Room& room = world_.rooms[id.index()];
    const int index = decider_->managed(id);
    const ActionKey key{ActionKind::publish, room.key, ""};
    if (!room.bot_joined || !ready(key) || !slot_free(Lane::addition) || !state_may_change(room.id)) return;
    Wanted wanted = join_rule_call(
        room, index < 0 ? policy::JoinRules{"invite", {}}
                        : policy::wanted_join_rules(*decider_, static_cast<std::uint32_t>(index)));
    Intent intent;
    intent.action = ActionKind::publish;
    intent.room = room.key;
    intent.room_id = room.id;
    intent.room_ref = id;
    intent.lane = Lane::addition;
    intent.wanted = std::move(wanted.word);
    intent.call = std::move(wanted.call);
    intent.content = std::move(wanted.content);
    send(std::move(intent), key);
}

// May one more room be made that is filled while it is hidden? So many that, at the pace of the joins so far,
// all of them are full before the first one's minute is over.
bool Engine::may_fill(std::uint32_t index) const {
    std::size_t rooms = 0;
    std::int64_t joins = backlog_.adds_waiting(index);
    Tick oldest = world_.tick;
    const auto count = [&](RoomId id) {
        ++rooms;
        if (const int other = decider_->managed(id); other >= 0)
            joins += backlog_.adds_waiting(static_cast<std::uint32_t>(other));
    };
    for (const auto& [id, filling] : filling_)
        if (!closing_.contains(id)) count(id), oldest = std::min(oldest, filling.since);
    for (const auto& [id, intent] : in_flight_)
        if (intent.action == ActionKind::create && intent.wanted == kHidden) count(intent.room_ref);
    if (fill_pace_.joins < kPaceKnownAfter) return rooms < kFilledAtFirst;
    const Duration a_join = (world_.tick - fill_pace_.since) / fill_pace_.joins;
    return rooms == 0 || (rooms < kFilledAtOnce && world_.tick - oldest + joins * a_join <= kFilledWithin);
}

// A room is there that admits openly, until everybody is in it.
void Engine::begin_fill(RoomId id) {
    if (filling_.empty()) fill_pace_ = {world_.tick, 0};
    filling_[id] = {world_.tick, world_.tick};
}

// A command that converges does not end while a door stands open, unless the homeserver refuses to close it.
bool Engine::hidden_rooms() const {
    return std::any_of(filling_.begin(), filling_.end(), [this](const auto& filling) {
        const auto retry = retries_.find({ActionKind::publish, world_.rooms[filling.first.index()].key, ""});
        return retry == retries_.end() || !retry->second.refused;
    });
}

// ---------------------------------------------------------------- what the plan wants

namespace {

// What shows a room to people waits until its join rule is as it should be.
bool shows_room(ActionKind kind) {
    return kind == ActionKind::claim_alias || kind == ActionKind::set_alias ||
           kind == ActionKind::set_space_child;
}

}  // namespace

void Engine::dispatch_rooms() {
    const policy::IdSet& rooms = backlog_.rooms_with_actions();
    for (std::size_t at = rooms.next(0); at != policy::IdSet::npos && slot_free(Lane::addition);
         at = rooms.next(at + 1)) {
        const auto r = static_cast<std::uint32_t>(at);
        for (const policy::RoomAction& action : backlog_.actions(r)) {
            if (!slot_free(Lane::addition)) return;
            if (dispatch_room(r, action)) break;  // one at a time: what follows may be different then
        }
    }
}

bool Engine::dispatch_room(std::uint32_t index, const policy::RoomAction& action) {
    if (action.kind == ActionKind::publish) return false;  // see close_rooms()
    if (shows_room(action.kind) && backlog_.actions(index).front().kind == ActionKind::set_join_rule)
        return false;
    const RoomId id = decider_->world_room(index);
    const policy::Room& room = world_.rooms[id.index()];
    const ActionKey key{action.kind, room.key, ""};
    if (!ready(key) || !guards_.allows(*decider_, memory_, index, action)) return false;
    const auto held = open_.find(key);
    std::optional<Wanted> wanted = wanted_call(*decider_, backlog_, abilities_now(), index, action,
                                               held == open_.end() ? new_marker() : held->second.marker);
    if (!wanted || (action.kind == ActionKind::claim_alias && !may_act_as_users())) return false;
    if (action.kind == ActionKind::create) {
        if (wanted->word == kHidden && !may_fill(index)) return false;
        if (held != open_.end() && look_first(key, held->second.wanted)) return true;
    } else if (!state_may_change(room.id) ||
               (wanted->call.room != room.id && !state_may_change(wanted->call.room))) {
        return false;
    }
    Intent intent;
    intent.action = action.kind;
    intent.room = room.key;
    intent.room_id = wanted->call.room;
    intent.room_ref = id;
    intent.lane = action.lane;
    intent.marker = wanted->call.marker;
    intent.wanted = wanted->word;
    intent.call = std::move(wanted->call);
    if (const auto from = alias_from_.find(intent.call.alias);
        action.kind == ActionKind::claim_alias && from != alias_from_.end())
        intent.call.from = from->second;
    intent.content = std::move(wanted->content);
    if (action.kind == ActionKind::create && !policy::answers(memory_.approved, key, policy::kNoBasis))
        ledger(policy::Guard::rooms_created, "", room.key);
    send(std::move(intent), key);
    return true;
}

void Engine::dispatch_released() {
    for (std::size_t i = 0; i < world_.rooms.size(); ++i) {
        if (decider_->managed(RoomId(i)) >= 0) continue;
        const policy::Room& room = world_.rooms[i];
        if (room.released || room.id.empty() || filling_.contains(RoomId(i))) continue;
        const ActionKey key{ActionKind::release, room.key, ""};
        const bool approved = policy::answers(memory_.approved, key, policy::kNoBasis);
        if (policy::answers(memory_.rejected, key, policy::kNoBasis) ||
            (!approved &&
             !guards_.allows(*decider_, memory_, policy::kNoRoom, {ActionKind::release, Lane::cosmetic})))
            continue;
        if (!approved) ledger(policy::Guard::rooms_released, "", room.key);
        TrailEntry entry;
        entry.kind = TrailKind::result;
        entry.action = "release";
        entry.room_key = room.key;
        entry.room = room.id;
        entry.result = "the policy no longer names this room: members stay, nothing is done there any more";
        record(std::move(entry));
        put_backs_.forget_room(room.key);
        learn(policy::Released{RoomId(i)});
    }
}

}  // namespace rollcall::engine
