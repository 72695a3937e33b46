// The keys under which the trail names people, as rows. Engine thread.
#pragma once

#include <optional>
#include <vector>

#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace rollcall::store {

// Called inside the store's transaction.
[[nodiscard]] Status save_person_keys(Database& database, const std::vector<StoredPersonKey>& keys);
[[nodiscard]] Result<std::optional<StoredPersonKey>> find_person_key(Database& database, const Guid& guid,
                                                                     const std::string& name);
// All that are not destroyed.
[[nodiscard]] Result<std::vector<StoredPersonKey>> read_person_keys(Database& database);
// The keys, and what is personal under them. Called inside the store's transaction, after its entries.
[[nodiscard]] Status erase_person_keys(Database& database, const std::vector<std::uint64_t>& keys, Time now);
[[nodiscard]] Result<std::uint64_t> last_person_key(Database& database);

}  // namespace rollcall::store
