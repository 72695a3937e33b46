// Days and clock times of a named time zone, for dates in policies and for what people read.
//
// time_zone.cc alone uses the date library (g++ 12 has no std::chrono zones) and, through it, the zone files
// of the system: the one thing in schema/ that is read from disk. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/base/time.h"

namespace rollcall::schema {

// "Europe/Amsterdam", "UTC": a name of the IANA time zone database.
[[nodiscard]] bool is_time_zone(std::string_view zone);

// "2027-01-31" → the first moment of the day after it in that zone. nullopt where the text is no date or
// there is no such zone.
[[nodiscard]] std::optional<Time> end_of_day(std::string_view date, std::string_view zone);

// What somebody writes for a moment: a date and a time of that zone ("2027-01-31 14:05", with seconds too, T
// for the blank), or one of RFC 3339 with its own offset; or a date, which means the whole day: then `last`
// is the last moment of it. Where a clock repeats an hour, the whole of it is meant. nullopt for anything
// else.
struct MomentText {
    Time first{}, last{};
};
[[nodiscard]] std::optional<MomentText> read_moment(std::string_view text, std::string_view zone);

// "2027-01-31 14:05:09 CET". In UTC where there is no such zone.
[[nodiscard]] std::string local_time(Time time, std::string_view zone);

}  // namespace rollcall::schema
