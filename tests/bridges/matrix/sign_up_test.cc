// Who may make an account: what a homeserver answers to a newcomer, as a table, and asked over a socket.
#include "bridges/matrix/sign_up.h"

#include <gtest/gtest.h>

#include "bridges/http/server.h"

namespace rollcall::matrix {
namespace {

std::string flows(const std::string& list) {
    return R"({"session":"x","params":{},"flows":)" + list + "}";
}

TEST(SignUp, IsReadFromWhatANewcomerIsTold) {
    struct Case {
        int status;
        std::string body;
        SignUp expected;
    };
    const Case cases[] = {
        {403, R"({"errcode":"M_FORBIDDEN","error":"Registration has been disabled"})", SignUp::closed},
        {401, flows(R"([{"stages":["m.login.dummy"]}])"), SignUp::open},
        {401, flows(R"([{"stages":[]}])"), SignUp::open},
        {401, flows(R"([{"stages":["m.login.recaptcha","m.login.terms"]}])"), SignUp::open},
        {401, flows(R"([{"stages":["m.login.registration_token"]}])"), SignUp::by_token},
        {401, flows(R"([{"stages":["m.login.registration_token"]},{"stages":["m.login.dummy"]}])"),
         SignUp::open},
        {401, flows(R"([{"stages":["m.login.email.identity"]},{"stages":["m.login.registration_token"]}])"),
         SignUp::by_address},
        {401, flows("[]"), SignUp::unknown},
        {401, R"({"errcode":"M_UNKNOWN_TOKEN"})", SignUp::unknown},
        {404, R"({"errcode":"M_UNRECOGNIZED"})", SignUp::unknown},
        {429, R"({"errcode":"M_LIMIT_EXCEEDED"})", SignUp::unknown},
        {403, "<html>", SignUp::unknown},
        {502, "<html>", SignUp::no_answer},
        {503, R"({"errcode":"M_UNKNOWN"})", SignUp::no_answer},
        {504, "", SignUp::no_answer},
        {200, "{}", SignUp::unknown},
    };
    for (const Case& c : cases) {
        http::Response response;
        response.status = c.status;
        response.body = c.body;
        EXPECT_EQ(read_sign_up(response), c.expected) << c.status << ' ' << c.body;
    }
}

TEST(SignUp, IsAskedWithoutAToken) {
    auto server = http::Server::start({}, [](http::IncomingRequest request, http::Responder responder) {
        EXPECT_EQ(request.method + " " + request.path, "POST /_matrix/client/v3/register");
        EXPECT_EQ(request.header("Authorization"), nullptr);
        EXPECT_EQ(request.body, "{}");
        responder.answer({401, flows(R"([{"stages":["m.login.dummy"]}])"), "application/json", {}});
    });
    ASSERT_TRUE(server);
    const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());
    EXPECT_EQ(ask_sign_up(url), SignUp::open);
    server->reset();
    EXPECT_EQ(ask_sign_up(url), SignUp::no_answer);
}

}  // namespace
}  // namespace rollcall::matrix
