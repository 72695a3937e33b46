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
constexpr int kLookersAtOnce = 3;  // of whom none can look: the next ones at the next look

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
    const UserId looker = who_may_look(id);
    tell_trouble(fmt::format("lost/{}", room.key),
                 sentence(lost_text(world_, id, looker.valid() ? world_.users.text(looker) : "")));
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

// Somebody who is there and belongs there, in whose name the homeserver may be asked. What they would be
// shown is the homeserver's word, and it is asked for the state alone.
UserId Engine::who_may_look(RoomId id) const {
    if (!decider_ || mask_ == Mask::none || !may_act_as_users()) return {};
    const int managed = decider_->managed(id);
    const auto lost = lost_.find(id);
    if (managed < 0 || lost == lost_.end()) return {};
    const auto may = [&](UserId user) {
        return sees_as_themselves(id, world_.users.text(user)) && !lost->second.cannot.contains(user) &&
               world_.state_of(user, id) == MembershipState::join &&
               world_.account(user) != policy::Account::absent &&
               decider_->verdict(user, static_cast<std::uint32_t>(managed)).presence == policy::Presence::in;
    };
    if (lost->second.seen_by.valid() && may(lost->second.seen_by)) return lost->second.seen_by;
    const auto row = world_.room_users.row(id.index());
    const auto found = std::find_if(row.begin(), row.end(), may);
    return found == row.end() ? UserId{} : *found;
}

// The bot is shown the room as it was when it left.
void Engine::look_through_somebody(RoomId id) {
    Lost& lost = lost_[id];
    const UserId looker = who_may_look(id);
    if (!looker.valid()) lost.cannot.clear();
    if (!looker.valid() || ++lost.tries > kLookersAtOnce) {
        lost.seen_by = {};
        return;
    }
    lost.looker = looker;
    read_room(id);
}

// In whose name the room is asked for now; "": the bot's.
std::string Engine::next_looker(RoomId id) {
    const auto lost = lost_.find(id);
    if (lost == lost_.end() || sees_now(id)) return {};
    const UserId looker = std::exchange(lost->second.looker, UserId{});
    return looker.valid() ? world_.users.text(looker) : std::string();
}

void Engine::room_read_as_member(const Reading& reading, const CallResult& result) {
    const RoomId id = reading.room_ref;
    const auto lost = lost_.find(id);
    if (lost == lost_.end()) return;  // the bot is back, and reads it itself
    const UserId looker = world_.user(reading.seen_by);
    if (result.outcome == CallOutcome::unreachable || result.outcome == CallOutcome::torn ||
        result.outcome == CallOutcome::retry)
        return;  // says nothing; it is looked at again soon
    if (result.read && result.read->joined) {
        if (world_.changes(id) != reading.changes) return look_through_somebody(id);
        lost->second.seen_by = looker;
        lost->second.cannot.clear();
        learn(*result.read);
        look_at_effects_in(id, true);
        unreadable_.room_read(*result.read);
        return;
    }
    lost->second.cannot.insert(looker);
    if (!cannot_act_as(reading.seen_by, result)) look_at_member(reading.room, reading.seen_by);
    look_through_somebody(id);
}

std::string Engine::seen_through(RoomId id) const {
    const auto lost = lost_.find(id);
    return lost == lost_.end() || !lost->second.seen_by.valid() ? std::string()
                                                                : world_.users.text(lost->second.seen_by);
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
