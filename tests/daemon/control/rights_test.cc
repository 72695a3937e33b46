// audit erase, hold and release, asked of the real engine between the simulation's servers.
#include <gtest/gtest.h>
#include <atomic>
#include <thread>

#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

using std::chrono::minutes;

// Of which nothing is read.
class NoTrail : public store::TrailSource {
  public:
    Result<std::vector<store::StoredTrailEntry>> trail(const store::TrailFilter&) override {
        return std::vector<store::StoredTrailEntry>{};
    }
    Status each_trail(const store::TrailFilter&, const store::TrailVisit&) override { return {}; }
    Result<std::uint64_t> trail_size() override { return 0; }
    void read_leaves_with(store::LeafReader) override {}
};

class Rights : public testing::Test {
  protected:
    Rights()
        : daemon([](sim::Simulation& sim) {
              // Somebody whom this machine knows under the name that they have in the directory.
              sim.directory.content.person("daemon", {"Staff"});
              sim.directory.content.group("Auditors");
              sim.directory.content.join("Auditors", "daemon");
          }) {
        const std::string room = daemon.sim.room_id(daemon.sim.rules.front().key);
        for (const auto& [slot, event] : daemon.sim.homeserver.rooms.at(room).state)
            if (const auto* member = std::get_if<policy::MemberContent>(&event.content);
                member != nullptr && member->membership == policy::MembershipState::join &&
                slot.second != sim::kBot && slot.second.ends_with(sim::kServerName) &&
                slot.second != "@daemon:corp.example")
                user = slot.second;
        login = user.substr(1, user.find(':') - 1);
    }
    json::Value ask_as(const schema::TrailCaller& caller, const std::string& command,
                       const std::string& person) {
        json::Value args;
        args.set("person", person);
        args.set("reason", "request 31");
        return daemon.ask_as(caller, "audit." + command, std::move(args));
    }
    json::Value ask(const std::string& command, const std::string& args) {
        return daemon.ask(R"({"command":"audit.)" + command + R"(","args":)" + args + "}");
    }
    void expect_refused(const std::string& command, const std::string& why) {
        const auto before = *daemon.sim.engine().store().trail_size();
        const json::Value answer = ask_as(auditor, command, login);
        EXPECT_NE(answer["exit"].integer_or(-1), 0);
        EXPECT_NE(answer["error"]["message"].text().find(why), std::string::npos) << json::write(answer);
        EXPECT_EQ(*daemon.sim.engine().store().trail_size(), before) << "what was refused leaves no entry";
    }
    void expect_done(const std::string& command, const std::string& person) {
        const json::Value answer = ask_as(auditor, command, person);
        EXPECT_EQ(answer["exit"].integer_or(-1), 0) << json::write(answer);
    }
    void depart() {
        daemon.sim.directory.disable(login, true);
        daemon.sim.run_for(minutes{2});
    }
    std::string everything() {
        std::string out;
        for (const char* question : {"list", "export", "leavers"})
            out += json::write(ask(question, R"({"most":5000})"));
        for (const sim::Rule& rule : daemon.sim.rules)
            out += json::write(ask("access", R"({"room":")" + rule.key + R"(","from":"2001-01-01"})"));
        return out;
    }
    Daemon daemon;
    std::string user, login;
    const schema::TrailCaller auditor{1, 1, "daemon"}, root{0, -1, "root"};
};

TEST_F(Rights, OnlyAnAuditorErasesAndOnlyWhoHasGone) {
    ASSERT_NE(login, "");
    expect_refused("erase", "has not departed");
    depart();
    for (const char* command : {"erase", "hold", "release"}) {
        const json::Value answer = ask_as(root, command, login);
        EXPECT_EQ(answer["exit"].integer_or(-1), 1) << command;
        EXPECT_NE(answer["error"]["message"].text().find("root is nobody"), std::string::npos);
    }
    EXPECT_EQ(ask_as(auditor, "erase", "@nobody:corp.example")["exit"].integer_or(-1), 2);
    EXPECT_EQ(ask_as(auditor, "erase", "guid:soon")["exit"].integer_or(-1), 2);
    expect_done("erase", login);
    expect_refused("erase", "the trail says nothing of");
}

TEST_F(Rights, WhoeverWasErasedIsAPseudonymInEveryAnswer) {
    depart();
    const json::Value before = ask("list", R"({"user":")" + login + R"(","most":5000})");
    const std::size_t entries = before["result"]["entries"].array()->size();
    ASSERT_GT(entries, 3U);
    ASSERT_NE(everything().find(user), std::string::npos);
    const json::Value erased = ask_as(auditor, "erase", user);
    ASSERT_EQ(erased["exit"].integer_or(-1), 0) << json::write(erased);
    const json::Array& pseudonyms = *erased["result"]["pseudonyms"].array();
    ASSERT_EQ(pseudonyms.size(), 1U) << json::write(erased);
    const std::string pseudonym = pseudonyms[0].text(), answers = everything();
    EXPECT_EQ(answers.find(user), std::string::npos) << answers.substr(answers.find(user), 400);
    EXPECT_EQ(answers.find('"' + login + '"'), std::string::npos);

    std::size_t left = 0;
    const json::Value list = ask("list", R"({"most":5000})");
    for (const json::Value& entry : *list["result"]["entries"].array())
        left += entry["erased"].text() == pseudonym ? 1U : 0U;
    EXPECT_EQ(left, entries);
    const json::Value& last = list["result"]["entries"].array()->back();
    EXPECT_EQ(last["action"].text(), "erase");
    EXPECT_EQ(last["pseudonyms"].array()->at(0).text(), pseudonym);
    EXPECT_EQ(last["reason"].text(), "request 31");
    EXPECT_EQ(last["caller"]["text"].text(), "daemon");

    const json::Value leavers = ask("leavers", R"({"promise":"1m"})");
    ASSERT_EQ(leavers["result"]["departures"].array()->size(), 1U);
    const json::Value& departure = leavers["result"]["departures"].array()->at(0);
    EXPECT_EQ(departure["user"].text(), pseudonym);
    EXPECT_EQ(departure["promise"].text(), "kept") << "the evidence stays";
    EXPECT_GT(departure["rooms"].integer_or(0), 0);
    EXPECT_TRUE(departure["unforgotten"].array()->empty()) << json::write(departure);
}

TEST_F(Rights, WhoeverComesBackHasANewKey) {
    depart();
    const std::string first = ask_as(auditor, "erase", login)["result"]["pseudonyms"].array()->at(0).text();
    daemon.sim.directory.disable(login, false);
    daemon.sim.run_for(minutes{2});
    const json::Value list = ask("list", R"({"user":")" + login + R"(","most":5000})");
    EXPECT_GT(list["result"]["entries"].array()->size(), 0U);
    for (const json::Value& entry : *list["result"]["entries"].array())
        EXPECT_TRUE(entry["erased"].is_null()) << json::write(entry);
    depart();
    EXPECT_NE(ask_as(auditor, "erase", login)["result"]["pseudonyms"].array()->at(0).text(), first);
}

TEST_F(Rights, ALegalHoldGoesBeforeErasingAndOutlivesTheProcess) {
    expect_refused("release", "not under a legal hold");
    expect_done("hold", login);
    expect_refused("hold", "already under a legal hold");
    depart();
    EXPECT_EQ(daemon.ask(R"({"command":"status"})")["result"]["trail"]["legal_holds"].integer_or(0), 1);
    expect_refused("erase", "is under a legal hold since");
    daemon.sim.restart();
    daemon.sim.run_for(minutes{2});
    expect_refused("erase", "by daemon: request 31");
    expect_done("release", user);
    expect_done("erase", login);
    const json::Value held = ask("list", R"({"action":"legal hold"})");
    ASSERT_EQ(held["result"]["entries"].array()->size(), 1U);
    EXPECT_NE(held["result"]["entries"].array()->at(0)["erased"].text(), "") << "that it was held stays";
}

// Whoever asked is known to the trail by a number of this machine. Whose it is, name services say that may be
// on the network and not answer: nothing asks them on the engine's thread.
TEST(RightsOfCallers, AreFoundBesideTheEngine) {
    const auto engine = std::this_thread::get_id();
    std::atomic<int> asked_by_engine = 0, asked = 0;
    Daemon daemon(
        [](sim::Simulation& sim) {
            sim.directory.content.group("Auditors");
            for (const char* login : {"auditor", "former"}) {
                sim.directory.content.person(login, {"Staff"});
                sim.directory.content.join("Auditors", login);
            }
        },
        [] { return Result<std::unique_ptr<store::TrailSource>>(std::make_unique<NoTrail>()); },
        [&](uid_t uid) -> std::string {
            ++(std::this_thread::get_id() == engine ? asked_by_engine : asked);
            return uid == 1 ? "auditor" : uid == 2 ? "Former" : "";
        });
    const auto ask = [&](std::int64_t uid, const std::string& command, const std::string& args) {
        auto request = json::parse(R"({"command":")" + command + R"(","args":)" + args + "}");
        std::optional<Prepared> prepared;
        std::thread([&] {
            prepared = daemon.handler.prepare(std::move(*request), {uid, uid, "caller"});
        }).join();
        Answer answer;
        if (!Handler::asks_trail(prepared->request)) {
            static_cast<void>(daemon.sim.command(
                [&](engine::Engine& now) { answer = daemon.handler.handle(now, *prepared); }));
            return answer.value_or(json::Value{});
        }
        std::optional<Question> question;
        static_cast<void>(daemon.sim.command([&](engine::Engine& now) {
            Asked said = daemon.handler.ask(now, *prepared);
            if (Question* got = std::get_if<Question>(&said); got != nullptr)
                question = std::move(*got);
            else
                answer = std::get<Answer>(said);
        }));
        if (!question) return answer.value_or(json::Value{});
        std::thread([&] { EXPECT_TRUE(daemon.handler.read(*question)); }).join();
        static_cast<void>(daemon.sim.command(
            [&](engine::Engine& now) { answer = daemon.handler.finish(now, *prepared, *question); }));
        return answer.value_or(json::Value{});
    };
    const std::string about = R"({"person":"former","reason":"request 31"})";
    ASSERT_EQ(ask(2, "pause", R"({"reason":"a try"})")["exit"].integer_or(-1), 0);
    ASSERT_EQ(ask(2, "resume", "{}")["exit"].integer_or(-1), 0);
    daemon.sim.directory.disable("former", true);
    daemon.sim.run_for(minutes{2});
    EXPECT_EQ(ask(1, "audit.hold", about)["exit"].integer_or(-1), 0);
    EXPECT_EQ(ask(1, "audit.release", about)["exit"].integer_or(-1), 0);
    const json::Value erased = ask(1, "audit.erase", about);
    ASSERT_EQ(erased["exit"].integer_or(-1), 0) << json::write(erased);
    EXPECT_EQ(erased["result"]["pseudonyms"].array()->size(), 2U) << "as an employee, and as a caller";
    EXPECT_EQ(asked_by_engine, 0);
    EXPECT_GT(asked, 0);
}

}  // namespace
}  // namespace rollcall::control
