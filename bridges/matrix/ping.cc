#include "bridges/matrix/ping.h"

#include <fmt/format.h>

namespace rollcall::matrix {
namespace {

// One remedy: that of the files of which it can be seen that they differ, or else of the one that cannot be
// seen.
std::string cure(const WayToUs& way) {
    if (way.registered != way.url)
        return fmt::format(
            "registrations/rollcall.yaml says {}: write one address into both files, give the homeserver "
            "that registration, and restart both",
            way.registered.empty() ? "no url" : way.registered);
    return "registrations/rollcall.yaml says so too: give the homeserver this file, for its copy may be "
           "another or an older one, and restart it";
}

std::string waits(const WayToUs& way) {
    return fmt::format("the daemon, which is at {} (appservice.url)", way.url);
}

}  // namespace

bool has_no_ping(const Outcome& outcome) {
    return (outcome.status == 404 || outcome.status == 405) &&
           (outcome.errcode == "M_UNRECOGNIZED" || outcome.errcode.empty());
}

std::string ping_elsewhere(const WayToUs& way) {
    return fmt::format("the daemon is at {} (appservice.url); {}", way.url, cure(way));
}

std::string ping_trouble(const Outcome& outcome, const WayToUs& way) {
    const std::string& code = outcome.errcode;
    if (code == "M_CONNECTION_FAILED")
        return fmt::format(
            "the homeserver cannot reach {}: {}; {}; if it has that file, see what stands between "
            "them",
            waits(way), outcome.text, cure(way));
    if (code == "M_CONNECTION_TIMEOUT")
        return fmt::format("the homeserver is not answered in time by {}: see what stands between them; {}",
                           waits(way), cure(way));
    if (code == "M_BAD_STATUS")
        return fmt::format("what answers the homeserver is not {}, or has another hs_token: {}; {}",
                           waits(way), outcome.text, cure(way));
    if (code == "M_URL_NOT_SET")
        return way.registered.empty()
                   ? "the homeserver is told no url for the daemon: write appservice.url as url into "
                     "registrations/rollcall.yaml, and restart the homeserver"
                   : "the homeserver's copy of registrations/rollcall.yaml has no url for the daemon: give "
                     "it this file, and restart it";
    if (code == "M_FORBIDDEN")
        return "the homeserver knows the token of registrations/rollcall.yaml under another id: give it this "
               "file, and restart it";
    return fmt::format("the homeserver does not say whether it reaches {}: {}", waits(way), outcome.text);
}

}  // namespace rollcall::matrix
