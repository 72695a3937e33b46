// The copy of the database that is kept before a newer program changes its schema, so that there is a way
// back: "rollcall.db.schema-5" in the state folder, for its owner alone. One at most. It holds what people
// are erased from later, so it goes with the first erasure. On the store's thread.
#pragma once

#include <string>

#include "daemon/store/sqlite.h"

namespace rollcall::store {

// The copy's path. Takes the place of one that an earlier upgrade left. Errors: limit where the disk is full,
// io.
[[nodiscard]] Result<std::string> keep_upgrade_copy(Database& database, const std::string& folder,
                                                    int schema);
void drop_upgrade_copies(const std::string& folder);

}  // namespace rollcall::store
