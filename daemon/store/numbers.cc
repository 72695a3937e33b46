#include "daemon/store/numbers.h"

#include <fmt/format.h>

namespace rollcall::store {
namespace {

// The number that a query with one parameter yields; 0 for no row.
Result<std::int64_t> number_of(Database& database, std::string_view sql, std::string_view text) {
    std::int64_t number = 0;
    const Status read = database.each(
        sql,
        [&](const Row& row) {
            number = row.integer(0);
            return Status{};
        },
        text);
    if (!read) return pass(read);
    return number;
}

}  // namespace

Result<std::int64_t> Numbers::user(UserId id) {
    std::int64_t& remembered = users_[id];
    if (remembered != 0) return remembered;
    const std::string& text = world_.users.text(id);
    Result<std::int64_t> number = number_of(database_, "SELECT number FROM matrix_user WHERE id = $1", text);
    if (number && *number == 0)
        number = number_of(
            database_,
            "INSERT INTO matrix_user (number, id, account) "
            "VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM matrix_user), $1, 0) RETURNING number",
            text);
    if (number) remembered = *number;
    return number;
}

Result<std::int64_t> Numbers::room(RoomId id) {
    std::int64_t& remembered = rooms_[id];
    if (remembered != 0) return remembered;
    const std::string& key = world_.rooms[id.index()].key;
    Result<std::int64_t> number = number_of(database_, "SELECT number FROM room WHERE key = $1", key);
    if (number && *number == 0)
        return fail(ErrorKind::io, fmt::format("the room {} was not stored before its members", key));
    if (number) remembered = *number;
    return number;
}

tl::unexpected<Error> damaged(const Database& database, std::string_view table, std::string_view what) {
    return fail(ErrorKind::io, fmt::format("{} is damaged: table {}, {}", database.path(), table, what),
                "restore a backup of the state folder");
}

}  // namespace rollcall::store
