#include "daemon/store/migrations.h"

#include <fmt/format.h>
#include <utility>

#include "daemon/store/part_rows.h"

namespace rollcall::store {
namespace {

// What SQL alone cannot do: after the texts of these numbers.
constexpr std::pair<int, Status (*)(Database&)> kPrograms[] = {{5, seal_open_parts}};

Status apply_step(Database& database, const Migration& step) {
    if (Status done = database.execute(step.sql); !done) return done;
    for (const auto& [number, program] : kPrograms)
        if (number == step.number)
            if (Status done = program(database); !done) return done;
    return database.run("INSERT INTO schema_version (number, name) VALUES ($1, $2)", step.number, step.name);
}

}  // namespace

Result<int> schema_of(Database& database, std::span<const Migration> steps) {
    bool fresh = true;
    Status read = database.each("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'", [&](const Row&) {
        fresh = false;
        return Status{};
    });
    if (!read) return pass(read);
    if (fresh) return 0;
    std::int64_t version = 0;
    read = database.each("SELECT COALESCE(MAX(number), 0) FROM schema_version", [&](const Row& row) {
        version = row.integer(0);
        return Status{};
    });
    if (!read) return pass(read);
    const int newest = steps.empty() ? 0 : steps.back().number;
    if (version > newest)
        return fail(ErrorKind::refused,
                    fmt::format("a newer rollcall wrote {} (schema {}, this program knows {})",
                                database.path(), version, newest),
                    "run that version, or restore a copy made before the upgrade");
    return static_cast<int>(version);
}

Status migrate(Database& database, std::span<const Migration> steps) {
    const Result<int> version = schema_of(database, steps);
    if (!version) return pass(version);
    Status made = database.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
    if (!made) return made;
    for (const Migration& step : steps) {
        if (step.number <= *version) continue;
        if (Status done = database.transaction([&] { return apply_step(database, step); }); !done)
            return done;
    }
    return {};
}

}  // namespace rollcall::store
