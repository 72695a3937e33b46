// Engine: createRoom can be carried out long after its request was given up. Every room that is made carries
// its intent's marker, so one that comes to light late is either the one that its intent waits for, or one
// too many: then the bot puts out whoever is in it or invited, and leaves.
//
//     the marker is of an intent that …   the room is …
//     waits, or is in flight              looked at: it may be the one
//     ended otherwise, or was sent twice  one too many. That is remembered (mark "given_up"), not inferred
//     was refused                         half a room: it began to be made. Not tried again soon
//     this store knows nothing of         left alone, and named in status. The store is a copy from before
//     the
//                                         room, perhaps: people may work in it
#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;

namespace {
constexpr Duration kLeaveAgain = std::chrono::minutes{1};
constexpr int kMostRefusals = 5;
constexpr Duration kLookedJustNow = std::chrono::seconds{1};
constexpr std::size_t kMostGivenUp = 2'000;  // the oldest are forgotten: a room of theirs is left alone then
}  // namespace

// Numbers are given again where an older copy of the database took this one's place, so that they are not
// enough.
std::string Engine::new_marker() const {
    return fmt::format("rollcall-{}-{}-{}", folder_, next_intent_, run_);
}

// The intent has ended. Where it was sent once and carried out, there is one room; otherwise another may come
// to light.
void Engine::ended(const Intent& intent, bool carried_out) {
    turn_.finished.push_back(intent.id);
    const bool once = !intent.sent_again && (carried_out || intent.not_made);
    if (intent.makes_room() && !intent.marker.empty() && !once) give_up(intent.marker);
}

void Engine::give_up(const std::string& marker) {
    if (given_up_.size() >= kMostGivenUp) {
        const auto oldest =
            std::min_element(given_up_.begin(), given_up_.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        mark("given_up", oldest->first, std::nullopt);
        given_up_.erase(oldest);
    }
    given_up_[marker] = world_.now;
    mark("given_up", marker, fmt::format("{}", to_ms(world_.now)));
}

void Engine::load_given_up(const store::StoredMark& row) {
    std::int64_t since = 0;
    std::from_chars(row.value->data(), row.value->data() + row.value->size(), since);
    given_up_[row.key] = from_ms(since);
}

// Of a transaction that is news: rooms that we made, as the homeserver tells of them.
void Engine::look_for_strays(const TransactionIn& message) {
    const std::string ours = fmt::format("rollcall-{}-", folder_);
    for (const policy::RoomEvent& event : message.events) {
        const auto* member = std::get_if<policy::MemberContent>(&event.content);
        const auto known = strays_.find(event.room);
        if (member != nullptr && member->user == world_.bot && known != strays_.end() &&
            known->second.unremembered && member->membership == policy::MembershipState::leave)
            forget_stray(event.room);
        const auto* create = std::get_if<policy::CreateContent>(&event.content);
        if (create == nullptr || event.sender != world_.bot || !create->intent.starts_with(ours)) continue;
        const auto [stray, fresh] = strays_.try_emplace(event.room);
        if (!fresh) continue;
        stray->second.marker = create->intent;
        mark("stray", event.room, create->intent);
    }
}

void Engine::forget_stray(const std::string& room) {
    mark("stray", room, std::nullopt);
    mark("unremembered", room, std::nullopt);
    strays_.erase(room);
}

// A room of ours of which this store knows nothing.
void Engine::leave_alone(const std::string& room, Stray& stray) {
    if (std::exchange(stray.unremembered, true)) return;
    mark("stray", room, std::nullopt);
    mark("unremembered", room, stray.marker);
    const char* const text =
        "this state folder made the room and does not remember it: the database is an older copy, perhaps; "
        "nothing is done there";
    log_.warn("RC-ROOM-UNREMEMBERED", text, {{"room", room}});
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::failure;
    entry.action = "remember room";
    entry.room = room;
    entry.result = text;
    record(std::move(entry));
    tell_trouble(fmt::format("unremembered/{}", room),
                 fmt::format("There is a room {} that Rollcall made and does not remember; it is left as it "
                             "is. See `rollcall status`.",
                             room));
}

std::vector<std::string> Engine::unremembered_rooms() const {
    std::vector<std::string> out;
    for (const auto& [room, stray] : strays_)
        if (stray.unremembered) out.push_back(room);
    return out;
}

// Is there an intent that may have made it? One that is not under way looks now.
bool Engine::waited_for(Stray& stray) {
    const auto made = [&](const auto& entry) { return entry.second.marker == stray.marker; };
    if (std::any_of(in_flight_.begin(), in_flight_.end(), made)) return true;
    for (Intent& intent : to_settle_)
        if (intent.marker == stray.marker) {
            intent.look_at = std::min(intent.look_at, world_.tick);
            return true;
        }
    const auto open = std::find_if(open_.begin(), open_.end(), made);
    if (open == open_.end()) return false;
    stray.not_before = world_.tick + kLeaveAgain;
    open->second.not_made = false;
    open->second.missed = Tick{};
    look_first(ActionKey(open->first), std::string(open->second.wanted));
    return true;
}

void Engine::dispatch_strays() {
    std::vector<std::string> known;
    for (auto& [room, stray] : strays_) {
        const bool direct = std::any_of(direct_rooms_.begin(), direct_rooms_.end(),
                                        [&id = room](const auto& entry) { return entry.second == id; });
        if (direct || world_.room_by_id.contains(room)) {
            known.push_back(room);
            continue;
        }
        if (stray.unremembered) continue;  // nothing here waits for it, ever
        const ActionKey key{ActionKind::release, room, ""};
        if (stray.not_before > world_.tick || busy_.contains(key) || !slot_free(Lane::cosmetic) ||
            waited_for(stray))
            continue;
        if (given_up_.contains(stray.marker))
            leave_double(room, key);
        else
            leave_alone(room, stray);
    }
    for (const std::string& room : known) forget_stray(room);
}

void Engine::leave_double(const std::string& room, const ActionKey& key) {
    Intent intent;
    intent.action = ActionKind::release;
    intent.room = intent.room_id = room;
    intent.wanted = "leave the double";
    intent.call.kind = CallKind::leave_double;
    intent.call.room = room;
    send(std::move(intent), key);
}

void Engine::stray_left(const Intent& intent, const CallResult& result) {
    const bool left = result.outcome == CallOutcome::done || result.outcome == CallOutcome::already_so;
    result_entry(intent, left ? "done" : result.text, "", left);
    ended(intent, true);
    const auto at = strays_.find(intent.room_id);
    if (at == strays_.end()) return;
    at->second.not_before = world_.tick + kLeaveAgain;
    at->second.refusals += result.outcome == CallOutcome::refused ? 1 : 0;
    if (!left && at->second.refusals < kMostRefusals) return;  // refused for good: the bot is not in it
    const auto refused = refused_rooms_.find(at->second.marker);
    if (refused != refused_rooms_.end())
        half_made(intent.room_id, refused->second);
    else
        log_.warn("RC-DOUBLE", "a room was made twice by a request that had been given up; the bot left one",
                  {{"room", intent.room_id}});
    forget_stray(intent.room_id);
}

// The homeserver makes a room event by event; where it refuses one of them, what came before is there. The
// same request would leave another half behind, so it waits until the homeserver was away (for its
// configuration to be read anew), an apply, or a day.
void Engine::half_made(const std::string& room, const ActionKey& create) {
    const auto retry = retries_.find(create);
    if (retry != retries_.end() && retry->second.refused) {
        retry->second.half_made = true;
        retry->second.text += fmt::format(
            "; the homeserver had made half of the room by then, and the bot left that. What "
            "homeserver.yaml says under default_power_level_content_override (`users` without "
            "{}, in rooms below version 12) does that, or a module of the homeserver: mend it, "
            "restart the homeserver, and run `rollcall apply`",
            world_.bot);
        keep_retry(create, retry->second, kHalfMadeRetry);
    }
    log_.error("RC-ROOM-HALF-MADE", "the homeserver made half of a room, and refused the rest; the bot left",
               {{"room", create.room}, {"id", room}});
    std::erase_if(refused_rooms_, [&](const auto& entry) { return entry.second == create; });
}

void Engine::make_half_made_again() {
    for (auto& [key, retry] : retries_)
        if (retry.half_made) keep_retry(key, retry, Duration{});
}

// What would be there twice if it were sent twice is not sent again without looking whether it is there by
// now.
bool Engine::look_first(const ActionKey& key, const std::string& wanted) {
    const auto held = open_.find(key);
    if (held == open_.end() || held->second.marker.empty() || held->second.wanted != wanted ||
        held->second.not_made || held->second.missed + kLookedJustNow > world_.tick)
        return false;
    Intent intent = std::move(held->second);
    open_.erase(held);
    intent.look_until = world_.tick;
    settle_by_reading(std::move(intent));
    return true;
}

}  // namespace rollcall::engine
