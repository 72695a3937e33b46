// Engine, second part of a turn: from the backlog to calls. Lanes in order, 8 slots of which one is kept for
// departures and outsiders, order kept per (room, user) and for a room's state, removals only after the
// guards have seen the whole plan. An intent goes into the turn's commit before its call is released.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/requests.h"
#include "policy/explain.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;
using schema::TrailEntry;
using schema::TrailKind;

namespace {
constexpr std::size_t kSlots =
    8;  // more in flight wins nothing on Synapse (measured, see docs/carrying-on.md)
constexpr std::size_t kReservedSlots = 1;  // for the first two lanes
constexpr std::size_t kReadSlots = 4;
constexpr int kMembersAtOnce =
    2;  // membership changes of one room in flight: the homeserver does them one by one
constexpr std::size_t kExamine = 20'000;  // users looked at in one turn of a lane

// Within one user: sessions end first, and what takes a room's past away waits until they are out of every
// room.
enum class Turn : std::uint8_t { sign_out, other, forget };
Turn turn_of(ActionKind kind) {
    if (kind == ActionKind::sign_out) return Turn::sign_out;
    return kind == ActionKind::forget ? Turn::forget : Turn::other;
}
}  // namespace

bool Engine::slot_free(Lane lane) const {
    const std::size_t used = in_flight_.size() + reading_.size();
    const std::size_t limit = homeserver_failures_ > 0 ? 1
                              : lane <= Lane::outsider ? kSlots
                                                       : kSlots - kReservedSlots;
    return used < limit;
}

bool Engine::ready(const ActionKey& key) const {
    if (busy_.contains(key)) return false;
    const auto retry = retries_.find(key);
    return retry == retries_.end() || retry->second.not_before <= world_.now;
}

bool Engine::room_busy(const std::string& room_id, bool state) const {
    if (room_state_.contains(room_id)) return true;
    const auto members = room_members_.find(room_id);
    return members != room_members_.end() && members->second >= (state ? 1 : kMembersAtOnce);
}

void Engine::dispatch() {
    if (homeserver_failures_ > 0 && homeserver_retry_ > world_.now) return;
    if (world_.now >= settle_after_)
        for (Intent& intent : std::exchange(to_settle_, {})) {
            if (intent.look_at > world_.now)
                to_settle_.push_back(std::move(intent));
            else
                settle_by_reading(std::move(intent));
        }
    if (world_.now >= next_verify_) verify_rooms();
    if (decider_ && world_.now >= next_accounts_) {
        next_accounts_ = world_.now + settings_.look_for_accounts_every;
        for (std::size_t i = 0; i < world_.users.size(); ++i)
            if (world_.account(UserId(i)) == policy::Account::absent) accounts_to_find_.emplace_back(i);
    }
    const bool may_act = !settings_.one_shot || converging_;
    if (!decider_ || pause_ == Pause::all || whole_pass_ || !may_act) return dispatch_reads();
    dispatch_lane(Lane::departure);
    if (pause_ == Pause::none) {
        dispatch_lane(Lane::outsider);
        if (backlog_.complete()) dispatch_lane(Lane::removal);
        dispatch_reads();
        dispatch_rooms();
        if (backlog_.complete()) dispatch_lane(Lane::addition);
        dispatch_lane(Lane::cosmetic);
        dispatch_released();
        dispatch_notices();
    } else {
        dispatch_reads();
    }
}

void Engine::dispatch_lane(Lane lane) {
    const policy::IdSet& users = backlog_.users_in(lane);
    if (users.size() == 0) return;
    std::size_t& cursor = lane_cursor_[static_cast<std::size_t>(lane)];
    const std::size_t most = std::min(users.size(), kExamine);
    // The order matters within one user (sign out before all else) and between lanes, not between users.
    for (std::size_t examined = 0; examined < most && slot_free(lane); ++examined) {
        std::size_t at = users.next(cursor);
        if (at == policy::IdSet::npos) at = users.next(0);
        const UserId user(at);
        const auto row = backlog_.actions(user);
        bool all_slots = false;
        for (const Turn turn : {Turn::sign_out, Turn::other, Turn::forget})
            for (const policy::UserAction& action : row) {
                if (action.lane != lane || turn_of(action.kind) != turn) continue;
                if (!slot_free(lane)) {
                    all_slots = true;
                    break;
                }
                dispatch_user(user, action);
            }
        if (all_slots) return;  // this user again next time: a leaver is finished before the next one
        cursor = at + 1;
    }
}

bool Engine::dispatch_user(UserId user, const policy::UserAction& action) {
    const ActionKey key = policy::key_of(*decider_, user, action);
    if (action.lane == Lane::removal && suspect_rooms_.contains(key.room)) return false;
    if (!ready(key) || !guards_.allows(*decider_, memory_, user, action)) return false;
    const bool by_mask = by_mask_.contains({key.room, key.user});
    std::optional<Wanted> wanted =
        wanted_call(*decider_, backlog_, settings_.abilities, user, action, by_mask);
    if (!wanted) return false;
    const bool state = wanted->call.kind == CallKind::put_state;
    if (!wanted->call.room.empty() && action.kind != ActionKind::leave_unmanaged &&
        room_busy(wanted->call.room, state))
        return false;
    // Before the list is made, every room of it is there.
    if (action.kind == ActionKind::list_rooms && meeting(key.user)) return false;
    // One change of a user's membership in a room at a time: a forget waits for its leave, a join for its
    // invitation.
    for (const ActionKind kind : {ActionKind::remove, ActionKind::add, ActionKind::forget})
        if (action.kind != ActionKind::set_power && busy_.contains({kind, key.room, key.user})) return false;
    Intent intent;
    intent.action = action.kind;
    intent.room = action.kind == ActionKind::leave_unmanaged ? "" : key.room;
    intent.room_id = wanted->call.room;
    intent.user = key.user;
    intent.lane = action.lane;
    intent.basis = action.basis;
    intent.user_id = user;
    if (action.room != policy::kNoRoom && action.kind != ActionKind::leave_unmanaged) {
        intent.room_ref = decider_->world_room(action.room);
        const policy::Membership* held = world_.membership(user, intent.room_ref);
        intent.held = held == nullptr ? 0 : held->event;
        if (action.kind == ActionKind::add && held != nullptr && held->cause == policy::Cause::other &&
            held->state == policy::MembershipState::leave)
            learn(policy::PutBack{user, intent.room_ref});
    }
    intent.wanted = wanted->word;
    intent.call = std::move(wanted->call);
    intent.content = std::move(wanted->content);
    if (const auto guard = policy::guard_of(*decider_, user, action);
        guard && !policy::answers(memory_.approved, key, action.basis))
        ledger(*guard, key.user, *guard == policy::Guard::departures ? "" : key.room);
    send(std::move(intent), key);
    return true;
}

void Engine::dispatch_rooms() {
    for (std::uint32_t r = 0; r < backlog_.rooms() && slot_free(Lane::addition); ++r) {
        const std::vector<policy::RoomAction> actions = backlog_.actions(r);  // publish changes them
        for (const policy::RoomAction& action : actions) {
            if (!slot_free(Lane::addition)) return;
            if (dispatch_room(r, action)) break;  // one at a time: what follows may be different then
        }
    }
}

bool Engine::dispatch_room(std::uint32_t index, const policy::RoomAction& action) {
    const RoomId id = decider_->world_room(index);
    const policy::Room& room = world_.rooms[id.index()];
    const ActionKey key{action.kind, room.key, ""};
    if (!ready(key) || !guards_.allows(*decider_, memory_, index, action)) return false;
    if (action.kind == ActionKind::publish) {
        const bool over = room.filling_since + policy::kFillAtMost <= world_.now;
        if ((backlog_.adds_waiting(index) > 0 && !over) || room_busy(room.id, true)) return false;
        learn(policy::Published{id});
        more_ = true;
        return true;
    }
    if (!room.id.empty() && room_busy(room.id, true)) return false;
    const auto held = open_.find(key);
    const std::uint64_t intent_id = held == open_.end() ? next_intent_ : held->second.id;
    std::optional<Wanted> wanted = wanted_call(*decider_, backlog_, settings_.abilities, index, action,
                                               fmt::format("rollcall-{}", intent_id));
    if (!wanted) return false;
    if (wanted->call.kind == CallKind::put_state && wanted->call.room != room.id &&
        room_busy(wanted->call.room, true))
        return false;
    Intent intent;
    intent.action = action.kind;
    intent.room = room.key;
    intent.room_id = wanted->call.room;
    intent.room_ref = id;
    intent.lane = action.lane;
    intent.wanted = wanted->word;
    intent.call = std::move(wanted->call);
    intent.content = std::move(wanted->content);
    if (action.kind == ActionKind::create && !policy::answers(memory_.approved, key, policy::kNoBasis))
        ledger(policy::Guard::rooms_created, "", room.key);
    send(std::move(intent), key);
    return true;
}

void Engine::dispatch_released() {
    for (std::size_t i = 0; i < world_.rooms.size(); ++i) {
        const policy::Room& room = world_.rooms[i];
        if (room.released || room.id.empty() || program_->room(room.key) != nullptr) continue;
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
        learn(policy::Released{RoomId(i)});
    }
}

// Announces the intent in this turn's commit and keeps its call for the release.
void Engine::send(Intent intent, const ActionKey& key) {
    auto held = open_.find(key);
    // What was announced is sent again under its number; something else about the same thing is announced
    // anew. A room keeps its number however it is made now: by that it is found, if the one before was made
    // after all.
    if (held != open_.end() && held->second.wanted != intent.wanted && intent.action != ActionKind::create) {
        result_entry(held->second, "no longer wanted", "", true);
        turn_.finished.push_back(held->second.id);
        open_.erase(held);
        held = open_.end();
    }
    const bool announced = held != open_.end();
    intent.id = announced ? held->second.id : next_intent_++;
    intent.attempts = (announced ? held->second.attempts : 0) + 1;
    if (const auto room = world_.room_by_id.find(intent.call.room);
        intent.call.kind == CallKind::put_state && room != world_.room_by_id.end())
        intent.held_state =
            policy::held_state_event(world_, room->second, intent.content, intent.call.state_key);
    if (announced) open_.erase(held);
    turn_.intents.push_back({intent.id, intent.text()});
    if (!announced) {
        TrailEntry entry;
        entry.kind = TrailKind::intent;
        entry.intent = intent.id;
        entry.action = intent.wanted;
        if (!intent.notice()) entry.room_key = intent.room;
        entry.room = intent.room_id;
        entry.user = intent.user;
        if (intent.user_id.valid() && decider_) {
            const std::uint32_t room = intent.room_ref.valid()
                                           ? static_cast<std::uint32_t>(decider_->managed(intent.room_ref))
                                           : policy::kNoRoom;
            entry.reason = policy::why(*decider_, intent.user_id, room, intent.basis);
            if (room != policy::kNoRoom) {
                const policy::Explanation whole = policy::explain_verdict(*decider_, intent.user_id, room);
                const Position at = whole.reasons.empty() ? Position{} : whole.reasons.front().at;
                entry.rule = (at.line > 0 ? at : program_->rooms[room].at).file_line();
                if (!whole.reasons.empty()) entry.rule_path = whole.reasons.front().path;
            }
            if (const PersonId person = decider_->person_of(intent.user_id); person.valid()) {
                const policy::Person& known = world_.people[person.index()];
                entry.person = known.guid;
                entry.evidence = policy::Evidence{world_.cursor.directory, world_.cursor.server, known.usn,
                                                  known.dn, world_.cursor.time};
            }
        } else if (intent.room_ref.valid()) {
            if (const policy::CompiledRoom* spec = program_->room(intent.room))
                entry.rule = spec->at.file_line();
        }
        record(std::move(entry));
    }
    busy_.insert(key);
    if (intent.call.kind == CallKind::put_state) room_state_.insert(intent.call.room);
    if (intent.call.kind == CallKind::put_member || intent.call.kind == CallKind::forget)
        ++room_members_[intent.call.room];
    calls_.emplace_back(intent.id, intent.call);
    in_flight_[intent.id] = std::move(intent);
}

// What was announced and is not wanted any more will not be sent again.
void Engine::drop_unwanted() {
    const auto over = [this](const ActionKey& key) {
        if (busy_.contains(key)) return false;
        if (key.kind == ActionKind::notify)
            return std::none_of(notices_.begin(), notices_.end(),
                                [&](const NoticeDebt& debt) { return debt.key == key.room; });
        return !wanted_basis(key);
    };
    for (auto at = open_.begin(); at != open_.end();) {
        if (!over(at->first)) {
            ++at;
            continue;
        }
        result_entry(at->second, "no longer wanted", "", true);
        turn_.finished.push_back(at->second.id);
        at = open_.erase(at);
    }
    std::erase_if(retries_, [&](const auto& retry) {
        if (!over(retry.first)) return false;
        mark("retry", retry.first.text(), std::nullopt);
        return true;
    });
    drop_answers();
}

// ---------------------------------------------------------------- reads and notices

void Engine::dispatch_reads() {
    if (world_.now < reads_after_) return;
    const auto send_read = [this](Reading reading, Call call) {
        const std::uint64_t id = next_read_++;
        reading_[id] = std::move(reading);
        calls_.emplace_back(id, std::move(call));
    };
    const auto free = [this] { return reading_.size() < kReadSlots && slot_free(Lane::removal); };
    while (!members_to_read_.empty() && free()) {
        const auto [room, user] = members_to_read_.front();
        members_to_read_.pop_front();
        Call call;
        call.kind = CallKind::read_member;
        call.room = room;
        call.user = user;
        send_read({ReadKind::member, room, user, {}, 0}, std::move(call));
    }
    for (std::size_t tries = rooms_to_read_.size(); tries > 0 && free(); --tries) {
        const RoomId id = rooms_to_read_.front();
        rooms_to_read_.pop_front();
        const std::string& room = world_.rooms[id.index()].id;
        if (room_busy(
                room,
                true)) {  // what is read while something is being changed is neither before nor after it
            rooms_to_read_.push_back(id);
            continue;
        }
        Call call;
        call.kind = CallKind::read_room;
        call.room = room;
        room_state_.insert(room);
        send_read({ReadKind::room, room, "", id, changes(id)}, std::move(call));
    }
    while (!accounts_to_find_.empty() && free()) {
        Call call;
        call.kind = CallKind::find_account;
        call.user = world_.users.text(accounts_to_find_.front());
        accounts_to_find_.pop_front();
        send_read({ReadKind::account, "", call.user, {}, 0}, call);
    }
}

// Who has departed is told nothing: they would be invited into a room again.
void Engine::drop_notices_to_departed() {
    std::erase_if(notices_, [this](const NoticeDebt& debt) {
        const UserId user = world_.users.find(debt.to);
        const PersonId person = user.valid() ? decider_->person_of(user) : PersonId{};
        if (debt.busy || !person.valid() || decider_->departed(person) != policy::Tri::yes) return false;
        mark("notice", debt.key, std::nullopt);
        return true;
    });
}

// A room to write in is being made for them.
bool Engine::meeting(const std::string& user) const {
    return !direct_rooms_.contains(user) &&
           std::any_of(notices_.begin(), notices_.end(),
                       [&](const NoticeDebt& debt) { return debt.busy && debt.to == user; });
}

void Engine::dispatch_notices() {
    drop_notices_to_departed();
    for (NoticeDebt& debt : notices_) {
        if (!slot_free(Lane::cosmetic)) return;
        const ActionKey key{ActionKind::notify, debt.key, debt.to};
        if (debt.busy || !ready(key) || meeting(debt.to)) continue;
        debt.busy = true;
        Intent intent;
        intent.action = ActionKind::notify;
        intent.room = debt.key;
        intent.user = debt.to;
        const auto direct = direct_rooms_.find(debt.to);
        intent.wanted = direct != direct_rooms_.end() ? "notice"
                        : debt.to.starts_with('#')    ? "join room"
                                                      : "direct room";
        const auto held = open_.find(key);
        const bool same = held != open_.end() && held->second.wanted == intent.wanted;
        intent.call.marker = fmt::format("rollcall-{}", same ? held->second.id : next_intent_);
        if (direct != direct_rooms_.end()) {
            intent.room_id = direct->second;
            intent.call.kind = CallKind::send_notice;
            intent.call.room = direct->second;
            intent.call.body = notice_body(debt.text, intent.call.marker);
        } else if (debt.to.starts_with('#')) {
            intent.call.kind = CallKind::join_alias;
            intent.call.alias = debt.to;
        } else {
            intent.call.kind = CallKind::create_room;
            intent.call.body = direct_room_body(debt.to, intent.call.marker);
        }
        send(std::move(intent), key);
    }
}

}  // namespace rollcall::engine
