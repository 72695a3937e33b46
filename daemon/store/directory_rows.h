// What is known of the directory, as rows: people, their attributes, groups, who is in them, and how far it
// was read.
//
// A group's members are compared with what is stored and only the difference is written: one newcomer in a
// group of 25,000 is one row. Called inside the store's transaction, or by its load.
#pragma once

#include "daemon/store/sqlite.h"
#include "policy/world.h"

namespace rollcall::store {

[[nodiscard]] Status save_people(Database& database, const policy::World& world,
                                 const policy::Touched& touched);
[[nodiscard]] Status save_groups(Database& database, const policy::World& world,
                                 const policy::Touched& touched);
[[nodiscard]] Status save_containers(Database& database, const policy::World& world,
                                     const policy::Touched& touched);
// cursor, attributes_read, directory_read, frozen
[[nodiscard]] Status save_cursor(Database& database, const policy::World& world);

// All of the above, with the indices, waiting members and expiries that the world derives from it.
[[nodiscard]] Status load_directory(Database& database, policy::World& world);

}  // namespace rollcall::store
