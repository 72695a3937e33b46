#include "bridges/matrix/sign_in.h"

#include <future>
#include <utility>

#include "schema/json.h"

namespace rollcall::matrix {

SignIn read_sign_in(const http::Response& response) {
    const auto body = json::parse(response.body);
    if (response.failure != http::Failure::none || !body) return SignIn::unknown;
    if (response.status == 200) return (*body)["issuer"].text().empty() ? SignIn::unknown : SignIn::delegated;
    // M_UNRECOGNIZED of whoever does not know the path, as Synapse without such a service (seen).
    return response.status == 404 && !(*body)["errcode"].text().empty() ? SignIn::own : SignIn::unknown;
}

SignIn ask_sign_in(const std::string& url) {
    http::Request request;
    request.method = "GET";
    request.url = url + "/_matrix/client/v1/auth_metadata";
    request.max_response_bytes = 1U << 20U;
    std::promise<http::Response> answered;
    http::Client client;
    client.send(std::move(request),
                [&answered](http::Response response) { answered.set_value(std::move(response)); });
    return read_sign_in(answered.get_future().get());
}

}  // namespace rollcall::matrix
