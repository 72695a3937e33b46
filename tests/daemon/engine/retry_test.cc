// When something is tried again, and when not: put-backs, refusals, a homeserver that is away.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kLeavers[] = {"p2", "p3", "p4", "p5"};

class Retries : public testing::Test {
  protected:
    Retries() {
        company.people(6);
        company.room("crew");
        company.room("hall");
        company.open();
        company.sim.homeserver.keep_log = true;
    }
    void kick(const std::string& login) {
        ASSERT_TRUE(
            company.sim.homeserver.kick(company.sim.room_id("crew"), Company::id("p1"), Company::id(login)));
    }
    // Membership calls about one user.
    [[nodiscard]] std::size_t asked(const std::string& login) const {
        const auto& log = company.sim.homeserver.log;
        return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const auto& entry) {
            return entry.second.kind == CallKind::put_member && entry.second.user == Company::id(login);
        }));
    }
    void answer_about(const std::string& login, CallResult result) {
        company.sim.homeserver.answer_instead = [user = Company::id(login),
                                                 result](const Call& call) -> std::optional<CallResult> {
            if (call.kind != CallKind::put_member || call.user != user) return std::nullopt;
            return result;
        };
    }
    Company company;
};

TEST_F(Retries, WhoWasKickedByHandIsPutBackAtMostOnceAnHour) {
    kick("p2");
    ASSERT_TRUE(company.comes([this] { return company.in("p2", "crew"); }, seconds{10}));
    kick("p2");
    company.sim.run_for(minutes{55});
    EXPECT_FALSE(company.in("p2", "crew"));
    company.sim.restart();
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }, minutes{6}));
}

TEST_F(Retries, APutBackThatFailedIsNone) {
    answer_about("p2", said(CallOutcome::retry, minutes{2}));
    kick("p2");
    company.sim.run_for(minutes{5});
    ASSERT_FALSE(company.in("p2", "crew"));
    company.sim.homeserver.answer_instead = nullptr;
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }, minutes{5}));
}

TEST_F(Retries, AHomeserverThatSaysWhenIsTakenAtItsWord) {
    answer_about("p2", said(CallOutcome::retry, seconds{40}));
    kick("p2");
    company.sim.run_for(seconds{30});
    EXPECT_EQ(asked("p2"), 1U);
    company.sim.run_for(seconds{30});
    EXPECT_EQ(asked("p2"), 2U);
}

TEST_F(Retries, WhatWasRefusedWaitsOverARestartToo) {
    answer_about("p2", said(CallOutcome::refused));
    kick("p2");
    company.sim.run_for(minutes{2});
    ASSERT_EQ(company.sim.engine().failures().size(), 1U);
    EXPECT_TRUE(company.sim.engine().failures().front().refused);
    const std::size_t before = asked("p2");
    company.sim.restart();
    company.sim.run_for(minutes{10});
    EXPECT_EQ(asked("p2"), before);
    EXPECT_EQ(company.sim.engine().failures().size(), 1U);
    company.sim.homeserver.answer_instead = nullptr;
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }, minutes{6}));
    EXPECT_TRUE(company.comes([this] { return company.sim.engine().failures().empty(); }));
}

TEST_F(Retries, OneBadAnswerIsNoAbsenceOfTheHomeserver) {
    const std::size_t read = company.calls(CallKind::read_room);
    int bad = 1;
    company.sim.homeserver.answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::put_member || bad-- <= 0) return std::nullopt;
        return said(CallOutcome::unreachable);
    };
    kick("p2");
    ASSERT_TRUE(company.comes([this] { return company.in("p2", "crew"); }));
    EXPECT_EQ(company.calls(CallKind::read_room), read);
}

// What one room's requests ran into for a minute is over with the first that is answered.
TEST_F(Retries, WhoeverMustLeaveARoomThatWorksAgainLeavesItSoon) {
    const std::string crew = company.sim.room_id("crew");
    company.sim.homeserver.answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        const bool about_members = call.kind == CallKind::put_member || call.kind == CallKind::read_member;
        if (!about_members || call.room != crew) return std::nullopt;
        return said(CallOutcome::unreachable);
    };
    for (const char* login : kLeavers) {
        company.sim.directory.disable(login, true);
        company.sim.run_for(seconds{7});
    }
    company.sim.run_for(minutes{1});
    for (const char* login : kLeavers) {
        EXPECT_FALSE(company.in(login, "hall"));
        ASSERT_TRUE(company.in(login, "crew"));
    }
    company.sim.homeserver.answer_instead = nullptr;
    const auto started = company.sim.agenda.tick();
    const auto left = [&] {
        return std::count_if(std::begin(kLeavers), std::end(kLeavers),
                             [&](const char* login) { return !company.in(login, "crew"); });
    };
    ASSERT_TRUE(company.comes([&] { return left() > 0; }, seconds{15}));
    EXPECT_TRUE(company.comes([&] { return left() == 4; }, seconds{7}))
        << std::chrono::duration_cast<seconds>(company.sim.agenda.tick() - started).count();
}

// One person's trouble in a room is tried no oftener for what is well with everybody else there.
TEST_F(Retries, WhatOnePersonRunsIntoIsNotTriedWithEachAnswerAboutTheRoom) {
    const std::string crew = company.sim.room_id("crew");
    answer_about("p2", said(CallOutcome::unreachable));
    company.sim.directory.disable("p2", true);
    company.sim.run_for(minutes{1});
    const std::size_t before = asked("p2");
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(company.sim.homeserver.invite(crew, Company::id("p1"),
                                                  "@guest" + std::to_string(i) + ":elsewhere.example"));
        company.sim.run_for(seconds{1});
    }
    EXPECT_LE(asked("p2") - before, 30U) << "of two rooms";
}

TEST_F(Retries, N6_AfterAnAbsenceAllRoomsAreReadTheMostActiveFirst) {
    company.sim.directory.hire("p7", {"Staff", "Crew"});  // without an account: looked for every 5 minutes
    company.sim.run_for(minutes{5});
    for (const char* busiest : {"hall", "crew"}) {
        company.sim.homeserver.log.clear();
        ASSERT_TRUE(company.sim.homeserver.rename_self(company.sim.room_id(busiest), Company::id("p3")));
        company.sim.run_for(seconds{5});
        company.sim.homeserver.down = true;
        company.sim.run_for(minutes{12});
        company.sim.homeserver.down = false;
        company.sim.run_for(minutes{6});
        std::vector<std::string> read;
        for (const auto& [time, call] : company.sim.homeserver.log)
            if (call.kind == CallKind::read_room) read.push_back(call.room);
        ASSERT_EQ(read.size(), 2U);
        EXPECT_EQ(read.front(), company.sim.room_id(busiest));
    }
}

TEST_F(Retries, AfterAStartTheMostActiveIsReadFirstToo) {
    for (const char* busiest : {"hall", "crew"}) {
        ASSERT_TRUE(company.sim.homeserver.invite(company.sim.room_id(busiest), Company::id("p3"),
                                                  std::string("@guest-") + busiest + ":elsewhere.example"));
        company.sim.run_for(minutes{1});
        company.sim.homeserver.log.clear();
        company.sim.restart();
        company.sim.run_for(minutes{1});
        const auto& log = company.sim.homeserver.log;
        const auto first = std::find_if(log.begin(), log.end(), [](const auto& entry) {
            return entry.second.kind == CallKind::read_room;
        });
        ASSERT_NE(first, log.end());
        EXPECT_EQ(first->second.room, company.sim.room_id(busiest));
    }
}

TEST_F(Retries, TheEngineSleepsWhileAllItCanDoIsWait) {
    answer_about("p2", said(CallOutcome::refused));
    kick("p2");
    company.sim.run_for(minutes{2});
    const std::size_t turns = company.sim.turns;
    company.sim.run_for(minutes{10});
    EXPECT_LT(company.sim.turns - turns, 120U) << "it looks at the clock once a minute, tells the store that "
                                                  "it runs twice a minute, and pings twice a minute";
    EXPECT_GT(company.sim.engine().wake(), company.sim.agenda.tick());
    company.sim.homeserver.down = true;
    company.sim.directory.leave("Crew", "p3");
    const std::size_t before = company.sim.turns;
    company.sim.run_for(minutes{10});
    EXPECT_LT(company.sim.turns - before, 200U) << "a request in 15 seconds takes a few turns";
}

}  // namespace
}  // namespace rollcall::engine
