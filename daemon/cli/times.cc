#include "daemon/cli/times.h"

#include "policy/base/time.h"
#include "schema/time_zone.h"

namespace rollcall::cli {

std::string shown_time(const std::string& rfc3339, const std::string& time_zone) {
    const std::optional<Time> time = parse_rfc3339(rfc3339);
    return time ? schema::local_time(*time, time_zone) : rfc3339;
}

}  // namespace rollcall::cli
