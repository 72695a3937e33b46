// What the admins are told: of what lasts once when it begins and once when it is over.
#include <functional>

#include "tests/daemon/engine/admin_room.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(TheAdminRoom, HearsWhenTheBotIsBack) {
    const std::string room = address_of(kAdmin);
    company.open();
    const std::string crew = company.sim.room_id("crew");
    something_to_tell();
    ASSERT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 1; }, minutes{2}));
    ASSERT_TRUE(homeserver().invite(crew, Company::id("p1"), sim::kBot));
    EXPECT_TRUE(company.comes([&] { return told_in(room, "The bot is in #crew again") == 1; }, minutes{3}));
    company.sim.run_for(minutes{10});
    EXPECT_EQ(told_in(room), 2U);
}

TEST_F(TheAdminRoom, HearsWhenAHoldIsOver) {
    const std::string room = address_of(kAdmin);
    company.open();
    const auto empty = [&](bool out) {
        for (int i = 7; i <= 60; ++i) {
            const std::string login = "p" + std::to_string(i);
            out ? company.sim.directory.leave("Crew", login) : company.sim.directory.join("Crew", login);
        }
    };
    empty(true);
    ASSERT_TRUE(company.comes([&] { return told_in(room, "Held back as") == 1; }, minutes{5}));
    empty(false);
    ASSERT_TRUE(
        company.comes([&] { return told_in(room, "waits for no answer any more") == 1; }, minutes{5}));
    company.sim.run_for(minutes{10});
    EXPECT_EQ(told_in(room), 2U);
    empty(true);
    ASSERT_TRUE(company.comes([&] { return !engine().guards().holds().empty(); }, minutes{5}));
    const std::string id = engine().guards().holds().front().id;
    static_cast<void>(company.sim.command([&](Engine& engine) {
        EXPECT_TRUE(engine.answer(true, id, {0, -1, "tester"}, "a test"));
    }));
    EXPECT_TRUE(company.comes([&] { return told_in(room, "approved by tester") == 1; }, minutes{5}));
}

// Where nobody could be told meanwhile, what came back is not said to be over.
TEST_F(TheAdminRoom, IsNotToldThatSomethingIsOverWhichIsThereAgain) {
    const std::string room = address_of(kAdmin);
    company.open();
    const std::string crew = company.sim.room_id("crew");
    something_to_tell();
    ASSERT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 1; }, minutes{2}));
    homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind == CallKind::send_notice) return said(CallOutcome::retry, minutes{5});
        return std::nullopt;
    };
    ASSERT_TRUE(homeserver().invite(crew, Company::id("p1"), sim::kBot));
    ASSERT_TRUE(company.comes([&] { return engine().notices_owed() == 1; }, minutes{3}));
    company.sim.run_for(seconds{10});
    something_to_tell();
    company.sim.run_for(minutes{1});
    homeserver().answer_instead = {};
    company.sim.run_for(minutes{20});
    EXPECT_EQ(told_in(room, "The bot is in #crew again"), 0U);
    EXPECT_EQ(told_in(room, "The bot is not in #crew"), 2U);
}

// What lasts is told once when it begins and once when it is over, whether or not the daemon was restarted
// between, or while it was mended.
struct Lasting {
    const char* name;
    std::function<void(Company&)> begin, end;
    std::string begun, over;
    std::string room_version = "12";
};

class Lasts : public TheAdminRoom, public testing::WithParamInterface<Lasting> {
  protected:
    Lasts() : TheAdminRoom(GetParam().room_version) {}
};

TEST_P(Lasts, AndIsToldOnceHoweverOftenTheDaemonIsRestarted) {
    const std::string room = address_of(kAdmin);
    company.open();
    company.sim.run_for(minutes{10});
    GetParam().begin(company);
    ASSERT_TRUE(company.comes([&] { return told_in(room, GetParam().begun) == 1; }, minutes{5}));
    for (int i = 0; i < 3; ++i) {
        company.sim.restart();
        company.sim.run_for(minutes{20});
    }
    EXPECT_EQ(told_in(room, GetParam().begun), 1U);
    EXPECT_EQ(told_in(room, GetParam().over), 0U);
    company.sim.stop();
    GetParam().end(company);
    company.sim.start();
    company.sim.run_for(minutes{20});
    EXPECT_EQ(told_in(room, GetParam().over), 1U);
    for (int i = 0; i < 2; ++i) {
        company.sim.restart();
        company.sim.run_for(minutes{20});
    }
    EXPECT_EQ(told_in(room, GetParam().over), 1U);
    GetParam().begin(company);
    EXPECT_TRUE(company.comes([&] { return told_in(room, GetParam().begun) == 2; }, minutes{5})) << "anew";
    EXPECT_EQ(told_in(room, GetParam().over), 1U);
}

TEST_P(Lasts, AndIsToldToBeOverWithoutARestart) {
    const std::string room = address_of(kAdmin);
    company.open();
    company.sim.run_for(minutes{10});
    GetParam().begin(company);
    ASSERT_TRUE(company.comes([&] { return told_in(room, GetParam().begun) == 1; }, minutes{5}));
    company.sim.run_for(std::chrono::hours{1});
    EXPECT_EQ(told_in(room, GetParam().begun), 1U);
    EXPECT_EQ(told_in(room, GetParam().over), 0U);
    GetParam().end(company);
    EXPECT_TRUE(company.comes([&] { return told_in(room, GetParam().over) == 1; }, minutes{20}));
    company.sim.run_for(std::chrono::hours{1});
    EXPECT_EQ(told_in(room, GetParam().begun), 1U);
    EXPECT_EQ(told_in(room, GetParam().over), 1U);
}

constexpr const char* kVisitor = "@guest:elsewhere.example";

void bring_somebody_above_the_bot(Company& company) {
    sim::FakeHomeserver& homeserver = company.sim.homeserver;
    const std::string crew = company.sim.room_id("crew");
    policy::PowerLevels levels;
    levels.users = {{kVisitor, 100}, {sim::kBot, 100}};
    homeserver.force_state(crew, levels);
    homeserver.force_state(crew, policy::MemberContent{kVisitor, MembershipState::join, ""}, kVisitor);
}

// A proxy that answers by itself: pings go through, and nobody makes anything happen when it is mended.
void swallow_all(Company& company) {
    company.sim.homeserver.swallows = [](const policy::RoomEvent&) { return true; };
    for (int i = 2; i < 6; ++i)
        if (const std::string login = "p" + std::to_string(i); company.in(login, "crew"))
            return company.sim.directory.disable(login, true);
}

void read_the_directory(Company& company, unsigned lacks) {
    company.sim.directory.faults.partial = lacks;
    if (company.sim.running()) company.sim.directory.request_sweep();
}

// Another one each time, which lacks that somebody was disabled; until they are there too.
int controllers = 0;

std::string disabled_last() {
    return "p" + std::to_string(60 - controllers);
}

void another_controller(Company& company) {
    ++controllers;
    policy::test::Directory before = company.sim.directory.content;
    company.sim.directory.disable(disabled_last(), true);
    company.sim.run_for(minutes{5});
    company.sim.directory.become(before, "another-" + std::to_string(controllers));
}

void half_of_the_crew(Company& company, bool out) {
    for (int i = 7; i <= 60; ++i) {
        const std::string login = "p" + std::to_string(i);
        out ? company.sim.directory.leave("Crew", login) : company.sim.directory.join("Crew", login);
    }
}

INSTANTIATE_TEST_SUITE_P(
    , Lasts,
    testing::Values(
        Lasting{"NoEvents", [](Company& company) { company.sim.homeserver.reaches_us = false; },
                [](Company& company) { company.sim.homeserver.reaches_us = true; },
                "Events of the homeserver do not reach Rollcall", "reach Rollcall again"},
        Lasting{"SwallowedEvents", swallow_all,
                [](Company& company) { company.sim.homeserver.swallows = nullptr; },
                "Events of the homeserver do not reach Rollcall", "reach Rollcall again"},
        Lasting{"ALostRoom",
                [](Company& company) { company.sim.homeserver.put_bot_out(company.sim.room_id("crew")); },
                [](Company& company) {
                    std::string lost;
                    for (const auto& [id, room] : company.sim.homeserver.rooms)
                        if (room.name == "crew") lost = id;
                    EXPECT_TRUE(company.sim.homeserver.invite(lost, Company::id("p1"), sim::kBot));
                },
                "The bot is not in #crew", "The bot is in #crew again"},
        Lasting{"ALargeRoom",
                [](Company& company) {
                    company.sim.homeserver.large[company.sim.room_id("crew")] = {1U << 24U, 266,
                                                                                 Company::id("p1")};
                    company.sim.run_for(std::chrono::hours{7});
                },
                [](Company& company) {
                    company.sim.homeserver.large.clear();
                    if (company.sim.running()) company.sim.run_for(std::chrono::hours{7});
                },
                "its state is 16.0 MiB", "is not too large any more"},
        Lasting{"AnUpgradedRoom",
                [](Company& company) {
                    company.sim.homeserver.force_state(company.sim.room_id("crew"),
                                                       policy::TombstoneContent{"!new:corp.example"});
                },
                [](Company& company) {
                    company.sim.homeserver.force_state(company.sim.room_id("crew"),
                                                       policy::TombstoneContent{""});
                },
                "#crew was upgraded", "People are not led on from #crew"},
        Lasting{"SomebodyWhoStays", bring_somebody_above_the_bot,
                [](Company& company) {
                    EXPECT_TRUE(company.sim.homeserver.leave(company.sim.room_id("crew"), kVisitor));
                },
                "cannot be taken out of #crew", "@guest:elsewhere.example is out of #crew",
                "11"},  // in which somebody may have as much power as the bot
        Lasting{"ADirectoryThatIsNotWhole", [](Company& company) { read_the_directory(company, 100); },
                [](Company& company) { read_the_directory(company, 0); }, "Removals are frozen",
                "Removals are not frozen any more"},
        Lasting{"AnotherController", another_controller,
                [](Company& company) { company.sim.directory.disable(disabled_last(), true); },
                "leads to another controller", "The directory is believed again"},
        Lasting{"AHold", [](Company& company) { half_of_the_crew(company, true); },
                [](Company& company) { half_of_the_crew(company, false); }, "Held back as",
                "waits for no answer any more"}),
    [](const auto& tested) { return tested.param.name; });

// The policy lets go of a room, or names it again, while it is lost.
TEST_F(TheAdminRoom, HearsThatThePolicyLetGoOfALostRoom) {
    const std::string room = address_of(kAdmin);
    company.open();
    const std::string let_go = "The policy does not name #crew any more";
    something_to_tell();
    ASSERT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 1; }, minutes{2}));
    const std::vector<sim::Rule> before = company.sim.rules;
    company.sim.rules.clear();
    company.room("team");
    company.sim.apply();
    EXPECT_TRUE(company.comes([&] { return told_in(room, let_go) == 1; }, minutes{5}));
    company.sim.restart();
    company.sim.run_for(minutes{20});
    EXPECT_EQ(told_in(room), 2U);
    company.sim.rules.insert(company.sim.rules.end(), before.begin(), before.end());
    company.sim.apply();
    EXPECT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 2; }, minutes{5}))
        << "it is lost still";
    company.sim.restart();
    company.sim.run_for(minutes{20});
    EXPECT_EQ(told_in(room), 3U);
}

// That pings come after a start does not say that those events do which were swallowed before it: that is
// tried.
TEST_F(TheAdminRoom, HearsThatEventsComeAgainWhenThoseComeThatDidNot) {
    const std::string room = address_of(kAdmin);
    company.open();
    company.sim.run_for(minutes{10});
    homeserver().deaf = true;
    company.sim.directory.disable("p3", true);
    ASSERT_TRUE(company.comes([&] { return told_in(room, "do not reach Rollcall") == 1; }, minutes{5}));
    company.sim.restart();
    ASSERT_TRUE(
        company.comes([&] { return engine().way_back().state() == WayBack::State::broken; }, minutes{1}));
    EXPECT_EQ(told_in(room, "reach Rollcall again"), 0U);
    company.sim.directory.disable("p4", true);
    company.sim.run_for(minutes{10});
    EXPECT_EQ(engine().way_back().state(), WayBack::State::broken);
    EXPECT_EQ(told_in(room, "do not reach Rollcall"), 1U);
    company.sim.restart();
    homeserver().deaf = false;
    EXPECT_TRUE(company.comes([&] { return told_in(room, "reach Rollcall again") == 1; }, minutes{1}));
    company.sim.directory.disable("p5", true);
    company.sim.run_for(minutes{10});
    EXPECT_EQ(told_in(room), 2U);
}

// A pause of the daemon's own is told while it lasts, not when it is over.
TEST_F(TheAdminRoom, HearsThatTheStateFolderIsOlderWhileTheDaemonIsPausedForIt) {
    const std::string room = address_of(kAdmin);
    company.open();
    company.sim.run_for(minutes{10});
    company.sim.stop();
    const sim::MemoryStore copy = company.sim.memory;
    company.sim.start();
    company.sim.run_for(minutes{10});
    company.depart("p3", false);
    company.sim.run_for(minutes{10});
    company.sim.stop();
    company.sim.memory = copy;
    company.sim.start();
    EXPECT_TRUE(company.comes([&] { return told_in(room, "was put back to a copy") == 1; }, minutes{10}));
    ASSERT_EQ(engine().paused(), Engine::Pause::all_but_departures);
    company.sim.restart();
    company.sim.run_for(minutes{10});
    company.pause(Engine::Pause::none);
    company.sim.restart();
    EXPECT_TRUE(company.comes([&] { return told_in(room, "Rollcall was resumed") == 1; }, minutes{10}));
    company.sim.restart();
    company.sim.run_for(minutes{10});
    EXPECT_EQ(told_in(room), 2U);
}

}  // namespace
}  // namespace rollcall::engine
