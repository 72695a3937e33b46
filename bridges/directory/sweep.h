// sweep(): everything about people and groups, read at once: complete, or an Error. Never a partial snapshot.
//
// The USN is read before the first search, so whatever changes meanwhile is drained again later. How a
// consumer keeps an older snapshot from overwriting a newer change: an entry that is known with a greater
// `usn` than the snapshot carries for it stays as it is; an entry that the snapshot lacks is gone only if its
// known `usn` is not greater than the snapshot's evidence. Runs on the thread that owns the connection: a
// handle of its own, since a big directory takes minutes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridges/directory/connection.h"
#include "policy/directory.h"

namespace rollcall::directory {

// Incomplete, and so an Error: any search that did not end in success, nobody at all, a canary that is not
// there or whose state is hidden; then `shown` says how many people were there.
[[nodiscard]] Result<policy::DirectorySnapshot> sweep(Connection& connection, const Settings& settings,
                                                      const Wanted& wanted,
                                                      std::optional<std::size_t>* shown = nullptr);

[[nodiscard]] Error lacks_canary(const Settings& settings, std::string_view canary);

// What a complete read could not see: people without a state, groups without members; and dates that nobody
// can mean.
[[nodiscard]] std::vector<policy::DirectoryRemark> remarks(const policy::DirectorySnapshot& snapshot);
// Of whom they speak; of a group with members that cannot be seen, those too.
[[nodiscard]] std::vector<Guid> remarked(const policy::DirectorySnapshot& snapshot);

}  // namespace rollcall::directory
