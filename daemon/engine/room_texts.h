// What is said of a room that cannot be kept as the policy wants it, and what to do then: the same in status,
// in a plan and to the admins. Without a full stop. Pure.
#pragma once

#include <string>

#include "policy/world.h"

namespace rollcall::engine {

// The bot is not in it. `seen_by`: the member in whose name it is looked at, "" for nobody; `waiting`: so
// many are to be added there.
[[nodiscard]] std::string lost_text(const policy::World& world, RoomId id, const std::string& seen_by,
                                    std::size_t waiting = 0);
// It was upgraded by hand.
[[nodiscard]] std::string replaced_text(const policy::World& world, RoomId id, std::size_t waiting = 0);
// Where people are led to then.
[[nodiscard]] std::string led_to(const policy::World& world, const policy::Room& room);

}  // namespace rollcall::engine
