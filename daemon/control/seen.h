// What was seen to work, and what was not: the ways to the homeserver, back from it and to the directory.
// What `check --online`, `status` and `plan` say of them comes from here, so that nothing is green that was
// not tried. Engine thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/control/commands.h"

namespace rollcall::control {

struct Seen {
    // "homeserver", "requests", "bot", "mask registration", "events", "rooms", "directory", "groups",
    // "people", "accounts", "clock", "store", "admin room", "pause", "departures", "trail"
    std::string what;
    bool ok = false;
    std::string text;  // what was seen, or what was not, and what to do about it
};

// One cause is one line: while the homeserver does not answer, nothing more is said of what it would tell.
[[nodiscard]] std::vector<Seen> what_was_seen(const Context& context);
// The same with a line for each way: of those that were not tried, that they were not.
[[nodiscard]] std::vector<Seen> every_way(const Context& context);
[[nodiscard]] json::Value to_json(const std::vector<Seen>& seen);
// The texts of what was not.
[[nodiscard]] json::Value unseen(const std::vector<Seen>& seen);
[[nodiscard]] json::Value events_json(const engine::Engine& engine);
// Whether the admins are told what they should be told, and where; if there is to be such a room.
// `ways`: what was seen of these before.
[[nodiscard]] std::optional<Seen> admin_room_seen(const engine::Engine& engine,
                                                  const std::vector<Seen>& ways);
// Why the homeserver cannot be used, and when that was seen, where it was not just now; "" where it can.
[[nodiscard]] std::string homeserver_trouble(const Context& context);
// Somebody is refused whom our mask registration covers: the homeserver has another one; "" where none is.
[[nodiscard]] std::string mask_differs(const engine::Engine& engine);
// Why the admins are told nothing, or not all; "" where nothing is known to be wrong. And is this one of the
// failures in which that shows?
[[nodiscard]] std::string admin_room_trouble(const engine::Engine& engine);
[[nodiscard]] bool is_to_admins(const engine::Engine& engine, const engine::Failure& failure);
// Why much is refused that the bot does, in one line; "" where nothing shows that its account is barred. And
// is this one of the failures in which that shows?
[[nodiscard]] std::string barred_text(const engine::Engine& engine);
[[nodiscard]] bool is_of_the_barred(const engine::Failure& failure);
// That nothing is carried out, or only departures, and by whose order; "" where nothing is paused.
[[nodiscard]] std::string paused_text(const engine::Engine& engine);
// That a pause stops something, a departure or something else; "" where it does not.
[[nodiscard]] std::string pause_stops(const engine::Engine& engine, bool departure);
// Has the directory said anything since the start, if only that it cannot be read?
[[nodiscard]] bool directory_heard(const engine::Engine& engine);
[[nodiscard]] json::Value texts_json(const std::vector<std::string>& texts);

}  // namespace rollcall::control
