#include "daemon/store/person_key_rows.h"

#include <fmt/format.h>
#include <algorithm>

namespace rollcall::store {
namespace {

std::optional<Guid> unless_none(const Guid& guid) {
    if (guid.empty()) return std::nullopt;
    return guid;
}

Result<StoredPersonKey> read_key(const Row& row) {
    StoredPersonKey found;
    found.id = static_cast<std::uint64_t>(row.integer(0));
    const std::string_view key = row.blob(1);
    if (key.size() != found.key.size()) return fail(ErrorKind::io, "a person's key in the store is damaged");
    std::copy(key.begin(), key.end(), found.key.begin());
    if (!row.is_null(2)) found.guid = row.guid(2);
    found.name = row.text(3);
    return found;
}

// The first that was made: later ones are of what was not known to be the same person then.
template <class Value>
Result<std::optional<StoredPersonKey>> find_by(Database& database, std::string_view column,
                                               const Value& value) {
    std::optional<StoredPersonKey> out;
    const Status read = database.each(
        "SELECT id, key, guid, name FROM person_key WHERE " + std::string(column) +
            " = $1 ORDER BY id LIMIT 1",
        [&](const Row& row) -> Status {
            Result<StoredPersonKey> found = read_key(row);
            if (!found) return pass(found);
            out = std::move(*found);
            return {};
        },
        value);
    if (!read) return pass(read);
    return out;
}

// Every row as it is, for it to be written again.
struct KeyRow {
    std::uint64_t id = 0;
    std::optional<std::string> key, guid, name;
    std::optional<std::int64_t> erased;
};

Result<std::vector<KeyRow>> read_rows(Database& database) {
    std::vector<KeyRow> rows;
    const Status read =
        database.each("SELECT id, key, guid, name, erased FROM person_key ORDER BY id", [&](const Row& row) {
            KeyRow& stored = rows.emplace_back();
            stored.id = static_cast<std::uint64_t>(row.integer(0));
            if (!row.is_null(1)) stored.key = row.blob(1);
            if (!row.is_null(2)) stored.guid = row.blob(2);
            if (!row.is_null(3)) stored.name = row.text(3);
            if (!row.is_null(4)) stored.erased = row.integer(4);
            return Status{};
        });
    if (!read) return pass(read);
    return rows;
}

std::optional<std::span<const unsigned char>> bytes(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return std::span(reinterpret_cast<const unsigned char*>(text->data()), text->size());
}

// A page that was split keeps copies of the rows that moved, and secure_delete does not see them. It does see
// whole pages that are given back, so the table gives back all of them. A deletion without a condition is
// that, where no trigger has to be asked; indices are quicker made when the rows are there.
Status write_anew(Database& database) {
    const Result<std::vector<KeyRow>> rows = read_rows(database);
    if (!rows) return pass(rows);
    std::string away, back;
    Status done = database.each(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'person_key' AND type <> 'table'",
        [&](const Row& row) {
            away += fmt::format("DROP {} {};", row.text(0), row.text(1));
            back += fmt::format("{};", row.text(2));
            return Status{};
        });
    if (done) done = database.execute(away + "DELETE FROM person_key;");
    for (const KeyRow& row : *rows) {
        if (!done) return done;
        done =
            database.run("INSERT INTO person_key (id, key, guid, name, erased) VALUES ($1, $2, $3, $4, $5)",
                         row.id, bytes(row.key), bytes(row.guid), row.name, row.erased);
    }
    return done ? database.execute(back) : done;
}

}  // namespace

Status save_person_keys(Database& database, const std::vector<StoredPersonKey>& keys) {
    for (const StoredPersonKey& key : keys) {
        Status put = database.run(
            "INSERT INTO person_key (id, key, guid, name) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (id) DO UPDATE SET guid = excluded.guid, name = excluded.name WHERE erased IS NULL",
            key.id, std::span<const unsigned char>(key.key), unless_none(key.guid), unless_empty(key.name));
        if (!put) return put;
    }
    return {};
}

Result<std::optional<StoredPersonKey>> find_person_key(Database& database, const Guid& guid,
                                                       const std::string& name) {
    if (!guid.empty()) {
        auto found = find_by(database, "guid", guid);
        if (!found || *found) return found;
    }
    if (!name.empty()) return find_by(database, "name", std::string_view(name));
    return std::optional<StoredPersonKey>{};
}

Result<std::vector<StoredPersonKey>> read_person_keys(Database& database) {
    std::vector<StoredPersonKey> out;
    const Status read =
        database.each("SELECT id, key, guid, name FROM person_key WHERE erased IS NULL ORDER BY id",
                      [&](const Row& row) -> Status {
                          Result<StoredPersonKey> found = read_key(row);
                          if (!found) return pass(found);
                          out.push_back(std::move(*found));
                          return {};
                      });
    if (!read) return pass(read);
    return out;
}

Status erase_person_keys(Database& database, const std::vector<std::uint64_t>& keys, Time now) {
    if (keys.empty()) return {};
    for (const std::uint64_t key : keys) {
        Status done = database.run(
            "UPDATE person_key SET key = NULL, guid = NULL, name = NULL, erased = $1 WHERE id = $2", now,
            key);
        if (done)
            done = database.run(
                "DELETE FROM trail_part WHERE person_key = $1 AND number IN (SELECT number FROM trail "
                "WHERE subject = $1 UNION SELECT number FROM trail WHERE caller = $1)",
                key);
        if (!done) return done;
    }
    return write_anew(database);
}

Result<std::uint64_t> last_person_key(Database& database) {
    std::uint64_t last = 0;
    const Status read = database.each("SELECT COALESCE(MAX(id), 0) FROM person_key", [&](const Row& row) {
        last = static_cast<std::uint64_t>(row.integer(0));
        return Status{};
    });
    if (!read) return pass(read);
    return last;
}

}  // namespace rollcall::store
