#include "daemon/cli/times.h"

#include "policy/base/time.h"
#include "schema/time_zone.h"

namespace rollcall::cli {

std::string shown_time(const std::string& rfc3339, const std::string& time_zone) {
    const std::optional<Time> time = parse_rfc3339(rfc3339);
    return time ? schema::local_time(*time, time_zone) : rfc3339;
}

std::string with_local_times(std::string_view text, const std::string& time_zone) {
    constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";  // as to_rfc3339() writes them
    const auto is_time = [&](std::string_view part) {
        for (std::size_t i = 0; i < kForm.size(); ++i)
            if (kForm[i] == '0' ? part[i] < '0' || part[i] > '9' : part[i] != kForm[i]) return false;
        return true;
    };
    std::string out;
    while (!text.empty()) {
        if (text.size() >= kForm.size() && is_time(text.substr(0, kForm.size()))) {
            out += shown_time(std::string(text.substr(0, kForm.size())), time_zone);
            text.remove_prefix(kForm.size());
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    return out;
}

std::string shown_end(const std::string& rfc3339, const std::string& time_zone) {
    const std::optional<Time> end = parse_rfc3339(rfc3339);
    if (!end) return rfc3339;
    const std::string day = schema::local_time(*end - Duration{1}, time_zone).substr(0, 10);
    return schema::end_of_day(day, time_zone) == *end ? day : schema::local_time(*end, time_zone);
}

}  // namespace rollcall::cli
