#include "daemon/log.h"

#include <fmt/format.h>
#include <cstdio>

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

}  // namespace

void Log::write(LogLevel level, std::string_view id, std::string_view message,
                std::initializer_list<Field> fields) {
    if (level < level_) return;
    const Time now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    std::string line;
    if (format_ == LogFormat::json) {
        json::Value value;
        value.set("time", to_rfc3339(now));
        value.set("level", name(level));
        value.set("id", id);
        value.set("message", message);
        for (const Field& field : fields)
            if (!field.second.empty()) value.set(std::string(field.first), field.second);
        line = json::write(value);
    } else {
        line = format_ == LogFormat::journald
                   ? fmt::format("<{}>{:<16} {}", priority(level), id, plain(message))
                   : fmt::format("{} {:<7} {:<16} {}", to_rfc3339(now), name(level), id, plain(message));
        for (const Field& field : fields)
            if (!field.second.empty()) line += fmt::format("  {}={}", field.first, field_text(field.second));
    }
    line += '\n';
    const std::lock_guard lock(mutex_);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace rollcall
