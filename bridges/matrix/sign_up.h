// May anybody make themselves an account on this homeserver, under any name that is free?
//
// Then somebody can wait in the name of the next employee. Asked without any token, as a newcomer would: POST
// /register with nothing in it (client-server API, "Account registration"), which makes no account. Pure but
// for ask(); any thread.
#pragma once

#include <string>

#include "bridges/http/client.h"

namespace rollcall::matrix {

// From what is hardest for a stranger to what is easiest.
enum class SignUp {
    no_answer,  // of a homeserver: of nobody, or of what stands before it
    unknown,
    closed,
    by_token,    // whoever has a registration token
    by_address,  // whoever has an e-mail address or telephone number that the homeserver accepts
    open,        // anybody
};

[[nodiscard]] SignUp read_sign_up(const http::Response& response);
// Waits for the answer. `url`: of the client-server API.
[[nodiscard]] SignUp ask_sign_up(const std::string& url);

}  // namespace rollcall::matrix
