// Access: where the homeserver is, and with which of the two registrations' tokens a call goes there.
//
// The only place that puts a token anywhere: into the header Authorization, never into a URL or a text. Pure;
// any thread.
#pragma once

#include <string>

#include "bridges/http/client.h"
#include "bridges/matrix/call.h"
#include "policy/base/result.h"

namespace rollcall::matrix {

struct Access {
    std::string base_url;  // without a slash at its end
    std::string bot;       // Matrix ID
    std::string main_token;
    std::string mask_token;  // "" where there is no mask registration
};

// The request for a call. Error (denied): it must act as a user and there is no mask registration.
[[nodiscard]] Result<http::Request> to_request(const Call& call, const Access& access);

}  // namespace rollcall::matrix
