#include "daemon/store/trail_rows.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>

namespace rollcall::store {
namespace {

std::optional<std::string_view> unless_empty(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return text;
}

StoredTrailEntry read_entry(const Row& row) {
    StoredTrailEntry entry;
    entry.index = static_cast<std::uint64_t>(row.integer(0));
    entry.time = row.time(1);
    entry.kind = row.text(2);
    entry.user = row.text(3);
    entry.room = row.text(4);
    entry.text = row.text(5);
    return entry;
}

// A condition that is not asked for stays, as one that holds, so that the parameters keep their numbers.
Status select(Database& database, const TrailFilter& filter, std::string_view order, std::size_t at_most,
              const TrailVisit& visit) {
    std::string sql = "SELECT number, time, kind, person, room, text FROM trail WHERE number > $1";
    sql += filter.kind.empty() ? " AND $2 = ''" : " AND kind = $2";
    sql += filter.user.empty() ? " AND $3 = ''" : " AND person = $3";
    sql += filter.room.empty() ? " AND $4 = ''" : " AND room = $4";
    sql += filter.from ? " AND time >= $5" : " AND $5 IS NULL";
    sql += filter.to ? " AND time < $6" : " AND $6 IS NULL";
    sql += fmt::format(" ORDER BY number {} LIMIT $7", order);
    return database.each(
        sql, [&](const Row& row) { return visit(read_entry(row)); }, filter.after, filter.kind, filter.user,
        filter.room, filter.from, filter.to, at_most);
}

}  // namespace

Status save_trail(Database& database, const std::vector<StoredTrailEntry>& entries) {
    if (entries.empty()) return {};
    const Result<std::uint64_t> size = trail_size(database);
    if (!size) return pass(size);
    std::uint64_t last = *size;
    for (const StoredTrailEntry& entry : entries) {
        if (entry.index != last + 1)
            return fail(ErrorKind::conflict,
                        fmt::format("entry {} of the trail does not follow entry {}", entry.index, last));
        last = entry.index;
        Status put = database.run(
            "INSERT INTO trail (number, time, kind, person, room, text) VALUES ($1, $2, $3, $4, $5, $6)",
            entry.index, entry.time, unless_empty(entry.kind), unless_empty(entry.user),
            unless_empty(entry.room), entry.text);
        if (!put) return put;
    }
    return {};
}

Result<std::vector<StoredTrailEntry>> read_trail(Database& database, const TrailFilter& filter) {
    constexpr std::size_t kMost = std::numeric_limits<std::int64_t>::max();
    std::vector<StoredTrailEntry> entries;
    const Status read =
        select(database, filter, "DESC", std::min(filter.at_most, kMost), [&](const StoredTrailEntry& entry) {
            entries.push_back(entry);
            return Status{};
        });
    if (!read) return pass(read);
    std::reverse(entries.begin(), entries.end());
    return entries;
}

Status each_trail(Database& database, const TrailFilter& filter, const TrailVisit& visit) {
    return select(database, filter, "ASC", std::numeric_limits<std::int64_t>::max(), visit);
}

Result<std::uint64_t> trail_size(Database& database) {
    std::uint64_t size = 0;
    const Status read = database.each("SELECT COALESCE(MAX(number), 0) FROM trail", [&](const Row& row) {
        size = static_cast<std::uint64_t>(row.integer(0));
        return Status{};
    });
    if (!read) return pass(read);
    return size;
}

}  // namespace rollcall::store
