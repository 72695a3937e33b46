#include "daemon/store/trail_times.h"

#include <algorithm>
#include <limits>

namespace rollcall::store {
namespace {

constexpr std::uint64_t kEver = std::numeric_limits<std::int64_t>::max();  // the highest number of all

// From one block to before another.
void add(std::vector<NumberRange>& to, std::uint64_t from_block, std::uint64_t to_block,
         std::uint64_t after) {
    const NumberRange range{std::max(after, from_block * kTimeBlock),
                            to_block == kEver ? kEver : to_block * kTimeBlock};
    if (range.after >= range.last) return;
    if (!to.empty() && to.back().last == range.after)
        to.back().last = range.last;
    else
        to.push_back(range);
}

}  // namespace

Status save_times(Database& database, std::uint64_t before, std::uint64_t last) {
    for (std::uint64_t block = before / kTimeBlock; block < last / kTimeBlock; ++block) {
        Status put = database.run(
            "INSERT INTO trail_time (block, earliest, latest) SELECT $1, MIN(time), MAX(time) FROM trail "
            "WHERE "
            "number > $2 AND number <= $3",
            block, block * kTimeBlock, (block + 1) * kTimeBlock);
        if (!put) return put;
    }
    return {};
}

Result<std::vector<TimeBlock>> read_times(Database& database, std::uint64_t from_block) {
    std::vector<TimeBlock> out;
    const Status read = database.each(
        "SELECT block, earliest, latest FROM trail_time WHERE block >= $1 ORDER BY block",
        [&](const Row& row) {
            out.push_back({static_cast<std::uint64_t>(row.integer(0)), row.time(1), row.time(2)});
            return Status{};
        },
        from_block);
    if (!read) return pass(read);
    return out;
}

namespace {

Result<std::vector<NumberRange>> ranges_by_time(Database& database, const TrailFilter& filter) {
    if (!filter.from && !filter.to) return std::vector<NumberRange>{{filter.after, kEver}};
    std::vector<NumberRange> out;
    std::uint64_t next = filter.after / kTimeBlock;  // the first block that was not judged
    const auto times = read_times(database, next);
    if (!times) return pass(times);
    for (const TimeBlock& one : *times) {
        add(out, next, one.block, filter.after);  // of which the table says nothing
        const bool ruled_out =
            (filter.from && one.latest < *filter.from) || (filter.to && one.earliest >= *filter.to);
        if (!ruled_out) add(out, one.block, one.block + 1, filter.after);
        next = one.block + 1;
    }
    add(out, next, kEver, filter.after);
    return out;
}

}  // namespace

Result<std::vector<NumberRange>> ranges_of(Database& database, const TrailFilter& filter) {
    auto out = ranges_by_time(database, filter);
    if (!out || filter.upto == 0) return out;
    for (NumberRange& range : *out) range.last = std::min(range.last, filter.upto);
    std::erase_if(*out, [](const NumberRange& range) { return range.after >= range.last; });
    return out;
}

}  // namespace rollcall::store
