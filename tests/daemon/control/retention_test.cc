// audit.retention, on the simulated clock: who is erased by time, who is not, and what a clock that leaps can
// do.
#include <gtest/gtest.h>
#include <future>
#include <set>
#include <thread>

#include "daemon/control/erasure.h"
#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

using std::chrono::hours;

schema::Config two_days() {
    schema::Config config;
    config.auditors = "Auditors";
    config.audit.retention = hours{48};
    return config;
}

class Retention : public testing::Test {
  protected:
    Retention()
        : daemon([this](sim::Simulation& sim) {
              for (const char* name : {"daemon", "gone", "held", "back"})
                  sim.directory.content.person(name, {"Staff"});
              sim.directory.content.group("Auditors");
              sim.directory.content.join("Auditors", "daemon");
              sim.settings.retention = [this](engine::Engine& engine, std::size_t at_most) {
                  asked.push_back(at_most);
                  return keep_retention(engine, config, known, at_most);
              };
          }) {
        daemon.sim.run_for(hours{26});  // the first look is over
    }
    [[nodiscard]] std::size_t entries_of(const std::string& login) {
        const json::Value list =
            daemon.ask(R"({"command":"audit.list","args":{"user":")" + login + R"(","most":1000}})");
        return list["result"]["entries"].array() == nullptr ? 0 : list["result"]["entries"].array()->size();
    }
    [[nodiscard]] json::Array erasures() {
        const json::Value list = daemon.ask(R"({"command":"audit.list","args":{"action":"erase"}})");
        return *list["result"]["entries"].array();
    }
    void hold(const std::string& login) {
        json::Value request, args;
        args.set("person", login);
        args.set("reason", "case 7");
        request.set("command", "audit.hold");
        request.set("args", std::move(args));
        json::Value answer;
        static_cast<void>(daemon.sim.command([&](engine::Engine& engine) {
            const Handler handler(config);
            answer =
                handler.handle(engine, handler.prepare(request, {1, 1, "daemon"})).value_or(json::Value{});
        }));
        ASSERT_EQ(answer["exit"].integer_or(-1), 0) << json::write(answer);
    }
    void disable(const std::string& login, bool disabled = true) {
        daemon.sim.directory.disable(login, disabled);
    }

    const schema::Config config = two_days();
    bool name_services = true;  // they answer
    const NamesOf known = [this](const std::vector<std::string>& names) {
        return name_services ? std::optional(look_up(names, &unix_login)) : std::nullopt;
    };
    std::vector<std::size_t> asked;
    Daemon daemon;
};

TEST_F(Retention, ErasesWhoLeftLongEnoughAgoAndNobodyElse) {
    for (const char* name : {"gone", "held", "back"}) {
        ASSERT_GT(entries_of(name), 0U) << name;
        disable(name);
    }
    daemon.sim.run_for(hours{1});
    hold("held");
    daemon.sim.run_for(hours{30});
    EXPECT_TRUE(erasures().empty()) << "the time is not over";
    disable("back", false);
    daemon.sim.run_for(hours{48});
    const json::Array found = erasures();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0]["reason"].text(), "audit.retention: 2d after the departure");
    EXPECT_TRUE(found[0]["caller"].is_null()) << "nobody ordered it";
    EXPECT_EQ(found[0]["pseudonyms"].array()->size(), 1U);
    EXPECT_EQ(entries_of("gone"), 0U);
    EXPECT_GT(entries_of("held"), 0U);
    EXPECT_GT(entries_of("back"), 0U);
    // Who came back and left again has another two days.
    disable("back");
    daemon.sim.run_for(hours{47});
    EXPECT_EQ(erasures().size(), 1U);
    daemon.sim.run_for(hours{48});
    EXPECT_EQ(erasures().size(), 2U);
    EXPECT_EQ(entries_of("back"), 0U);
}

TEST_F(Retention, LooksOnceADayAlsoAcrossStarts) {
    const std::size_t before = asked.size();
    for (int i = 0; i < 3; ++i) {
        daemon.sim.restart();
        daemon.sim.run_for(hours{1});
    }
    EXPECT_LE(asked.size(), before + 1);
    daemon.sim.run_for(hours{72});
    EXPECT_GE(asked.size(), before + 3);
    EXPECT_LE(asked.size(), before + 4);
}

TEST_F(Retention, AfterALeapOfTheClockNobodyIsErasedForADay) {
    disable("gone");
    daemon.sim.run_for(hours{2});
    asked.clear();
    daemon.sim.stop();
    daemon.sim.agenda.advance(daemon.sim.agenda.now() + hours{24 * 3650});
    daemon.sim.start();
    daemon.sim.run_for(hours{2});
    EXPECT_EQ(asked, std::vector<std::size_t>{0}) << "only counted";
    EXPECT_TRUE(erasures().empty());
    EXPECT_GT(entries_of("gone"), 0U);
    daemon.sim.run_for(hours{25});
    EXPECT_EQ(asked, (std::vector<std::size_t>{0, 100}));
    EXPECT_EQ(erasures().size(), 1U);
}

// They may be on the network. Nothing waits for them; who callers are is asked again, and nobody erased until
// that is known.
TEST_F(Retention, WaitsForNameServicesThatDoNotAnswer) {
    disable("gone");
    daemon.sim.run_for(hours{60});
    name_services = false;
    asked.clear();
    daemon.sim.run_for(hours{24});
    EXPECT_TRUE(erasures().empty());
    EXPECT_GT(asked.size(), 10U);
    EXPECT_LT(asked.size(), 24U * 6U + 3U);
    name_services = true;
    daemon.sim.run_for(std::chrono::minutes{20});
    EXPECT_EQ(erasures().size(), 1U);
    asked.clear();
    daemon.sim.run_for(hours{20});
    EXPECT_TRUE(asked.empty());
}

TEST(NameLookup, KeepsNobodyWaiting) {
    std::promise<void> answers;
    const auto waits = std::make_shared<std::shared_future<void>>(answers.get_future().share());
    NameLookup lookup([waits](uid_t uid) -> std::string {
        waits->wait();
        return uid == 1000 ? "Anna" : "";
    });
    EXPECT_TRUE(lookup.of({})) << "there is nothing to ask";
    const std::vector<std::string> names{"unix:1000", "unix:1001", "unix:0", "@anna:corp.example", "unix:x"};
    EXPECT_FALSE(lookup.of(names));
    EXPECT_FALSE(lookup.of(names));
    answers.set_value();
    std::optional<UnixNames> found;
    while (!found) {
        std::this_thread::yield();
        found = lookup.of(names);
    }
    EXPECT_EQ(*found, (UnixNames{{"anna", "unix:1000"}}));
    EXPECT_FALSE(lookup.of(names)) << "asked anew each time: accounts change hands";
}

TEST_F(Retention, NoMoreThanTheDaysShareGo) {
    for (const char* name : {"gone", "held", "back"}) disable(name);
    daemon.sim.run_for(hours{1});
    std::size_t due = 0, erased = 0;
    static_cast<void>(daemon.sim.command([&](engine::Engine& engine) {
        schema::Config short_time = config;
        short_time.audit.retention = std::chrono::minutes{1};
        due = keep_retention(engine, short_time, known, 0).value_or(99);
        erased = keep_retention(engine, short_time, known, 2).value_or(99);
    }));
    EXPECT_EQ(due, 3U);
    EXPECT_EQ(erased, 2U);
    EXPECT_EQ(erasures().size(), 2U);
}

}  // namespace
}  // namespace rollcall::control
