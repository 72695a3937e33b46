#include "bridges/http/front_check.h"

#include <gtest/gtest.h>

namespace rollcall::http {
namespace {

struct HeadCase {
    std::string what;
    std::string method;
    std::string target;
    Headers headers;
    int status;  // 0: let in
};

TEST(FrontCheck, lets_in_what_has_one_reading) {
    const std::pair<std::string, std::string> host{"Host", "h"};
    const std::vector<HeadCase> cases{
        {"plain", "GET", "/a?b=%00", {host}, 0},
        {"body", "PUT", "/a", {{"hOST", "h"}, {"content-length", "100"}}, 0},
        {"chunked", "PUT", "/a", {host, {"Transfer-Encoding", "Chunked"}}, 0},
        {"no host", "GET", "/a", {}, 400},
        {"empty host", "GET", "/a", {{"Host", ""}}, 400},
        {"two hosts", "GET", "/a", {host, {"HOST", "h"}}, 400},
        {"two lengths, alike", "PUT", "/a", {host, {"Content-Length", "1"}, {"content-length", "1"}}, 400},
        {"list of lengths", "PUT", "/a", {host, {"Content-Length", "1, 1"}}, 400},
        {"signed length", "PUT", "/a", {host, {"Content-Length", "+1"}}, 400},
        {"no length", "PUT", "/a", {host, {"Content-Length", ""}}, 400},
        {"length beside encoding",
         "PUT",
         "/a",
         {host, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
         400},
        {"other encoding", "PUT", "/a", {host, {"Transfer-Encoding", "gzip, chunked"}}, 400},
        {"two encodings",
         "PUT",
         "/a",
         {host, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "x"}},
         400},
        {"at the cap", "PUT", "/a", {host, {"Content-Length", "1000"}}, 0},
        {"past the cap", "PUT", "/a", {host, {"Content-Length", "1001"}}, 413},
        {"past any number", "PUT", "/a", {host, {"Content-Length", "99999999999999999999999"}}, 413},
        {"blank before the colon", "PUT", "/a", {host, {"Content-Length ", "1"}}, 400},
        {"control character", "PUT", "/a", {host, {"X", "a\rb"}}, 400},
        {"whole URL", "GET", "http://h/a", {host}, 400},
        {"no path", "OPTIONS", "*", {host}, 400},
        {"empty", "GET", "", {host}, 400},
        {"blank in it", "GET", "/a b", {host}, 400},
        {"bytes past ASCII", "GET", "/\xC3\xBC", {host}, 400},
        {"fragment", "GET", "/a#b", {host}, 400},
        {"method", "G(ET", "/a", {host}, 400},
    };
    for (const HeadCase& c : cases) {
        const auto refusal = front_check(c.method, c.target, c.headers, 1000);
        EXPECT_EQ(refusal ? refusal->status : 0, c.status) << c.what;
        EXPECT_TRUE(!refusal || !refusal->text.empty()) << c.what;
    }
}

}  // namespace
}  // namespace rollcall::http
