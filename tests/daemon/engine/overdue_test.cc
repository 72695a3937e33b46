// What hangs: requests without an answer, departed people of whom something is still to be done; and what is
// not asked for ever.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Hanging : public testing::Test {
  protected:
    Hanging() {
        company.people(4);
        company.room("crew");
        company.open();
        company.sim.run_for(minutes{2});
    }
    [[nodiscard]] const Overdue& overdue() {
        static_cast<void>(company.sim.command([](Engine&) {}));
        return company.sim.engine().overdue();
    }
    [[nodiscard]] Tick now() { return company.sim.agenda.tick(); }
    Company company;
};

TEST_F(Hanging, WhatTakesItsTimeIsNamedWithHowLong) {
    EXPECT_EQ(overdue().requests(now()).count, 0U);
    EXPECT_TRUE(overdue().departed(now()).empty());
    company.sim.homeserver.latency = seconds{25};
    company.sim.directory.disable("p2", true);
    company.sim.run_for(seconds{4});
    EXPECT_TRUE(overdue().departed(now()).empty()) << "that is how long things take";
    company.sim.run_for(seconds{8});
    const Overdue::Waiting waiting = overdue().requests(now());
    EXPECT_GT(waiting.count, 0U);
    EXPECT_GE(waiting.longest, seconds{5});
    const auto people = overdue().departed(now());
    ASSERT_EQ(people.size(), 1U);
    EXPECT_EQ(people.front().user, company.sim.engine().world().user(Company::id("p2")));
    EXPECT_GE(people.front().since, seconds{5});
    company.sim.homeserver.latency = Duration{10};
    company.sim.run_for(minutes{5});
    EXPECT_EQ(overdue().requests(now()).count, 0U);
    EXPECT_TRUE(overdue().departed(now()).empty());
}

// Names that somebody made up, invited and taken back, cost nothing afterwards.
TEST_F(Hanging, InventedNamesAreNotLookedForForEver) {
    const std::string room = company.sim.room_id("crew");
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(
            company.sim.homeserver.invite(room, Company::id("p1"), Company::id("zz" + std::to_string(i))));
    company.sim.run_for(minutes{30});
    const std::size_t asked = company.calls(CallKind::find_account), sent = company.sim.homeserver.sent;
    company.sim.run_for(minutes{30});
    EXPECT_EQ(company.calls(CallKind::find_account), asked);
    EXPECT_LE(company.sim.homeserver.sent - sent, 30U) << "pings";
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Hanging, AnEmployeeWithoutAnAccountIsLookedForAsEver) {
    company.sim.directory.content.person("new", {"Staff"});
    company.sim.directory.content.join("Crew", "new");
    company.sim.directory.request_sweep();
    company.sim.run_for(minutes{10});
    company.sim.homeserver.add_account(Company::id("new"));
    EXPECT_TRUE(company.comes([&] { return company.in("new", "crew"); }, minutes{10}));
}

}  // namespace
}  // namespace rollcall::engine
