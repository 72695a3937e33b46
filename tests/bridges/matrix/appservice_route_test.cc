#include "bridges/matrix/appservice_route.h"

#include <gtest/gtest.h>

#include <vector>

namespace rollcall::matrix {
namespace {

struct RouteCase {
    std::string method;
    std::string path;
    Endpoint endpoint;
    std::string name;
};

TEST(Route, knows_the_application_service_api) {
    const std::string prefix = "/_matrix/app/v1";
    const std::vector<RouteCase> cases{
        {"PUT", prefix + "/transactions/12", Endpoint::transaction, "12"},
        {"PUT", "/transactions/12", Endpoint::transaction, "12"},
        {"PUT", prefix + "/transactions/a%2Fb%00%20", Endpoint::transaction, std::string("a/b\0 ", 5)},
        {"PUT", prefix + "/transactions/" + std::string(255, 'x'), Endpoint::transaction,
         std::string(255, 'x')},
        {"PUT", prefix + "/transactions/" + std::string(256, 'x'), Endpoint::bad_name, ""},
        {"PUT", prefix + "/transactions/", Endpoint::bad_name, ""},
        {"PUT", prefix + "/transactions/%4", Endpoint::bad_name, ""},
        {"PUT", prefix + "/transactions", Endpoint::unknown, ""},
        {"PUT", prefix + "/transactions/a/b", Endpoint::unknown, ""},
        {"GET", prefix + "/transactions/12", Endpoint::wrong_method, ""},
        {"GET", prefix + "/users/%40a%3Ahs", Endpoint::user, "@a:hs"},
        {"GET", "/users/@a:hs", Endpoint::user, "@a:hs"},
        {"POST", prefix + "/users/%40a%3Ahs", Endpoint::wrong_method, ""},
        {"GET", prefix + "/rooms/%23a%3Ahs", Endpoint::alias, "#a:hs"},
        {"GET", "/rooms/%23a%3Ahs", Endpoint::alias, "#a:hs"},
        {"POST", prefix + "/ping", Endpoint::ping, ""},
        {"GET", prefix + "/ping", Endpoint::wrong_method, ""},
        {"POST", prefix + "/ping/", Endpoint::unknown, ""},
        {"GET", prefix + "/thirdparty/protocol/irc", Endpoint::thirdparty, ""},
        {"GET", "/_matrix/app/unstable/thirdparty/user/irc", Endpoint::thirdparty, ""},
        {"GET", prefix, Endpoint::unknown, ""},
        {"GET", prefix + "x/ping", Endpoint::unknown, ""},
        {"GET", prefix + prefix + "/users/a", Endpoint::unknown, ""},
        {"GET", "/", Endpoint::unknown, ""},
    };
    for (const RouteCase& c : cases) {
        const Route found = route(c.method, c.path);
        EXPECT_EQ(found.endpoint, c.endpoint) << c.method << " " << c.path;
        EXPECT_EQ(found.name, c.name) << c.path;
    }
}

}  // namespace
}  // namespace rollcall::matrix
