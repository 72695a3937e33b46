#include "bridges/matrix/sign_up.h"

#include <algorithm>
#include <future>

#include "schema/json.h"

namespace rollcall::matrix {
namespace {

// What one of the ways to an account asks for.
SignUp of_flow(const json::Value& flow) {
    const json::Array* stages = flow["stages"].array();
    if (stages == nullptr) return SignUp::unknown;
    const auto wants = [stages](std::string_view stage) {
        return std::any_of(stages->begin(), stages->end(),
                           [stage](const json::Value& each) { return each.text() == stage; });
    };
    if (wants("m.login.registration_token")) return SignUp::by_token;
    if (wants("m.login.email.identity") || wants("m.login.msisdn")) return SignUp::by_address;
    return SignUp::open;
}

}  // namespace

SignUp read_sign_up(const http::Response& response) {
    const auto body = json::parse(response.body);
    const bool not_there = response.status == 502 || response.status == 503 || response.status == 504;
    if (response.failure != http::Failure::none || not_there) return SignUp::no_answer;
    if (!body) return SignUp::unknown;
    // Synapse 1.163 with enable_registration: false (seen).
    if (response.status == 403 && (*body)["errcode"].text() == "M_FORBIDDEN") return SignUp::closed;
    const json::Array* flows = (*body)["flows"].array();
    if (response.status != 401 || flows == nullptr || flows->empty()) return SignUp::unknown;
    SignUp easiest = SignUp::unknown;
    for (const json::Value& flow : *flows) easiest = std::max(easiest, of_flow(flow));
    return easiest;
}

SignUp ask_sign_up(const std::string& url) {
    http::Request request;
    request.method = "POST";
    request.url = url + "/_matrix/client/v3/register";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = "{}";
    request.max_response_bytes = 1U << 20U;
    std::promise<http::Response> answered;
    http::Client client;
    client.send(std::move(request),
                [&answered](http::Response response) { answered.set_value(std::move(response)); });
    return read_sign_up(answered.get_future().get());
}

}  // namespace rollcall::matrix
