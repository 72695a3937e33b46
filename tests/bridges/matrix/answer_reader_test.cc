#include "bridges/matrix/answer_reader.h"

#include <gtest/gtest.h>

#include "tests/bridges/matrix/error_body.h"

namespace rollcall::matrix {
namespace {

using Texts = std::vector<std::string>;

const http::Response kTorn{.failure = http::Failure::torn, .text = "broke off"};
const http::Response kLarge{
    .status = 200, .failure = http::Failure::too_large, .text = "larger than allowed"};
const std::string kNoAccount =
    error_body("M_FORBIDDEN", "Application service has not registered this user (@a:hs)");
const std::string kNotFound = error_body("M_NOT_FOUND", "Event not found.");

std::string member(const std::string& user, const std::string& membership) {
    return R"({"type":"m.room.member","room_id":"!r","event_id":"$)" + membership +
           R"(","sender":"@x:hs","state_key":")" + user +
           R"(","origin_server_ts":5,"content":{"membership":")" + membership + "\"}}";
}

TEST(ReadJoinedRooms, sorts_and_refuses_what_is_not_whole) {
    EXPECT_EQ(*read_joined_rooms(answer(200, R"({"joined_rooms":["!b","!a"]})")), (Texts{"!a", "!b"}));
    EXPECT_EQ(*read_joined_rooms(answer(200, R"({"joined_rooms":[]})")), Texts{});
    for (const char* bad : {"{}", R"({"joined_rooms":["!a",1]})", R"({"joined_rooms":["!a")", "", "[]"})
        EXPECT_EQ(read_joined_rooms(answer(200, bad)).error().kind, ErrorKind::conflict) << bad;
    EXPECT_EQ(read_joined_rooms(answer(403, kNoAccount)).error().kind, ErrorKind::denied);
    EXPECT_EQ(read_joined_rooms(answer(500, "")).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(read_joined_rooms(answer(502, "<html>")).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(read_joined_rooms(kTorn).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(read_joined_rooms(kLarge).error().kind, ErrorKind::limit);
}

TEST(ReadInvitations, finds_rooms_whatever_their_state_holds) {
    EXPECT_EQ(*read_invitations(answer(200, R"({"next_batch":"s"})")), Texts{});
    EXPECT_EQ(*read_invitations(answer(200, R"({"next_batch":"s","rooms":{"join":{"!j":{}}}})")), Texts{});
    EXPECT_EQ(*read_invitations(
                  answer(200, R"({"next_batch":"s","rooms":{"knock":{"!k":{}},"invite":{"!i":{}}}})")),
              (Texts{"!i", "!k"}));
    const std::string deep = std::string(5000, '[') + std::string(5000, ']');
    EXPECT_EQ(*read_invitations(answer(200, R"({"rooms":{"invite":{"!b":{},"!a":{"invite_state":)" + deep +
                                                R"(}}},"next_batch":"s"})")),
              (Texts{"!a", "!b"}));
    for (const char* bad : {"{}", "[]", "", R"({"next_batch":"s","rooms":[]})"})
        EXPECT_FALSE(read_invitations(answer(200, bad))) << bad;
}

TEST(ReadRoom, holds_state_only_while_the_bot_is_joined) {
    const auto read = [](const http::Response& response) { return read_room("!r", "@bot:hs", response); };
    const auto inside =
        read(answer(200, "[" + member("@bot:hs", "join") + "," + member("@a:hs", "invite") + "]"));
    ASSERT_TRUE(inside) << inside.error().text();
    EXPECT_TRUE(inside->joined);
    ASSERT_EQ(inside->state.size(), 2U);
    EXPECT_EQ(std::get<policy::MemberContent>(inside->state[1].content).membership,
              policy::MembershipState::invite);

    // Synapse answers 200 with the state of the moment at which the bot left.
    const auto left =
        read(answer(200, "[" + member("@bot:hs", "leave") + "," + member("@a:hs", "join") + "]"));
    ASSERT_TRUE(left);
    EXPECT_FALSE(left->joined);
    EXPECT_TRUE(left->state.empty());

    const auto outside = read(answer(403, error_body("M_FORBIDDEN", "not in room")));
    ASSERT_TRUE(outside);
    EXPECT_FALSE(outside->joined);
    EXPECT_EQ(outside->room, "!r");

    const auto unknown = read(answer(404, kNotFound));
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(unknown->joined);
    // Something in between, or the homeserver about our registration, says nothing about the room.
    EXPECT_EQ(read(answer(403, "a proxy says no")).error().kind, ErrorKind::conflict);
    EXPECT_EQ(read(answer(404, "<html>")).error().kind, ErrorKind::conflict);
    EXPECT_EQ(read(answer(404, error_body("M_UNRECOGNIZED", "x"))).error().kind, ErrorKind::not_found);
    EXPECT_EQ(read(answer(429, error_body("M_LIMIT_EXCEEDED", "x"))).error().kind, ErrorKind::conflict);
    EXPECT_EQ(read(answer(502, "<html>")).error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(
        read(answer(403, error_body("M_FORBIDDEN", "Application service has not registered this user"))));
    EXPECT_FALSE(
        read(answer(403, error_body("M_FORBIDDEN", "Application service cannot masquerade as this user"))));
    EXPECT_EQ(read(answer(403, error_body("M_USER_SUSPENDED", "x"))).error().kind, ErrorKind::denied);
    const auto partly = read(answer(200, "[" + member("@bot:hs", "join") + ",{}]"));
    ASSERT_TRUE(partly) << "one element loses itself alone";
    EXPECT_TRUE(partly->joined);
    EXPECT_EQ(partly->state.size(), 1U);
    EXPECT_EQ(partly->unreadable.size(), 1U);
    for (const char* none : {"{}", "", "<html>Maintenance</html>", "[", "null", "[]"})
        EXPECT_EQ(read(answer(200, none)).error().kind, ErrorKind::conflict) << none;
    EXPECT_EQ(read(answer(200, "[" + member("@a:hs", "join") + "]")).error().kind, ErrorKind::conflict)
        << "nothing is said of the bot";
    EXPECT_EQ(read(answer(200, "[" + member("@bot:hs", "here") + "]")).error().kind, ErrorKind::conflict);
    EXPECT_EQ(read(kLarge).error().kind, ErrorKind::limit);
}

TEST(ReadMember, tells_none_from_unknown) {
    const auto found = read_member(answer(200, member("@a:hs", "ban")));
    ASSERT_TRUE(found);
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->event, "$ban");
    const auto none = read_member(answer(404, kNotFound));
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    EXPECT_FALSE(read_member(answer(404, "<html>")));
    EXPECT_FALSE(read_member(answer(403, error_body("M_FORBIDDEN", "not in room"))));
    EXPECT_FALSE(read_member(answer(200, "{}")));
}

TEST(ReadAlias, tells_none_from_unknown) {
    EXPECT_EQ(**read_alias(answer(200, R"({"room_id":"!r","servers":["hs"]})")), "!r");
    const auto none = read_alias(answer(404, kNotFound));
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    EXPECT_FALSE(read_alias(answer(404, "<html>")));
    EXPECT_FALSE(read_alias(answer(200, "{}")));
}

TEST(ReadAccount, is_exact_or_an_error) {
    EXPECT_TRUE(*read_account(answer(200, R"({"user_id":"@a:hs"})")));
    EXPECT_FALSE(*read_account(answer(403, kNoAccount)));
    EXPECT_FALSE(*read_account(answer(404, error_body("M_UNKNOWN", "No row found (profiles)"))));
    EXPECT_FALSE(*read_account(answer(404, kNotFound)));
    EXPECT_FALSE(read_account(answer(404, error_body("M_UNRECOGNIZED", "x"))));
    EXPECT_EQ(read_account(answer(403, error_body("M_FORBIDDEN", "cannot masquerade"))).error().kind,
              ErrorKind::denied);
    EXPECT_EQ(read_account(kTorn).error().kind, ErrorKind::unavailable);
}

TEST(ReadWhoami, names_the_user) {
    EXPECT_EQ(*read_whoami(answer(200, R"({"user_id":"@a:hs"})")), "@a:hs");
    EXPECT_FALSE(read_whoami(answer(200, "{}")));
    const auto bad = read_whoami(answer(401, error_body("M_UNKNOWN_TOKEN", "Invalid")));
    EXPECT_EQ(bad.error().kind, ErrorKind::unavailable) << "it says nothing about what was asked";
    EXPECT_NE(bad.error().message.find("M_UNKNOWN_TOKEN"), std::string::npos);
}

TEST(ReadVersions, lists_them) {
    EXPECT_EQ(*read_versions(answer(200, R"({"versions":["v1.12","r0.6.1"]})")), (Texts{"v1.12", "r0.6.1"}));
    EXPECT_FALSE(read_versions(answer(200, R"({"versions":{}})")));
}

}  // namespace
}  // namespace rollcall::matrix
