// AdminRoom: where the bot tells the admins something, and of whom it is believed that the room is theirs.
//
//     admin_room: "!id"      that room, whoever made it: an admin wrote it down
//     admin_room: an alias   whoever makes the room first has the alias. The bot goes there, looks who
//                            made it, and writes there only if the policy names them under `protected`;
//                            from then on it stays with that room, wherever the alias leads
//
// Owned by the engine, on its thread.
#pragma once

#include <cstdint>
#include <string>

#include "policy/base/time.h"

namespace rollcall::engine {

struct AdminRoom {
    bool tried = false;  // to go there, since the start, the last policy, or the bot's last invitation
    Tick last_try{};
    bool invited_back = false;  // into the room that is kept
    // Whether the bot is in the room that is kept, as far as this process has seen.
    enum class There : std::uint8_t { not_seen, in, out } there = There::not_seen;
    // Why nothing is told there, for people; "" where it is, or nobody has looked yet.
    std::string trouble;
};

// Is this where the admins are told, and no person?
[[nodiscard]] inline bool is_admin_room(const std::string& to) {
    return to.starts_with('#') || to.starts_with('!');
}

}  // namespace rollcall::engine
