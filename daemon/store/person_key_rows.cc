#include "daemon/store/person_key_rows.h"

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
    for (const std::uint64_t key : keys) {
        Status done = database.run(
            "UPDATE person_key SET key = NULL, guid = NULL, name = NULL, erased = $1 WHERE id = $2", now,
            key);
        if (done)
            done = database.run(
                "DELETE FROM trail_personal WHERE person_key = $1 AND number IN (SELECT number FROM trail "
                "WHERE subject = $1 UNION SELECT number FROM trail WHERE caller = $1)",
                key);
        if (!done) return done;
    }
    return {};
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
