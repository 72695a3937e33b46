// daemon/anchors/anchor_room: what is sent to a homeserver, what is believed of what it answers.
#include "daemon/anchors/anchor_room.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>

#include "bridges/http/server.h"
#include "schema/json.h"

namespace rollcall::anchors::test {
namespace {

constexpr const char* kBot = "@rollcall:hs";
constexpr const char* kSend = "PUT /_matrix/client/v3/rooms/%21a/send/m.room.message/rollcall-checkpoint-7";

// One room: keeps what is sent, and shows it a page at a time, newest first.
class RoomTest : public testing::Test {
  protected:
    RoomTest() {
        server_ =
            std::move(*http::Server::start({}, [this](http::IncomingRequest request, http::Responder answer) {
                const std::lock_guard lock(mutex_);
                asked_.push_back(request.method + " " + request.path);
                if (said_) return answer.answer(*said_);
                http::Reply reply;
                if (request.method == "PUT") {
                    sent_[request.path] = json::parse(request.body).value();
                    reply.body = R"({"event_id":"$e"})";
                } else {
                    reply.body = page(request.query);
                }
                answer.answer(std::move(reply));
            }));
    }

    // Two events a page; the last page has no end.
    std::string page(const std::string& query) {
        const std::size_t from = query.find("from=");
        std::size_t at = from == std::string::npos ? 0 : std::stoul(query.substr(from + 5));
        json::Value out, chunk{json::Array{}};
        for (int i = 0; i < 2 && at < events_.size(); ++i) chunk.push(events_[at++]);
        out.set("chunk", std::move(chunk));
        if (at < events_.size() || endless_) out.set("end", std::to_string(at));
        return json::write(out);
    }
    static json::Value event(const char* sender, int size, const char* note,
                             const char* type = "m.room.message") {
        json::Value head, content, out;
        head.set("size", size).set("note", note);
        content.set("io.rollcall.checkpoint", std::move(head));
        out.set("type", type).set("sender", sender).set("content", std::move(content));
        return out;
    }
    void say(std::optional<http::Reply> reply) {
        const std::lock_guard lock(mutex_);
        said_ = std::move(reply);
    }
    std::vector<std::string> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    [[nodiscard]] std::unique_ptr<AnchorRoom> anchor(std::optional<std::string> room = "!a") const {
        return std::make_unique<AnchorRoom>(
            "room", "audit", [room] { return room; },
            matrix::Access{fmt::format("http://127.0.0.1:{}", server_->port()), kBot, "token", ""});
    }

    std::mutex mutex_;
    std::vector<json::Value> events_;  // newest first
    bool endless_ = false;
    std::optional<http::Reply> said_;
    std::map<std::string, json::Value> sent_;
    std::vector<std::string> asked_;
    std::unique_ptr<http::Server> server_;
};

TEST_F(RoomTest, AHeadIsANoticeWithATransactionOfItsOwn) {
    const auto one = anchor();
    ASSERT_TRUE(one->put(7, "note\n"));
    ASSERT_TRUE(one->put(7, "note\n"));
    EXPECT_EQ(asked(), (std::vector<std::string>{kSend, kSend}));
    const std::lock_guard lock(mutex_);
    const json::Value& content = sent_.begin()->second;
    EXPECT_EQ(content["msgtype"].text(), "m.notice");
    EXPECT_EQ(content["body"].text(), "note\n");
    EXPECT_EQ(content["io.rollcall.checkpoint"]["size"].integer_or(0), 7);
    EXPECT_EQ(content["io.rollcall.checkpoint"]["note"].text(), "note\n");
}

TEST_F(RoomTest, ARoomThatIsNotThereYetIsTriedAgainAndHoldsNothing) {
    const auto one = anchor(std::nullopt);
    const Status put = one->put(7, "note");
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().kind, ErrorKind::unavailable);
    EXPECT_NE(put.error().message.find("is not there yet"), std::string::npos);
    EXPECT_EQ(one->newest().value().has_value(), false);
    EXPECT_TRUE(asked().empty());
}

TEST_F(RoomTest, OnlyWhatTheBotSentIsReadBack) {
    events_ = {event("@mallory:hs", 9, "forged"), event(kBot, 9, "a state", "io.rollcall.checkpoint"),
               event("@rollcall:elsewhere", 9, "forged"), event(kBot, 8, "newest"), event(kBot, 4, "older")};
    json::Value redacted;
    redacted.set("type", "m.room.message").set("sender", kBot).set("content", json::Object{});
    redacted.set("event_id", "$gone");
    events_.insert(events_.begin(), std::move(redacted));
    const auto one = anchor();
    const auto newest = one->newest();
    ASSERT_TRUE(newest && *newest);
    EXPECT_EQ((*newest)->note, "newest");
    EXPECT_EQ((*newest)->name, "the room audit (checkpoint of 8)");
    const auto all = one->all().value();
    ASSERT_EQ(all.heads.size(), 2U);
    EXPECT_EQ(all.heads[0].note, "older");
    EXPECT_EQ(all.heads[1].note, "newest");
    EXPECT_TRUE(all.whole);
    EXPECT_EQ(all.taken_away,
              std::vector<std::string>{
                  "a message of the bot there was redacted, so that a checkpoint may be gone: $gone"});
}

// Others' messages may be taken away; of the bot's it is told by whom.
TEST_F(RoomTest, WhoTookAMessageOfTheBotAwayIsTold) {
    json::Value theirs = event("@mallory:hs", 9, "x"), ours = event(kBot, 9, "x"), unsigned_part, because;
    because.set("sender", "@amy:hs");
    unsigned_part.set("redacted_because", std::move(because));
    theirs.set("content", json::Object{}).set("unsigned", unsigned_part);
    ours.set("content", json::Object{}).set("unsigned", unsigned_part).set("event_id", "$e");
    events_ = {theirs, ours};
    const auto all = anchor()->all().value();
    EXPECT_TRUE(all.heads.empty());
    EXPECT_EQ(
        all.taken_away,
        std::vector<std::string>{
            "a message of the bot there was redacted by @amy:hs, so that a checkpoint may be gone: $e"});
}

TEST_F(RoomTest, TheNewestIsTheOneOfTheMostEntriesWhateverWasSentLast) {
    const std::string hash = "\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 log AAAAAAA=\n";
    const std::string old = "log\n4" + hash, newer = "log\n80" + hash;
    events_ = {event(kBot, 99, old.c_str()), event(kBot, 80, newer.c_str()), event(kBot, 4, old.c_str())};
    EXPECT_EQ((*anchor()->newest())->note, newer);
}

TEST_F(RoomTest, AHomeserverThatGoesOnForEverIsNotReadForEver) {
    endless_ = true;
    EXPECT_EQ(anchor()->newest().value().has_value(), false);
    EXPECT_EQ(asked().size(), 10U);
}

TEST_F(RoomTest, WhatCannotBeReadIsNoEmptyRoom) {
    http::Reply reply;
    const auto one = anchor();
    for (const auto& [status, body] :
         {std::pair(500, ""), std::pair(403, R"({"errcode":"M_FORBIDDEN","error":"no"})"),
          std::pair(200, "{}"), std::pair(200, R"({"chunk":7})"), std::pair(200, "<html>")}) {
        reply.status = status;
        reply.body = body;
        say(reply);
        EXPECT_FALSE(one->newest()) << body;
        EXPECT_FALSE(one->all()) << body;
    }
}

TEST_F(RoomTest, AHomeserverThatWantsUsToWaitIsNotAskedMeanwhile) {
    http::Reply reply;
    reply.status = 429;
    reply.body = R"({"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":600000})";
    say(reply);
    const auto one = anchor();
    EXPECT_EQ(one->put(7, "note").error().kind, ErrorKind::unavailable);
    say(std::nullopt);
    EXPECT_EQ(one->put(7, "note").error().kind, ErrorKind::unavailable);
    EXPECT_EQ(asked().size(), 1U);
}

TEST_F(RoomTest, ARefusalIsToldInTheHomeserversWords) {
    http::Reply reply;
    reply.status = 403;
    reply.body = R"({"errcode":"M_FORBIDDEN","error":"User @rollcall:hs not in room !a"})";
    say(reply);
    const Status put = anchor()->put(7, "note");
    ASSERT_FALSE(put);
    EXPECT_NE(put.error().message.find("not in room !a"), std::string::npos) << put.error().message;
}

}  // namespace
}  // namespace rollcall::anchors::test
