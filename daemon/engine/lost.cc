// Engine: rooms that the bot is not in, and events that cannot be used: what is said of them, and when they
// are looked at again.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/room_texts.h"
#include "daemon/engine/waits.h"
#include "policy/base/text.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;
using policy::MembershipState;
using schema::TrailEntry;
using schema::TrailKind;

namespace {
constexpr Duration kGoBackAgain = std::chrono::minutes{1};

std::string sentence(std::string text) {
    if (text.starts_with("the ")) text.front() = 'T';
    return text + ".";
}
}  // namespace

// However it came about: put out by somebody, or with the bot's own token.
void Engine::lost(RoomId id) {
    const policy::Room& room = world_.rooms[id.index()];
    if (room.released) return;
    lost_[id].look = world_.tick + kLookAtLost;
    log_.error("RC-ROOM-LOST", "the bot is not in this room any more, and can do little there",
               {{"room", room.key}, {"id", room.id}});
    tell_trouble(fmt::format("lost/{}", room.key), sentence(lost_text(world_, id)));
    more_ = true;
}

// Whatever happened there meanwhile, nobody told.
void Engine::regained(RoomId id) {
    const policy::Room& room = world_.rooms[id.index()];
    lost_.erase(id);
    if (room.released) return;
    log_.info("RC-ROOM-BACK", "the bot is in this room again", {{"room", room.key}, {"id", room.id}});
    read_room(id);
}

void Engine::replaced(RoomId id) {
    const policy::Room& room = world_.rooms[id.index()];
    if (room.released) return;
    const std::string next = tame_line(room.state.tombstone);
    log_.warn("RC-ROOM-REPLACED", "this room was upgraded: people are led on to another one",
              {{"room", room.key}, {"id", room.id}, {"to", next}});
    tell_trouble(fmt::format("replaced/{}", room.key), sentence(replaced_text(world_, id)));
}

// When the policy let go of the room it was said that this is over.
void Engine::tell_of_again(RoomId id) {
    const policy::Room& room = world_.rooms[id.index()];
    if (!room.bot_joined) lost(id);
    if (!room.state.tombstone.empty()) replaced(id);
    if (const auto large = large_rooms_.find(room.id); large != large_rooms_.end())
        tell_of_size(id, large->second);
}

void Engine::look_at_lost_rooms() {
    std::erase_if(lost_, [this](const auto& entry) {
        const policy::Room& room = world_.rooms[entry.first.index()];
        return room.bot_joined || room.released || room.id.empty();
    });
    const bool may_act = (!settings_.one_shot || converging_) && pause_ == Pause::none;
    for (auto& [id, lost] : lost_) {
        if (lost.look <= world_.tick) {
            lost.look = world_.tick + kLookAtLost;
            if (std::find(rooms_to_read_.begin(), rooms_to_read_.end(), id) == rooms_to_read_.end())
                rooms_to_read_.push_back(id);
        }
        if (may_act && lost.go_back <= world_.tick) go_back_to(id);
    }
}

// Where it needs nobody else: the bot was invited again, or anybody may come in.
void Engine::go_back_to(RoomId id) {
    const policy::Room& room = world_.rooms[id.index()];
    const UserId bot = world_.user(world_.bot);
    const bool invited = world_.state_of(bot, id) == MembershipState::invite;
    const bool open = room.state.join_rules && room.state.join_rules->rule == "public" &&
                      world_.state_of(bot, id) != MembershipState::ban;
    const ActionKey key{ActionKind::add, room.key, world_.bot};
    if ((!invited && !open) || !ready(key) || !slot_free(Lane::removal) || room_busy(room.id, Lane::removal))
        return;
    const policy::Membership* held = world_.membership(bot, id);
    Intent intent;
    intent.action = ActionKind::add;
    intent.room = room.key;
    intent.room_id = room.id;
    intent.room_ref = id;
    intent.user = world_.bot;
    intent.user_id = bot;
    intent.lane = Lane::addition;
    intent.wanted = "join";
    intent.held = held == nullptr ? 0 : held->event;
    intent.call.kind = CallKind::put_member;
    intent.call.room = room.id;
    intent.call.user = world_.bot;
    intent.call.membership = MembershipState::join;
    lost_[id].go_back = world_.tick + kGoBackAgain;
    send(std::move(intent), key);
}

void Engine::cannot_use(const policy::UnreadableEvent& event) {
    const auto known = world_.room_by_id.find(event.room);
    if (!event.room.empty() && known == world_.room_by_id.end()) return;  // of no room of ours: only counted
    if (!unreadable_.add(event, date())) return;
    const std::string key = known == world_.room_by_id.end() ? "" : world_.rooms[known->second.index()].key;
    log_.warn("RC-EVENT-UNREADABLE", fmt::format("an event has {}; what it is about is looked at", event.why),
              {{"room", key},
               {"id", event.room},
               {"event", event.event},
               {"type", event.type},
               {"user", event.user}});
    TrailEntry entry;
    entry.kind = TrailKind::failure;
    entry.action = "read event";
    entry.room_key = key;
    entry.room = event.room;
    entry.user = event.user;
    entry.event = event.event;
    entry.result =
        fmt::format("an event{} has {}", event.type.empty() ? "" : " " + tame_line(event.type), event.why);
    record(std::move(entry));
}

// Somebody who must be out cannot be taken out by the bot, and nobody acts in their name.
void Engine::tell_who_stays(const Intent& intent, const CallResult& result) {
    if (intent.action != ActionKind::remove || result.outcome != CallOutcome::refused) return;
    const auto room = world_.room_by_key.find(intent.room);
    if (room == world_.room_by_key.end() || !intent.user_id.valid() ||
        !policy::not_below_bot(world_, room->second, intent.user_id))
        return;
    tell_trouble(
        fmt::format("stays/{}/{}", intent.room, intent.user),
        fmt::format("{} cannot be taken out of #{}: {}. Have them leave or give their power up, or make the "
                    "room anew; `rollcall status` lists it.",
                    tame_line(intent.user), intent.room,
                    policy::power_words(world_, room->second, intent.user_id)));
}

}  // namespace rollcall::engine
