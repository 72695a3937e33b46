// Log: structured lines for whoever runs the daemon. Every message has a stable id, explained in
// docs/admins.md.
//
// text:     2026-11-22T09:00:00.000Z info  RC-DIR-UP  the directory answers
// server=ldaps://dc1.corp.example.com json:     one object a line; journald: a priority prefix (sd-daemon(3))
// before the text form, without the time. Any thread. Never given a secret: callers pass names and outcomes,
// not requests.
#pragma once

#include <cstdint>
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

  private:
    const LogLevel level_;
    const LogFormat format_;
    std::mutex mutex_;  // one line at a time
};

}  // namespace rollcall
