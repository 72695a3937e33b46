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
};
// Of a ping that did not succeed.
[[nodiscard]] std::string ping_trouble(const Outcome& outcome, const WayToUs& way);
// Of one that did, and did not come to us: what to do.
[[nodiscard]] std::string ping_elsewhere(const WayToUs& way);

}  // namespace rollcall::matrix
