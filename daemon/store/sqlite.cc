#include "daemon/store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <cassert>
#include <cerrno>
#include <utility>

namespace rollcall::store {
namespace {

constexpr int kBusyMilliseconds = 5000;
constexpr int kReaderMilliseconds = 250;
constexpr int kLongLogPages = 4000;  // 16 MB: a checkpoint costs two more syncs, so it should be rare

// After these SQLite cannot say what the file holds: a failed fsync may have dropped pages that later syncs
// then report as written, and a database that is damaged must not be written to.
bool is_final(int code) {
    switch (code) {
        case SQLITE_IOERR_FSYNC:
        case SQLITE_IOERR_DIR_FSYNC:
        case SQLITE_IOERR_CLOSE:
        case SQLITE_IOERR_CORRUPTFS:
            return true;
        default:
            return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    }
}

bool is_disk_full(int code, int system_errno) {
    if ((code & 0xff) == SQLITE_FULL) return true;
    // A quota, or no room for the log's index, comes as a plain I/O error.
    return (code & 0xff) == SQLITE_IOERR && (system_errno == ENOSPC || system_errno == EDQUOT);
}

}  // namespace

bool Row::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Row::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string_view Row::text(int column) const {
    const unsigned char* text = sqlite3_column_text(statement_, column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Row::blob(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Guid Row::guid(int column) const {
    return Guid::from_bytes(blob(column)).value_or(Guid{});
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

void Statement::note(int code) {
    if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::bind(int parameter, std::nullopt_t) {
    note(sqlite3_bind_null(statement_.get(), parameter));
}

void Statement::bind_integer(int parameter, std::int64_t value) {
    note(sqlite3_bind_int64(statement_.get(), parameter, value));
}

void Statement::bind(int parameter, std::string_view value) {
    const char* data = value.data() == nullptr ? "" : value.data();  // a null pointer would bind NULL
    note(sqlite3_bind_text64(statement_.get(), parameter, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int parameter, const Guid& value) {
    note(sqlite3_bind_blob64(statement_.get(), parameter, value.bytes.data(), value.bytes.size(),
                             SQLITE_STATIC));
}

void Statement::bind(int parameter, std::span<const unsigned char> bytes) {
    note(sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(), SQLITE_STATIC));
}

int Statement::step() {
    return bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(statement_.get());
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bind_error_ = SQLITE_OK;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<Database> database(new Database(path, handle));
    if (code != SQLITE_OK) return tl::unexpected(database->failure(code));
    if (Status set = database->set_pragmas(); !set) return pass(set);
    return database;
}

Result<std::unique_ptr<Database>> Database::open_to_read(const std::string& path) {
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<Database> database(new Database(path, handle));
    if (code != SQLITE_OK) return tl::unexpected(database->failure(code));
    sqlite3_busy_timeout(handle, kBusyMilliseconds);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return database;
}

Database::Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {
    if (handle_ == nullptr) return;  // no memory for it
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_wal_hook(
        handle_,
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<Database*>(self)->log_pages_ = pages;
            return SQLITE_OK;
        },
        this);
}

Database::~Database() {
    statements_.clear();
    const int closed = sqlite3_close(handle_);
    assert(closed == SQLITE_OK);  // anything else: a statement is still alive
    static_cast<void>(closed);
}

Status Database::set_pragmas() {
    // A backup or a curious admin may hold a lock for a moment.
    if (const int code = sqlite3_busy_timeout(handle_, kBusyMilliseconds); code != SQLITE_OK)
        return tl::unexpected(failure(code));
    // Our schema calls no functions with side effects, so a file made by somebody else shall not either.
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    // WAL: a commit is one append and one sync, and others can read meanwhile. FULL: that sync happens at
    // every commit (NORMAL would leave acknowledged transactions to the next checkpoint). The log is cut back
    // after a large turn. 16 MB of cache hold the indices of a company of the usual size. The checkpoints are
    // ours: the hook in the constructor stands in SQLite's place, whose own swallow a failed sync. What is
    // deleted is overwritten: a person's key that was destroyed must not be found in a free page.
    return execute(
        "PRAGMA secure_delete = ON;"
        "PRAGMA journal_mode = WAL;"
        "PRAGMA synchronous = FULL;"
        "PRAGMA journal_size_limit = 67108864;"
        "PRAGMA cache_size = -16384;"
        "PRAGMA temp_store = MEMORY;");
}

Status Database::execute(std::string_view script) {
    const int code = sqlite3_exec(handle_, std::string(script).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return tl::unexpected(failure(code));
    return {};
}

Result<Statement*> Database::prepared(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return tl::unexpected(failure(code));
    return &statements_.emplace(std::string(sql), Statement(statement)).first->second;
}

Result<bool> Database::next(Statement& statement) {
    const int code = statement.step();
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return tl::unexpected(failure(code));
}

void Database::roll_back() {
    if (sqlite3_get_autocommit(handle_) != 0)
        return;  // a full disk and some I/O errors roll back by themselves
    if (const Status rolled_back = run("ROLLBACK"); !rolled_back) fatal_ = true;  // cannot begin anew either
}

Status Database::empty_log() {
    // Whoever reads now keeps the old pages where they are; the engine does not wait for them.
    sqlite3_busy_timeout(handle_, kReaderMilliseconds);
    const int code =
        sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    Status done;
    if (code != SQLITE_OK) done = tl::unexpected(failure(code));
    sqlite3_busy_timeout(handle_, kBusyMilliseconds);
    return done;
}

Status Database::rewrite() {
    // A large file does not fit into memory, where temporary files are otherwise.
    Status done = execute("PRAGMA temp_store = FILE; VACUUM;");
    const Status back = execute("PRAGMA temp_store = MEMORY;");
    if (done && !back) done = back;
    return done ? empty_log() : done;
}

Status Database::checkpoint_if_long() {
    if (log_pages_ < kLongLogPages) return {};
    const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (is_final(code)) return tl::unexpected(failure(code));
    return {};
}

Error Database::failure(int code) {
    const bool no_handle = handle_ == nullptr;
    const int system_errno = no_handle ? 0 : sqlite3_system_errno(handle_);
    const std::string said = no_handle ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
    if (is_final(code)) {
        fatal_ = true;
        // Closing must not copy the log into the database any more: the next process decides what of it
        // holds.
        if (!no_handle) sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        return {ErrorKind::io, fmt::format("the store {} failed: {}", path_, said),
                "check the disk and the file system; a restart recovers what was committed"};
    }
    if (is_disk_full(code, system_errno))
        return {ErrorKind::limit, fmt::format("no space left for the store {}", path_), "free some space"};
    return {ErrorKind::io, fmt::format("the store {} failed: {}", path_, said), {}};
}

}  // namespace rollcall::store
