#include "daemon/store/room_rows.h"

#include <map>
#include <set>
#include <string>

#include "daemon/store/room_state_text.h"
#include "daemon/store/row_order.h"

namespace rollcall::store {
namespace {

using policy::Room;
using policy::World;

Result<std::int64_t> save_room(Database& database, const Room& room) {
    std::int64_t number = 0;
    const Status saved = database.each(
        "INSERT INTO room (number, key, id, phase, bot_joined, released, filling_since, claimed_alias, "
        "alias_conflict, state) VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM room), $1, $2, $3, $4, $5, "
        "$6, $7, "
        "$8, $9) ON CONFLICT (key) DO UPDATE SET id = excluded.id, phase = excluded.phase, "
        "bot_joined = excluded.bot_joined, released = excluded.released, filling_since = "
        "excluded.filling_since, "
        "claimed_alias = excluded.claimed_alias, alias_conflict = excluded.alias_conflict, state = "
        "excluded.state "
        "RETURNING number",
        [&](const Row& row) {
            number = row.integer(0);
            return Status{};
        },
        room.key, room.id, static_cast<int>(room.phase), room.bot_joined, room.released, room.filling_since,
        room.claimed_alias, room.alias_conflict, write_room_state(room.state));
    if (!saved) return pass(saved);
    return number;
}

// Both below write only what differs from the rows that are there: a space has as many of them as rooms.
Status save_events(Database& database, std::int64_t number, const Room& room) {
    std::map<std::string, std::string, std::less<>> stored;
    Status done = database.each(
        "SELECT slot, event FROM room_state WHERE room = $1 ORDER BY slot",
        [&](const Row& row) {
            stored.emplace_hint(stored.end(), row.text(0), row.text(1));
            return Status{};
        },
        number);
    room.state.events.each([&](std::string_view slot, std::string_view event) {
        const auto held = stored.find(slot);
        const bool same = held != stored.end() && held->second == event;
        if (held != stored.end()) stored.erase(held);
        if (done && !same)
            done = database.run(
                "INSERT INTO room_state (room, slot, event) VALUES ($1, $2, $3) "
                "ON CONFLICT (room, slot) DO UPDATE SET event = excluded.event",
                number, slot, event);
    });
    for (const auto& [slot, event] : stored) {  // those that the room has no more
        if (!done) return done;
        done = database.run("DELETE FROM room_state WHERE room = $1 AND slot = $2", number, slot);
    }
    return done;
}

Status save_children(Database& database, std::int64_t number, const Room& room) {
    std::set<std::string, std::less<>> stored;
    Status done = database.each(
        "SELECT child FROM room_child WHERE room = $1 ORDER BY child",
        [&](const Row& row) {
            stored.emplace_hint(stored.end(), row.text(0));
            return Status{};
        },
        number);
    for (const std::string& child : room.state.children) {
        if (!done) return done;
        if (!stored.contains(child))
            done = database.run("INSERT INTO room_child (room, child) VALUES ($1, $2)", number, child);
    }
    for (const std::string& child : stored) {
        if (!done) return done;
        if (!room.state.children.contains(child))
            done = database.run("DELETE FROM room_child WHERE room = $1 AND child = $2", number, child);
    }
    return done;
}

Status load_room(Database& database, World& world, NumberedIds& ids, const Row& row) {
    const RoomId id(world.rooms.size());
    Room& room = world.rooms.emplace_back();
    room.key = row.text(1);
    room.id = row.text(2);
    room.phase = static_cast<policy::RoomPhase>(row.integer(3));  // the table checks the range
    room.bot_joined = row.flag(4);
    room.released = row.flag(5);
    room.filling_since = row.time(6);
    room.claimed_alias = row.text(7);
    room.alias_conflict = row.text(8);
    if (const Status read = read_room_state(row.text(9), room.state); !read)
        return damaged(database, "room", "the state of " + room.key);
    world.parts.share(room.state);
    world.room_by_key.emplace(room.key, id);
    if (!room.id.empty()) world.room_by_id.emplace(room.id, id);
    ids.rooms.emplace(row.integer(0), id);
    return {};
}

// Calls put(room, row) for the rows of a table whose first column is a room's number.
template <class Put>
Status load_parts(Database& database, World& world, const NumberedIds& ids, std::string_view sql, Put put) {
    return database.each(sql, [&](const Row& row) -> Status {
        const RoomId id = ids.room(row.integer(0));
        if (!id.valid()) return damaged(database, "room", "parts of a room that is not there");
        put(world.rooms[id.index()].state, row);
        return {};
    });
}

}  // namespace

Status save_rooms(Database& database, const World& world, const policy::Touched& touched, Numbers& numbers) {
    for (const RoomId id : in_order(touched.rooms)) {
        const Room& room = world.rooms[id.index()];
        const Result<std::int64_t> number = save_room(database, room);
        if (!number) return pass(number);
        numbers.remember(id, *number);
        if (Status saved = save_events(database, *number, room); !saved) return saved;
        if (Status saved = save_children(database, *number, room); !saved) return saved;
    }
    return {};
}

Status load_rooms(Database& database, World& world, NumberedIds& ids) {
    Status loaded = database.each(
        "SELECT number, key, id, phase, bot_joined, released, filling_since, claimed_alias, alias_conflict, "
        "state "
        "FROM room ORDER BY number",
        [&](const Row& row) { return load_room(database, world, ids, row); });
    if (loaded)
        loaded = load_parts(
            database, world, ids, "SELECT room, slot, event FROM room_state",
            [](policy::RoomState& state, const Row& row) { state.events.set(row.text(1), row.text(2)); });
    if (loaded)
        loaded =
            load_parts(database, world, ids, "SELECT room, child FROM room_child",
                       [](policy::RoomState& state, const Row& row) { state.children.emplace(row.text(1)); });
    return loaded;
}

}  // namespace rollcall::store
