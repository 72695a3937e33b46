#include "bridges/matrix/access.h"

#include "bridges/http/message.h"

namespace rollcall::matrix {
namespace {

struct Identity {
    const std::string* token;
    std::string user;  // for user_id; "" for the registration's own sender
};

Identity identity(const Call& call, const Access& access) {
    switch (call.actor) {
        case Actor::bot:
            break;
        case Actor::user:
            if (call.as_user != access.bot) return {&access.mask_token, call.as_user};
            break;
        case Actor::alias_keeper:
            if (!access.mask_token.empty()) return {&access.mask_token, {}};
            break;
        case Actor::mask:
            return {&access.mask_token, {}};
        case Actor::sender:
            return {&access.main_token, {}};
    }
    return {&access.main_token, access.bot};
}

}  // namespace

Result<http::Request> to_request(const Call& call, const Access& access) {
    const Identity who = identity(call, access);
    if (who.token->empty())
        return fail(ErrorKind::denied, "acting as " + call.as_user + " needs the mask registration",
                    "make one with `rollcall init` and load it into the homeserver");
    http::Request request;
    request.method = call.method;
    request.url = access.base_url + call.target;
    if (!who.user.empty()) {
        request.url += call.target.find('?') == std::string::npos ? '?' : '&';
        request.url += "user_id=" + http::encode_part(who.user);
    }
    request.headers = {{"Authorization", "Bearer " + *who.token}};
    if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.body = call.body;
    request.deadline = call.deadline;
    request.max_response_bytes = call.max_response_bytes;
    return request;
}

}  // namespace rollcall::matrix
