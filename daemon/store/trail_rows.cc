#include "daemon/store/trail_rows.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>

#include "daemon/store/meta.h"
#include "daemon/store/part_rows.h"
#include "daemon/store/trail_times.h"
#include "schema/sealed_part.h"

namespace rollcall::store {
namespace {

constexpr std::uint64_t kDroppedAtOnce = 5'000;  // leaves: some milliseconds of a turn

std::optional<std::uint64_t> unless_zero(std::uint64_t id) {
    if (id == 0) return std::nullopt;
    return id;
}

Status save_entry(Database& database, const TrailRow& row) {
    Status put = database.run(
        "INSERT INTO trail (number, time, kind, action, room, rule, outcome, subject, caller) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.number, row.time, row.kind, unless_empty(row.action), unless_empty(row.room),
        unless_empty(row.rule), unless_empty(row.outcome), unless_zero(row.subject), unless_zero(row.caller));
    if (put)
        put =
            database.run("INSERT INTO trail_leaf (number, text) VALUES ($1, $2)", row.number, row.leaf.text);
    for (const schema::PersonalPart& part : row.leaf.personal) {
        if (!put) return put;
        put = save_part(database, row.number, part.party == schema::Party::subject ? row.subject : row.caller,
                        part);
    }
    return put;
}

// An entry whole again: its leaf, wherever it is, and its personal parts.
Result<StoredTrailEntry> read_entry(Database& database, const Row& row, const LeafReader& leaves) {
    StoredTrailEntry entry;
    entry.index = static_cast<std::uint64_t>(row.integer(0));
    entry.time = row.time(1);
    entry.kind = row.text(2);
    entry.room = row.text(3);
    if (!row.is_null(5)) entry.subject = static_cast<std::uint64_t>(row.integer(5));
    std::vector<schema::PersonalPart> parts;
    const Status read = each_part(database, entry.index, [&](const PartRead& part) -> Status {
        if (!part.key) return {};  // destroyed, and this goes with it
        Result<schema::PersonalPart> open =
            schema::open_part(*part.key, entry.index, part.party, part.sealed);
        if (!open) return pass(open);
        parts.push_back(std::move(*open));
        return {};
    });
    if (!read) return pass(read);
    const Result<std::string> leaf = whole_leaf(std::string(row.text(4)), entry.index, leaves);
    if (!leaf) return pass(leaf);
    const Result<json::Value> whole = schema::join_trail_entry(*leaf, parts);
    if (!whole)
        return fail(
            ErrorKind::io,
            fmt::format("entry {} of the trail cannot be read: {}", entry.index, whole.error().message),
            "`rollcall audit verify` says what is wrong");
    entry.user = (*whole)["user"].text();
    entry.text = json::write(*whole);
    return entry;
}

// A person has one key, or several: of each Matrix ID that they had, and of what was not known to be theirs
// at first. Those with one GUID are one person's; a name that is another person's by now says nothing.
std::string person_condition(const TrailFilter& filter) {
    if (!filter.person.empty())
        return " AND subject IN (SELECT id FROM person_key WHERE name = $3 AND guid IS NULL UNION SELECT id "
               "FROM "
               "person_key WHERE guid = $4)";
    if (filter.user.empty()) return " AND $3 = '' AND $4 IS NULL";
    return " AND subject IN (SELECT id FROM person_key WHERE name = $3 UNION SELECT other.id FROM person_key "
           "AS one JOIN person_key AS other ON other.guid = one.guid WHERE one.name = $3) AND $4 IS NULL";
}

// A condition that is not asked for stays, as one that holds, so that the parameters keep their numbers,
// which are those of their first places in the text.
std::string conditions(const TrailFilter& filter) {
    std::string sql = "t.number > $1";
    sql += filter.kind.empty() ? " AND $2 = ''" : " AND kind = $2";
    sql += person_condition(filter);
    sql += filter.room.empty() ? " AND $5 = ''" : " AND room = $5";
    sql += filter.action.empty() ? " AND $6 = ''" : " AND action = $6";
    sql += filter.from ? " AND time >= $7" : " AND $7 IS NULL";
    sql += filter.to ? " AND time < $8" : " AND $8 IS NULL";
    sql += " AND t.number <= $9";
    sql += filter.subject == 0
               ? " AND $10 = 0"
               : " AND subject IN (SELECT $10 UNION SELECT other.id FROM person_key AS one JOIN "
                 "person_key AS other ON other.guid = one.guid WHERE one.id = $10)";
    return sql;
}

// Of one range of numbers. `at_most` becomes how many more may come.
Status select(Database& database, const TrailFilter& filter, const NumberRange& range, std::string_view order,
              std::size_t& at_most, const LeafReader& leaves, const TrailVisit& visit) {
    const std::string sql = fmt::format(
        "SELECT t.number, time, kind, room, text, subject FROM trail AS t LEFT JOIN trail_leaf AS l ON "
        "l.number = "
        "t.number WHERE {} ORDER BY t.number {} LIMIT $11",
        conditions(filter), order);
    std::size_t count = 0;
    Status read = database.each(
        sql,
        [&](const Row& row) -> Status {
            const Result<StoredTrailEntry> entry = read_entry(database, row, leaves);
            if (!entry) return pass(entry);
            ++count;
            return visit(*entry);
        },
        range.after, filter.kind, filter.user,
        filter.person.empty() ? std::nullopt : std::optional(filter.person), filter.room, filter.action,
        filter.from, filter.to, range.last, filter.subject, at_most);
    at_most -= count;
    return read;
}

Status select(Database& database, const TrailFilter& filter, bool newest_first, std::size_t at_most,
              const LeafReader& leaves, const TrailVisit& visit) {
    auto ranges = ranges_of(database, filter);
    if (!ranges) return pass(ranges);
    if (newest_first) std::reverse(ranges->begin(), ranges->end());
    for (const NumberRange& range : *ranges) {
        if (at_most == 0) break;
        Status read = select(database, filter, range, newest_first ? "DESC" : "ASC", at_most, leaves, visit);
        if (!read) return read;
    }
    return {};
}

}  // namespace

Status save_trail(Database& database, const std::vector<TrailRow>& entries) {
    if (entries.empty()) return {};
    const Result<std::uint64_t> size = trail_size(database);
    if (!size) return pass(size);
    std::uint64_t last = *size;
    for (const TrailRow& entry : entries) {
        if (entry.number != last + 1)
            return fail(ErrorKind::conflict,
                        fmt::format("entry {} of the trail does not follow entry {}", entry.number, last));
        last = entry.number;
        if (Status put = save_entry(database, entry); !put) return put;
    }
    return save_times(database, *size, last);
}

Status drop_covered(Database& database, std::uint64_t number) {
    Status done = put_meta(database, "trail_covered", std::to_string(number));
    if (!done) return done;
    return database.run(
        "DELETE FROM trail_leaf WHERE number <= $1 AND number < (SELECT MIN(number) FROM trail_leaf) + $2",
        number, kDroppedAtOnce);
}

Result<std::vector<StoredTrailEntry>> read_trail(Database& database, const TrailFilter& filter,
                                                 const LeafReader& leaves) {
    constexpr std::size_t kMost = std::numeric_limits<std::int64_t>::max();
    std::vector<StoredTrailEntry> entries;
    const Status read = select(database, filter, true, std::min(filter.at_most, kMost), leaves,
                               [&](const StoredTrailEntry& entry) {
                                   entries.push_back(entry);
                                   return Status{};
                               });
    if (!read) return pass(read);
    std::reverse(entries.begin(), entries.end());
    return entries;
}

Status each_trail(Database& database, const TrailFilter& filter, const LeafReader& leaves,
                  const TrailVisit& visit) {
    return select(database, filter, false, std::numeric_limits<std::int64_t>::max(), leaves, visit);
}

Result<std::string> whole_leaf(std::string stored, std::uint64_t number, const LeafReader& leaves) {
    if (!stored.empty()) return stored;
    if (leaves) return leaves(number);
    return fail(ErrorKind::unavailable, fmt::format("entry {} is in the log's files only", number));
}

// Of an index that holds nothing else: it is asked on the engine's thread.
Result<std::map<std::uint64_t, Time>> departures(Database& database) {
    std::map<std::uint64_t, Time> out;
    const Status read = database.each(
        "SELECT subject, MAX(time) FROM trail WHERE kind = 'directory' AND action = 'departed' AND subject "
        "IN "
        "(SELECT id FROM person_key WHERE erased IS NULL) GROUP BY subject",
        [&](const Row& row) {
            out.emplace_hint(out.end(), static_cast<std::uint64_t>(row.integer(0)), row.time(1));
            return Status{};
        });
    if (!read) return pass(read);
    return out;
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
