#include "daemon/store/room_rows.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

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

Status save_event(Database& database, std::int64_t number, const Room& room, std::string_view slot) {
    const std::string_view event = room.state.events.find(slot);
    if (event.empty())
        return database.run("DELETE FROM room_state WHERE room = $1 AND slot = $2", number, slot);
    return database.run(
        "INSERT INTO room_state (room, slot, event) VALUES ($1, $2, $3) "
        "ON CONFLICT (room, slot) DO UPDATE SET event = excluded.event",
        number, slot, event);
}

Status save_child(Database& database, std::int64_t number, const Room& room, const std::string& child) {
    if (!room.state.children.contains(child))
        return database.run("DELETE FROM room_child WHERE room = $1 AND child = $2", number, child);
    return database.run(
        "INSERT INTO room_child (room, child) VALUES ($1, $2) ON CONFLICT (room, child) DO NOTHING", number,
        child);
}

Status save_parts(Database& database, std::int64_t number, const Room& room,
                  const policy::TouchedParts& touched) {
    std::set<std::string> slots = touched.slots, children = touched.children;
    if (touched.all) {
        Status cleared = database.run("DELETE FROM room_state WHERE room = $1", number);
        if (cleared) cleared = database.run("DELETE FROM room_child WHERE room = $1", number);
        if (!cleared) return cleared;
        room.state.events.each([&](std::string_view slot, std::string_view) { slots.emplace(slot); });
        children.insert(room.state.children.begin(), room.state.children.end());
    }
    for (const std::string& slot : slots)
        if (Status saved = save_event(database, number, room, slot); !saved) return saved;
    for (const std::string& child : children)
        if (Status saved = save_child(database, number, room, child); !saved) return saved;
    return {};
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

// A room keeps its number, and with that all that refers to it. Two may have changed places: between, neither
// has a key that any room could have.
Status rename_rooms(Database& database, const World& world, const policy::Touched& touched) {
    std::vector<std::pair<std::int64_t, std::string>> renamed;
    Status done;
    for (const auto& [id, stored] : touched.renamed)
        if (done)
            done = database.each(
                "UPDATE room SET key = ' ' || number WHERE key = $1 RETURNING number",
                [&, &key = world.rooms[id.index()].key](const Row& row) {
                    renamed.emplace_back(row.integer(0), key);
                    return Status{};
                },
                stored);
    for (const auto& [number, key] : renamed)
        if (done) done = database.run("UPDATE room SET key = $1 WHERE number = $2", key, number);
    return done;
}

}  // namespace

Status save_rooms(Database& database, const World& world, const policy::Touched& touched, Numbers& numbers) {
    if (Status renamed = rename_rooms(database, world, touched); !renamed) return renamed;
    for (const RoomId id : in_order(touched.rooms)) {
        const Room& room = world.rooms[id.index()];
        const Result<std::int64_t> number = save_room(database, room);
        if (!number) return pass(number);
        numbers.remember(id, *number);
    }
    for (const auto& [id, parts] : touched.room_parts) {
        const Result<std::int64_t> number = numbers.room(id);
        if (!number) return pass(number);
        if (Status saved = save_parts(database, *number, world.rooms[id.index()], parts); !saved)
            return saved;
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
