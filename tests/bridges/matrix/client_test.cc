// The client against a homeserver of a few lines: what it asks, and what it makes of several answers
// together.

#include "bridges/matrix/client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <map>

#include "bridges/http/server.h"
#include "tests/bridges/matrix/error_body.h"

namespace rollcall::matrix {
namespace {

using Kind = Outcome::Kind;

class MatrixClient : public testing::Test {
  protected:
    MatrixClient() {
        auto server =
            http::Server::start({}, [this](http::IncomingRequest request, http::Responder responder) {
                const std::string line =
                    request.method + " " + request.path + " " + *request.header("Authorization");
                asked_.push_back(line + (request.query.empty() ? "" : " " + request.query));
                const auto found = answers_.find(request.method + " " + request.path);
                responder.answer(found == answers_.end() ? http::Reply{500, "{}", "application/json", {}}
                                                         : found->second);
            });
        EXPECT_TRUE(server);
        server_ = std::move(*server);
    }
    void when(const std::string& asked, int status, std::string body) {
        answers_[asked] = http::Reply{status, std::move(body), "application/json", {}};
    }
    Client client(std::string mask_token = "mask") {
        return {http_,
                {"http://127.0.0.1:" + std::to_string(server_->port()), "@bot:hs", "main",
                 std::move(mask_token)}};
    }
    Outcome perform(Client& client, const Call& call) {
        std::promise<Outcome> outcome;
        client.perform(call, [&](Outcome o) { outcome.set_value(std::move(o)); });
        return outcome.get_future().get();
    }
    Result<bool> account_exists(Client& client, std::string_view user) {
        std::promise<Result<bool>> found;
        client.account_exists(user, [&](Result<bool> f) { found.set_value(std::move(f)); });
        return found.get_future().get();
    }

    std::map<std::string, http::Reply> answers_;  // set before a request, read on the server's thread
    std::vector<std::string> asked_;
    std::unique_ptr<http::Server> server_;
    http::Client http_;
};

const std::string kAlias = "PUT /_matrix/client/v3/directory/room/%23a%3Ahs";
const std::string kResolve = "GET /_matrix/client/v3/directory/room/%23a%3Ahs";
const std::string kTaken = error_body("M_UNKNOWN", "Room alias #a:hs already exists");
const std::string kWhoami = "GET /_matrix/client/v3/account/whoami";
const std::string kProfile = "GET /_matrix/client/v3/profile/%40a%3Ahs";

TEST_F(MatrixClient, sends_a_call_with_its_token_and_user) {
    when("POST /_matrix/client/v3/rooms/%21r/forget", 200, "{}");
    Client c = client();
    EXPECT_EQ(perform(c, forget("!r", "@a:hs")).kind, Kind::done);
    EXPECT_EQ(asked_.back(), "POST /_matrix/client/v3/rooms/%21r/forget Bearer mask user_id=%40a%3Ahs");
}

TEST_F(MatrixClient, refuses_to_act_as_a_user_without_the_mask) {
    Client c = client("");
    const Outcome outcome = perform(c, forget("!r", "@a:hs"));
    EXPECT_EQ(outcome.kind, Kind::refused);
    EXPECT_NE(outcome.text.find("mask"), std::string::npos);
    EXPECT_TRUE(asked_.empty());
}

TEST_F(MatrixClient, finds_an_alias_already_so_only_where_it_leads_to_the_room) {
    when(kAlias, 409, kTaken);
    when(kResolve, 200, R"({"room_id":"!r"})");
    Client c = client();
    EXPECT_EQ(perform(c, put_alias("#a:hs", "!r")).kind, Kind::already_so);
    const Outcome other = perform(c, put_alias("#a:hs", "!other"));
    EXPECT_EQ(other.room_id, "!r") << "where it leads";
    EXPECT_EQ(other.kind, Kind::refused);
    EXPECT_NE(other.text.find("!r"), std::string::npos);
    when(kResolve, 404, error_body("M_NOT_FOUND", "no"));
    EXPECT_EQ(perform(c, put_alias("#a:hs", "!r")).kind, Kind::retry);
    when(kResolve, 500, "");
    EXPECT_EQ(perform(c, put_alias("#a:hs", "!r")).kind, Kind::retry);
}

TEST_F(MatrixClient, may_end_before_its_calls_do) {
    when(kAlias, 409, kTaken);
    when(kResolve, 200, R"({"room_id":"!r"})");
    std::promise<Outcome> outcome;
    client().perform(put_alias("#a:hs", "!r"), [&](Outcome o) { outcome.set_value(std::move(o)); });
    EXPECT_EQ(outcome.get_future().get().kind, Kind::already_so);
}

TEST_F(MatrixClient, asks_for_an_account_by_acting_as_it) {
    when(kWhoami, 200, R"({"user_id":"@a:hs"})");
    Client c = client();
    EXPECT_TRUE(*account_exists(c, "@a:hs"));
    when(kWhoami, 403, error_body("M_FORBIDDEN", "Application service has not registered this user (@a:hs)"));
    EXPECT_FALSE(*account_exists(c, "@a:hs"));
}

TEST_F(MatrixClient, asks_for_the_profile_of_whom_the_mask_leaves_out) {
    when(kWhoami, 403,
         error_body("M_FORBIDDEN", "Application service cannot masquerade as this user (@a:hs)."));
    when(kProfile, 200, "{}");
    Client c = client();
    EXPECT_TRUE(*account_exists(c, "@a:hs"));
    when(kProfile, 404, error_body("M_NOT_FOUND", "no"));
    EXPECT_FALSE(*account_exists(c, "@a:hs"));
    Client without = client("");
    EXPECT_FALSE(*account_exists(without, "@a:hs"));
    EXPECT_TRUE(asked_.back().ends_with("Bearer main user_id=%40bot%3Ahs"));
}

TEST_F(MatrixClient, reads_one_senders_messages_page_by_page) {
    const auto message = [](const char* sender, const char* type, const char* body) {
        return fmt::format(R"({{"type":"{}","sender":"{}","content":{{"body":"{}"}}}})", type, sender, body);
    };
    when("GET /_matrix/client/v3/rooms/%21r/messages", 200,
         R"({"chunk":[)" + message("@bot:hs", "m.room.message", "mine") + "," +
             message("@a:hs", "m.room.message", "theirs") + "," + message("@bot:hs", "m.reaction", "no") +
             R"(,7],"start":"t0","end":"t1"})");
    Client c = client();
    std::promise<Result<MessagePage>> promise;
    c.messages_of("!r", "@bot:hs", "t0",
                  [&](Result<MessagePage> page) { promise.set_value(std::move(page)); });
    const Result<MessagePage> page = promise.get_future().get();
    ASSERT_TRUE(page);
    ASSERT_EQ(page->contents.size(), 1U);
    EXPECT_EQ(page->contents[0]["body"].text(), "mine");
    EXPECT_EQ(page->next, "t1");
    EXPECT_NE(asked_.back().find("from=t0"), std::string::npos) << asked_.back();
}

TEST_F(MatrixClient, reads_rooms_and_members) {
    const std::string bot =
        R"({"type":"m.room.member","room_id":"!r","event_id":"$e","sender":"@bot:hs","state_key":"@bot:hs",)"
        R"("origin_server_ts":1,"content":{"membership":"join"}})";
    when("GET /_matrix/client/v3/rooms/%21r/state", 200, "[" + bot + "]");
    when("GET /_matrix/client/v3/rooms/%21r/state/m.room.member/%40bot%3Ahs", 200, bot);
    Client c = client();
    std::promise<Result<policy::RoomRead>> room;
    c.room_state("!r", "", [&](Result<policy::RoomRead> r) { room.set_value(std::move(r)); });
    const auto read = room.get_future().get();
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_TRUE(read->joined);
    EXPECT_EQ(read->seen_by, "");
    // In the name of somebody of whose own membership the state says nothing: it is no answer.
    std::promise<Result<policy::RoomRead>> as_them;
    c.room_state("!r", "@alice:hs", [&](Result<policy::RoomRead> r) { as_them.set_value(std::move(r)); });
    EXPECT_FALSE(as_them.get_future().get());
    const std::string alice =
        R"({"type":"m.room.member","room_id":"!r","event_id":"$a","sender":"@alice:hs","state_key":"@alice:hs",)"
        R"("origin_server_ts":1,"content":{"membership":"join"}})";
    when("GET /_matrix/client/v3/rooms/%21r/state", 200, "[" + alice + "]");
    std::promise<Result<policy::RoomRead>> as_member;
    c.room_state("!r", "@alice:hs", [&](Result<policy::RoomRead> r) { as_member.set_value(std::move(r)); });
    const auto seen = as_member.get_future().get();
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_TRUE(seen->joined);
    EXPECT_EQ(seen->seen_by, "@alice:hs");
    std::promise<Result<std::optional<policy::RoomEvent>>> member;
    c.member_event("!r", "@bot:hs", "",
                   [&](Result<std::optional<policy::RoomEvent>> m) { member.set_value(std::move(m)); });
    const auto event = member.get_future().get();
    ASSERT_TRUE(event && *event);
    EXPECT_EQ((*event)->event, "$e");
}

TEST_F(MatrixClient, reads_lists_and_names) {
    when("GET /_matrix/client/v3/joined_rooms", 200, R"({"joined_rooms":["!r"]})");
    when("GET /_matrix/client/v3/sync", 200, R"({"next_batch":"s","rooms":{"invite":{"!i":{}}}})");
    when("GET /_matrix/client/versions", 200, R"({"versions":["v1.12"]})");
    when(kWhoami, 200, R"({"user_id":"@bot:hs"})");
    when(kResolve, 200, R"({"room_id":"!r"})");
    Client c = client();
    using Texts = std::vector<std::string>;
    std::promise<Result<Texts>> joined;
    std::promise<Result<Texts>> invited;
    std::promise<Result<Texts>> versions;
    std::promise<Result<std::string>> whoami;
    std::promise<Result<std::optional<std::string>>> alias;
    c.joined_rooms("@a:hs", [&](Result<Texts> r) { joined.set_value(std::move(r)); });
    c.invitations("@a:hs", [&](Result<Texts> r) { invited.set_value(std::move(r)); });
    c.versions([&](Result<Texts> r) { versions.set_value(std::move(r)); });
    c.whoami("", [&](Result<std::string> r) { whoami.set_value(std::move(r)); });
    c.resolve_alias("#a:hs", [&](Result<std::optional<std::string>> r) { alias.set_value(std::move(r)); });
    EXPECT_EQ(*joined.get_future().get(), Texts{"!r"});
    EXPECT_EQ(*invited.get_future().get(), Texts{"!i"});
    EXPECT_EQ(*versions.get_future().get(), Texts{"v1.12"});
    EXPECT_EQ(*whoami.get_future().get(), "@bot:hs");
    EXPECT_EQ(**alias.get_future().get(), "!r");
}

}  // namespace
}  // namespace rollcall::matrix
