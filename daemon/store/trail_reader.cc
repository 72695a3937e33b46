#include "daemon/store/trail_reader.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

#include "daemon/store/engine_rows.h"
#include "daemon/store/meta.h"
#include "daemon/store/migrations.h"
#include "daemon/store/part_rows.h"
#include "daemon/store/trail_rows.h"
#include "schema/sealed_part.h"

namespace rollcall::store {
namespace {

tl::unexpected<Error> lacking(std::uint64_t number) {
    return fail(ErrorKind::conflict,
                fmt::format("the store has given entry {} to the log, and the log's files lack it", number),
                "restore the audit folder; see docs/trail.md, \"After a restore\"");
}

}  // namespace

Result<std::unique_ptr<TrailReader>> TrailReader::open(const std::string& folder) {
    Result<std::unique_ptr<Database>> database = Database::open_to_read(folder + "/" + kDatabaseFile);
    if (!database) return pass(database);
    // Whoever only reads cannot bring it up to date.
    std::int64_t version = 0;
    const Status read =
        (*database)->each("SELECT COALESCE(MAX(number), 0) FROM schema_version", [&](const Row& row) {
            version = row.integer(0);
            return Status{};
        });
    if (!read) return pass(read);
    if (version != migrations().back().number)
        return fail(ErrorKind::conflict,
                    fmt::format("{} is of another version of rollcall (schema {}, this program's is {})",
                                (*database)->path(), version, migrations().back().number),
                    "start the daemon of this version once, which brings an older one up to date");
    return std::unique_ptr<TrailReader>(new TrailReader(std::move(*database)));
}

Result<std::uint64_t> TrailReader::trail_size() {
    return store::trail_size(*database_);
}

Result<std::vector<StoredTrailEntry>> TrailReader::trail(const TrailFilter& filter) {
    return read_trail(*database_, filter, leaves_);
}

Status TrailReader::each_trail(const TrailFilter& filter, const TrailVisit& visit) {
    return store::each_trail(*database_, filter, leaves_, visit);
}

Result<std::vector<std::string>> TrailReader::leaves(std::uint64_t after, std::size_t at_most) {
    const auto all = trail_size();  // before: a commit may come between the two
    if (!all) return pass(all);
    std::vector<std::string> out;
    const Status read = database_->each(
        "SELECT number, text FROM trail_leaf WHERE number > $1 ORDER BY number LIMIT $2",
        [&](const Row& row) -> Status {
            const auto number = static_cast<std::uint64_t>(row.integer(0));
            if (number != after + out.size() + 1) return lacking(after + out.size() + 1);
            out.emplace_back(row.text(1));
            return {};
        },
        after, at_most);
    if (!read) return pass(read);
    if (out.empty() && *all > after) return lacking(after + 1);
    return out;
}

Result<std::optional<std::string>> TrailReader::room_id(const std::string& key) {
    std::optional<std::string> id;
    const Status read = database_->each(
        "SELECT id FROM room WHERE id <> '' AND released = 0 AND (key = $1 OR (key = (SELECT value FROM mark "
        "WHERE kind = 'former_key' AND key = $1) AND NOT EXISTS (SELECT 1 FROM room WHERE key = $1 AND id <> "
        "''))) AND phase <> $2",
        [&](const Row& row) {
            id = row.text(0);
            return Status{};
        },
        key, static_cast<int>(policy::RoomPhase::filling));
    if (!read) return pass(read);
    return id;
}

Result<std::map<std::string, std::string>> TrailReader::marks(std::string_view kind) {
    std::map<std::string, std::string> out;
    const Status read = database_->each(
        "SELECT key, value FROM mark WHERE kind = $1",
        [&](const Row& row) {
            out.emplace(row.text(0), row.text(1));
            return Status{};
        },
        kind);
    if (!read) return pass(read);
    return out;
}

Status TrailReader::each_policy(const std::function<Status(const StoredPolicy&)>& visit) {
    return store::each_policy(*database_, visit);
}

Result<std::uint64_t> TrailReader::first_leaf() {
    std::uint64_t first = 0;
    const Status read =
        database_->each("SELECT COALESCE(MIN(number), 0) FROM trail_leaf", [&](const Row& row) {
            first = static_cast<std::uint64_t>(row.integer(0));
            return Status{};
        });
    if (!read) return pass(read);
    return first;
}

Result<std::vector<std::uint64_t>> TrailReader::numbers(std::string_view kind, std::string_view action) {
    std::vector<std::uint64_t> out;
    const Status read = database_->each(
        "SELECT number FROM trail WHERE kind = $1 AND action = $2 ORDER BY number",
        [&](const Row& row) {
            out.push_back(static_cast<std::uint64_t>(row.integer(0)));
            return Status{};
        },
        kind, action);
    if (!read) return pass(read);
    return out;
}

Result<std::string> TrailReader::leaf(std::uint64_t number) {
    std::string out;
    const Status read = database_->each(
        "SELECT text FROM trail_leaf WHERE number = $1",
        [&](const Row& row) {
            out = row.text(0);
            return Status{};
        },
        number);
    if (!read) return pass(read);
    return whole_leaf(std::move(out), number, leaves_);
}

Result<std::vector<TrailRowRead>> TrailReader::whole_rows(std::uint64_t after, std::size_t at_most) {
    auto out = rows(after, at_most);
    if (!out) return out;
    for (TrailRowRead& read : *out) {
        Result<std::string> leaf = whole_leaf(std::move(read.row.leaf.text), read.row.number, leaves_);
        if (!leaf) return pass(leaf);
        read.row.leaf.text = std::move(*leaf);
    }
    return out;
}

Status TrailReader::read_parts(TrailRowRead& into) {
    return each_part(*database_, into.row.number, [&](const PartRead& part) {
        const auto party = static_cast<std::size_t>(part.party);
        into.filed_under[party] = part.person_key;
        into.guids[party] = part.guid;
        into.names[party] = part.name;
        into.keys[party] = part.key;
        if (!part.key) return Status{};
        Result<schema::PersonalPart> open =
            schema::open_part(*part.key, into.row.number, part.party, part.sealed);
        // Whoever compares finds that its MAC does not hold.
        into.row.leaf.personal.push_back(open ? std::move(*open) : schema::PersonalPart{part.party, {}});
        return Status{};
    });
}

Result<std::vector<TrailRowRead>> TrailReader::rows(std::uint64_t after, std::size_t at_most) {
    std::vector<TrailRowRead> out;
    const auto id = [](const Row& row, int column) {
        return row.is_null(column) ? 0 : static_cast<std::uint64_t>(row.integer(column));
    };
    const Status done = database_->each(
        "SELECT t.number, t.time, t.kind, t.action, t.room, t.rule, t.outcome, t.subject, t.caller, l.text, "
        "s.erased, c.erased FROM trail AS t LEFT JOIN trail_leaf AS l ON l.number = t.number LEFT JOIN "
        "person_key AS s ON s.id = t.subject LEFT JOIN person_key AS c ON c.id = t.caller WHERE t.number > "
        "$1 "
        "ORDER BY t.number LIMIT $2",
        [&](const Row& row) -> Status {
            TrailRowRead& read = out.emplace_back();
            read.row.number = static_cast<std::uint64_t>(row.integer(0));
            read.row.time = row.time(1);
            read.row.kind = row.text(2);
            read.row.action = row.text(3);
            read.row.room = row.text(4);
            read.row.rule = row.text(5);
            read.row.outcome = row.text(6);
            read.row.subject = id(row, 7);
            read.row.caller = id(row, 8);
            read.row.leaf.text = row.text(9);
            read.erased = {!row.is_null(10), !row.is_null(11)};
            return read_parts(read);
        },
        after, at_most);
    if (!done) return pass(done);
    return out;
}

Result<std::vector<std::uint64_t>> TrailReader::in_flight() {
    const auto intents = read_intents(*database_);
    if (!intents) return pass(intents);
    std::vector<std::uint64_t> out;
    for (const StoredIntent& intent : *intents) out.push_back(intent.id);
    return out;
}

Result<std::uint64_t> TrailReader::last_former_intent() {
    const auto text = get_meta(*database_, "trail_1_last_intent");
    if (!text) return pass(text);
    std::uint64_t last = 0;
    if (*text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), last);
    return last;
}

}  // namespace rollcall::store
