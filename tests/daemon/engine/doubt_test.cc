// Another controller that is behind, one that was put back, and a list that is not whole: nobody comes back,
// and nobody goes, but whoever departs.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;

class Doubt : public testing::Test {
  protected:
    Doubt() {
        company.people(6);
        company.room("crew");
        company.open();
        before = company.sim.directory.content;
        company.sim.directory.disable("p4", true);
        company.sim.directory.leave("Crew", "p5");
        company.sim.run_for(minutes{5});
    }
    void expect_out(const std::string& login) {
        EXPECT_FALSE(company.in(login, "crew")) << login;
        EXPECT_EQ(company.calls(CallKind::put_member), joins + added) << "somebody was let in";
    }
    [[nodiscard]] std::size_t told(const std::string& what) {
        std::size_t count = 0;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.result.find(what) != std::string::npos) ++count;
        return count;
    }
    Company company;
    policy::test::Directory before;
    std::size_t joins = 0, added = 0;
};

TEST_F(Doubt, N14_AnotherControllerThatIsBehindLetsNobodyBackIn) {
    joins = company.calls(CallKind::put_member);
    company.sim.directory.become(before, "db-2");
    company.sim.run_for(minutes{5});
    expect_out("p4");
    expect_out("p5");
    EXPECT_EQ(told("leads to another controller (invocationId db-2)"), 1U);
    // A start does not forget it.
    company.sim.stop();
    company.sim.start();
    company.sim.directory.request_sweep();
    company.sim.run_for(minutes{5});
    expect_out("p4");
    expect_out("p5");
    // Whoever is disabled there is out at once.
    company.sim.directory.disable("p6", true);
    EXPECT_TRUE(company.comes([this] { return !company.in("p6", "crew"); }));
    // And who is enabled there once more, after all that was known, is back.
    company.sim.directory.disable("p4", true);
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("p4", false);
    company.sim.run_for(minutes{5});
    EXPECT_TRUE(company.in("p4", "crew"));
    EXPECT_FALSE(company.in("p5", "crew"));
}

TEST_F(Doubt, N14_AControllerThatWasPutBackLetsNobodyBackIn) {
    joins = company.calls(CallKind::put_member);
    company.sim.directory.become(before, before.invocation);
    company.sim.run_for(minutes{5});
    expect_out("p4");
    expect_out("p5");
    EXPECT_EQ(told("was put back to an earlier state"), 1U);
    company.sim.directory.disable("p6", true);
    EXPECT_TRUE(company.comes([this] { return !company.in("p6", "crew"); }));
    company.sim.directory.leave("Crew", "p3");
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "crew"); }));
}

TEST_F(Doubt, N14_NorWhereItWasPutBackWhileTheDaemonWasOff) {
    joins = company.calls(CallKind::put_member);
    company.sim.stop();
    company.sim.directory.become(before, before.invocation);
    company.sim.start();
    company.sim.run_for(minutes{5});
    expect_out("p4");
    expect_out("p5");
    company.sim.directory.disable("p6", true);
    EXPECT_TRUE(company.comes([this] { return !company.in("p6", "crew"); }));
}

TEST_F(Doubt, N1_AListThatIsNotWholePutsNobodyOut) {
    company.sim.directory.faults.partial = 100;
    company.sim.directory.request_sweep();
    company.sim.run_for(minutes{5});
    for (const char* login : {"p1", "p2", "p3", "p6"}) EXPECT_TRUE(company.in(login, "crew")) << login;
    EXPECT_GE(told("whom groups still name"), 1U);
    company.sim.directory.faults.partial = 0;
    company.sim.directory.request_sweep();
    company.sim.run_for(minutes{5});
    company.sim.directory.leave("Crew", "p3");
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "crew"); }));
}

// Their links ended with them; the list of the group did not move.
TEST_F(Doubt, WhoIsRestoredHasNoPlaceOfBefore) {
    auto& content = company.sim.directory.content;
    content.people.at("p2").deleted = true;
    content.wrote("p2");
    company.sim.directory.touched("p2");
    ASSERT_TRUE(company.comes([this] { return !company.in("p2", "crew"); }));
    company.sim.run_for(minutes{5});
    joins = company.calls(CallKind::put_member);
    for (auto& [name, group] : content.groups) std::erase(group.members, content.people.at("p2").guid);
    content.people.at("p2").deleted = false;
    content.wrote("p2");
    const std::size_t sweeps = company.sim.directory.sweeps;
    company.sim.directory.touched("p2");
    company.sim.run_for(minutes{5});
    expect_out("p2");
    EXPECT_GT(company.sim.directory.sweeps, sweeps) << "its memberships are read anew";
    company.sim.directory.join("Staff", "p2");
    company.sim.directory.join("Crew", "p2");
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }));
}

}  // namespace
}  // namespace rollcall::engine
