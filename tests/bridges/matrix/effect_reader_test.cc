#include "bridges/matrix/effect_reader.h"

#include <gtest/gtest.h>

#include "tests/bridges/matrix/error_body.h"

namespace rollcall::matrix {
namespace {

const std::string kNotInRoom = error_body("M_FORBIDDEN", "User @a:hs not in room !r:hs");
const std::string kNobody =
    error_body("M_FORBIDDEN", "Application service has not registered this user (@a:hs)");
const std::string kNotCovered =
    error_body("M_FORBIDDEN", "Application service cannot masquerade as this user");

TEST(Effect, the_past_is_gone_only_where_the_homeserver_says_no) {
    EXPECT_EQ(read_past(answer(403, kNotInRoom)).value(), Past::gone);
    EXPECT_EQ(read_past(answer(403, kNobody)).value(), Past::gone);
    for (const char* out : {"leave", "ban"})
        EXPECT_EQ(read_past(answer(200, std::string(R"({"membership":")") + out + "\"}")).value(),
                  Past::readable);
    for (const char* in : {"join", "invite", "knock"})
        EXPECT_EQ(read_past(answer(200, std::string(R"({"membership":")") + in + "\"}")).value(),
                  Past::inside);
    EXPECT_EQ(read_past(answer(404, error_body("M_NOT_FOUND", "Event not found."))).value(), Past::readable);
}

TEST(Effect, nothing_is_concluded_from_what_is_no_answer) {
    for (const http::Response& response :
         {answer(403, kNotCovered), answer(403, "<html>Forbidden</html>"), answer(404, "<html>"),
          answer(200, "<html>"), answer(200, ""), answer(200, "[]"), answer(200, "{}"), answer(500, ""),
          answer(429, error_body("M_LIMIT_EXCEEDED", "slow")),
          answer(401, error_body("M_UNKNOWN_TOKEN", "who"))})
        EXPECT_FALSE(read_past(response)) << response.status << response.body;
}

TEST(Effect, sessions_are_counted) {
    EXPECT_EQ(read_devices(answer(200, R"({"devices":[]})")).value(), std::optional<std::size_t>(0));
    EXPECT_EQ(read_devices(answer(200, R"({"devices":[{"device_id":"A"},{"device_id":"B"}]})")).value(),
              std::optional<std::size_t>(2));
    EXPECT_EQ(read_devices(answer(403, kNobody)).value(), std::optional<std::size_t>(0));
    EXPECT_EQ(read_devices(answer(404, error_body("M_UNRECOGNIZED", "no"))).value(), std::nullopt);
    for (const http::Response& response :
         {answer(200, "<html>"), answer(200, ""), answer(200, "{}"), answer(200, R"({"devices":{}})"),
          answer(502, ""), answer(403, "<html>"), answer(403, kNotCovered)})
        EXPECT_FALSE(read_devices(response)) << response.status << response.body;
}

TEST(Effect, a_piece_of_state_is_known_by_its_event) {
    EXPECT_EQ(read_event_id(answer(200, R"({"event_id":"$e","content":{}})")).value(), "$e");
    EXPECT_EQ(read_sender(answer(200, R"({"event_id":"$e","sender":"@a:hs","content":{}})")).value(),
              "@a:hs");
    EXPECT_FALSE(read_sender(answer(200, R"({"event_id":"$e","content":{}})"))) << "whose it is was not said";
    EXPECT_EQ(read_event_id(answer(404, error_body("M_NOT_FOUND", "Event not found."))).value(), "");
    for (const http::Response& response :
         {answer(200, "{}"), answer(200, "<html>"), answer(404, ""), answer(403, kNotInRoom)})
        EXPECT_FALSE(read_event_id(response)) << response.status << response.body;
}

}  // namespace
}  // namespace rollcall::matrix
