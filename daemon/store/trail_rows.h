// The trail as rows. Entries are only ever added, each one higher than the last; the tables' triggers say so
// too. What is personal in an entry stands in rows of its own, and its leaf goes once the log's files have
// it.
#pragma once

#include <map>
#include <vector>

#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace rollcall::store {

// Called inside the store's transaction. Error `conflict` if an entry does not follow the one before it.
[[nodiscard]] Status save_trail(Database& database, const std::vector<TrailRow>& entries);
// Leaves up to that number may go, and some thousands of them do.
[[nodiscard]] Status drop_covered(Database& database, std::uint64_t number);
// `leaves` gives those that went; may be empty where none did.
[[nodiscard]] Result<std::vector<StoredTrailEntry>> read_trail(Database& database, const TrailFilter& filter,
                                                               const LeafReader& leaves);
[[nodiscard]] Status each_trail(Database& database, const TrailFilter& filter, const LeafReader& leaves,
                                const TrailVisit& visit);
[[nodiscard]] Result<std::uint64_t> trail_size(Database& database);
// The last one of each person key that is not destroyed.
[[nodiscard]] Result<std::map<std::uint64_t, Time>> departures(Database& database);
// The leaf of an entry: as the store has it, or, where it is "", from the log's files.
[[nodiscard]] Result<std::string> whole_leaf(std::string stored, std::uint64_t number,
                                             const LeafReader& leaves);

}  // namespace rollcall::store
