#include "bridges/matrix/ping.h"

#include <fmt/format.h>

#include "schema/address.h"

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
    if (const std::string port = other_port(way); !port.empty())
        return port +
               "; else write one port into appservice.url, appservice.listen and "
               "registrations/rollcall.yaml, give the homeserver that registration, and restart both";
    return "registrations/rollcall.yaml says so too: give the homeserver this file, for its copy may be "
           "another or an older one, and restart it";
}

std::string waits(const WayToUs& way) {
    if (way.listen.empty()) return fmt::format("the daemon, which is at {} (appservice.url)", way.url);
    return fmt::format("the daemon, which is at {} (appservice.url) and listens on {} (appservice.listen)",
                       way.url, way.listen);
}

}  // namespace

std::string other_port(const WayToUs& way) {
    constexpr std::uint16_t kHttp = 80;
    const auto url = schema::read_url(way.url);
    const auto listen = schema::read_host_port(way.listen);
    if (!url || !listen || url->scheme != "http" || way.registered != way.url) return {};
    const std::uint16_t port = url->port == 0 ? kHttp : url->port;
    if (port == listen->port) return {};
    return fmt::format(
        "the homeserver is told to send to port {}, and the daemon listens on {}: right only with a proxy in "
        "between",
        port, listen->port);
}

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
