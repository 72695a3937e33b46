#include "daemon/store/user_rows.h"

#include "daemon/store/membership_rows.h"
#include "daemon/store/row_order.h"

namespace rollcall::store {
namespace {

using policy::Departing;
using policy::World;

Status save_departing(Database& database, std::int64_t user, const Departing& departing) {
    Status done = database.run(
        "INSERT INTO departing (matrix_user, signed_out, listed, late) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (matrix_user) DO UPDATE SET signed_out = excluded.signed_out, listed = excluded.listed, "
        "late = excluded.late",
        user, departing.signed_out, departing.listed, departing.late);
    for (std::size_t i = 0; i < departing.rooms.size(); ++i) {
        if (!done) return done;
        // Of hundreds of rooms one is done at a time: the others are not written again.
        done = database.run(
            "INSERT INTO departing_room (matrix_user, position, room, done) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (matrix_user, position) DO UPDATE SET room = excluded.room, done = excluded.done "
            "WHERE departing_room.room <> excluded.room OR departing_room.done <> excluded.done",
            user, i, departing.rooms[i].room, departing.rooms[i].done);
    }
    return done;
}

Status drop_departing_rooms(Database& database, std::int64_t user, std::size_t from) {
    return database.run("DELETE FROM departing_room WHERE matrix_user = $1 AND position >= $2", user, from);
}

Status save_user(Database& database, const World& world, UserId id, Numbers& numbers) {
    const Result<std::int64_t> number = numbers.user(id);
    if (!number) return pass(number);
    Status done = database.run("UPDATE matrix_user SET account = $1 WHERE number = $2",
                               static_cast<int>(world.account(id)), *number);
    if (!done) return done;
    const auto departing = world.departing.find(id);
    if (departing != world.departing.end()) {
        done = save_departing(database, *number, departing->second);
        if (done) done = drop_departing_rooms(database, *number, departing->second.rooms.size());
    } else {
        done = database.run("DELETE FROM departing WHERE matrix_user = $1", *number);
        if (done) done = drop_departing_rooms(database, *number, 0);
    }
    return done ? save_put_backs(database, world, id, numbers) : done;
}

Status load_departing(Database& database, World& world, const NumberedIds& ids) {
    Status read = database.each(
        "SELECT matrix_user, signed_out, listed, late FROM departing", [&](const Row& row) -> Status {
            const UserId id = ids.user(row.integer(0));
            if (!id.valid()) return damaged(database, "departing", "a user that is not there");
            world.departing.emplace(id, Departing{row.flag(1), row.flag(2), {}, row.flag(3)});
            return {};
        });
    if (!read) return read;
    return database.each("SELECT matrix_user, room, done FROM departing_room ORDER BY matrix_user, position",
                         [&](const Row& row) -> Status {
                             const auto found = world.departing.find(ids.user(row.integer(0)));
                             if (found == world.departing.end())
                                 return damaged(database, "departing_room", "a user who stays");
                             found->second.rooms.push_back({std::string(row.text(1)), row.flag(2)});
                             return {};
                         });
}

}  // namespace

Status save_users(Database& database, const World& world, const policy::Touched& touched, Numbers& numbers) {
    for (const UserId id : in_order(touched.users))
        if (Status saved = save_user(database, world, id, numbers); !saved) return saved;
    return {};
}

Status load_users(Database& database, World& world, NumberedIds& ids) {
    const Status read = database.each(
        "SELECT number, id, account FROM matrix_user ORDER BY number", [&](const Row& row) -> Status {
            const UserId id = world.user(row.text(1));
            world.accounts[id.index()] = static_cast<policy::Account>(row.integer(2));
            ids.users.emplace(row.integer(0), id);
            return {};
        });
    return read ? load_departing(database, world, ids) : read;
}

}  // namespace rollcall::store
