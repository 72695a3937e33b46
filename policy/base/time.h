// Time as the whole program counts it: milliseconds since the Unix epoch, UTC. policy/ never reads a clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

inline constexpr Time kNever = Time::max();

// "30s", "15m", "8h", "7d", "1y" (365 days); nullopt for anything else, for zero, and past 100 years.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string duration_text(Duration duration);
// RFC 3339 in UTC with milliseconds: "2026-11-22T09:00:00.000Z".
[[nodiscard]] std::string to_rfc3339(Time time);
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);
[[nodiscard]] inline std::int64_t to_ms(Time time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline Time from_ms(std::int64_t ms) {
    return Time{Duration{ms}};
}

}  // namespace rollcall
