// Which room of the world a room of a program is, where its key is another one than before: `formerly`.
//
// A room is known by its key. Where the world has no room under that key, and has one under a key that the
// policy says it had before, it is that one: it goes on with its Matrix room, members and past. One that some
// policy manages still goes before those that were let go of. Where more than one may be meant nothing is
// guessed. Once the room lives under its new key, `formerly` is a note about the past. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/program.h"
#include "policy/world.h"

namespace rollcall::policy {

struct RoomRename {
    RoomId room;
    std::uint32_t index = 0;  // in Program::rooms
    std::string from, to;     // keys
};

// What the world is to be told when this program is put in force; in the order of its rooms.
[[nodiscard]] std::vector<RoomRename> room_renames(const World& world, const Program& program);

// Rooms of which it cannot be said which one is meant, and such as cannot become what they are named.
[[nodiscard]] Diagnostics rename_conflicts(const World& world, const Program& program);

// The key that a room of the program in force has in the next one.
[[nodiscard]] const std::string& key_after(const std::vector<RoomRename>& renames, const std::string& key);

}  // namespace rollcall::policy
