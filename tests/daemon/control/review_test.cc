// Reviews that owners sign off by a reaction in Matrix, on the simulated servers: what counts, what does not,
// and what a crash leaves of it.
#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "daemon/control/audit_question.h"
#include "daemon/control/review_asking.h"
#include "daemon/control/review_reader.h"
#include "tests/daemon/control/daemon.h"
#include "tests/share.h"
#include "tests/wait.h"

namespace rollcall::control {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kYes = "\u2705";

class Review : public testing::Test {
  protected:
    Review()
        : daemon([this](sim::Simulation& sim) {
              for (const char* name : {"daemon", "olga", "otto", "ben", "cas"}) {
                  sim.directory.content.person(name, {"Staff"});
                  sim.homeserver.add_account(id(name));
              }
              sim.directory.content.group("Auditors");
              sim.directory.content.join("Auditors", "daemon");
              sim.directory.content.group("Team");
              sim.directory.content.group("TeamLeads");
              for (const char* name : {"olga", "otto", "ben"}) sim.directory.content.join("Team", name);
              sim.directory.content.join("TeamLeads", "olga");
              sim.rules.push_back({.key = "team", .members = "Team", .owners = "TeamLeads"});
              sim.settings.read_review = [this](const std::string& room) { to_read.push_back(room); };
          }) {}

    [[nodiscard]] static std::string id(const std::string& login) { return sim::Simulation::id_of(login); }
    json::Value ask_as(const schema::TrailCaller& caller, const std::string& command,
                       const std::string& args) {
        return daemon.ask_as(caller, "audit." + command, *json::parse(args));
    }
    // The owners of the room are asked, and have the message before them.
    json::Value ask_owners(const std::string& room = "team") {
        const json::Value answer =
            ask_as(auditor, "ask", R"({"room":")" + room + R"(","reason":"Q1 review"})");
        EXPECT_EQ(answer["exit"].integer_or(-1), 0) << json::write(answer);
        daemon.sim.run_for(minutes{1});
        for (const char* login : {"olga", "otto"}) {
            if (const std::string direct = direct_room(login); !direct.empty())
                daemon.sim.homeserver.join(direct, id(login));
        }
        daemon.sim.run_for(seconds{10});
        return answer["result"];
    }
    [[nodiscard]] std::string direct_room(const std::string& login) const {
        for (const auto& [room, what] : daemon.sim.homeserver.rooms)
            if (what.direct &&
                daemon.sim.homeserver.membership(room, id(login)) != policy::MembershipState::none)
                return room;
        return {};
    }
    // What the bot wrote to them, and the event of its last message.
    [[nodiscard]] std::vector<std::string> told(const std::string& login) const {
        std::vector<std::string> out;
        if (const std::string direct = direct_room(login); !direct.empty())
            for (const auto& [marker, text] : daemon.sim.homeserver.rooms.at(direct).messages)
                out.push_back(text);
        return out;
    }
    [[nodiscard]] std::string last_message(const std::string& login) const {
        const sim::FakeRoom& room = daemon.sim.homeserver.rooms.at(direct_room(login));
        return room.message_events.at(room.messages.back().first);
    }
    std::string react(const std::string& login, const std::string& event, const std::string& key = kYes) {
        return daemon.sim.homeserver.react(direct_room(login), id(login), event, key);
    }
    // As the reader's thread does it, until nothing waits.
    void settle() {
        daemon.sim.run_for(seconds{10});
        while (!to_read.empty()) {
            const std::string room = to_read.front();
            to_read.erase(to_read.begin());
            ++readings;
            static_cast<void>(daemon.sim.command([&](engine::Engine& engine) {
                TrailReading reading(engine.store());
                answer_reactions(engine, config, room, review_history(reading, room, engine.world().bot));
            }));
            daemon.sim.run_for(seconds{10});
        }
    }
    [[nodiscard]] json::Array entries(const std::string& action) {
        const json::Value list =
            daemon.ask(R"({"command":"audit.list","args":{"action":")" + action + R"("}})");
        return *list["result"]["entries"].array();
    }
    [[nodiscard]] json::Value review() {
        return daemon.ask(R"({"command":"audit.review","args":{"room":"team"}})")["result"]["rooms"]
            .array()
            ->at(0);
    }
    [[nodiscard]] json::Value waiting() { return daemon.ask(R"({"command":"status"})")["result"]["reviews"]; }
    [[nodiscard]] std::int64_t rooms_waiting() { return waiting()["waiting"].integer_or(-1); }

    static schema::Config settings() {
        schema::Config made;
        made.auditors = "Auditors";
        return made;
    }
    const schema::Config config = settings();
    std::vector<std::string> to_read;
    std::size_t readings = 0;
    bool slow = true;
    Daemon daemon;
    const schema::TrailCaller auditor{1, 1, "daemon"}, root{0, -1, "root"};
};

TEST_F(Review, AnOwnersReactionSignsItOffOnRecord) {
    const json::Value asked = ask_owners();
    EXPECT_EQ(json::write(asked["asked"].array()->at(0)["owners"]), R"(["@olga:corp.example"])");
    ASSERT_EQ(told("olga").size(), 1U);
    const std::string shown = told("olga").front();
    for (const char* word :
         {"team", "3 people", "olga (owner)", "ben", "group Team", "react to this message"})
        EXPECT_NE(shown.find(word), std::string::npos) << word << "\n" << shown;
    EXPECT_EQ(shown.find("rollcall:"), std::string::npos) << "the bot is nobody to review\n" << shown;
    EXPECT_TRUE(told("otto").empty()) << "no owner";
    EXPECT_EQ(rooms_waiting(), 1);
    EXPECT_EQ(review()["asked"].array()->at(0)["user"].text(), id("olga"));
    ASSERT_EQ(entries("ask sign-off").size(), 1U);
    EXPECT_EQ(entries("ask sign-off")[0]["caller"]["text"].text(), "daemon");
    EXPECT_EQ(entries("ask sign-off")[0]["reason"].text(), "Q1 review");

    const std::string reaction = react("olga", last_message("olga"));
    settle();
    const json::Array signed_off = entries("sign-off");
    ASSERT_EQ(signed_off.size(), 1U);
    const json::Value& entry = signed_off[0];
    EXPECT_EQ(entry["user"].text(), id("olga"));
    EXPECT_EQ(entry["person"].text(), daemon.sim.directory.content.people.at("olga").guid.text());
    EXPECT_EQ(entry["sender"].text(), id("olga"));
    EXPECT_EQ(entry["source"].text(), "event");
    EXPECT_EQ(entry["event"].text(), reaction);
    EXPECT_FALSE(entry["event_time"].is_null());
    EXPECT_EQ(entry["review"].text(), asked["asked"].array()->at(0)["hash"].text());
    EXPECT_TRUE(entry["caller"].is_null());
    ASSERT_EQ(told("olga").size(), 2U);
    EXPECT_NE(told("olga")[1].find("entry " + std::to_string(entry["index"].integer_or(0))),
              std::string::npos)
        << told("olga")[1];
    const json::Value now = review();
    EXPECT_EQ(now["signed_off"]["by"].text(), id("olga"));
    EXPECT_EQ(now["signed_off"]["way"].text(), "reaction");
    EXPECT_TRUE(now["signed_off"]["unchanged"].boolean_or(false));
    EXPECT_TRUE(now["asked"].is_null());
    EXPECT_EQ(rooms_waiting(), 0);

    react("olga", last_message("olga"));
    react("olga", entry["event"].text());
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U) << "a second one signs nothing";
}

TEST_F(Review, OnlyTheCheckMarkSigns) {
    ask_owners();
    const std::string message = last_message("olga");
    for (const char* other : {"\U0001F44D", "\u274C", "\u2611\uFE0F", "\u2714\uFE0F", "yes", "", "\uFE0F",
                              "\u2705\u2705", "\u2705\uFE0F\uFE0F", " \u2705"})
        react("olga", message, other);
    settle();
    EXPECT_EQ(readings, 0U);
    react("olga", message, "\u2705\uFE0F");
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U) << "as clients send it";
}

TEST_F(Review, WhatOthersReactToDecidesNothing) {
    ask_owners();
    const std::string message = last_message("olga"), room = daemon.sim.room_id("team");
    sim::FakeHomeserver& server = daemon.sim.homeserver;
    const auto before = *daemon.sim.engine().store().trail_size();
    EXPECT_NE(server.react(room, id("olga"), message, kYes), "") << "not in the room of the two";
    EXPECT_NE(server.react(room, id("ben"), message, kYes), "");
    EXPECT_NE(server.react(direct_room("olga"), sim::kBot, message, kYes), "");
    for (int i = 0; i < 2'000; ++i) server.react(direct_room("olga"), id("olga"), "$nothing", kYes);
    server.events_a_transaction = 500;
    daemon.sim.run_for(minutes{5});
    EXPECT_TRUE(to_read.empty());
    EXPECT_EQ(*daemon.sim.engine().store().trail_size(), before);
    react("olga", message);
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U) << "hers still counts";
}

TEST_F(Review, SomebodyWhoWasBroughtIntoTheDirectRoomSignsNothing) {
    ask_owners();
    const std::string direct = direct_room("olga");
    ASSERT_TRUE(daemon.sim.homeserver.invite(direct, sim::kBot, id("ben")));
    ASSERT_TRUE(daemon.sim.homeserver.join(direct, id("ben")));
    EXPECT_NE(daemon.sim.homeserver.react(direct, id("ben"), last_message("olga"), kYes), "");
    settle();
    EXPECT_EQ(readings, 0U);
    EXPECT_TRUE(entries("sign-off").empty());
}

TEST_F(Review, WhatHasChangedIsShownAnewAndSignedOnlyThen) {
    ask_owners();
    const std::string first = last_message("olga");
    daemon.sim.directory.join("Team", "cas");
    daemon.sim.run_for(minutes{1});
    react("olga", first);
    settle();
    EXPECT_TRUE(entries("sign-off").empty());
    ASSERT_EQ(told("olga").size(), 2U);
    EXPECT_NE(told("olga")[1].find("has changed since you were asked"), std::string::npos) << told("olga")[1];
    EXPECT_NE(told("olga")[1].find("cas"), std::string::npos) << told("olga")[1];
    const json::Array asks = entries("ask sign-off");
    ASSERT_EQ(asks.size(), 2U);
    EXPECT_TRUE(asks[1]["caller"].is_null());
    EXPECT_EQ(asks[1]["review"], review()["hash"]);
    react("olga", first);
    settle();
    EXPECT_TRUE(entries("sign-off").empty()) << "the old message signs nothing any more";
    react("olga", last_message("olga"));
    settle();
    ASSERT_EQ(entries("sign-off").size(), 1U);
    EXPECT_EQ(entries("sign-off")[0]["review"], asks[1]["review"]);
}

TEST_F(Review, WhatChangesWhileTheTrailIsReadIsNotSigned) {
    ask_owners();
    react("olga", last_message("olga"));
    daemon.sim.run_for(seconds{10});
    ASSERT_EQ(to_read.size(), 1U);
    daemon.sim.directory.leave("Team", "ben");
    daemon.sim.run_for(minutes{1});
    settle();
    EXPECT_TRUE(entries("sign-off").empty());
    EXPECT_EQ(told("olga").size(), 2U);
}

TEST_F(Review, WhoOwnsTheRoomNoMoreIsToldSo) {
    ask_owners();
    daemon.sim.directory.leave("TeamLeads", "olga");
    daemon.sim.run_for(minutes{1});
    react("olga", last_message("olga"));
    settle();
    EXPECT_TRUE(entries("sign-off").empty());
    ASSERT_EQ(told("olga").size(), 2U);
    EXPECT_NE(told("olga")[1].find("not an owner"), std::string::npos) << told("olga")[1];
    EXPECT_EQ(rooms_waiting(), 0);
}

TEST_F(Review, AnOwnerOfWhomThatCannotBeReadSignsLater) {
    ask_owners();
    const std::string message = last_message("olga");
    daemon.sim.directory.hide_members("TeamLeads", true);
    daemon.sim.directory.request_sweep();
    daemon.sim.run_for(minutes{1});
    react("olga", message);
    settle();
    EXPECT_TRUE(entries("sign-off").empty());
    ASSERT_EQ(told("olga").size(), 2U);
    EXPECT_NE(told("olga")[1].find("cannot be checked"), std::string::npos) << told("olga")[1];
    daemon.sim.directory.hide_members("TeamLeads", false);
    daemon.sim.directory.request_sweep();
    daemon.sim.run_for(minutes{1});
    react("olga", message);
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U);
}

TEST_F(Review, WhoHasDepartedIsAskedNothing) {
    static_cast<void>(daemon.sim.command([](engine::Engine& engine) {
        engine.pause(engine::Engine::Pause::all_but_departures, {0, -1, "tester"}, "a test");
    }));
    static_cast<void>(ask_as(auditor, "ask", R"({"room":"team","reason":"Q1"})"));
    daemon.sim.directory.disable("olga", true);
    daemon.sim.run_for(minutes{5});
    EXPECT_EQ(rooms_waiting(), 0);
    daemon.sim.directory.disable("olga", false);
    daemon.sim.run_for(minutes{5});
    EXPECT_EQ(rooms_waiting(), 0);
}

TEST_F(Review, AReactionOfSomebodyWhoLeftMeanwhileSignsNothing) {
    ask_owners();
    react("olga", last_message("olga"));
    daemon.sim.run_for(seconds{10});
    ASSERT_EQ(to_read.size(), 1U);
    const auto rooms = daemon.sim.homeserver.calls[engine::CallKind::create_room];
    daemon.sim.directory.disable("olga", true);
    daemon.sim.run_for(minutes{2});
    settle();
    EXPECT_TRUE(entries("sign-off").empty());
    EXPECT_EQ(daemon.sim.homeserver.calls[engine::CallKind::create_room], rooms) << "nobody is invited again";
    EXPECT_EQ(told("olga").size(), 1U);
}

TEST_F(Review, AskedSignedAndSaidOnceAcrossRestarts) {
    ask_owners();
    daemon.sim.restart();
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(rooms_waiting(), 1);
    react("olga", last_message("olga"));
    daemon.sim.run_for(seconds{10});
    ASSERT_EQ(to_read.size(), 1U);
    to_read.clear();  // dies with the process
    daemon.sim.restart();
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U);
    daemon.sim.restart();
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U);
    EXPECT_EQ(told("olga").size(), 2U) << "one question, one answer";
    EXPECT_EQ(daemon.sim.homeserver.complaints, std::vector<std::string>{});
}

TEST_F(Review, AReactionThatComesBeforeTheMessageIsKnownToBeSentCounts) {
    ask_owners();  // so that the room of the two is there
    daemon.sim.directory.join("Team", "cas");
    daemon.sim.run_for(minutes{1});
    bool died = false;
    daemon.sim.homeserver.on_carried_out = [&](const engine::Call& call) {
        if (call.kind != engine::CallKind::send_notice || died) return;
        died = true;
        daemon.sim.stop();
        react("olga", daemon.sim.homeserver.rooms.at(direct_room("olga")).message_events.at(call.marker));
    };
    daemon.sim.homeserver.answer_instead =
        [&](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::find_notice || !slow) return std::nullopt;
        engine::CallResult result;
        result.outcome = engine::CallOutcome::unreachable;
        return result;
    };
    static_cast<void>(ask_as(auditor, "ask", R"({"room":"team","reason":"once more"})"));
    daemon.sim.run_for(seconds{20});
    ASSERT_TRUE(died);
    EXPECT_TRUE(to_read.empty()) << "nobody knows yet what she reacted to";
    slow = false;
    daemon.sim.restart();  // and what is remembered of it outlives another end
    daemon.sim.run_for(minutes{1});
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U);
    EXPECT_EQ(told("olga").size(), 3U);
}

TEST_F(Review, ARepeatedTransactionSignsNothingTwice) {
    ask_owners();
    daemon.sim.homeserver.faults.repeat_transaction = 60;
    react("olga", last_message("olga"));
    settle();
    // Of so few transactions none may have been repeated by now.
    for (int more = 0; more < 50 && daemon.sim.engine().counters().events_repeated == 0; ++more) {
        react("olga", last_message("olga"));
        settle();
    }
    EXPECT_EQ(entries("sign-off").size(), 1U);
    EXPECT_GT(daemon.sim.engine().counters().events_repeated, 0U);
}

TEST_F(Review, ARoomThatLeavesThePolicyIsAskedAboutNoMore) {
    ask_owners();
    std::erase_if(daemon.sim.rules, [](const sim::Rule& rule) { return rule.key == "team"; });
    const std::string message = last_message("olga");
    daemon.sim.apply();
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(rooms_waiting(), 0);
    react("olga", message);
    settle();
    EXPECT_EQ(readings, 0U);
    EXPECT_TRUE(entries("sign-off").empty());
}

TEST_F(Review, ANewQuestionTakesThePlaceOfTheOldOne) {
    ask_owners();
    const std::string first = last_message("olga");
    ask_owners();
    ASSERT_EQ(told("olga").size(), 2U);
    react("olga", first);
    settle();
    EXPECT_TRUE(entries("sign-off").empty());
    react("olga", last_message("olga"));
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U);
}

TEST_F(Review, OneOwnersWordIsEnoughAndTheOtherMayStillGiveTheirs) {
    daemon.sim.directory.join("TeamLeads", "otto");
    daemon.sim.run_for(minutes{1});
    ask_owners();
    EXPECT_EQ(rooms_waiting(), 1);
    react("otto", last_message("otto"));
    settle();
    EXPECT_EQ(rooms_waiting(), 0);
    react("olga", last_message("olga"));
    settle();
    const json::Array signed_off = entries("sign-off");
    ASSERT_EQ(signed_off.size(), 2U);
    EXPECT_EQ(signed_off[0]["review"], signed_off[1]["review"]);
    EXPECT_EQ(signed_off[1]["user"].text(), id("olga"));
}

TEST_F(Review, AnAuditorsCommandSettlesItToo) {
    ask_owners();
    const json::Value done =
        ask_as(auditor, "sign-off",
               R"({"room":"team","reason":"Q1","review":")" + review()["hash"].text() + R"("})");
    ASSERT_EQ(done["exit"].integer_or(-1), 0) << json::write(done);
    EXPECT_EQ(rooms_waiting(), 0);
    EXPECT_EQ(review()["signed_off"]["way"].text(), "command");
}

TEST_F(Review, ATrailThatCannotBeReadMakesItWait) {
    ask_owners();
    react("olga", last_message("olga"));
    daemon.sim.run_for(seconds{10});
    ASSERT_EQ(to_read.size(), 1U);
    const std::string room = std::exchange(to_read, {}).front();
    static_cast<void>(daemon.sim.command([&](engine::Engine& engine) {
        answer_reactions(engine, config, room, fail(ErrorKind::io, "so says the test"));
    }));
    daemon.sim.run_for(seconds{30});
    EXPECT_TRUE(to_read.empty()) << "not at once";
    daemon.sim.run_for(minutes{1});
    settle();
    EXPECT_EQ(readings, 1U);
    EXPECT_EQ(entries("sign-off").size(), 1U);
}

TEST_F(Review, ARoomThatIsStillToBeReadWaits) {
    ask_owners();
    daemon.sim.homeserver.answer_instead =
        [&](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::read_room || !slow) return std::nullopt;
        engine::CallResult result;
        result.outcome = engine::CallOutcome::retry;
        return result;
    };
    daemon.sim.restart();
    react("olga", last_message("olga"));
    daemon.sim.run_for(seconds{30});
    EXPECT_TRUE(to_read.empty()) << "what is known may not be so any more";
    slow = false;
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U);
}

TEST_F(Review, MessagesWaitForAPause) {
    static_cast<void>(daemon.sim.command([](engine::Engine& engine) {
        engine.pause(engine::Engine::Pause::all_but_departures, {0, -1, "tester"}, "a test");
    }));
    ask_owners();
    EXPECT_TRUE(told("olga").empty());
    static_cast<void>(daemon.sim.command([](engine::Engine& engine) {
        engine.pause(engine::Engine::Pause::none, {0, -1, "tester"}, "");
    }));
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(told("olga").size(), 1U);
}

TEST_F(Review, OnlyAnAuditorAsksAndOnlyWhomThereIs) {
    const auto before = *daemon.sim.engine().store().trail_size();
    const std::string args = R"({"room":"team","reason":"Q1"})";
    EXPECT_EQ(ask_as(root, "ask", args)["exit"].integer_or(-1), 1);
    EXPECT_EQ(ask_as({2, 2, "bin"}, "ask", args)["exit"].integer_or(-1), 1);
    EXPECT_EQ(ask_as(auditor, "ask", R"({"room":"team"})")["exit"].integer_or(-1), 2) << "no reason";
    EXPECT_EQ(ask_as(auditor, "ask", R"({"room":"nowhere","reason":"Q1"})")["exit"].integer_or(-1), 2);
    daemon.sim.directory.leave("TeamLeads", "olga");
    daemon.sim.run_for(minutes{1});
    const json::Value nobody = ask_as(auditor, "ask", args);
    EXPECT_NE(nobody["error"]["message"].text().find("nobody to ask"), std::string::npos)
        << json::write(nobody);
    EXPECT_TRUE(entries("ask sign-off").empty());
    EXPECT_EQ(rooms_waiting(), 0);
    EXPECT_LT(before, *daemon.sim.engine().store().trail_size()) << "she is an owner no more";
}

TEST_F(Review, AnOwnerWhoLeftTheRoomOfTheTwoIsAskedInAnother) {
    ask_owners();
    const std::string first = direct_room("olga");
    ASSERT_TRUE(daemon.sim.homeserver.leave(first, id("olga")));
    daemon.sim.run_for(seconds{10});
    daemon.sim.restart();
    daemon.sim.homeserver.rooms.at(first).direct = false;  // so that direct_room() finds the other
    ask_owners();
    ASSERT_EQ(told("olga").size(), 1U);
    react("olga", last_message("olga"));
    settle();
    EXPECT_EQ(entries("sign-off").size(), 1U);
}

TEST_F(Review, AMessageThatIsRefusedShows) {
    daemon.sim.homeserver.answer_instead =
        [&](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::create_room) return std::nullopt;
        engine::CallResult result;
        result.outcome = engine::CallOutcome::refused;
        result.text = "M_FORBIDDEN: so says the test";
        return result;
    };
    ask_owners();
    EXPECT_EQ(rooms_waiting(), 0);
    EXPECT_EQ(waiting()["unsent"].integer_or(-1), 1);
    EXPECT_NE(review()["asked"].array()->at(0)["trouble"].text().find("so says the test"), std::string::npos);
    daemon.sim.homeserver.answer_instead = {};
    ask_owners();
    EXPECT_EQ(waiting()["unsent"].integer_or(-1), 0);
    EXPECT_EQ(told("olga").size(), 1U);
}

TEST_F(Review, SaysWhoCameAndLeftSinceTheLastSignOff) {
    ask_owners();
    EXPECT_NE(told("olga")[0].find("not been signed off before"), std::string::npos) << told("olga")[0];
    react("olga", last_message("olga"));
    settle();
    daemon.sim.directory.leave("Team", "ben");
    daemon.sim.directory.join("Team", "cas");
    daemon.sim.run_for(minutes{1});
    ask_owners();
    const std::string text = told("olga").back();
    EXPECT_NE(text.find("by olga. New since then: cas. No longer there: ben."), std::string::npos) << text;
}

TEST_F(Review, ReactionsThatCannotBeUnderstoodYetHaveALimit) {
    ask_owners();
    react("olga", last_message("olga"));
    settle();
    static_cast<void>(daemon.sim.command([](engine::Engine& engine) {
        engine.pause(engine::Engine::Pause::all_but_departures, {0, -1, "tester"}, "a test");
    }));
    ask_owners();
    const auto kept = [this] {
        const auto marks = *daemon.sim.store().marks();
        return std::count_if(marks.begin(), marks.end(),
                             [](const store::StoredMark& mark) { return mark.kind == "review_early"; });
    };
    for (int i = 0; i < 100; ++i) react("olga", "$any" + std::to_string(i));
    daemon.sim.homeserver.react(daemon.sim.room_id("team"), id("olga"), "$elsewhere", kYes);
    daemon.sim.homeserver.react(daemon.sim.room_id("team"), id("ben"), "$elsewhere", kYes);
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(kept(), 16);
    static_cast<void>(daemon.sim.command([](engine::Engine& engine) {
        engine.pause(engine::Engine::Pause::none, {0, -1, "tester"}, "");
    }));
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(kept(), 0) << "the message is known, and none of them was to it";
    EXPECT_TRUE(to_read.empty());
}

TEST_F(Review, NoMoreAreAskedAtOnceThanTheLimit) {
    static_cast<void>(daemon.sim.command([](engine::Engine& engine) {
        engine.pause(engine::Engine::Pause::all, {0, -1, "tester"}, "a test");
        for (std::size_t i = 0; i < engine::Engine::kMostReviewAsks; ++i)
            engine.ask_review({.user = id("x" + std::to_string(i)), .room_key = "team", .hash = "abcd"},
                              "look", "");
    }));
    const auto before = *daemon.sim.engine().store().trail_size();
    const json::Value refused = ask_as(auditor, "ask", R"({"room":"team","reason":"Q1"})");
    EXPECT_EQ(refused["exit"].integer_or(-1), 1);
    EXPECT_NE(refused["error"]["message"].text().find("more than 2000 reviews"), std::string::npos)
        << json::write(refused);
    EXPECT_EQ(*daemon.sim.engine().store().trail_size(), before) << "nobody is asked then";
}

// The process ends at one boundary after another: before and after each commit, between the requests, carried
// out and not answered, answered and not known.
class Crashing : public Review {
  public:
    explicit Crashing(std::size_t at) : at_(at) {
        const auto commit = [this](const store::Turn& turn) {
            if (!turn.trail.empty() || !turn.marks.empty() || !turn.transactions.empty())
                if (crossed()) throw sim::Crash{};
        };
        daemon.sim.memory.before_commit = commit;
        daemon.sim.memory.after_commit = commit;
        daemon.sim.homeserver.on_send = [this](std::uint64_t, const engine::Call&) {
            if (crossed()) throw sim::Crash{};
        };
        daemon.sim.homeserver.on_carried_out = [this](const engine::Call&) {
            if (crossed()) daemon.sim.stop();
        };
        daemon.sim.homeserver.on_answer = [this](const engine::CallResult&) {
            if (crossed()) daemon.sim.stop();
        };
    }
    void TestBody() override {
        for (int tries = 0; tries < 3 && size("ask sign-off") == 0; ++tries)
            guarded(
                [this] { static_cast<void>(ask_as(auditor, "ask", R"({"room":"team","reason":"Q1"})")); });
        guarded([this] { daemon.sim.run_for(minutes{2}); });
        daemon.sim.homeserver.join(direct_room("olga"), id("olga"));
        react("olga", last_message("olga"));
        for (int round = 0; round < 3; ++round) guarded([this] { settle(); });
        guarded([this] { daemon.sim.run_for(minutes{2}); });
        EXPECT_EQ(size("ask sign-off"), 1U) << at_;
        EXPECT_EQ(size("sign-off"), 1U) << at_;
        EXPECT_EQ(told("olga").size(), 2U) << at_;
        EXPECT_EQ(daemon.sim.homeserver.complaints, std::vector<std::string>{}) << at_;
    }
    [[nodiscard]] bool crashed() const { return crossings_ >= at_; }

  private:
    bool crossed() { return armed_ && ++crossings_ == at_; }
    void guarded(const std::function<void()>& work) {
        armed_ = true;
        work();
        armed_ = false;
        while (!daemon.sim.running()) daemon.sim.step();
    }
    [[nodiscard]] std::size_t size(const std::string& action) { return entries(action).size(); }

    const std::size_t at_;
    std::size_t crossings_ = 0;
    bool armed_ = false;
};

TEST(ReviewCrash, N3_SignedOnceWhereverTheProcessEnds) {
    std::size_t at = 1;
    for (bool crashed = true; crashed; at += test::one_in()) {
        Crashing one(at);
        one.TestBody();
        crashed = one.crashed();
        if (testing::Test::HasFailure()) break;
    }
    EXPECT_GT(at, 25U) << "boundaries";
}

// --- the thread

// What stood in the trail at a moment; or entries without an end.
class Copy : public store::TrailSource {
  public:
    Copy(const std::vector<store::StoredTrailEntry>& rows, std::atomic<bool>* endless)
        : rows_(rows), endless_(endless) {}
    Result<std::vector<store::StoredTrailEntry>> trail(const store::TrailFilter&) override { return rows_; }
    // Of one room; no room was ever renamed.
    Status each_trail(const store::TrailFilter& filter, const store::TrailVisit& visit) override {
        if (filter.room.empty()) return {};
        do {
            for (const store::StoredTrailEntry& row : rows_)
                if (row.room == filter.room)
                    if (Status visited = visit(row); !visited) return visited;
            if (endless_ != nullptr) *endless_ = true;
        } while (endless_ != nullptr);
        return {};
    }
    Result<std::uint64_t> trail_size() override { return rows_.size(); }
    void read_leaves_with(store::LeafReader) override {}

  private:
    const std::vector<store::StoredTrailEntry>& rows_;
    std::atomic<bool>* const endless_;
};

TEST_F(Review, TheTrailIsReadOnAThreadOfItsOwnAndTheEngineAnswers) {
    ask_owners();
    react("olga", last_message("olga"));
    daemon.sim.run_for(seconds{10});
    ASSERT_EQ(to_read.size(), 1U);
    store::TrailFilter all;
    all.at_most = 1'000'000;
    const auto rows = *daemon.sim.store().trail(all);
    const Handler handler(config, [&]() -> Result<std::unique_ptr<store::TrailSource>> {
        return std::unique_ptr<store::TrailSource>(std::make_unique<Copy>(rows, nullptr));
    });
    daemon.work();
    {
        ReviewReader reader(config, handler, daemon.mailbox);
        reader.read("team", sim::kBot);
        EXPECT_TRUE(eventually([this] {  // asks the thread that is the engine's now
            const auto over = std::make_shared<std::promise<bool>>();
            EXPECT_TRUE(daemon.mailbox.offer({[over](engine::Engine& engine) {
                                                  over->set_value(engine.review_asks().empty());
                                                  return std::function<void()>{};
                                              },
                                              true}));
            return over->get_future().get();
        }));
    }
    daemon.rest();
    EXPECT_EQ(entries("sign-off").size(), 1U);
}

// Who answers for a room answers for it under another key too, once they have seen that.
TEST_F(Review, WhatOwnersWereAskedGoesOnWithARoomThatIsRenamed) {
    ask_owners();
    for (sim::Rule& rule : daemon.sim.rules)
        if (rule.key == "team") rule.key = "crew", rule.formerly = {"team"};
    daemon.sim.apply();
    settle();
    EXPECT_EQ(rooms_waiting(), 1);
    const std::size_t shown = told("olga").size();
    react("olga", last_message("olga"));
    settle();
    EXPECT_TRUE(entries("sign-off").empty()) << "what was shown names the room otherwise";
    ASSERT_EQ(told("olga").size(), shown + 1) << "it is shown anew";
    react("olga", last_message("olga"));
    settle();
    ASSERT_EQ(entries("sign-off").size(), 1U);
    EXPECT_EQ(entries("sign-off")[0]["room_key"].text(), "crew");
    EXPECT_EQ(rooms_waiting(), 0);
}

TEST_F(Review, AnEndCutsTheReadingShort) {
    ask_owners();
    react("olga", last_message("olga"));
    daemon.sim.run_for(seconds{10});
    store::TrailFilter all;
    all.at_most = 1'000'000;
    const auto rows = *daemon.sim.store().trail(all);
    std::atomic<bool> begun = false;
    const Handler handler(config, [&]() -> Result<std::unique_ptr<store::TrailSource>> {
        return std::unique_ptr<store::TrailSource>(std::make_unique<Copy>(rows, &begun));
    });
    {
        ReviewReader reader(config, handler, daemon.mailbox);
        reader.read("team", sim::kBot);
        while (!begun) std::this_thread::yield();
    }
    EXPECT_TRUE(daemon.sim.engine().turn(daemon.mailbox.take(), daemon.sim.agenda.moment()));
    EXPECT_TRUE(entries("sign-off").empty());
    EXPECT_EQ(rooms_waiting(), 1) << "it is looked at after the next start";
}

}  // namespace
}  // namespace rollcall::control
