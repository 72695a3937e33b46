#include "daemon/store/meta.h"

namespace rollcall::store {

Status put_meta(Database& database, std::string_view key, std::string_view value) {
    return database.run(
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = "
        "excluded.value",
        key, value);
}

Status drop_meta(Database& database, std::string_view key) {
    return database.run("DELETE FROM meta WHERE key = $1", key);
}

Result<std::optional<std::string>> get_meta(Database& database, std::string_view key) {
    std::optional<std::string> value;
    const Status read = database.each(
        "SELECT value FROM meta WHERE key = $1",
        [&](const Row& row) {
            value = row.text(0);
            return Status{};
        },
        key);
    if (!read) return pass(read);
    return value;
}

}  // namespace rollcall::store
