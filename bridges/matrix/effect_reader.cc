#include "bridges/matrix/effect_reader.h"

#include <fmt/format.h>

#include "bridges/matrix/outcome.h"
#include "schema/json.h"

namespace rollcall::matrix {
namespace {

using Kind = Outcome::Kind;

Error error_of(const Outcome& outcome) {
    return Error{outcome.kind == Kind::refused || outcome.kind == Kind::not_covered ? ErrorKind::denied
                                                                                    : ErrorKind::unavailable,
                 words_of(outcome),
                 {}};
}

// Whatever answered may answer as specified the next time.
Error not_as_specified(const std::string& what) {
    return Error{ErrorKind::unavailable, "the homeserver's answer is not as specified: " + what, {}};
}

Result<json::Value> body_of(const http::Response& response) {
    Result<json::Value> body = json::parse(response.body);
    if (!body || body->object() == nullptr) return tl::unexpected<Error>(not_as_specified("no JSON object"));
    return body;
}

Result<std::string> read_of_event(const http::Response& response, std::string_view what) {
    const Outcome outcome = interpret(Call{}, response);
    if (outcome.kind == Kind::refused && outcome.status == 404 && outcome.errcode == "M_NOT_FOUND")
        return std::string();
    if (outcome.kind != Kind::done) return tl::unexpected<Error>(error_of(outcome));
    const auto body = body_of(response);
    if (!body) return pass(body);
    std::string text = (*body)[what].text();
    if (text.empty()) return tl::unexpected<Error>(not_as_specified(fmt::format("no {}", what)));
    return text;
}

}  // namespace

Result<Past> read_past(const http::Response& response) {
    const Outcome outcome = interpret(Call{}, response);
    if (outcome.kind == Kind::no_account) return Past::gone;
    if (outcome.kind == Kind::refused && outcome.status == 403 && outcome.errcode == "M_FORBIDDEN")
        return Past::gone;
    // They may look, and there is no such event: nobody who may not would be told so.
    if (outcome.kind == Kind::refused && outcome.status == 404 && outcome.errcode == "M_NOT_FOUND")
        return Past::readable;
    if (outcome.kind != Kind::done) return tl::unexpected<Error>(error_of(outcome));
    const auto body = body_of(response);
    if (!body) return pass(body);
    const std::string membership = (*body)["membership"].text();
    if (membership.empty()) return tl::unexpected<Error>(not_as_specified("no membership"));
    return membership == "leave" || membership == "ban" ? Past::readable : Past::inside;
}

Result<std::optional<std::size_t>> read_devices(const http::Response& response) {
    const Outcome outcome = interpret(Call{}, response);
    if (outcome.kind == Kind::no_account) return std::optional<std::size_t>(0);
    if (outcome.kind == Kind::refused) return std::optional<std::size_t>();
    if (outcome.kind != Kind::done) return tl::unexpected<Error>(error_of(outcome));
    const auto body = body_of(response);
    if (!body) return pass(body);
    const json::Array* devices = (*body)["devices"].array();
    if (devices == nullptr) return tl::unexpected<Error>(not_as_specified("no list of devices"));
    return std::optional<std::size_t>(devices->size());
}

Result<std::string> read_event_id(const http::Response& response) {
    return read_of_event(response, "event_id");
}

Result<std::string> read_sender(const http::Response& response) {
    return read_of_event(response, "sender");
}

}  // namespace rollcall::matrix
