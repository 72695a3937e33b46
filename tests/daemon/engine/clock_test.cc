// The machine's clock is set while the daemon runs, or was wrong when it started: what waits goes on waiting
// as long as it should, and nobody's removal waits for a clock.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct ClockCase {
    const char* name;
    Duration set_by;
};

class SetClocks : public testing::TestWithParam<ClockCase> {
  protected:
    SetClocks() {
        company.people(6);
        company.room("crew");
        company.open();
    }
    void set_clock() { company.sim.agenda.wrong_by += GetParam().set_by; }
    void set_right() { company.sim.agenda.wrong_by = {}; }
    void restart_homeserver() {
        company.sim.homeserver.down = true;
        company.sim.directory.leave("Crew", "p2");  // something that is asked of it
        company.sim.run_for(seconds{2});
        company.sim.homeserver.down = false;
    }
    [[nodiscard]] bool leaves_at_once(const std::string& login) {
        company.sim.directory.disable(login, true);
        return company.comes([&] { return !company.in(login, "crew"); }, seconds{1});
    }
    Company company;
};

TEST_P(SetClocks, ALeaverIsOutWithinASecond) {
    set_clock();
    EXPECT_TRUE(leaves_at_once("p4"));
    company.sim.run_for(seconds{90});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_P(SetClocks, ALeaverIsOutWithinASecondAfterTheHomeserverWasAwayToo) {
    set_clock();
    company.sim.run_for(seconds{30});
    restart_homeserver();
    company.sim.run_for(seconds{20});  // it is asked again every 15 seconds at least
    EXPECT_FALSE(company.in("p2", "crew"));
    EXPECT_TRUE(leaves_at_once("p4"));
}

TEST_P(SetClocks, NothingWaitsForAClockThatWasSetRightAgain) {
    set_clock();
    company.sim.run_for(seconds{30});
    set_right();
    restart_homeserver();
    company.sim.run_for(seconds{20});
    EXPECT_FALSE(company.in("p2", "crew"));
    EXPECT_TRUE(leaves_at_once("p4"));
}

TEST_P(SetClocks, WhatWasRefusedIsTriedAgainInItsTime) {
    int asked = 0;
    company.sim.homeserver.answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::put_member || call.user != Company::id("p7")) return std::nullopt;
        ++asked;
        return said(CallOutcome::refused);
    };
    company.sim.homeserver.add_account(Company::id("p7"));
    company.sim.directory.hire("p7", {"Staff", "Crew"});
    company.sim.run_for(minutes{2});
    const int before = asked;
    set_clock();
    company.sim.run_for(minutes{10});
    EXPECT_EQ(asked, before);
    company.sim.restart();  // it may begin to wait anew, not more
    company.sim.homeserver.answer_instead = nullptr;
    EXPECT_TRUE(company.comes([this] { return company.in("p7", "crew"); }, minutes{16}));
}

INSTANTIATE_TEST_SUITE_P(, SetClocks,
                         testing::Values(ClockCase{"AMinuteBack", -minutes{1}},
                                         ClockCase{"TwoHoursBack", -hours{2}},
                                         ClockCase{"AYearBack", -hours{24 * 365}},
                                         ClockCase{"TwoHoursAhead", hours{2}},
                                         ClockCase{"MonthsAhead", hours{24 * 90}}),
                         [](const auto& test) { return test.param.name; });

// Some accounts end by themselves. What a clock alone says ends nobody, and lets nobody in.
class Ends : public testing::Test {
  protected:
    Ends() {
        company.people(6);
        company.room("crew");
        ends_in("p2", hours{24 * 30});
        company.open();
    }
    void ends_in(const std::string& login, Duration when) {
        company.sim.directory.content.people.at(login).expires = company.sim.agenda.now() + when;
        company.sim.directory.content.wrote(login);
        company.sim.directory.touched(login);
    }
    void clock_is_ahead(Duration by) { company.sim.agenda.wrong_by = by; }
    void no_other_clock() { company.sim.directory.tells_time = company.sim.homeserver.tells_time = false; }
    // Everything that is known is from the store, and the homeserver.
    void directory_is_away() {
        company.sim.directory.content.invocation = "another";
        company.sim.directory.faults.unreachable = 100;
    }
    [[nodiscard]] bool leaves_at_once(const std::string& login) {
        company.sim.directory.disable(login, true);
        return company.comes([&] { return !company.in(login, "crew"); }, seconds{1});
    }
    [[nodiscard]] std::size_t entries(const std::string& action) {
        std::size_t out = 0;
        for (const schema::TrailEntry& entry : company.trail()) out += entry.action == action ? 1U : 0U;
        return out;
    }
    Company company;
};

TEST_F(Ends, WhoseTimeIsOverGoesWithinAMinute) {
    company.sim.run_for(hours{24 * 30} - minutes{2});
    EXPECT_TRUE(company.in("p2", "crew"));
    EXPECT_TRUE(company.comes([this] { return !company.in("p2", "crew"); }, minutes{3}));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(entries("departed"), 1U);
    EXPECT_FALSE(company.in("p2", "crew"));
}

TEST_F(Ends, AClockMonthsAheadForAMomentEndsNobody) {
    clock_is_ahead(hours{24 * 90});
    company.sim.run_for(seconds{30});
    EXPECT_TRUE(leaves_at_once("p4"));
    clock_is_ahead({});
    company.sim.run_for(minutes{10});
    EXPECT_TRUE(company.in("p2", "crew"));
    EXPECT_EQ(entries("departed"), 1U);
    EXPECT_EQ(company.sim.engine().clock().text(), "");
    company.sim.run_for(hours{24 * 30});
    EXPECT_FALSE(company.in("p2", "crew"));
}

TEST_F(Ends, AClockThatStaysAheadEndsNobodyWhoseTimeIsNotOver) {
    clock_is_ahead(hours{24 * 90});
    company.sim.run_for(hours{24 * 29});
    EXPECT_TRUE(company.in("p2", "crew"));
    EXPECT_NE(company.sim.engine().clock().text().find("the domain controller says"), std::string::npos);
    company.sim.run_for(hours{25});
    EXPECT_FALSE(company.in("p2", "crew"));
}

TEST_F(Ends, AStartWithAClockAheadEndsNobody) {
    company.sim.stop();
    clock_is_ahead(hours{24 * 400});
    for (const bool heard : {false, true}) {
        if (!heard) no_other_clock();
        company.sim.start();
        company.sim.run_for(hours{3});
        EXPECT_TRUE(company.in("p2", "crew")) << heard;
        EXPECT_NE(company.sim.engine().clock().text(), "") << heard;
        EXPECT_EQ(entries("departed"), 0U);
        company.sim.directory.tells_time = company.sim.homeserver.tells_time = true;
        company.sim.stop();
    }
}

TEST_F(Ends, AfterAStartItIsTheNextClockThatSaysThatTheirTimeIsOver) {
    no_other_clock();
    company.sim.stop();
    company.sim.agenda.advance(company.sim.agenda.now() + hours{24 * 31});
    company.sim.start();
    company.sim.run_for(hours{1});
    EXPECT_TRUE(company.in("p2", "crew"));
    EXPECT_TRUE(leaves_at_once("p4")) << "the directory says so, not a clock";
    EXPECT_NE(company.sim.engine().clock().text(), "");
    company.sim.directory.tells_time = true;
    company.sim.directory.request_sweep();
    EXPECT_TRUE(company.comes([this] { return !company.in("p2", "crew"); }, seconds{1}));
}

struct LateCase {
    const char* name;
    Duration clock_ahead;
    bool heard;
};
class LateStarts : public Ends, public testing::WithParamInterface<LateCase> {};

// Their account ended while nobody looked, and they have an account on the homeserver only now.
TEST_P(LateStarts, WhoseTimeMayBeOverIsNotLetIn) {
    company.sim.directory.hire("p7", {"Staff", "Crew"});
    company.sim.directory.hire("p8", {"Staff", "Crew"});
    ends_in("p7", hours{24});
    company.sim.run_for(minutes{1});
    company.sim.stop();
    company.sim.agenda.advance(company.sim.agenda.now() + hours{24 * 11});
    clock_is_ahead(GetParam().clock_ahead);
    if (!GetParam().heard) no_other_clock();
    directory_is_away();
    company.sim.homeserver.add_account(Company::id("p7"));
    company.sim.homeserver.add_account(Company::id("p8"));
    company.sim.start();
    EXPECT_TRUE(company.comes([this] { return company.in("p8", "crew"); }, minutes{10}))
        << "no date concerns them";
    company.sim.run_for(minutes{10});
    EXPECT_FALSE(company.in("p7", "crew"));
}

INSTANTIATE_TEST_SUITE_P(, LateStarts,
                         testing::Values(LateCase{"Right", {}, true}, LateCase{"RightAlone", {}, false},
                                         LateCase{"AYearBehind", -hours{24 * 365}, true},
                                         LateCase{"AYearBehindAlone", -hours{24 * 365}, false},
                                         LateCase{"AYearAhead", hours{24 * 365}, true},
                                         LateCase{"AYearAheadAlone", hours{24 * 365}, false}),
                         [](const auto& test) { return test.param.name; });

// ---------------------------------------------------------------- guards

class Windows : public testing::TestWithParam<ClockCase> {
  protected:
    Windows() {
        company.sim.policy.policy.guards.removals = {3, hours{1}};
        company.sim.policy.policy.guards.room_loses = {100, 1'000};
        company.people(12);
        company.room("crew");
        company.open();
        company.sim.run_for(hours{2});
    }
    [[nodiscard]] int gone_after_leaving(int first, int last) {
        for (int i = first; i <= last; ++i) company.sim.directory.leave("Crew", "p" + std::to_string(i));
        company.sim.run_for(minutes{2});
        int out = 0;
        for (int i = first; i <= last; ++i) out += company.in("p" + std::to_string(i), "crew") ? 0 : 1;
        return out;
    }
    Company company;
};

TEST_P(Windows, NoClockMakesAGuardForget) {
    ASSERT_EQ(gone_after_leaving(2, 4), 3);
    company.sim.agenda.wrong_by = GetParam().set_by;
    EXPECT_EQ(gone_after_leaving(5, 6), 0);
    company.sim.restart();
    company.sim.run_for(minutes{5});
    company.sim.agenda.wrong_by = {};
    EXPECT_EQ(gone_after_leaving(7, 7), 0);
    EXPECT_EQ(company.sim.engine().guards().holds().size(), 1U);
}

// What is done before the date is known is as recent as it is.
TEST_P(Windows, AStartWithoutAnotherClockMakesItNoOlder) {
    company.sim.stop();
    company.sim.agenda.advance(company.sim.agenda.now() + hours{5});
    company.sim.agenda.wrong_by = GetParam().set_by;
    company.sim.directory.tells_time = company.sim.homeserver.tells_time = false;
    company.sim.start();
    company.sim.run_for(minutes{1});
    ASSERT_EQ(gone_after_leaving(2, 4), 3);
    company.sim.agenda.wrong_by = {};
    company.sim.directory.tells_time = company.sim.homeserver.tells_time = true;
    company.sim.directory.request_sweep();
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(company.sim.engine().clock().known());
    EXPECT_EQ(gone_after_leaving(5, 6), 0);
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(gone_after_leaving(7, 7), 0);
}

INSTANTIATE_TEST_SUITE_P(, Windows,
                         testing::Values(ClockCase{"TwoHoursBack", -hours{2}},
                                         ClockCase{"AYearBack", -hours{24 * 365}},
                                         ClockCase{"TwoHoursAhead", hours{2}},
                                         ClockCase{"MonthsAhead", hours{24 * 90}}),
                         [](const auto& test) { return test.param.name; });

// ---------------------------------------------------------------- the trail

class Dates : public Ends {
  protected:
    [[nodiscard]] schema::TrailEntry last(schema::TrailKind kind) {
        schema::TrailEntry out;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.kind == kind) out = entry;
        return out;
    }
};

TEST_F(Dates, AnEntrySaysWhenItWasAndWhatTheClockSaidWhereThatIsAnother) {
    EXPECT_FALSE(company.trail().back().written);
    clock_is_ahead(-minutes{12});
    company.sim.run_for(minutes{1});
    const Time before = company.sim.agenda.now();
    ASSERT_TRUE(leaves_at_once("p4"));
    const schema::TrailEntry departed = last(schema::TrailKind::directory);
    EXPECT_GE(departed.time, before);
    EXPECT_LE(departed.time, company.sim.agenda.now());
    ASSERT_TRUE(departed.written);
    EXPECT_EQ(*departed.written, departed.time - minutes{12});
    ASSERT_EQ(entries("clock"), 2U);  // that it was set, and what other clocks say
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.action == "clock") {
            EXPECT_EQ(entry.kind, schema::TrailKind::failure);
            EXPECT_NE(entry.result.find("clock"), std::string::npos);
        }
}

TEST_F(Dates, AStartSaysHowLongNobodyLooked) {
    company.sim.run_for(minutes{1});
    const Time ended = company.sim.agenda.now();
    company.sim.stop();
    company.sim.agenda.advance(ended + hours{9});
    company.sim.start();
    company.sim.run_for(seconds{1});
    const std::string said = last(schema::TrailKind::start).result;
    ASSERT_EQ(said.find("was not running from 2026-11-22T"), 0U) << said;
    const auto from = parse_rfc3339(said.substr(std::string("was not running from ").size(), 24));
    ASSERT_TRUE(from);
    EXPECT_LE(*from, ended);
    EXPECT_GE(*from, ended - seconds{31});
    EXPECT_NE(said.find("to " + to_rfc3339(ended + hours{9})), std::string::npos) << said;
}

TEST_F(Dates, AStartWithAClockThatWentBackSaysSo) {
    company.sim.stop();
    clock_is_ahead(-hours{24 * 365});
    company.sim.start();
    company.sim.run_for(seconds{1});
    EXPECT_NE(last(schema::TrailKind::start).result.find("is before"), std::string::npos);
}

TEST_F(Dates, AnOrderlyEndIsDatedWithItsMoment) {
    company.sim.agenda.advance(company.sim.agenda.now() + minutes{7});
    ASSERT_TRUE(company.sim.engine().stop("asked", company.sim.agenda.moment()));
    EXPECT_EQ(company.trail().back().time, company.sim.agenda.now());
}

TEST_F(Dates, ThatItRunsIsKeptTwiceAMinuteAndNotOftener) {
    company.sim.run_for(minutes{1});
    const std::size_t commits = company.sim.memory.commits(), entries = company.trail().size();
    company.sim.run_for(minutes{4});
    EXPECT_EQ(company.trail().size(), entries);
    EXPECT_GE(company.sim.memory.commits() - commits, 7U);
}

}  // namespace
}  // namespace rollcall::engine
