// The trail as rows. Entries are only ever added, each one higher than the last; the tables' triggers say so
// too.
#pragma once

#include <vector>

#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace rollcall::store {

// Called inside the store's transaction. Error `conflict` if an entry does not follow the one before it.
[[nodiscard]] Status save_trail(Database& database, const std::vector<StoredTrailEntry>& entries);
[[nodiscard]] Result<std::vector<StoredTrailEntry>> read_trail(Database& database, const TrailFilter& filter);
[[nodiscard]] Status each_trail(Database& database, const TrailFilter& filter, const TrailVisit& visit);
[[nodiscard]] Result<std::uint64_t> trail_size(Database& database);

}  // namespace rollcall::store
