// Does the homeserver sign people in by itself, or does another server for it (Matrix Authentication Service,
// OAuth 2.0)?
//
// Where another does, sessions are that one's, and the client-server API's logout/all of an application
// service does not end them. Asked without any token: GET auth_metadata (Matrix v1.15). Pure but for ask();
// any thread.
#pragma once

#include <string>

#include "bridges/http/client.h"

namespace rollcall::matrix {

enum class SignIn {
    unknown,
    own,
    delegated,
};

[[nodiscard]] SignIn read_sign_in(const http::Response& response);
// Waits for the answer. `url`: of the client-server API.
[[nodiscard]] SignIn ask_sign_in(const std::string& url);

}  // namespace rollcall::matrix
