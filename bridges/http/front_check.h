// The strict front check: which requests are let in at all, whatever libmicrohttpd makes of them.
//
// libmicrohttpd takes what RFC 9112 calls ambiguous (several Host or Content-Length fields, a length beside a
// Transfer-Encoding), and two programs that read such a message differently can be played against each other
// (request smuggling, RFC 9112 section 11.2). So everything is refused that has more than one reading. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/http/message.h"

namespace rollcall::http {

struct Refusal {
    int status = 400;
    std::string text;  // for people: which rule
};

constexpr int kTooLarge = 413;  // the status of a refusal for the length of the body alone

// Looks at a request's head; nullopt lets it in. `target` is the request target as it stood in the first
// line.
[[nodiscard]] std::optional<Refusal> front_check(std::string_view method, std::string_view target,
                                                 const Headers& headers, std::size_t body_cap);

}  // namespace rollcall::http
