// What keeps a room from being as the policy wants it although the daemon would do it: each a sentence for
// people that names the room and what to do. Engine thread.
#pragma once

#include <string>
#include <vector>

#include "daemon/control/seen.h"
#include "daemon/engine/engine.h"
#include "policy/backlog.h"
#include "schema/json.h"

namespace rollcall::control {

// Of rooms as such: the bot is not in it, people were led on to another one, its state cannot be read.
[[nodiscard]] json::Value rooms_in_trouble(engine::Engine& engine, const policy::Decider& decider,
                                           const policy::Backlog& backlog);
// It is advised to make the room anew, under another key: nothing that is done there would mend it.
[[nodiscard]] bool wants_another_key(engine::Engine& engine, const std::string& key);
// Of people who must be out and cannot be taken out by the bot, nor in their own name.
[[nodiscard]] json::Value who_stays(engine::Engine& engine, const policy::Decider& decider,
                                    const policy::Backlog& backlog);
// Both as lines of what was not seen to work, but for the rooms that the bot is not in: what_was_seen() has
// them. And whoever has departed and is not out of everything, since the homeserver refuses that.
[[nodiscard]] std::vector<Seen> not_kept(engine::Engine& engine, const policy::Decider& decider,
                                         const policy::Backlog& backlog);
// What the homeserver said of rooms or members, and cannot be used.
[[nodiscard]] json::Value not_understood(engine::Engine& engine);

// Of one room, for whoever answers for who is in it: why that is not wholly known, and nothing that changes
// with the time alone. And what could not be read of it at the moment.
[[nodiscard]] json::Value room_doubts(const engine::Engine& engine, const policy::World& world, RoomId id);
[[nodiscard]] json::Value room_not_read(const engine::Engine& engine, RoomId id);

}  // namespace rollcall::control
