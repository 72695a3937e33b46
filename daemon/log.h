// Log: structured lines for whoever runs the daemon. Every message has a stable id, explained in
// docs/admins.md.
//
// text:     2026-11-22T09:00:00.000Z info  RC-DIR-UP  the directory answers
// server=ldaps://dc1.corp.example.com json:     one object a line; journald: a priority prefix (sd-daemon(3))
// before the text form, without the time. Any thread. Never given a secret: callers pass names and outcomes,
// not requests.
//
// Nobody waits for whoever reads the lines (a journal, a log driver, a terminal that is stopped): what is not
// taken is kept, some thousand lines of it, and is written once it is; what is more is lost, and counted.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace rollcall {

enum class LogLevel : std::uint8_t { debug, info, warning, error, none };
enum class LogFormat : std::uint8_t { text, json, journald };

class Log {
  public:
    using Field = std::pair<std::string_view, std::string>;

    Log(LogLevel level, LogFormat format) : level_(level), format_(format) {}
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void write(LogLevel level, std::string_view id, std::string_view message,
               std::initializer_list<Field> fields = {});
    void info(std::string_view id, std::string_view message, std::initializer_list<Field> fields = {}) {
        write(LogLevel::info, id, message, fields);
    }
    void warn(std::string_view id, std::string_view message, std::initializer_list<Field> fields = {}) {
        write(LogLevel::warning, id, message, fields);
    }
    void error(std::string_view id, std::string_view message, std::initializer_list<Field> fields = {}) {
        write(LogLevel::error, id, message, fields);
    }

    // Writes what was kept, as far as it is taken now.
    void flush();
    // How many lines nobody takes at present: kept and lost ones.
    [[nodiscard]] std::size_t not_taken() const;

  private:
    [[nodiscard]] std::string line(LogLevel level, std::string_view id, std::string_view message,
                                   std::initializer_list<Field> fields) const;
    void flush_locked();

    const LogLevel level_;
    const LogFormat format_;
    mutable std::mutex mutex_;  // one line at a time; for what follows
    std::deque<std::string> kept_;
    std::size_t kept_bytes_ = 0, written_ = 0;  // of the first of these lines so much is written
    std::size_t lost_ = 0;
};

}  // namespace rollcall
