#include "schema/time_zone.h"

#include <date/tz.h>

#include <fmt/format.h>
#include <stdexcept>

namespace rollcall::schema {
namespace {

const date::time_zone* find_zone(std::string_view zone) {
    if (zone.empty()) return nullptr;
    try {
        return date::locate_zone(zone);
    } catch (const std::runtime_error&) {  // the library's way to say that it does not know the name
        return nullptr;
    }
}

std::optional<date::year_month_day> read_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    // A date is the first part of a date-time of RFC 3339, which the base library reads and checks.
    const auto midnight = parse_rfc3339(std::string(text) + "T00:00:00Z");
    if (!midnight) return std::nullopt;
    return date::year_month_day{date::floor<date::days>(*midnight)};
}

}  // namespace

bool is_time_zone(std::string_view zone) {
    return find_zone(zone) != nullptr;
}

std::optional<Time> end_of_day(std::string_view date, std::string_view zone) {
    const auto day = read_date(date);
    const date::time_zone* const place = find_zone(zone);
    if (!day || place == nullptr) return std::nullopt;
    // Where the clock skips midnight the day begins later, and where it repeats it the day begins the first
    // time.
    const date::local_days next = date::local_days{*day} + date::days{1};
    return std::chrono::time_point_cast<Duration>(place->to_sys(next, date::choose::earliest));
}

std::optional<MomentText> read_moment(std::string_view text, std::string_view zone) {
    if (const auto exact = parse_rfc3339(text)) return MomentText{*exact, *exact};
    const date::time_zone* const place = find_zone(zone);
    if (place == nullptr) return std::nullopt;
    const auto here = [place](date::local_time<Duration> local, date::choose which) {
        return std::chrono::time_point_cast<Duration>(place->to_sys(local, which));
    };
    if (const auto day = read_date(text)) {
        const date::local_time<Duration> first = date::local_days{*day};
        return MomentText{here(first, date::choose::earliest),
                          here(first + date::days{1}, date::choose::earliest) - Duration{1}};
    }
    if (text.size() < 16 || (text[10] != ' ' && text[10] != 'T')) return std::nullopt;
    std::string whole(text);
    whole[10] = 'T';
    if (whole.size() == 16) whole += ":00";
    const auto as_utc = whole.size() == 19 ? parse_rfc3339(whole + "Z") : std::nullopt;
    if (!as_utc) return std::nullopt;
    const date::local_time<Duration> local{as_utc->time_since_epoch()};
    return MomentText{here(local, date::choose::earliest), here(local, date::choose::latest)};
}

std::string local_time(Time time, std::string_view zone) {
    const auto seconds = date::floor<std::chrono::seconds>(time);
    const date::time_zone* const place = find_zone(zone);
    const date::sys_info info = place == nullptr ? date::sys_info{} : place->get_info(seconds);
    const auto shown = to_rfc3339(Time{(seconds + info.offset).time_since_epoch()});
    return fmt::format("{} {} {}", shown.substr(0, 10), shown.substr(11, 8),
                       info.abbrev.empty() ? "UTC" : info.abbrev);
}

}  // namespace rollcall::schema
