// Time as the whole program counts it. policy/ never reads a clock.
//
// Time: the date, milliseconds since the Unix epoch, UTC. It is what people and other machines write, and it
// can jump: somebody sets the clock. Tick: how long something takes, milliseconds of the monotonic clock of
// this start of the machine, which only goes forward. Whatever waits, waits for a Tick.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

inline constexpr Time kNever = Time::max();

struct MonotonicClock {};  // only a name, so that the two cannot be mixed
using Tick = std::chrono::time_point<MonotonicClock, Duration>;

inline constexpr Tick kNoTick = Tick::max();

// One moment by both clocks.
struct Moment {
    Time wall{};
    Tick tick{};
};

// "30s", "15m", "8h", "7d", "1y" (365 days); nullopt for anything else, for zero, and past 100 years.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string duration_text(Duration duration);
// RFC 3339 in UTC with milliseconds: "2026-11-22T09:00:00.000Z".
[[nodiscard]] std::string to_rfc3339(Time time);
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);
// GeneralizedTime in UTC, as directories write it (RFC 4517, 3.3.13): "20261122090000.0Z".
[[nodiscard]] std::optional<Time> parse_generalized_time(std::string_view text);
[[nodiscard]] inline std::int64_t to_ms(Time time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline Time from_ms(std::int64_t ms) {
    return Time{Duration{ms}};
}

}  // namespace rollcall
