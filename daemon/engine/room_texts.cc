#include "daemon/engine/room_texts.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace rollcall::engine {
namespace {

std::string people_wait(std::size_t n) {
    if (n == 0) return {};
    return n == 1 ? " (1 person waits)" : fmt::format(" ({} people wait)", n);
}

// Who can invite the bot again, as the room's power levels were when it could see them: the first of those
// who are there; "anybody in it"; "" where nobody can.
std::string who_can_invite(const policy::World& world, RoomId id) {
    const policy::RoomState& state = world.rooms[id.index()].state;
    const std::int64_t needed = state.power ? state.power->invite : 0;
    if ((state.power ? state.power->users_default : 0) >= needed) return "anybody in it";
    const auto there = [&](const std::string& user) {
        const UserId known = world.users.find(user);
        return user != world.bot && known.valid() &&
               world.state_of(known, id) == policy::MembershipState::join;
    };
    for (const auto& [user, level] : state.users)
        if (level >= needed && there(user)) return tame_line(user);
    return {};
}

}  // namespace

// In most rooms inviting takes a power that owners do not have.
std::string lost_text(const policy::World& world, RoomId id, const std::string& seen_by,
                      std::size_t waiting) {
    const std::string inviter = who_can_invite(world, id);
    return fmt::format(
        "the bot is not in #{}: nobody is added there{}, only people of this server are taken out, in their "
        "own name, and {}; it looks every minute whether it is back. {} make the room anew, under another "
        "key; if the room is no more, take it out of the policy",
        world.rooms[id.index()].key, people_wait(waiting),
        seen_by.empty() ? "nobody sees who comes in"
                        : fmt::format("who comes in is seen in the name of {}", tame_line(seen_by)),
        inviter.empty() ? "Nobody who is there has the power to invite the bot:"
                        : fmt::format("{} can invite the bot; or", inviter));
}

std::string led_to(const policy::World& world, const policy::Room& room) {
    const std::string next = room.state.tombstone.text();
    const auto known = world.room_by_id.find(next);
    const bool managed = known != world.room_by_id.end() && !world.rooms[known->second.index()].released;
    return managed ? "#" + world.rooms[known->second.index()].key
                   : tame_line(next) + ", which nobody manages";
}

std::string replaced_text(const policy::World& world, RoomId id, std::size_t waiting) {
    const policy::Room& room = world.rooms[id.index()];
    return fmt::format(
        "#{} was upgraded: people are led on to {}. Nobody is added to the old room{}; whoever must be out "
        "is taken out of it. Take the room out of the policy and add it under another key, so that it is "
        "made anew, and have the room that people were led to closed",
        room.key, led_to(world, room), people_wait(waiting));
}

}  // namespace rollcall::engine
