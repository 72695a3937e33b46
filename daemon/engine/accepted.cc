// Engine: what the homeserver said that it did is done when it was seen. Of a change of a membership or of a
// room's state its event comes back, mostly before the answer or just after it, and costs nothing. Where it
// does not come, the trail says "accepted" and the room is asked. Until one of both has said so the intent
// stays stored, so that after a crash it is settled like any other.
//
// The world learns of it with the answer, so nothing waits; what is read later wins. Which events are
// awaited, and what it means that one does not come at all, is way_back.h's.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;
using policy::MembershipState;

namespace {

constexpr Duration kSeenWithin = std::chrono::milliseconds{1500};
constexpr Duration kSeenSoon =
    std::chrono::seconds{5};  // of what is not urgent: a slow homeserver is not asked more
// While the homeserver still tells of other things it may be behind, as in a first fill of many rooms;
// whoever must be out is looked at all the same.
constexpr Duration kSeenAtMost = std::chrono::minutes{1};
// More of one room than this are looked at by one read of the room.
constexpr std::size_t kLookedAtAlone = 3;

bool moves(const Intent& intent) {
    return intent.action == ActionKind::add || intent.action == ActionKind::remove;
}

}  // namespace

// Has the event of this been told of already? Called before the world learns of the answer. What changes no
// membership and no state was looked at by the call itself, or needs no looking.
bool Engine::was_seen(const Intent& intent, const CallResult& result) const {
    if (result.outcome != CallOutcome::done) return true;
    if (intent.call.kind == CallKind::put_member) {
        if (result.event.empty()) return !intent.seen.empty();
        const policy::Membership* held = world_.membership(intent.user_id, intent.room_ref);
        return held != nullptr && held->event == policy::event_digest(result.event) &&
               held->state == intent.call.membership;
    }
    if (intent.call.kind != CallKind::put_state) return true;
    const auto room = world_.room_by_id.find(intent.call.room);
    return room == world_.room_by_id.end() || result.event.empty() ||
           policy::held_state_event(world_, room->second, intent.content, intent.call.state_key) ==
               result.event;
}

// Before the world learns of the answer. What came about them meanwhile may be it, or may have hidden it.
void Engine::await_event(const Intent& intent, const std::string& event) {
    if (settings_.one_shot) return;  // nobody tells it anything
    // … nor of a room that the bot is not in.
    if (intent.room_ref.valid() && !world_.rooms[intent.room_ref.index()].bot_joined) return;
    const policy::Membership* held = intent.call.kind == CallKind::put_member
                                         ? world_.membership(intent.user_id, intent.room_ref)
                                         : nullptr;
    const bool must_come =
        intent.call.kind != CallKind::put_member || (held == nullptr ? 0 : held->event) == intent.held;
    way_back_.await(intent, event, must_come, world_.tick);
}

void Engine::await_effect(Intent intent, const std::string& event) {
    intent.accepted = true;
    if (intent.call.kind == CallKind::put_state) {
        intent.type = intent.call.type;
        intent.state_key = intent.call.state_key;
    }
    intent.event = event;
    keep_before(intent);
    turn_.intents.push_back({intent.id, intent.text()});
    const std::uint64_t id = intent.id;
    const Duration within = intent.lane <= Lane::outsider || intent.action == policy::ActionKind::publish
                                ? kSeenWithin
                                : kSeenSoon;
    accepted_[id] = {std::move(intent), world_.tick, world_.tick + within, false};
}

// An event was told of: is it the doing of a request of ours?
void Engine::saw(const policy::RoomEvent& event) {
    if (const auto* member = std::get_if<policy::MemberContent>(&event.content); member != nullptr)
        for (auto& [id, intent] : in_flight_)
            if (intent.call.kind == CallKind::put_member && intent.call.room == event.room &&
                intent.call.user == member->user && intent.call.membership == MembershipState::leave &&
                comes_after(event, intent.after)) {
                if (is_kick(event, world_.bot)) intent.seen = event.event;
                intent.after = policy::event_digest(event.event);
            }
    const auto of = way_back_.event_came(event, world_.bot, {world_.now, world_.tick});
    const auto accepted = of ? accepted_.find(*of) : accepted_.end();
    if (accepted == accepted_.end()) return;
    effect_seen(accepted->second.intent, "done", event.event);
    accepted_.erase(accepted);
}

void Engine::effect_seen(const Intent& intent, const std::string& result, const std::string& event) {
    result_entry(intent, result, event, true);
    ended(intent, true);
}

void Engine::say_accepted(Intent& intent, const std::string& text) {
    if (std::exchange(intent.told_accepted, true)) return;
    result_entry(intent, "accepted: " + text, intent.event, true);
}

// Is it time to ask whether this is so?
bool Engine::due(Accepted& accepted) const {
    if (accepted.by_room) return false;
    if (settings_.one_shot)
        return in_flight_.empty() && reading_.empty() && calls_.empty();  // nobody tells it anything
    if (accepted.look_at > world_.tick) return false;
    const bool urgent = accepted.intent.lane <= Lane::outsider;
    // A read takes a place, and a room's holds up whoever is still to come. But for a door: it must be shut.
    if (!urgent && accepted.intent.action != policy::ActionKind::publish && !filling_.empty()) return false;
    const Tick last = way_back_.last_event();
    if (!urgent && last + kSeenSoon > world_.tick && accepted.since + kSeenAtMost > world_.tick) {
        accepted.look_at = last + kSeenSoon;
        return false;
    }
    return true;
}

void Engine::look_for_effects() {
    std::map<std::string, std::vector<std::uint64_t>> rooms;  // by room ID
    for (auto& [id, accepted] : accepted_)
        if (due(accepted)) rooms[accepted.intent.room_id].push_back(id);
    for (const auto& [room_id, due_there] : rooms) {
        const auto room = world_.room_by_id.find(room_id);
        const bool by_room = due_there.size() > kLookedAtAlone && room != world_.room_by_id.end();
        if (by_room) read_room(room->second);
        for (const std::uint64_t id : due_there) {
            Accepted& accepted = accepted_.at(id);
            if (!by_room && !slot_free(accepted.intent.lane)) return;
            not_told(accepted);
            accepted.by_room = by_room;
            if (by_room) continue;
            Intent intent = std::move(accepted.intent);
            accepted_.erase(id);
            look_at_effect(std::move(intent));
        }
    }
}

// Its event has not come.
void Engine::not_told(Accepted& accepted) {
    if (!settings_.one_shot)
        say_accepted(accepted.intent, "the homeserver said so, and has not told of it since");
}

// Has something about the same thing been asked for after this? Of a person in a room that is whatever was to
// become of them there: who was put out since is not in, and was in all the same.
bool Engine::overtaken(const Intent& intent) const {
    const ActionKey key = intent.key();
    const auto later = [&](const Intent& other) {
        if (other.id <= intent.id) return false;
        const bool same_membership =
            moves(intent) && moves(other) && other.user == intent.user && other.room_id == intent.room_id;
        return same_membership || other.key() == key;
    };
    const auto open = [&](ActionKind kind) {
        const auto at = open_.find({kind, key.room, key.user});
        return at != open_.end() && later(at->second);
    };
    return std::any_of(accepted_.upper_bound(intent.id), accepted_.end(),
                       [&](const auto& entry) { return later(entry.second.intent); }) ||
           std::any_of(in_flight_.upper_bound(intent.id), in_flight_.end(),
                       [&](const auto& entry) { return later(entry.second); }) ||
           std::any_of(to_settle_.begin(), to_settle_.end(), later) || open(key.kind) ||
           (moves(intent) && (open(ActionKind::add) || open(ActionKind::remove)));
}

void Engine::look_at_effect(Intent intent) {
    const ActionKey key = intent.key();
    if (overtaken(intent)) {
        say_accepted(intent, "something else has happened since");
        ended(intent, true);
    } else if (busy_.contains(key) || open_.contains(key)) {  // what came before it is looked at first
        await_effect(Intent(intent), intent.event);
    } else {
        settle_by_reading(std::move(intent));
    }
}

// The room was read, or could not be.
void Engine::look_at_effects_in(RoomId id, bool read) {
    const std::string& room_id = world_.rooms[id.index()].id;
    for (auto at = accepted_.begin(); at != accepted_.end();) {
        Accepted& accepted = at->second;
        if (accepted.intent.room_id != room_id || (!read && !accepted.by_room)) {
            ++at;
            continue;
        }
        Intent intent = std::move(accepted.intent);
        at = accepted_.erase(at);
        if (!read)
            look_at_effect(std::move(intent));
        else if (is_so(intent))
            effect_seen(intent, "done: found so when asked", intent.event);
        else if (overtaken(intent))
            look_at_effect(std::move(intent));
        else
            found_not_so(std::move(intent));
    }
}

// As the world knows it, which has just been read.
bool Engine::is_so(const Intent& intent) const {
    if (intent.type.empty()) return world_.state_of(intent.user_id, intent.room_ref) == intent.membership();
    const auto room = world_.room_by_id.find(intent.room_id);
    return room != world_.room_by_id.end() &&
           policy::held_state_event(world_, room->second, intent.content, intent.state_key) == intent.event;
}

// The homeserver said so, and it is not so: what is wanted is derived from what was read, and tried again,
// ever more seldom.
void Engine::found_not_so(Intent intent) {
    way_back_.not_so(intent);
    CallResult again;
    again.text = fmt::format("accepted {} times, and it is still not so", ++intent.times_accepted);
    say_accepted(intent, "asked afterwards, it was not so");
    log_.warn("RC-NOT-SO", "the homeserver said that it was done, and it is not so",
              {{"room", intent.room}, {"user", intent.user}, {"action", intent.wanted}});
    const ActionKey key = intent.key();
    intent.accepted = false;
    intent.event.clear();
    if (busy_.contains(key) || open_.contains(key)) {  // it is wanted anew already
        ended(intent, true);
        return;
    }
    if (intent.times_accepted > 1) {
        again.outcome = CallOutcome::retry;
        return put_off(std::move(intent), again);
    }
    keep_open(std::move(intent));
    more_ = true;
}

}  // namespace rollcall::engine
