// SQLite behind two small types: a Database that keeps its prepared statements, and a Row while a query runs.
//
//     database.run("INSERT INTO mark (kind, key, value) VALUES ($1, $2, $3)", kind, key, value);
//     database.each("SELECT id, text FROM intent ORDER BY id", [&](const Row& row) { …; return Status{}; });
//
// Why not the C interface all over: every call can fail, every statement must be reset, and which failure is
// final must be decided in one place. Only sqlite.cc includes sqlite3.h. One thread; no locking
// (SQLITE_OPEN_NOMUTEX).
//
// Errors: `limit` when the disk is full, `io` otherwise. fatal() is true once what the disk holds is not
// known any more.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/base/guid.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rollcall::store {

// What a column holds that is NULL where there is no text.
[[nodiscard]] inline std::optional<std::string_view> unless_empty(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return text;
}

// The columns of the row that a query stands on, counted from 0. Views hold until the next row.
class Row {
  public:
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] bool flag(int column) const { return integer(column) != 0; }
    [[nodiscard]] Time time(int column) const { return from_ms(integer(column)); }
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::string_view blob(int column) const;
    [[nodiscard]] Guid guid(int column) const;  // all zero where the column holds no GUID

    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

  private:
    sqlite3_stmt* statement_;
};

// One prepared statement, bound and stepped. Bound texts must live until the statement is reset.
class Statement {
  public:
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    void bind(int parameter, std::nullopt_t);
    void bind(int parameter, std::integral auto value) {
        bind_integer(parameter, static_cast<std::int64_t>(value));
    }
    void bind(int parameter, Time value) { bind_integer(parameter, to_ms(value)); }
    void bind(int parameter, std::string_view value);
    void bind(int parameter, const Guid& value);
    void bind(int parameter, std::span<const unsigned char> bytes);
    template <class T>
    void bind(int parameter, const std::optional<T>& value) {
        if (value)
            bind(parameter, *value);
        else
            bind(parameter, std::nullopt);
    }
    [[nodiscard]] int
    step();  // SQLite's code: SQLITE_ROW, SQLITE_DONE or an error (that of a failed bind, too)
    void reset();
    [[nodiscard]] Row row() const { return Row(statement_.get()); }

  private:
    void bind_integer(int parameter, std::int64_t value);
    void note(int code);

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bind_error_ = 0;
};

class Database {
  public:
    // Opens a file that exists and may be empty; sets the pragmas that sqlite.cc gives its reasons for.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string& path);
    // The same file for reading alone, beside whoever writes it.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open_to_read(const std::string& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] Status execute(std::string_view script);  // any number of statements, without parameters
    // One statement with $1, $2 … bound to `values`; rows that it yields are passed over.
    template <class... Values>
    [[nodiscard]] Status run(std::string_view sql, const Values&... values) {
        return each(
            sql, [](const Row&) { return Status{}; }, values...);
    }
    // Calls visit(row), which returns a Status, for every row; stops at the first error. A statement must not
    // be used again inside its own visit.
    template <class Visit, class... Values>
    [[nodiscard]] Status each(std::string_view sql, Visit visit, const Values&... values) {
        Result<Statement*> statement = prepared(sql);
        if (!statement) return pass(statement);
        int parameter = 0;
        ((*statement)->bind(++parameter, values), ...);
        const Reset reset{**statement};
        while (true) {
            const Result<bool> more = next(**statement);
            if (!more) return pass(more);
            if (!*more) return {};
            if (Status visited = visit((*statement)->row()); !visited) return visited;
        }
    }
    // All of `work` (which returns a Status), or nothing of it.
    template <class Work>
    [[nodiscard]] Status transaction(Work work) {
        if (Status begun = run("BEGIN IMMEDIATE"); !begun) return begun;
        Status done = work();
        if (done) done = run("COMMIT");
        if (!done) roll_back();
        return done;
    }
    // `work` sees one state of the data, whatever others commit meanwhile.
    template <class Work>
    [[nodiscard]] Status snapshot(Work work) {
        if (Status begun = run("BEGIN"); !begun) return begun;
        Status done = work();
        if (const Status ended = run("COMMIT"); done && !ended) done = ended;
        return done;
    }
    // Writes the whole file anew: pages that were split keep copies of what was deleted from them later, and
    // secure_delete does not see those. Takes as long as copying it, and as much space again.
    [[nodiscard]] Status rewrite();
    // Empties the write-ahead log, so that nothing which was deleted stands in it any more. Waits a moment
    // for whoever reads; an error `io` where they are not done by then.
    [[nodiscard]] Status empty_log();
    // Copies the write-ahead log into the database once it is long. Only a final failure is an error: what
    // was committed is in the log and stays there until a later call succeeds.
    [[nodiscard]] Status checkpoint_if_long();
    [[nodiscard]] bool fatal() const { return fatal_; }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    struct Reset {
        Statement& statement;
        ~Reset() { statement.reset(); }
    };
    Database(std::string path, sqlite3* handle);
    [[nodiscard]] Status set_pragmas();
    [[nodiscard]] Result<Statement*> prepared(std::string_view sql);
    [[nodiscard]] Result<bool> next(Statement& statement);
    void roll_back();
    [[nodiscard]] Error failure(int code);  // also decides fatal_

    const std::string path_;
    sqlite3* const handle_;
    std::map<std::string, Statement, std::less<>> statements_;
    int log_pages_ = 0;  // in the write-ahead log after the last commit
    bool fatal_ = false;
};

}  // namespace rollcall::store
