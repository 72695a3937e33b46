// Which entries of the trail may be of a time: a table of the earliest and the latest time of each 1,024 of
// them (schema/sql/006). Clocks go back, so times do not follow the numbers; what the table does not rule out
// is looked at. Engine thread, or whoever owns the connection.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace rollcall::store {

inline constexpr std::uint64_t kTimeBlock = 1'024;  // entries

struct TimeBlock {
    std::uint64_t block = 0;
    Time earliest{}, latest{};
    bool operator==(const TimeBlock&) const = default;
};

// Of the blocks that entries after `before`, up to `last`, have filled. Called inside the store's
// transaction.
[[nodiscard]] Status save_times(Database& database, std::uint64_t before, std::uint64_t last);
// In order, from that block on.
[[nodiscard]] Result<std::vector<TimeBlock>> read_times(Database& database, std::uint64_t from_block);

// Entries with numbers above `after`, up to `last`.
struct NumberRange {
    std::uint64_t after = 0, last = 0;
};
// In which all that the filter's time lets through are; in order, apart.
[[nodiscard]] Result<std::vector<NumberRange>> ranges_of(Database& database, const TrailFilter& filter);

}  // namespace rollcall::store
