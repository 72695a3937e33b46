// What a ping of the homeserver to us has shown, in words: the cause, and the file to mend. Pure; any thread.
// Source: Matrix client-server API v1.19, POST /_matrix/client/v1/appservice/{appserviceId}/ping.
#pragma once

#include <string>

#include "bridges/matrix/outcome.h"

namespace rollcall::matrix {

// A homeserver from before Matrix 1.7, or one that leaves it out: nothing is known of the way to us.
[[nodiscard]] bool has_no_ping(const Outcome& outcome);
// Of a ping that did not succeed; `url` as rollcall.yaml has it in appservice.url.
[[nodiscard]] std::string ping_trouble(const Outcome& outcome, const std::string& url);

}  // namespace rollcall::matrix
