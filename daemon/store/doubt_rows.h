// What is doubted about the controller that answers (policy/doubt.h), as one value of `meta`: it is there
// only while there is a doubt, and holds only the objects that differ. Called inside the store's transaction,
// or by its load.
#pragma once

#include "daemon/store/sqlite.h"
#include "policy/world.h"

namespace rollcall::store {

[[nodiscard]] Status save_doubt(Database& database, const policy::World& world);
[[nodiscard]] Status load_doubt(Database& database, policy::World& world);

}  // namespace rollcall::store
