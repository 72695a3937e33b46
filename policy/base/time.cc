#include "policy/base/time.h"

#include <fmt/format.h>
#include <array>
#include <charconv>

namespace rollcall {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Unit {
    char letter;
    Duration length;
};
constexpr std::array<Unit, 5> kUnits{
    {{'y', hours{24 * 365}}, {'d', hours{24}}, {'h', hours{1}}, {'m', minutes{1}}, {'s', seconds{1}}}};
constexpr Duration kLongest = hours{24 * 365 * 100};

std::optional<int> number(std::string_view text, std::size_t at, std::size_t length) {
    if (at + length > text.size()) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(at, length)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<Time> date_and_time(int y, int mo, int d, int h, int mi, int s) {
    const std::chrono::year_month_day date{std::chrono::year{y},
                                           std::chrono::month{static_cast<unsigned>(mo)},
                                           std::chrono::day{static_cast<unsigned>(d)}};
    if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
    return std::chrono::sys_days{date} + hours{h} + minutes{mi} + seconds{s};
}

// ".123" at `at`, which moves behind it; nullopt for a point without a digit.
std::optional<Duration> fraction(std::string_view text, std::size_t& at) {
    Duration out{};
    if (at >= text.size() || text[at] != '.') return out;
    std::int64_t scale = 100;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
        out += Duration{(text[at] - '0') * scale};
    if (at == first) return std::nullopt;
    return out;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    if (text.size() < 2) return std::nullopt;
    std::int64_t count = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{} || stop != end || count <= 0) return std::nullopt;
    for (const Unit& unit : kUnits) {
        if (unit.letter != text.back()) continue;
        if (count > kLongest / unit.length) return std::nullopt;
        return unit.length * count;
    }
    return std::nullopt;
}

std::string duration_text(Duration duration) {
    for (const Unit& unit : kUnits)
        if (duration >= unit.length && duration % unit.length == Duration::zero())
            return fmt::format("{}{}", duration / unit.length, unit.letter);
    return fmt::format("{}ms", duration.count());
}

std::string to_rfc3339(Time time) {
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int{date.year()}, unsigned{date.month()},
                       unsigned{date.day()}, clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count(), clock.subseconds().count());
}

namespace {

// "-001" and "12345" too, as to_rfc3339() writes them: others date their events as they like. Leaves what is
// behind it in `text`, with four characters in its place.
std::optional<int> take_year(std::string_view& text) {
    const std::size_t end = text.find('-', 1);
    if (end == std::string_view::npos || end < 4 || end > 6) return std::nullopt;
    int year = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + end, year);
    if (error != std::errc{} || stop != text.data() + end) return std::nullopt;
    text.remove_prefix(end - 4);
    return year;
}

}  // namespace

std::optional<Time> parse_rfc3339(std::string_view text) {
    // date-time of RFC 3339 section 5.6; a leap second is read as the second after it.
    const auto y = take_year(text);
    const auto mo = number(text, 5, 2), d = number(text, 8, 2);
    const auto h = number(text, 11, 2), mi = number(text, 14, 2), s = number(text, 17, 2);
    if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':')
        return std::nullopt;
    const auto whole = date_and_time(*y, *mo, *d, *h, *mi, *s);
    std::size_t at = 19;
    const auto part = fraction(text, at);
    if (!whole || !part) return std::nullopt;
    const Time time = *whole + *part;
    const std::string_view zone = text.substr(at);
    if (zone == "Z" || zone == "z") return time;
    const auto zh = number(zone, 1, 2), zm = number(zone, 4, 2);
    if (zone.size() != 6 || !zh || !zm || zone[3] != ':' || *zh > 23 || *zm > 59) return std::nullopt;
    if (zone[0] == '+') return time - hours{*zh} - minutes{*zm};
    if (zone[0] == '-') return time + hours{*zh} + minutes{*zm};
    return std::nullopt;
}

std::optional<Time> parse_generalized_time(std::string_view text) {
    const auto y = number(text, 0, 4), mo = number(text, 4, 2), d = number(text, 6, 2);
    const auto h = number(text, 8, 2), mi = number(text, 10, 2), s = number(text, 12, 2);
    if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
    std::size_t at = 14;
    const auto whole = date_and_time(*y, *mo, *d, *h, *mi, *s);
    const auto part = fraction(text, at);
    if (!whole || !part || text.substr(at) != "Z") return std::nullopt;
    return *whole + *part;
}

}  // namespace rollcall
