// Engine: createRoom can be carried out long after its request was given up. Every room that is made carries
// its intent's marker, so one that comes to light late is either the one that its intent waits for, or one
// too many: then the bot puts out whoever is in it or invited, and leaves.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;

namespace {
constexpr Duration kLeaveAgain = std::chrono::minutes{1};
constexpr int kMostRefusals = 5;
constexpr Duration kLookedJustNow = std::chrono::seconds{1};
}  // namespace

std::string Engine::marker_of(std::uint64_t intent) const {
    return fmt::format("rollcall-{}-{}", folder_, intent);
}

// Of a transaction that is news: rooms that we made, as the homeserver tells of them.
void Engine::look_for_strays(const TransactionIn& message) {
    const std::string ours = fmt::format("rollcall-{}-", folder_);
    for (const policy::RoomEvent& event : message.events) {
        const auto* create = std::get_if<policy::CreateContent>(&event.content);
        if (create == nullptr || event.sender != world_.bot || !create->intent.starts_with(ours)) continue;
        strays_[event.room].marker = create->intent;
        mark("stray", event.room, create->intent);
    }
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
    for (auto at = strays_.begin(); at != strays_.end();) {
        auto& [room, stray] = *at;
        const bool direct = std::any_of(direct_rooms_.begin(), direct_rooms_.end(),
                                        [&](const auto& entry) { return entry.second == at->first; });
        if (direct || world_.room_by_id.contains(room)) {
            mark("stray", room, std::nullopt);
            at = strays_.erase(at);
            continue;
        }
        const ActionKey key{ActionKind::release, room, ""};
        if (stray.not_before <= world_.tick && !busy_.contains(key) && slot_free(Lane::cosmetic) &&
            !waited_for(stray)) {
            Intent intent;
            intent.action = ActionKind::release;
            intent.room = intent.room_id = room;
            intent.wanted = "leave the double";
            intent.call.kind = CallKind::leave_double;
            intent.call.room = room;
            send(std::move(intent), key);
        }
        ++at;
    }
}

void Engine::stray_left(const Intent& intent, const CallResult& result) {
    const bool left = result.outcome == CallOutcome::done || result.outcome == CallOutcome::already_so;
    result_entry(intent, left ? "done" : result.text, "", left);
    turn_.finished.push_back(intent.id);
    const auto at = strays_.find(intent.room_id);
    if (at == strays_.end()) return;
    at->second.not_before = world_.tick + kLeaveAgain;
    at->second.refusals += result.outcome == CallOutcome::refused ? 1 : 0;
    if (!left && at->second.refusals < kMostRefusals) return;  // refused for good: the bot is not in it
    log_.warn("RC-DOUBLE", "a room was made twice by a request that had been given up; the bot left one",
              {{"room", intent.room_id}});
    mark("stray", intent.room_id, std::nullopt);
    strays_.erase(at);
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
