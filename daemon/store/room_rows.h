// Managed rooms as rows: what the daemon knows of each, its state, the events that said so, a space's
// children. Called inside the store's transaction, or by its load.
#pragma once

#include "daemon/store/numbers.h"
#include "daemon/store/sqlite.h"
#include "policy/world.h"

namespace rollcall::store {

[[nodiscard]] Status save_rooms(Database& database, const policy::World& world,
                                const policy::Touched& touched, Numbers& numbers);
// Also fills `ids.rooms`.
[[nodiscard]] Status load_rooms(Database& database, policy::World& world, NumberedIds& ids);

}  // namespace rollcall::store
