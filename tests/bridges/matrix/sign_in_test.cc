// Who signs people in: what a homeserver answers, as a table.
#include "bridges/matrix/sign_in.h"

#include <gtest/gtest.h>

namespace rollcall::matrix {
namespace {

TEST(SignIn, IsReadFromWhatTheHomeserverSaysOfItsAuthentication) {
    struct Case {
        int status;
        std::string body;
        SignIn expected;
    };
    const Case cases[] = {
        {200, R"({"issuer":"https://auth.example.com/","token_endpoint":"https://auth.example.com/token"})",
         SignIn::delegated},
        {404, R"({"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"})", SignIn::own},  // Synapse
        {404, "<html>not found</html>", SignIn::unknown},
        {404, "{}", SignIn::unknown},
        {200, "{}", SignIn::unknown},
        {200, "<html>", SignIn::unknown},
        {502, "", SignIn::unknown},
    };
    for (const Case& one : cases) {
        http::Response response;
        response.status = one.status;
        response.body = one.body;
        EXPECT_EQ(static_cast<int>(read_sign_in(response)), static_cast<int>(one.expected)) << one.body;
    }
}

}  // namespace
}  // namespace rollcall::matrix
