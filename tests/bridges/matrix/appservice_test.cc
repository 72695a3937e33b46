#include "bridges/matrix/appservice.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "bridges/http/client.h"
#include "tests/share.h"

namespace rollcall::matrix {
namespace {

const std::string kMessage =
    R"({"type":"m.room.message","room_id":"!r","event_id":"$m","sender":"@a:hs","origin_server_ts":1,"content":{}})";
const std::string kMember =
    R"({"type":"m.room.member","room_id":"!r","event_id":"$j","sender":"@a:hs","state_key":"@a:hs",)"
    R"("origin_server_ts":2,"content":{"membership":"join"}})";

class AppserviceTest : public testing::Test {
  protected:
    void start(TransactionSink sink, RefusedSink refused = {}) {
        auto appservice =
            Appservice::start({"127.0.0.1", 0, "secret"}, std::move(sink), {}, std::move(refused));
        ASSERT_TRUE(appservice) << appservice.error().text();
        appservice_ = std::move(*appservice);
    }
    void start_refusing() {
        start([](Transaction, Answer) { FAIL() << "no transaction was expected"; });
    }
    std::future<http::Response> send(const std::string& method, const std::string& path,
                                     const std::string& body,
                                     const std::string& authorization = "Bearer secret") {
        http::Request request;
        request.method = method;
        request.deadline = std::chrono::minutes{10};  // as long as a busy machine needs
        request.url = "http://127.0.0.1:" + std::to_string(appservice_->port()) + path;
        request.body = body;
        if (!authorization.empty()) request.headers = {{"Authorization", authorization}};
        auto promise = std::make_shared<std::promise<http::Response>>();
        auto future = promise->get_future();
        client_.send(request, [promise](http::Response r) { promise->set_value(std::move(r)); });
        return future;
    }
    void expect(const std::string& method, const std::string& path, int status, const std::string& code,
                const std::string& body = "", const std::string& authorization = "Bearer secret") {
        const http::Response response = send(method, path, body, authorization).get();
        EXPECT_EQ(response.status, status) << method << " " << path << " " << response.text;
        EXPECT_NE(response.body.find("\"errcode\":\"" + code + "\""), std::string::npos) << response.body;
    }

    std::unique_ptr<Appservice> appservice_;
    http::Client client_;
};

const std::string kTransaction = "/_matrix/app/v1/transactions/t%2F1";

TEST_F(AppserviceTest, hands_over_facts_and_answers_when_they_are_durable) {
    std::promise<std::pair<Transaction, Answer>> taken;
    start([&](Transaction t, Answer a) { taken.set_value({std::move(t), std::move(a)}); });
    auto response =
        send("PUT", kTransaction, "{\"events\":[" + kMessage + ",17," + kMember + "],\"ephemeral\":[{}]}");
    auto [transaction, answer] = taken.get_future().get();
    EXPECT_EQ(transaction.id, "t/1");
    EXPECT_EQ(transaction.unusable, 1U);
    ASSERT_EQ(transaction.events.size(), 2U);
    EXPECT_EQ(transaction.events[0].event, "$m");
    EXPECT_EQ(std::get<policy::MemberContent>(transaction.events[1].content).user, "@a:hs");
    std::thread engine([&] { answer.durable(); });
    const http::Response done = response.get();
    engine.join();
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(done.body, "{}");
}

TEST_F(AppserviceTest, has_it_sent_again_when_it_failed_or_was_forgotten) {
    start([](Transaction transaction, Answer answer) {
        if (transaction.id == "failed") answer.failed();
    });
    EXPECT_EQ(send("PUT", "/transactions/failed", "{\"events\":[]}").get().status, 503);
    EXPECT_EQ(send("PUT", "/transactions/dropped", "{\"events\":[]}").get().status, 503);
}

TEST_F(AppserviceTest, lets_nobody_in_without_the_token) {
    start_refusing();
    expect("PUT", kTransaction, 401, "M_MISSING_TOKEN", "{\"events\":[]}", "");
    expect("PUT", kTransaction, 401, "M_MISSING_TOKEN", "{\"events\":[]}", "Basic secret");
    expect("PUT", kTransaction + "?access_token=secret", 401, "M_MISSING_TOKEN", "{\"events\":[]}", "");
    for (const char* wrong : {"Bearer secre", "Bearer secret2", "Bearer Secret", "Bearer x"})
        expect("PUT", kTransaction, 403, "M_FORBIDDEN", "{\"events\":[]}", wrong);
    expect("GET", "/nowhere", 401, "M_MISSING_TOKEN", "", "");
    EXPECT_EQ(send("POST", "/_matrix/app/v1/ping", "{}", "bearer secret").get().status, 200);
}

TEST_F(AppserviceTest, answers_what_is_asked_besides) {
    start_refusing();
    EXPECT_EQ(send("POST", "/_matrix/app/v1/ping", "{\"transaction_id\":\"x\"}").get().body, "{}");
    expect("GET", "/_matrix/app/v1/users/%40_rollcall_x%3Ahs", 404, "M_NOT_FOUND");
    expect("GET", "/users/%40_rollcall_x%3Ahs", 404, "M_NOT_FOUND");
    expect("GET", "/_matrix/app/v1/rooms/%23x%3Ahs", 404, "M_NOT_FOUND");
    expect("GET", "/_matrix/app/v1/thirdparty/protocol/irc", 404, "M_NOT_FOUND");
    expect("GET", "/_matrix/app/v1/nothing", 404, "M_UNRECOGNIZED");
    expect("POST", kTransaction, 405, "M_UNRECOGNIZED", "{}");
}

TEST_F(AppserviceTest, refuses_what_is_no_transaction) {
    start_refusing();
    expect("PUT", kTransaction, 400, "M_NOT_JSON", "{\"events\":[");
    expect("PUT", kTransaction, 400, "M_NOT_JSON", "");
    expect("PUT", kTransaction, 400, "M_BAD_JSON", "{}");
    expect("PUT", kTransaction, 400, "M_BAD_JSON", "{\"events\":{}}");
    expect("PUT", kTransaction, 400, "M_BAD_JSON", "[]");
    expect("PUT", "/transactions/" + std::string(256, 'x'), 400, "M_INVALID_PARAM", "{\"events\":[]}");
}

// What anyone may write into a room must not stop the rest: Synapse passes on a message nested 100 deep.
TEST_F(AppserviceTest, is_not_stopped_by_one_hostile_event) {
    std::promise<Transaction> taken;
    start([&](Transaction t, Answer a) {
        a.durable();
        taken.set_value(std::move(t));
    });
    std::string hostile = kMessage;
    hostile.replace(hostile.find("{}"), 2,
                    "{\"x\":" + std::string(30000, '[') + std::string(30000, ']') + "}");
    EXPECT_EQ(send("PUT", kTransaction, "{\"events\":[" + hostile + "," + kMember + "]}").get().status, 200);
    EXPECT_EQ(taken.get_future().get().events.size(), 2U);
}

// Whoever invites the bot into rooms whose settings are as large as they may be chooses half a megabyte of
// the transaction each time; of a hundred Synapse makes one.
TEST_F(AppserviceTest, takes_the_largest_transaction_that_outsiders_can_bring_about) {
    std::promise<Transaction> taken;
    start([&](Transaction t, Answer a) {
        a.durable();
        taken.set_value(std::move(t));
    });
    std::string state;
    for (int i = 0; i < 8; ++i)
        state +=
            (i == 0 ? "" : ",") + ("{\"type\":\"m.room.name\",\"state_key\":\"\",\"content\":{\"name\":\"" +
                                   std::string(64000, 'x') + "\"}}");
    std::string invitation = kMember;
    invitation.replace(invitation.rfind('}'), 1, ",\"unsigned\":{\"invite_room_state\":[" + state + "]}}");
    // A sanitizer reads so much in minutes: some of it then.
    const std::size_t count = test::one_in() == 1 ? 100 : 36;
    std::string events = invitation;
    for (std::size_t i = 1; i < count; ++i) events += "," + invitation;
    ASSERT_GT(events.size(), count * 500'000);
    EXPECT_EQ(send("PUT", kTransaction, "{\"events\":[" + events + "]}").get().status, 200);
    const Transaction transaction = taken.get_future().get();
    EXPECT_EQ(transaction.events.size(), count);
    EXPECT_EQ(std::get<policy::MemberContent>(transaction.events[0].content).membership,
              policy::MembershipState::join);
}

// What is refused for good is said: nothing comes after it.
TEST_F(AppserviceTest, refuses_a_body_over_its_limit_and_says_so) {
    std::vector<std::string> refused;
    start([](Transaction, Answer) { FAIL() << "no transaction was expected"; },
          [&](std::string why) { refused.push_back(std::move(why)); });
    const std::string large((128U << 20U) + 1, 'x');
    // The connection is closed on the body; whether the answer is still read is up to chance.
    const http::Response response = send("PUT", kTransaction, large).get();
    EXPECT_TRUE(response.status == 413 || response.failure == http::Failure::torn) << response.text;
    const http::Response stranger = send("PUT", kTransaction, large, "Bearer other").get();
    EXPECT_TRUE(stranger.status == 403 || stranger.failure == http::Failure::torn) << stranger.text;
    expect("PUT", kTransaction, 400, "M_NOT_JSON", "{\"events\":");
    ASSERT_EQ(refused.size(), 2U);
    EXPECT_EQ(refused[0], "it has more than 128 MiB");
    EXPECT_NE(refused[1].find("JSON"), std::string::npos) << refused[1];
}

TEST_F(AppserviceTest, answers_an_open_transaction_when_it_ends) {
    std::promise<Answer> taken;
    start([&](Transaction, Answer a) { taken.set_value(std::move(a)); });
    auto response = send("PUT", kTransaction, "{\"events\":[]}");
    Answer answer = taken.get_future().get();
    appservice_.reset();
    EXPECT_EQ(response.get().status, 503);
    answer.durable();
}

TEST(Appservice, wants_a_token) {
    EXPECT_FALSE(Appservice::start({"127.0.0.1", 0, ""}, [](Transaction, Answer) {}));
}

}  // namespace
}  // namespace rollcall::matrix
