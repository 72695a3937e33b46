// Matrix users as rows: whether the account exists, and what is still owed about one who departs.
// Called inside the store's transaction after the rooms are written, or by its load.
#pragma once

#include "daemon/store/numbers.h"
#include "daemon/store/sqlite.h"
#include "policy/world.h"

namespace rollcall::store {

// Account, departing, and the user's put_back times.
[[nodiscard]] Status save_users(Database& database, const policy::World& world,
                                const policy::Touched& touched, Numbers& numbers);
// Also fills `ids.users`.
[[nodiscard]] Status load_users(Database& database, policy::World& world, NumberedIds& ids);

}  // namespace rollcall::store
