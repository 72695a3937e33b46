// What of an entry leads to a person, as rows: sealed under that person's key. Whoever owns the database
// calls them, on its thread.
#pragma once

#include <functional>
#include <optional>

#include "daemon/store/sqlite.h"
#include "schema/trail_leaf.h"

namespace rollcall::store {

// `key`: the person_key that it is sealed under. conflict where there is none of that number.
[[nodiscard]] Status save_part(Database& database, std::uint64_t number, std::uint64_t key,
                               const schema::PersonalPart& part);

struct PartRead {
    schema::Party party = schema::Party::subject;
    std::string_view sealed;  // until the visit returns
    std::uint64_t person_key = 0;
    std::optional<schema::PersonKey> key;  // nullopt: destroyed
    Guid guid;
    std::string name;
};
// The parts of one entry, the subject's first.
[[nodiscard]] Status each_part(Database& database, std::uint64_t number,
                               const std::function<Status(const PartRead&)>& visit);

// From the table of before, where they lay open (migration 5).
[[nodiscard]] Status seal_open_parts(Database& database);

}  // namespace rollcall::store
