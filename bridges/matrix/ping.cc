#include "bridges/matrix/ping.h"

#include <fmt/format.h>

namespace rollcall::matrix {

bool has_no_ping(const Outcome& outcome) {
    return (outcome.status == 404 || outcome.status == 405) &&
           (outcome.errcode == "M_UNRECOGNIZED" || outcome.errcode.empty());
}

std::string ping_trouble(const Outcome& outcome, const std::string& url) {
    const std::string at = url + " (appservice.url)";
    const std::string mend =
        "; mend appservice.url in rollcall.yaml and url in registrations/rollcall.yaml, and restart the "
        "homeserver";
    const std::string& code = outcome.errcode;
    if (code == "M_CONNECTION_FAILED")
        return fmt::format("the homeserver cannot reach the daemon at {}: {}{}", at, outcome.text, mend);
    if (code == "M_CONNECTION_TIMEOUT")
        return fmt::format(
            "the daemon at {} does not answer the homeserver in time: look at what stands "
            "between them{}",
            at, mend);
    if (code == "M_BAD_STATUS")
        return fmt::format(
            "what answers the homeserver at {} is not this daemon, or has another hs_token: {}; give the "
            "homeserver the registrations/rollcall.yaml that the daemon has{}",
            at, outcome.text, mend);
    if (code == "M_URL_NOT_SET")
        return "the homeserver is told no url for the daemon: write appservice.url as url into "
               "registrations/rollcall.yaml, and restart the homeserver";
    if (code == "M_FORBIDDEN")
        return "the homeserver knows the token of registrations/rollcall.yaml under another id: give it this "
               "file, and restart it";
    return fmt::format("the homeserver does not say whether it reaches the daemon at {}: {}", at,
                       outcome.text);
}

}  // namespace rollcall::matrix
