#include "daemon/store/sqlite_store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <cassert>

#include "daemon/store/directory_rows.h"
#include "daemon/store/doubt_rows.h"
#include "daemon/store/engine_rows.h"
#include "daemon/store/membership_rows.h"
#include "daemon/store/meta.h"
#include "daemon/store/migrations.h"
#include "daemon/store/numbers.h"
#include "daemon/store/person_key_rows.h"
#include "daemon/store/room_rows.h"
#include "daemon/store/trail_rows.h"
#include "daemon/store/upgrade_copy.h"
#include "daemon/store/user_rows.h"

namespace rollcall::store {
namespace {

// In meta, where something that was erased may still lie: "log", or anywhere in the file.
constexpr const char* kErasedRemains = "erased_remains";
constexpr std::chrono::minutes kOverwriteAgain{1};

bool writes_nothing(const Turn& turn) {
    return turn.touched.empty() && !turn.cursor_changed && turn.transactions.empty() &&
           turn.intents.empty() && turn.finished.empty() && turn.trail.empty() && turn.person_keys.empty() &&
           turn.trail_covered == 0 && turn.marks.empty() && !turn.policy && turn.erased_keys.empty();
}

Status save_world(Database& database, const policy::World& world, const Turn& turn) {
    Numbers numbers(database, world);
    Status saved = save_people(database, world, turn.touched);
    if (saved) saved = save_groups(database, world, turn.touched);
    if (saved) saved = save_containers(database, world, turn.touched);
    if (saved && turn.cursor_changed) saved = save_cursor(database, world);
    if (saved && turn.touched.doubt) saved = save_doubt(database, world);
    if (saved) saved = save_rooms(database, world, turn.touched, numbers);  // before what refers to rooms
    if (saved) saved = save_users(database, world, turn.touched, numbers);
    if (saved) saved = save_memberships(database, world, turn.touched, numbers);
    return saved;
}

}  // namespace

Status SqliteStore::write(const Turn& turn) {
    Status saved;
    if (!turn.touched.empty() || turn.cursor_changed) {
        assert(turn.world != nullptr);
        saved = save_world(*database_, *turn.world, turn);
    }
    if (saved) saved = save_transactions(*database_, turn.transactions);
    if (saved) saved = save_intents(*database_, turn.intents, turn.finished);
    if (saved) saved = save_person_keys(*database_, turn.person_keys);
    if (saved) saved = save_trail(*database_, turn.trail);
    if (saved && turn.trail_covered > 0) saved = drop_covered(*database_, turn.trail_covered);
    if (saved) saved = save_marks(*database_, turn.marks);
    if (saved && turn.policy) saved = save_policy(*database_, *turn.policy);
    if (saved && !turn.erased_keys.empty()) {
        saved = erase_person_keys(*database_, turn.erased_keys, turn.erased_at);
        if (saved) saved = put_meta(*database_, kErasedRemains, "log");
    }
    return saved;
}

Status SqliteStore::commit(const Turn& turn) {
    if (fatal())
        return fail(ErrorKind::io, "the store failed before and takes nothing more",
                    "a restart recovers what was committed");
    if (writes_nothing(turn)) return {};
    if (Status done = database_->transaction([&] { return write(turn); }); !done) return done;
    if (!turn.erased_keys.empty()) {
        erased_remains_ = true;
        overwrite_after_ = {};
        drop_upgrade_copies(folder_);
    }
    if (Status done = overwrite_erased(); !done && fatal()) return done;
    return database_->checkpoint_if_long();
}

Status SqliteStore::overwrite_erased() {
    if (!erased_remains_ || std::chrono::steady_clock::now() < overwrite_after_) return {};
    overwrite_after_ = std::chrono::steady_clock::now() + kOverwriteAgain;
    const auto remains = get_meta(*database_, kErasedRemains);
    if (!remains) return pass(remains);
    Status done;
    if (*remains) done = **remains == "log" ? database_->empty_log() : database_->rewrite();
    if (done && *remains) done = drop_meta(*database_, kErasedRemains);
    if (done) erased_remains_ = false;
    return done;
}

Status SqliteStore::load(policy::World& world) {
    assert(world.people.empty() && world.groups.empty() && world.rooms.empty() && world.users.size() == 0);
    NumberedIds ids;
    Status loaded = load_directory(*database_, world);
    if (loaded) loaded = load_rooms(*database_, world, ids);
    if (loaded) loaded = load_users(*database_, world, ids);
    if (loaded) loaded = load_memberships(*database_, world, ids);
    return loaded;
}

Result<std::optional<StoredPolicy>> SqliteStore::policy() {
    return read_policy(*database_);
}

Result<std::vector<StoredIntent>> SqliteStore::intents() {
    return read_intents(*database_);
}

Result<std::vector<StoredMark>> SqliteStore::marks() {
    return read_marks(*database_);
}

Result<bool> SqliteStore::seen_transaction(const std::string& id) {
    return store::seen_transaction(*database_, id);
}

Result<std::vector<StoredTrailEntry>> SqliteStore::trail(const TrailFilter& filter) {
    return read_trail(*database_, filter, leaves_);
}

Status SqliteStore::each_trail(const TrailFilter& filter, const TrailVisit& visit) {
    return store::each_trail(*database_, filter, leaves_, visit);
}

Result<std::uint64_t> SqliteStore::trail_size() {
    return store::trail_size(*database_);
}

Result<std::optional<StoredPersonKey>> SqliteStore::person_key(const Guid& guid, const std::string& name) {
    return find_person_key(*database_, guid, name);
}

Result<std::vector<StoredPersonKey>> SqliteStore::person_keys() {
    return read_person_keys(*database_);
}

Result<std::map<std::uint64_t, Time>> SqliteStore::departures() {
    return store::departures(*database_);
}

Result<std::uint64_t> SqliteStore::last_person_key() {
    return store::last_person_key(*database_);
}

Result<std::uint64_t> SqliteStore::last_intent() {
    return store::last_intent(*database_);
}

Status SqliteStore::upgrade() {
    const Result<int> version = schema_of(*database_, migrations());
    if (!version) return pass(version);
    const int newest = migrations().back().number;
    if (*version > 0 && *version < newest) {
        const Result<std::string> copy = keep_upgrade_copy(*database_, folder_, *version);
        upgraded_ = fmt::format(
            "the database was brought from schema {} to {}; an older program does not open it any more; {}",
            *version, newest,
            copy ? fmt::format("as it was before it is in {}, until somebody is erased", *copy)
                 : fmt::format("no copy of it was kept: {}", copy.error().message));
    }
    return migrate(*database_, migrations());
}

SqliteStore::File SqliteStore::file_at(const std::string& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) return std::nullopt;
    return std::pair<std::uint64_t, std::uint64_t>(found.st_dev, found.st_ino);
}

std::string SqliteStore::misplaced() const {
    const File now = file_at(database_->path());
    if (now == file_) return {};
    return fmt::format(
        "{} {}: what the daemon writes is in a file that has no name any more, and is lost when it ends",
        database_->path(),
        now ? "is another file than the one that the daemon has opened" : "is not there any more");
}

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& folder, Opening how) {
    Result<FolderLock> lock = FolderLock::take(folder);
    if (!lock) return pass(lock);
    if (Status made = make_private_file(folder, kDatabaseFile); !made) return pass(made);
    Result<std::unique_ptr<Database>> database = Database::open(folder + "/" + kDatabaseFile);
    if (!database) return pass(database);
    const Result<int> version = schema_of(**database, migrations());
    if (!version) return pass(version);
    if (how == Opening::asks && *version > 0 && *version < migrations().back().number)
        return fail(
            ErrorKind::refused,
            fmt::format("an older rollcall wrote {} (schema {}, this program knows {}), and what only "
                        "asks leaves it as it is",
                        (*database)->path(), *version, migrations().back().number),
            "start the daemon of this version, which keeps a copy first, or ask with the older program");
    auto store = std::make_unique<SqliteStore>(std::move(*lock), std::move(*database), folder);
    if (Status upgraded = store->upgrade(); !upgraded) return pass(upgraded);
    if (how == Opening::asks) return store;
    if (const Status done = store->overwrite_erased(); !done && store->fatal()) return pass(done);
    return store;
}

}  // namespace rollcall::store
