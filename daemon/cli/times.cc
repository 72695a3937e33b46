#include "daemon/cli/times.h"

#include "policy/base/time.h"
#include "schema/time_zone.h"

namespace rollcall::cli {

std::string shown_time(const std::string& rfc3339, const std::string& time_zone) {
    const std::optional<Time> time = parse_rfc3339(rfc3339);
    return time ? schema::local_time(*time, time_zone) : rfc3339;
}

std::string shown_end(const std::string& rfc3339, const std::string& time_zone) {
    const std::optional<Time> end = parse_rfc3339(rfc3339);
    if (!end) return rfc3339;
    const std::string day = schema::local_time(*end - Duration{1}, time_zone).substr(0, 10);
    return schema::end_of_day(day, time_zone) == *end ? day : schema::local_time(*end, time_zone);
}

}  // namespace rollcall::cli
