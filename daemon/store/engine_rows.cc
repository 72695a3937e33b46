#include "daemon/store/engine_rows.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/store/meta.h"

namespace rollcall::store {
namespace {

Status save_policy_parts(Database& database, std::int64_t number, const StoredPolicy& policy) {
    for (std::size_t i = 0; i < policy.files.size(); ++i) {
        Status put =
            database.run("INSERT INTO policy_file (policy, position, path, text) VALUES ($1, $2, $3, $4)",
                         number, i, policy.files[i].first, policy.files[i].second);
        if (!put) return put;
    }
    for (const auto& [name, guid] : policy.pins) {
        Status put = database.run("INSERT INTO policy_pin (policy, name, guid) VALUES ($1, $2, $3)", number,
                                  name, guid);
        if (!put) return put;
    }
    return {};
}

Status read_policy_parts(Database& database, std::int64_t number, StoredPolicy& policy) {
    Status read = database.each(
        "SELECT path, text FROM policy_file WHERE policy = $1 ORDER BY position",
        [&](const Row& row) {
            policy.files.emplace_back(row.text(0), row.text(1));
            return Status{};
        },
        number);
    if (!read) return read;
    return database.each(
        "SELECT name, guid FROM policy_pin WHERE policy = $1",
        [&](const Row& row) {
            policy.pins.emplace(row.text(0), row.guid(1));
            return Status{};
        },
        number);
}

// Of the columns number, version, applied, caller, reason.
StoredPolicy read_policy_head(const Row& row) {
    StoredPolicy policy;
    policy.version = row.text(1);
    policy.applied = row.time(2);
    policy.caller = row.text(3);
    policy.reason = row.text(4);
    return policy;
}

}  // namespace

Status save_transactions(Database& database, const std::vector<std::string>& ids) {
    if (ids.empty()) return {};
    for (const std::string& id : ids) {
        Status put = database.run(
            "INSERT INTO transaction_seen (number, id) "
            "VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM transaction_seen), $1) ON CONFLICT (id) DO "
            "NOTHING",
            id);
        if (!put) return put;
    }
    return database.run(
        "DELETE FROM transaction_seen WHERE number <= (SELECT COALESCE(MAX(number), 0) FROM "
        "transaction_seen) - $1",
        kTransactionsKept);
}

Result<bool> seen_transaction(Database& database, const std::string& id) {
    bool seen = false;
    const Status read = database.each(
        "SELECT 1 FROM transaction_seen WHERE id = $1",
        [&](const Row&) {
            seen = true;
            return Status{};
        },
        id);
    if (!read) return pass(read);
    return seen;
}

Status save_intents(Database& database, const std::vector<StoredIntent>& intents,
                    const std::vector<std::uint64_t>& finished) {
    std::uint64_t highest = 0;
    for (const StoredIntent& intent : intents) {
        highest = std::max(highest, intent.id);
        Status put = database.run(
            "INSERT INTO intent (id, text) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET text = "
            "excluded.text",
            intent.id, intent.text);
        if (!put) return put;
    }
    for (const std::uint64_t id : finished)
        if (Status gone = database.run("DELETE FROM intent WHERE id = $1", id); !gone) return gone;
    const Result<std::uint64_t> last = last_intent(database);
    if (!last) return pass(last);
    return highest > *last ? put_meta(database, "last_intent", std::to_string(highest)) : Status{};
}

Result<std::vector<StoredIntent>> read_intents(Database& database) {
    std::vector<StoredIntent> intents;
    const Status read = database.each("SELECT id, text FROM intent ORDER BY id", [&](const Row& row) {
        intents.push_back({static_cast<std::uint64_t>(row.integer(0)), std::string(row.text(1))});
        return Status{};
    });
    if (!read) return pass(read);
    return intents;
}

Result<std::uint64_t> last_intent(Database& database) {
    const Result<std::optional<std::string>> text = get_meta(database, "last_intent");
    if (!text) return pass(text);
    std::uint64_t last = 0;
    if (*text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), last);
    return last;
}

Status save_marks(Database& database, const std::vector<StoredMark>& marks) {
    for (const StoredMark& mark : marks) {
        Status done =
            mark.value ? database.run(
                             "INSERT INTO mark (kind, key, value) VALUES ($1, $2, $3) "
                             "ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                             mark.kind, mark.key, *mark.value)
                       : database.run("DELETE FROM mark WHERE kind = $1 AND key = $2", mark.kind, mark.key);
        if (!done) return done;
    }
    return {};
}

Result<std::vector<StoredMark>> read_marks(Database& database) {
    std::vector<StoredMark> marks;
    const Status read =
        database.each("SELECT kind, key, value FROM mark ORDER BY kind, key", [&](const Row& row) {
            marks.push_back({std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2))});
            return Status{};
        });
    if (!read) return pass(read);
    return marks;
}

Status save_policy(Database& database, const StoredPolicy& policy) {
    std::int64_t number = 0;
    const Status put = database.each(
        "INSERT INTO policy_version (number, version, applied, caller, reason) "
        "VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM policy_version), $1, $2, $3, $4) RETURNING number",
        [&](const Row& row) {
            number = row.integer(0);
            return Status{};
        },
        policy.version, policy.applied, policy.caller, policy.reason);
    return put ? save_policy_parts(database, number, policy) : put;
}

Status each_policy(Database& database, const std::function<Status(const StoredPolicy&)>& visit) {
    std::vector<std::pair<std::int64_t, StoredPolicy>> all;  // without their files
    Status read =
        database.each("SELECT number, version, applied, caller, reason FROM policy_version ORDER BY number",
                      [&](const Row& row) {
                          all.emplace_back(row.integer(0), read_policy_head(row));
                          return Status{};
                      });
    for (auto& [number, policy] : all) {
        if (read) read = read_policy_parts(database, number, policy);
        if (read) read = visit(policy);
        policy = {};
    }
    return read;
}

Result<std::optional<StoredPolicy>> read_policy(Database& database) {
    std::int64_t number = 0;
    StoredPolicy policy;
    Status read = database.each(
        "SELECT number, version, applied, caller, reason FROM policy_version ORDER BY number DESC LIMIT 1",
        [&](const Row& row) {
            number = row.integer(0);
            policy = read_policy_head(row);
            return Status{};
        });
    if (read && number != 0) read = read_policy_parts(database, number, policy);
    if (!read) return pass(read);
    if (number == 0) return std::optional<StoredPolicy>{};
    return std::optional(std::move(policy));
}

}  // namespace rollcall::store
