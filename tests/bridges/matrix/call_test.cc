#include "bridges/matrix/call.h"

#include <gtest/gtest.h>

#include "bridges/matrix/access.h"

namespace rollcall::matrix {
namespace {

using policy::MembershipState;

const Access kAccess{"https://hs.example", "@rollcall:hs", "main-token", "mask-token"};
const std::string kRoom = "!r/o?o#m%:hs";
const std::string kRoomPath = "/_matrix/client/v3/rooms/%21r%2Fo%3Fo%23m%25%3Ahs/";
const std::string kAsBot = "user_id=%40rollcall%3Ahs";
const std::string kAsAlice = "user_id=%40alice%3Ahs";

json::Value content() {
    json::Value value;
    value.set("b", 1).set("a", "x");
    return value;
}

struct CallCase {
    Call call;
    Action action;
    std::string method;
    std::string target;  // after the base URL
    std::string body;
    std::string token;
};

TEST(Call, makes_the_request_that_the_specification_names) {
    const std::vector<CallCase> cases{
        {put_member(kRoom, "@alice:hs", MembershipState::invite, "", ""), Action::invite, "PUT",
         kRoomPath + "state/m.room.member/%40alice%3Ahs?" + kAsBot, R"({"membership":"invite"})",
         "main-token"},
        {put_member(kRoom, "@alice:hs", MembershipState::join, "", "@alice:hs"), Action::join, "PUT",
         kRoomPath + "state/m.room.member/%40alice%3Ahs?" + kAsAlice, R"({"membership":"join"})",
         "mask-token"},
        {put_member(kRoom, "@alice:hs", MembershipState::leave, "gone", "@alice:hs"), Action::leave, "PUT",
         kRoomPath + "state/m.room.member/%40alice%3Ahs?" + kAsAlice,
         R"({"membership":"leave","reason":"gone"})", "mask-token"},
        {put_member(kRoom, "@alice:hs", MembershipState::leave, "", ""), Action::kick, "PUT",
         kRoomPath + "state/m.room.member/%40alice%3Ahs?" + kAsBot, R"({"membership":"leave"})",
         "main-token"},
        {put_member(kRoom, "@rollcall:hs", MembershipState::join, "", "@rollcall:hs"), Action::join, "PUT",
         kRoomPath + "state/m.room.member/%40rollcall%3Ahs?" + kAsBot, R"({"membership":"join"})",
         "main-token"},
        {kick(kRoom, "@bob:far", "no \"longer\""), Action::kick, "POST", kRoomPath + "kick?" + kAsBot,
         R"({"reason":"no \"longer\"","user_id":"@bob:far"})", "main-token"},
        {forget(kRoom, "@alice:hs"), Action::forget, "POST", kRoomPath + "forget?" + kAsAlice, "{}",
         "mask-token"},
        {logout_all("@alice:hs"), Action::logout_all, "POST", "/_matrix/client/v3/logout/all?" + kAsAlice,
         "{}", "mask-token"},
        {put_state(kRoom, "m.room.topic", "", content()), Action::put_state, "PUT",
         kRoomPath + "state/m.room.topic/?" + kAsBot, R"({"a":"x","b":1})", "main-token"},
        {put_state(kRoom, "m.space.child", "!c/d", content()), Action::put_state, "PUT",
         kRoomPath + "state/m.space.child/%21c%2Fd?" + kAsBot, R"({"a":"x","b":1})", "main-token"},
        {put_state(kRoom, "org.x", "..", content()), Action::put_state, "PUT",
         kRoomPath + "state/org.x/%2E%2E?" + kAsBot, R"({"a":"x","b":1})", "main-token"},
        {create_room(content()), Action::create_room, "POST", "/_matrix/client/v3/createRoom?" + kAsBot,
         R"({"a":"x","b":1})", "main-token"},
        {send_message(kRoom, "t/1", content()), Action::send_message, "PUT",
         kRoomPath + "send/m.room.message/t%2F1?" + kAsBot, R"({"a":"x","b":1})", "main-token"},
        {put_alias("#a b:hs", kRoom), Action::put_alias, "PUT",
         "/_matrix/client/v3/directory/room/%23a%20b%3Ahs", R"({"room_id":"!r/o?o#m%:hs"})", "mask-token"},
        {delete_alias("#a:hs"), Action::delete_alias, "DELETE", "/_matrix/client/v3/directory/room/%23a%3Ahs",
         "", "mask-token"},
        {resolve_alias("#a:hs"), Action::read, "GET", "/_matrix/client/v3/directory/room/%23a%3Ahs?" + kAsBot,
         "", "main-token"},
        {joined_rooms("@alice:hs"), Action::read, "GET", "/_matrix/client/v3/joined_rooms?" + kAsAlice, "",
         "mask-token"},
        {joined_rooms(""), Action::read, "GET", "/_matrix/client/v3/joined_rooms?" + kAsBot, "",
         "main-token"},
        {room_state(kRoom), Action::read, "GET", kRoomPath + "state?" + kAsBot, "", "main-token"},
        {room_state(kRoom, "@alice:hs"), Action::read, "GET", kRoomPath + "state?" + kAsAlice, "",
         "mask-token"},
        {member_event(kRoom, "@alice:hs"), Action::read, "GET",
         kRoomPath + "state/m.room.member/%40alice%3Ahs?format=event&" + kAsBot, "", "main-token"},
        {profile("@alice:hs"), Action::read, "GET", "/_matrix/client/v3/profile/%40alice%3Ahs?" + kAsBot, "",
         "main-token"},
        {whoami("@alice:hs"), Action::read, "GET", "/_matrix/client/v3/account/whoami?" + kAsAlice, "",
         "mask-token"},
        {register_bot("rollcall"), Action::register_bot, "POST", "/_matrix/client/v3/register",
         R"({"inhibit_login":true,"type":"m.login.application_service","username":"rollcall"})",
         "main-token"},
        {set_displayname("@rollcall:hs", "Roll call"), Action::set_displayname, "PUT",
         "/_matrix/client/v3/profile/%40rollcall%3Ahs/displayname?" + kAsBot,
         R"({"displayname":"Roll call"})", "main-token"},
        {ping("my id", "t1"), Action::ping, "POST", "/_matrix/client/v1/appservice/my%20id/ping",
         R"({"transaction_id":"t1"})", "main-token"},
        {versions(), Action::read, "GET", "/_matrix/client/versions", "", "main-token"},
    };
    for (const CallCase& c : cases) {
        const auto request = to_request(c.call, kAccess);
        ASSERT_TRUE(request) << c.target;
        EXPECT_EQ(c.call.action, c.action) << c.target;
        EXPECT_EQ(request->method, c.method) << c.target;
        EXPECT_EQ(request->url, "https://hs.example" + c.target);
        EXPECT_EQ(request->body, c.body);
        ASSERT_FALSE(request->headers.empty());
        EXPECT_EQ(request->headers[0].second, "Bearer " + c.token) << c.target;
        EXPECT_EQ(request->url.find("token"), std::string::npos);
    }
}

TEST(Call, asks_a_sync_for_invitations_and_nothing_else) {
    const auto request = to_request(invitations("@alice:hs"), kAccess);
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->url.starts_with(
        "https://hs.example/_matrix/client/v3/sync?timeout=0&set_presence=offline&filter=%7B"));
    EXPECT_TRUE(request->url.ends_with(kAsAlice));
    const auto filter = http::decode_part(request->url.substr(request->url.find("%7B")));
    EXPECT_TRUE(filter->starts_with(R"({"account_data":{"types":[]},"presence":{"limit":)")) << *filter;
    EXPECT_NE(filter->find(R"("types":[]},"room":{"account_data":{"types":[]},"ephemeral":{"types":[]},)"
                           R"("state":{"types":[]},"timeline":{"limit":0,"types":[]}}})"),
              std::string::npos)
        << *filter;
}

TEST(Call, never_asks_the_same_first_sync_twice) {
    EXPECT_NE(invitations("@alice:hs").target, invitations("@alice:hs").target);
}

TEST(Call, cannot_act_as_a_user_without_the_mask) {
    Access access = kAccess;
    access.mask_token.clear();
    const auto request = to_request(forget(kRoom, "@alice:hs"), access);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().kind, ErrorKind::denied);
    EXPECT_NE(request.error().text().find("@alice:hs"), std::string::npos);
    const auto alias = to_request(put_alias("#a:hs", kRoom), access);
    ASSERT_TRUE(alias);
    EXPECT_EQ(alias->headers[0].second, "Bearer main-token");
    EXPECT_TRUE(alias->url.ends_with(kAsBot));
}

}  // namespace
}  // namespace rollcall::matrix
