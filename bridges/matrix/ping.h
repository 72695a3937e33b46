// What a ping of the homeserver to us has shown, in words: the cause, and the file to mend. Pure; any thread.
// Source: Matrix client-server API v1.19, POST /_matrix/client/v1/appservice/{appserviceId}/ping.
#pragma once

#include <string>

#include "bridges/matrix/outcome.h"

namespace rollcall::matrix {

// A homeserver from before Matrix 1.7, or one that leaves it out: nothing is known of the way to us.
[[nodiscard]] bool has_no_ping(const Outcome& outcome);
// Where the homeserver is to reach us, as our own two files say. It goes by a copy of the registration, which
// may be another or an older one: nobody can see what that says.
struct WayToUs {
    std::string url;         // appservice.url of rollcall.yaml
    std::string registered;  // url of registrations/rollcall.yaml; "" for none
    std::string listen;      // appservice.listen, host:port; "" where that is not known
};
// Both files agree on another port than the daemon's own, and nobody but a proxy can make that right: says
// so.
// "" where they do not; with https there must be one, for the daemon itself speaks no TLS.
[[nodiscard]] std::string other_port(const WayToUs& way);
// Of a ping that did not succeed.
[[nodiscard]] std::string ping_trouble(const Outcome& outcome, const WayToUs& way);
// Of one that did, and did not come to us: what to do.
[[nodiscard]] std::string ping_elsewhere(const WayToUs& way);

}  // namespace rollcall::matrix
