#include "daemon/store/part_rows.h"

#include <fmt/format.h>
#include <algorithm>

#include "schema/sealed_part.h"

namespace rollcall::store {
namespace {

std::optional<schema::PersonKey> key_from(std::string_view bytes) {
    schema::PersonKey key{};
    if (bytes.size() != key.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), key.begin());
    return key;
}

Status insert(Database& database, std::uint64_t number, std::uint64_t key_id, const schema::PersonKey& key,
              const schema::PersonalPart& part) {
    const std::string sealed = schema::seal_part(key, number, part);
    return database.run("INSERT INTO trail_part (number, party, person_key, sealed) VALUES ($1, $2, $3, $4)",
                        number, static_cast<int>(part.party), key_id,
                        std::span(reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size()));
}

}  // namespace

Status save_part(Database& database, std::uint64_t number, std::uint64_t key,
                 const schema::PersonalPart& part) {
    std::optional<schema::PersonKey> under;
    const Status read = database.each(
        "SELECT key FROM person_key WHERE id = $1",
        [&](const Row& row) {
            under = key_from(row.blob(0));
            return Status{};
        },
        key);
    if (!read) return read;
    if (!under)
        return fail(ErrorKind::conflict, fmt::format("entry {} is of somebody who has no key", number));
    return insert(database, number, key, *under, part);
}

Status each_part(Database& database, std::uint64_t number,
                 const std::function<Status(const PartRead&)>& visit) {
    return database.each(
        "SELECT p.party, p.sealed, p.person_key, k.key, k.guid, k.name FROM trail_part AS p JOIN person_key "
        "AS k ON k.id = p.person_key WHERE p.number = $1 ORDER BY p.party",
        [&](const Row& row) {
            PartRead part;
            part.party = static_cast<schema::Party>(row.integer(0));
            part.sealed = row.blob(1);
            part.person_key = static_cast<std::uint64_t>(row.integer(2));
            part.key = key_from(row.blob(3));
            part.guid = row.guid(4);
            part.name = row.text(5);
            return visit(part);
        },
        number);
}

Status seal_open_parts(Database& database) {
    const Status sealed = database.each(
        "SELECT p.number, p.party, p.person_key, p.text, k.key FROM trail_personal AS p JOIN person_key AS k "
        "ON k.id = p.person_key ORDER BY p.number, p.party",
        [&](const Row& row) -> Status {
            const std::optional<schema::PersonKey> key = key_from(row.blob(4));
            if (!key) return {};  // erased
            return insert(database, static_cast<std::uint64_t>(row.integer(0)),
                          static_cast<std::uint64_t>(row.integer(2)), *key,
                          {static_cast<schema::Party>(row.integer(1)), std::string(row.text(3))});
        });
    return sealed ? database.execute("DROP TABLE trail_personal") : sealed;
}

}  // namespace rollcall::store
