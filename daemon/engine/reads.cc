// Engine: what is read from the homeserver without an intent: rooms, single members, accounts; and whether
// the homeserver answers at all.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"

namespace rollcall::engine {

using policy::Lane;

namespace {
constexpr std::size_t kReadSlots = 4;
constexpr std::size_t kRecalled = 1'000;
constexpr Duration kShortestAbsence = std::chrono::seconds{1};

constexpr Duration kLookAfterRefusal = std::chrono::seconds{5};

// It says nothing about what was asked.
bool says_nothing(const CallResult& result) {
    return result.outcome == CallOutcome::unreachable || result.outcome == CallOutcome::torn ||
           result.outcome == CallOutcome::retry;
}
}  // namespace

// Soon: before those that are only verified.
void Engine::read_room(RoomId room) {
    if (std::find(rooms_to_read_.begin(), rooms_to_read_.end(), room) == rooms_to_read_.end())
        rooms_to_read_.push_front(room);
}

void Engine::read_room_later(RoomId room) {
    if (std::find(rooms_to_read_.begin(), rooms_to_read_.end(), room) == rooms_to_read_.end())
        rooms_to_read_.push_back(room);
}

void Engine::verify_rooms() {
    next_verify_ = world_.tick + settings_.verify_every;
    look_everywhere_ = false;
    rooms_to_read_.clear();
    for (std::size_t i = 0; i < world_.rooms.size(); ++i)
        if (!world_.rooms[i].id.empty() && !world_.rooms[i].released) rooms_to_read_.emplace_back(i);
    // Where most happens, most may have been missed.
    room_activity_.resize(world_.rooms.size(), Time{});
    std::stable_sort(rooms_to_read_.begin(), rooms_to_read_.end(), [this](RoomId a, RoomId b) {
        const bool large_a = large_rooms_.contains(world_.rooms[a.index()].id),
                   large_b = large_rooms_.contains(world_.rooms[b.index()].id);
        return large_a != large_b ? large_b : room_activity_[a.index()] > room_activity_[b.index()];
    });
    // An address that leads elsewhere may have been given up.
    std::vector<std::string> conflicts;
    for (const policy::Room& room : world_.rooms)
        if (!room.alias_conflict.empty() && !room.released) conflicts.push_back(room.alias_conflict);
    if (!conflicts.empty()) static_cast<void>(addresses_looked_at(conflicts));
    // A registration may cover more by now.
    for (const UserId user : std::set<UserId>(world_.uncovered)) learn(policy::MaskCovers{user, true});
    more_ = true;
}

void Engine::heard_from(const std::string& room_id, Time when) {
    const auto room = world_.room_by_id.find(room_id);
    if (room == world_.room_by_id.end()) return;
    if (room->second.index() >= room_activity_.size()) room_activity_.resize(world_.rooms.size(), Time{});
    Time& last = room_activity_[room->second.index()];
    last = std::max(last, when);
}

// After a start, the newest entries of the trail say where something happened of late.
Status Engine::recall_activity() {
    store::TrailFilter newest;
    newest.at_most = kRecalled;
    const auto entries = store_.trail(newest);
    if (!entries) return pass(entries);
    for (const store::StoredTrailEntry& entry : *entries)
        if (const auto room = world_.room_by_key.find(key_now(entry.room)); room != world_.room_by_key.end())
            heard_from(world_.rooms[room->second.index()].id, entry.time);
    return {};
}

void Engine::dispatch_reads() {
    const auto send_read = [this](Reading reading, Call call) {
        const std::uint64_t id = next_read_++;
        reading_[id] = std::move(reading);
        calls_.emplace_back(id, std::move(call));
    };
    const auto free = [this] { return reading_.size() < kReadSlots && slot_free(Lane::removal); };
    for (const ReadAgain::What& what : read_again_.due(world_.tick)) {
        if (what.user.empty())
            read_room_later(what.room);
        else
            members_to_read_.emplace_back(world_.rooms[what.room.index()].id, what.user);
    }
    for (const RoomId room : after_closing_.due(world_.tick)) read_room_later(room);
    while (!members_to_read_.empty() && free()) {
        const auto [room, user] = members_to_read_.front();
        members_to_read_.pop_front();
        Call call;
        call.kind = CallKind::read_member;
        call.room = room;
        call.user = user;
        const auto known = world_.room_by_id.find(room);
        const RoomId id = known == world_.room_by_id.end() ? RoomId{} : known->second;
        const bool as_them = sees_as_themselves(id, user);
        if (as_them) call.as_user = user;
        Reading reading{ReadKind::member, room, user, id, held_event(room, user), as_them};
        if (id.valid() && !as_them && !sees_now(id))
            answered(reading);  // nobody can say; the whole room is read once the bot is back
        else
            send_read(std::move(reading), std::move(call));
    }
    for (std::size_t tries = rooms_to_read_.size(); tries > 0 && free(); --tries) {
        const RoomId id = rooms_to_read_.front();
        rooms_to_read_.pop_front();
        const std::string& room = world_.rooms[id.index()].id;
        const bool waits = large_rooms_.contains(room) && reading_a_large_room();
        if (waits ||
            !state_may_change(
                room)) {  // what is read while something is being changed is neither before nor after it
            rooms_to_read_.push_back(id);
            continue;
        }
        Call call;
        call.kind = CallKind::read_room;
        call.room = room;
        call.as_user = next_looker(id);
        room_state_.insert(room);
        Reading reading{ReadKind::room, room, "", id, world_.changes(id)};
        reading.seen_by = call.as_user;
        send_read(std::move(reading), std::move(call));
    }
    if (clock_to_ask_ && free()) {
        clock_to_ask_ = false;
        Call call;
        call.kind = CallKind::find_account;
        call.user = world_.bot;
        send_read({ReadKind::clock, "", call.user, {}, 0}, call);
    }
    while (!accounts_to_find_.empty() && may_act_as_users() && free()) {
        Call call;
        call.kind = CallKind::find_account;
        call.user = world_.users.text(accounts_to_find_.front());
        accounts_to_find_.pop_front();
        send_read({ReadKind::account, "", call.user, {}, 0}, call);
    }
}

// A read that did not say anything is tried again, not at once, and concludes nothing: a refusal is no
// absence.
void Engine::read_done(const Reading& reading, const CallResult& result) {
    switch (reading.kind) {
        case ReadKind::room:
            return room_read(reading, result);
        case ReadKind::member:
            return member_read(reading, result);
        case ReadKind::clock:  // its answer carries the date, whatever it says
            break;
        case ReadKind::account:
            account_read(world_.user(reading.user), result);
            break;
    }
}

void Engine::room_read(const Reading& reading, const CallResult& result) {
    if (!reading.seen_by.empty()) {
        room_read_as_member(reading, result);
    } else if (!result.read) {
        not_answered(reading, result);
    } else if (world_.changes(reading.room_ref) != reading.changes) {
        rooms_to_read_.push_back(
            reading.room_ref);  // something happened in between: neither before nor after it
    } else {
        answered(reading);
        if (result.read->joined) look_at_size(reading.room_ref, result.large);
        look_for_later_deeds(*result.read);
        learn(*result.read);
        look_at_effects_in(reading.room_ref, result.read->joined);
        if (result.read->joined) unreadable_.room_read(*result.read);
        if (!world_.rooms[reading.room_ref.index()].bot_joined) {
            lost_[reading.room_ref].look = world_.tick + kLookAtLost;
            lost_[reading.room_ref].tries = 0;
            look_through_somebody(reading.room_ref);
        }
    }
}

void Engine::member_read(const Reading& reading, const CallResult& result) {
    if (says_nothing(result)) {
        not_answered(reading, result);
    } else if (held_event(reading.room, reading.user) != reading.changes) {
        members_to_read_.emplace_back(reading.room, reading.user);
    } else if (reading.as_them && cannot_act_as(reading.user, result)) {
        answered(reading);
    } else if (result.outcome == CallOutcome::refused) {  // the bot is not in the room, perhaps
        answered(reading);
        if (reading.room_ref.valid() && !reading.as_them) read_room(reading.room_ref);
    } else if (!reading.as_them && reading.room_ref.valid() && !sees_now(reading.room_ref)) {
        answered(reading);  // it was put out since
    } else {
        answered(reading);
        unreadable_.member_read(reading.room, reading.user);
        learn(policy::MemberRead{reading.room, reading.user, result.member});
    }
}

// What was asked got an answer that is none: asked again by and by, and said when it goes on.
void Engine::not_answered(const Reading& reading, const CallResult& result) {
    if (!reading.room_ref.valid()) return;
    const std::string& key = world_.rooms[reading.room_ref.index()].key;
    if (!read_again_.failed({reading.room_ref, reading.user}, date(), world_.tick, result.retry_after,
                            result.text))
        return;
    log_.warn("RC-UNREAD",
              fmt::format("what the homeserver says of this room cannot be used: {}", result.text),
              {{"room", key}, {"user", reading.user}});
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::failure;
    entry.action = reading.user.empty() ? "read room" : "read member";
    entry.room_key = key;
    entry.room = reading.room;
    entry.user = reading.user;
    entry.result = result.text;
    record(std::move(entry));
}

void Engine::answered(const Reading& reading) {
    if (reading.room_ref.valid() && read_again_.read({reading.room_ref, reading.user}))
        log_.info("RC-READ-AGAIN", "the homeserver says again how it is",
                  {{"room", world_.rooms[reading.room_ref.index()].key}, {"user", reading.user}});
}

// A refused addition may mean that the room is not as it was thought to be. One look is enough for all that
// are refused within a few seconds.
void Engine::look_after_refusal(RoomId room) {
    Tick& next = looked_after_refusal_[room];
    if (next > world_.tick) return;
    next = world_.tick + kLookAfterRefusal;
    read_room_later(room);
}

std::uint64_t Engine::held_event(const std::string& room, const std::string& user) const {
    const auto known = world_.room_by_id.find(room);
    const UserId id = world_.users.find(user);
    if (known == world_.room_by_id.end() || !id.valid()) return 0;
    const policy::Membership* held = world_.membership(id, known->second);
    return held == nullptr ? 0 : held->event;
}

// What an answer, whatever it is about, says of the homeserver as a whole.
void Engine::heard_of_it(const CallDone& message) {
    const CallResult& result = message.result;
    const bool nothing = result.outcome == CallOutcome::unreachable || result.outcome == CallOutcome::torn;
    if (nothing && result.outcome == CallOutcome::unreachable) ++counters_.requests_failed;
    const auto asked = asked_.find(message.id);
    const auto sent = in_flight_.find(message.id);
    Reach::Change change = Reach::Change::none;
    if (asked != asked_.end() && asked->second == CallKind::answers)
        change = reach_.found(!nothing, result.text, world_.tick);
    else if (nothing)
        reach_.missed(result.text, sent != in_flight_.end() && may_wait_for_others(sent->second.call),
                      world_.tick);
    else
        change = reach_.answered(world_.tick);
    if (change == Reach::Change::away) homeserver_away();
    if (change == Reach::Change::back) homeserver_back();
}

void Engine::homeserver_away() {
    log_.warn("RC-HS-DOWN", "the homeserver cannot be used; everything waits", {{"error", reach_.trouble()}});
}

void Engine::homeserver_back() {
    way_back_.ping_soon();
    if (mask_ == Mask::unknown) next_mask_ = world_.tick;
    log_.info("RC-HS-UP", "the homeserver can be used again");
    for (auto& [key, retry] : retries_)
        if (retry.unanswered) retry.not_before = world_.tick;
    // What happened meanwhile may be told late, or not at all. One bad answer is no absence.
    if (reach_.absence() >= kShortestAbsence)
        verify_rooms(), make_half_made_again(), next_sign_in_ = world_.tick;
    more_ = true;
}

}  // namespace rollcall::engine
