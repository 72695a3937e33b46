// A login that is changed is still the same person's account, in rooms or in none.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;

class Renamed : public testing::Test {
  protected:
    Renamed() {
        company.people(3);
        company.room("crew");
        company.sim.directory.content.person("q1", {"Staff"});
        homeserver().add_account(Company::id("q1"));
        company.open();
        chat = homeserver().make_room(Company::id("q1"), "private");
    }
    [[nodiscard]] sim::FakeHomeserver& homeserver() { return company.sim.homeserver; }
    [[nodiscard]] int sessions() { return homeserver().accounts.at(Company::id("q1")).sessions; }
    void expect_gone() {
        EXPECT_TRUE(company.comes([this] { return sessions() == 0; }));
        EXPECT_TRUE(company.comes(
            [this] { return homeserver().membership(chat, Company::id("q1")) == MembershipState::leave; }));
    }
    Company company;
    std::string chat;
};

TEST_F(Renamed, WhoIsDisabledInTheSameWriteIsSignedOut) {
    company.sim.directory.rename("q1", "left-q1", true);
    expect_gone();
}

TEST_F(Renamed, WhoIsDisabledMonthsLaterIsSignedOut) {
    company.sim.directory.rename("q1", "q1-married");
    company.sim.run_for(minutes{1});
    company.sim.restart();
    company.sim.directory.disable("q1", true);
    expect_gone();
}

TEST_F(Renamed, WhoseLoginWasChangedWhileTheDaemonWasOffIsSignedOut) {
    company.sim.stop();
    company.sim.directory.rename("q1", "left-q1", true);
    company.sim.start();
    expect_gone();
}

TEST_F(Renamed, TheHomeserverIsAskedAgainWhereItDidNotSay) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "left-q1", true);
    company.sim.run_for(minutes{5});
    homeserver().down = false;
    company.sim.run_for(minutes{30});
    expect_gone();
}

TEST_F(Renamed, WhoHadNoAccountHasThatOfTheNewName) {
    company.sim.directory.hire("q2", {"Staff", "Crew"});
    company.sim.run_for(minutes{1});
    company.sim.directory.rename("q2", "q2b");
    company.sim.run_for(minutes{1});
    homeserver().add_account(Company::id("q2b"));
    EXPECT_TRUE(company.comes([this] { return company.in("q2b", "crew"); }, minutes{30}));
}

// Whose account it is then, nobody knows: it may have been made since.
TEST_F(Renamed, ANameThatSomebodyElseHasByThenIsLeftToThem) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1-old");
    company.sim.run_for(minutes{1});
    company.sim.directory.hire("q1b", {"Staff", "Crew"});
    company.sim.directory.rename("q1b", "q1");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{30});
    EXPECT_TRUE(company.in("q1", "crew"));
    company.sim.directory.disable("q1", true);  // who is q1-old now
    company.sim.run_for(minutes{5});
    EXPECT_EQ(sessions(), 1);
    EXPECT_TRUE(company.in("q1", "crew"));
}

TEST_F(Renamed, ANameThatTwoHaveHadIsNobodys) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1-old");
    company.sim.run_for(minutes{1});
    company.sim.directory.hire("q1b", {"Staff"});
    company.sim.directory.rename("q1b", "q1");
    company.sim.run_for(minutes{1});
    company.sim.directory.rename("q1b", "q1-new");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{30});
    company.sim.directory.disable("q1b", true);
    company.sim.run_for(minutes{5});
    EXPECT_EQ(sessions(), 1) << "of another person";
}

}  // namespace
}  // namespace rollcall::engine
