#include "daemon/log.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <utility>

#include "policy/base/text.h"
#include "policy/base/time.h"
#include "schema/json.h"

namespace rollcall {
namespace {

std::string_view name(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
        case LogLevel::none:
            break;
    }
    return "";
}

int priority(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return 7;
        case LogLevel::info:
            return 6;
        case LogLevel::warning:
            return 4;
        case LogLevel::error:
            return 3;
        case LogLevel::none:
            break;
    }
    return 6;
}

// What an outsider chose must not start a line, colour a terminal or turn the direction of writing. Which
// control character it was stays to be seen.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return tame_text(out);
}

std::string field_text(const std::string& value) {
    const std::string text = plain(value);
    const bool quote = text.find_first_of(" \"=") != std::string::npos;
    if (!quote) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\\\"") : std::string(1, c);
    return out + '"';
}

// Enough for the lines of some minutes of trouble.
constexpr std::size_t kMostKept = std::size_t{1} << 20U;
// A pipe that takes anything takes so much at once (PIPE_BUF, pipe(7)).
constexpr std::size_t kAtOnce = 4096;

struct Written {
    std::size_t bytes = 0;
    bool later = false;   // it would have to be waited for
    bool broken = false;  // nothing will ever be taken there
};

// To standard error, and never waiting.
Written write_some(std::string_view bytes) {
    pollfd err{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&err, 1, 0) <= 0) return {0, true, false};
    bytes = bytes.substr(0, kAtOnce);
    // A socket says that it takes something when it does not take all of this; nothing else knows send().
    ssize_t written = ::send(STDERR_FILENO, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno == ENOTSOCK) written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (written > 0) return {static_cast<std::size_t>(written), false, false};
    const bool later =
        written == 0 || errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOSPC;
    return {0, later, !later};
}

}  // namespace

void Log::write(LogLevel level, std::string_view id, std::string_view message,
                std::initializer_list<Field> fields) {
    if (level < level_) return;
    std::string text = line(level, id, message, fields);
    const std::lock_guard lock(mutex_);
    flush_locked();
    if (kept_bytes_ + text.size() > kMostKept) {
        ++lost_;
        return;
    }
    kept_bytes_ += text.size();
    kept_.push_back(std::move(text));
    flush_locked();
}

void Log::flush() {
    const std::lock_guard lock(mutex_);
    flush_locked();
}

std::size_t Log::not_taken() const {
    const std::lock_guard lock(mutex_);
    return kept_.size() + lost_;
}

void Log::flush_locked() {
    while (!kept_.empty()) {
        const std::string& first = kept_.front();
        const Written written = write_some(std::string_view(first).substr(written_));
        if (written.later) return;
        written_ = written.broken ? first.size() : written_ + written.bytes;
        if (written_ < first.size()) continue;
        kept_bytes_ -= first.size();
        kept_.pop_front();
        written_ = 0;
        if (!kept_.empty() || lost_ == 0) continue;
        std::string text = line(LogLevel::warning, "RC-LOG-LOST",
                                "lines of this log are lost: whoever reads it did not take them",
                                {{"lines", std::to_string(std::exchange(lost_, 0))}});
        kept_bytes_ = text.size();
        kept_.push_back(std::move(text));
    }
}

std::string Log::line(LogLevel level, std::string_view id, std::string_view message,
                      std::initializer_list<Field> fields) const {
    const Time now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    std::string out;
    if (format_ == LogFormat::json) {
        json::Value value;
        value.set("time", to_rfc3339(now));
        value.set("level", name(level));
        value.set("id", id);
        value.set("message", message);
        for (const Field& field : fields)
            if (!field.second.empty()) value.set(std::string(field.first), field.second);
        out = json::write(value);
    } else {
        out = format_ == LogFormat::journald
                  ? fmt::format("<{}>{:<16} {}", priority(level), id, plain(message))
                  : fmt::format("{} {:<7} {:<16} {}", to_rfc3339(now), name(level), id, plain(message));
        for (const Field& field : fields)
            if (!field.second.empty()) out += fmt::format("  {}={}", field.first, field_text(field.second));
    }
    return out + '\n';
}

}  // namespace rollcall
