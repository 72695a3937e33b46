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
    company.sim.run_for(minutes{1});
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

}  // namespace
}  // namespace rollcall::engine
