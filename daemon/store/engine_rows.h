// The engine's own rows: transactions taken in, intents in flight, marks, the trail, and the policies put in
// force. Writers are called inside the store's transaction.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace rollcall::store {

// Repeats come within minutes; of older transactions nothing needs to be remembered.
inline constexpr int kTransactionsKept = 20'000;

[[nodiscard]] Status save_transactions(Database& database, const std::vector<std::string>& ids);
[[nodiscard]] Result<bool> seen_transaction(Database& database, const std::string& id);

// `finished` are dropped after `intents` are written; the highest id ever used is kept.
[[nodiscard]] Status save_intents(Database& database, const std::vector<StoredIntent>& intents,
                                  const std::vector<std::uint64_t>& finished);
[[nodiscard]] Result<std::vector<StoredIntent>> read_intents(Database& database);
[[nodiscard]] Result<std::uint64_t> last_intent(Database& database);

[[nodiscard]] Status save_marks(Database& database, const std::vector<StoredMark>& marks);
[[nodiscard]] Result<std::vector<StoredMark>> read_marks(Database& database);

[[nodiscard]] Status save_policy(Database& database, const StoredPolicy& policy);
[[nodiscard]] Result<std::optional<StoredPolicy>> read_policy(Database& database);
// Every policy that was ever put in force, in their order; one at a time, since they can be long.
[[nodiscard]] Status each_policy(Database& database, const std::function<Status(const StoredPolicy&)>& visit);

}  // namespace rollcall::store
