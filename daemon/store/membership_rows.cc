#include "daemon/store/membership_rows.h"

#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/store/row_order.h"
#include "policy/plan.h"

namespace rollcall::store {
namespace {

using policy::Membership;
using policy::World;

// A membership's place in the tables.
struct Place {
    std::int64_t user = 0;
    std::int64_t room = 0;
};

Status save_membership(Database& database, Place place, const Membership* held) {
    if (held == nullptr)
        return database.run("DELETE FROM membership WHERE matrix_user = $1 AND room = $2", place.user,
                            place.room);
    return database.run(
        "INSERT INTO membership (matrix_user, room, state, cause, needs_forget, approved_once, power, event, "
        "unbidden, by_choice) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (matrix_user, "
        "room) DO UPDATE SET "
        "state = excluded.state, cause = excluded.cause, needs_forget = excluded.needs_forget, "
        "approved_once = excluded.approved_once, power = excluded.power, event = excluded.event, "
        "unbidden = excluded.unbidden, by_choice = excluded.by_choice",
        place.user, place.room, static_cast<int>(held->state), static_cast<int>(held->cause),
        bool{held->needs_forget}, bool{held->approved_once}, held->power, held->event, bool{held->unbidden},
        bool{held->by_choice});
}

Status save_inviter(Database& database, const World& world, std::uint64_t pair, Place place,
                    Numbers& numbers) {
    const auto at = world.inviters.find(pair);
    if (at == world.inviters.end())
        return database.run("DELETE FROM inviter WHERE matrix_user = $1 AND room = $2", place.user,
                            place.room);
    const Result<std::int64_t> inviter = numbers.user(at->second);
    if (!inviter) return pass(inviter);
    return database.run(
        "INSERT INTO inviter (matrix_user, room, invited_by) VALUES ($1, $2, $3) "
        "ON CONFLICT (matrix_user, room) DO UPDATE SET invited_by = excluded.invited_by",
        place.user, place.room, *inviter);
}

Status save_put_back(Database& database, const World& world, std::uint64_t pair, Place place) {
    const auto at = world.put_back.find(pair);
    if (at == world.put_back.end())
        return database.run("DELETE FROM put_back WHERE matrix_user = $1 AND room = $2", place.user,
                            place.room);
    return database.run(
        "INSERT INTO put_back (matrix_user, room, time) VALUES ($1, $2, $3) "
        "ON CONFLICT (matrix_user, room) DO UPDATE SET time = excluded.time",
        place.user, place.room, at->second);
}

// Calls put(user, room, row) for the rows of a table whose first two columns are numbers of a user and a
// room.
template <class Put>
Status each_pair(Database& database, const NumberedIds& ids, std::string_view table, std::string_view sql,
                 Put put) {
    return database.each(sql, [&](const Row& row) -> Status {
        const UserId user = ids.user(row.integer(0));
        const RoomId room = ids.room(row.integer(1));
        if (!user.valid() || !room.valid())
            return damaged(database, table, "a user or room that is not there");
        return put(user, room, row);
    });
}

Membership read_membership(RoomId room, const Row& row) {
    Membership held{.room = room};
    held.state = static_cast<policy::MembershipState>(row.integer(2));  // the table checks the ranges
    held.cause = static_cast<policy::Cause>(row.integer(3));
    held.needs_forget = row.flag(4);
    held.approved_once = row.flag(5);
    held.power = static_cast<std::int16_t>(row.integer(6));
    held.event = static_cast<std::uint32_t>(row.integer(7));
    held.unbidden = row.flag(8);
    held.by_choice = row.flag(9);
    return held;
}

Status load_pairs(Database& database, World& world, const NumberedIds& ids) {
    Status read = each_pair(database, ids, "inviter", "SELECT matrix_user, room, invited_by FROM inviter",
                            [&](UserId user, RoomId room, const Row& row) -> Status {
                                const UserId inviter = ids.user(row.integer(2));
                                if (!inviter.valid())
                                    return damaged(database, "inviter", "a user that is not there");
                                world.inviters.emplace(World::pair(user, room), inviter);
                                return {};
                            });
    if (!read) return read;
    return each_pair(database, ids, "put_back", "SELECT matrix_user, room, time FROM put_back",
                     [&](UserId user, RoomId room, const Row& row) -> Status {
                         world.put_back.emplace(World::pair(user, room), row.time(2));
                         world.revisit.emplace(row.time(2) + policy::kPutBackEvery, user);
                         return {};
                     });
}

}  // namespace

Status save_memberships(Database& database, const World& world, const policy::Touched& touched,
                        Numbers& numbers) {
    for (const std::uint64_t pair : in_order(touched.memberships)) {
        const UserId user_id(static_cast<std::size_t>(pair >> 32U));
        const RoomId room_id(static_cast<std::size_t>(pair & std::numeric_limits<std::uint32_t>::max()));
        const Result<std::int64_t> user = numbers.user(user_id);
        if (!user) return pass(user);
        const Result<std::int64_t> room = numbers.room(room_id);
        if (!room) return pass(room);
        const Place place{*user, *room};
        Status saved = save_membership(database, place, world.membership(user_id, room_id));
        if (saved) saved = save_inviter(database, world, pair, place, numbers);
        if (saved) saved = save_put_back(database, world, pair, place);
        if (!saved) return saved;
    }
    return {};
}

Status save_put_backs(Database& database, const World& world, UserId user_id, Numbers& numbers) {
    const Result<std::int64_t> user = numbers.user(user_id);
    if (!user) return pass(user);
    Status done = database.run("DELETE FROM put_back WHERE matrix_user = $1", *user);
    if (world.put_back.empty()) return done;
    for (const Membership& held : world.memberships.row(user_id.index())) {
        if (!done) return done;
        const std::uint64_t pair = World::pair(user_id, held.room);
        if (!world.put_back.contains(pair)) continue;
        const Result<std::int64_t> room = numbers.room(held.room);
        if (!room) return pass(room);
        done = save_put_back(database, world, pair, {*user, *room});
    }
    return done;
}

Status load_memberships(Database& database, World& world, const NumberedIds& ids) {
    std::vector<std::pair<std::uint32_t, Membership>> by_user;
    std::vector<std::pair<std::uint32_t, UserId>> by_room;
    const UserId bot = world.users.find(world.bot);
    const Status read = each_pair(database, ids, "membership",
                                  "SELECT matrix_user, room, state, cause, needs_forget, approved_once, "
                                  "power, event, unbidden, by_choice FROM membership",
                                  [&](UserId user, RoomId room, const Row& row) -> Status {
                                      const Membership held = read_membership(room, row);
                                      by_user.emplace_back(user.value, held);
                                      by_room.emplace_back(room.value, user);
                                      if (held.state == policy::MembershipState::join && user != bot)
                                          ++world.rooms[room.index()].joined;
                                      return {};
                                  });
    if (!read) return read;
    assign_all(world.memberships, world.users.size(), by_user);
    assign_all(world.room_users, world.rooms.size(), by_room);
    return load_pairs(database, world, ids);
}

}  // namespace rollcall::store
