// Migrations: brings a database's schema up to what this program was built with.
//
// Each file under schema/sql/ is one step, numbered from 1, and is compiled in as text. A step runs in a
// transaction of its own with the row in schema_version that says so: a crash leaves whole steps. A step that
// was released is never edited; the next change is the next file. Called once, before the store is used.
#pragma once

#include <span>
#include <string_view>

#include "daemon/store/sqlite.h"

namespace rollcall::store {

struct Migration {
    int number = 0;
    std::string_view name;  // of the file, without its suffix
    std::string_view sql;
};

// All of them, in order.
[[nodiscard]] std::span<const Migration> migrations();

// The last step that the database has seen; 0: none. Error `refused` where it has seen one that is not among
// `steps`: a newer program has changed the data, and what that means cannot be guessed.
[[nodiscard]] Result<int> schema_of(Database& database, std::span<const Migration> steps);
// Runs those of `steps` that the database has not seen. Errors: those of schema_of().
[[nodiscard]] Status migrate(Database& database, std::span<const Migration> steps);

}  // namespace rollcall::store
