// Who is in which room as rows, who invited them, and when a removal made by hand was last undone.
// Called inside the store's transaction after the rooms are written, or by its load after rooms and users are
// read.
#pragma once

#include "daemon/store/numbers.h"
#include "daemon/store/sqlite.h"
#include "policy/world.h"

namespace rollcall::store {

// For every touched (user, room): the membership, its inviter and its put_back time, each written or deleted.
[[nodiscard]] Status save_memberships(Database& database, const policy::World& world,
                                      const policy::Touched& touched, Numbers& numbers);
// All put_back times of a user in rooms where a membership is known; others mean nothing.
[[nodiscard]] Status save_put_backs(Database& database, const policy::World& world, UserId user,
                                    Numbers& numbers);

// With the joined counts, room_users and revisit that the world derives from them.
[[nodiscard]] Status load_memberships(Database& database, policy::World& world, const NumberedIds& ids);

}  // namespace rollcall::store
