// A copy of the state folder, or of the homeserver, was put back: who left since does not come back.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MemberContent;
using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

class Backups : public testing::Test {
  protected:
    Backups() {
        company.people(6);
        company.room("crew");
        company.room("hall");
        company.open();
        company.sim.run_for(minutes{10});
    }
    Company company;
};

TEST_F(Backups, N1_WhoWasOrderedToDepartSinceTheCopyIsNotLetInAgain) {
    company.sim.stop();
    const sim::MemoryStore copy = company.sim.memory;
    company.sim.start();
    company.sim.run_for(minutes{10});
    company.depart("p3", false);
    ASSERT_TRUE(company.comes([this] { return !company.in("p3", "crew") && !company.in("p3", "hall"); }));
    company.sim.run_for(minutes{10});
    company.sim.stop();
    company.sim.memory = copy;
    company.sim.start();
    company.sim.run_for(minutes{10});
    EXPECT_FALSE(company.in("p3", "crew"));
    EXPECT_FALSE(company.in("p3", "hall"));
    EXPECT_EQ(company.sim.engine().paused(), Engine::Pause::all_but_departures) << "departures go on";
    EXPECT_NE(company.sim.engine().pause_text().find("was put back to a copy"), std::string::npos);
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.sim.engine().paused(), Engine::Pause::all_but_departures);
}

TEST_F(Backups, AStateThatIsNotOlderPausesNothing) {
    company.sim.directory.leave("Crew", "p3");
    ASSERT_TRUE(company.comes([this] { return !company.in("p3", "crew"); }));
    company.sim.directory.disable("p4", true);
    company.sim.run_for(Duration{25});  // in the middle of it
    for (int i = 0; i < 3; ++i) {
        company.sim.stop();
        company.sim.run_for(minutes{30});
        company.sim.restart();
        company.sim.run_for(minutes{1});
    }
    EXPECT_EQ(company.sim.engine().paused(), Engine::Pause::none);
    EXPECT_FALSE(company.in("p4", "crew"));
}

TEST_F(Backups, N2_WhoDepartedAndIsInARoomAgainIsSignedOutAgain) {
    company.sim.directory.disable("p3", true);
    const std::string user = Company::id("p3"), room = company.sim.room_id("crew");
    ASSERT_TRUE(company.comes(
        [&] { return !company.in("p3", "crew") && company.sim.homeserver.accounts.at(user).sessions == 0; }));
    company.sim.run_for(minutes{5});
    company.sim.homeserver.accounts.at(user).sessions = 1;
    company.sim.homeserver.force_state(room, MemberContent{user, MembershipState::join, ""}, user);
    EXPECT_TRUE(company.comes(
        [&] { return !company.in("p3", "crew") && company.sim.homeserver.accounts.at(user).sessions == 0; },
        seconds{2}));
}

// The copy knows nothing of what was done since; no room tells, for they are in none that is managed.
TEST_F(Backups, N2_WhoDepartedAndIsInNoManagedRoomIsAskedAfterWhereTheHomeserverWasPutBack) {
    const std::vector<std::string> gone = {"p3", "p4", "p5", "p6"};
    const auto sessions = [this](const std::string& login) -> int& {
        return company.sim.homeserver.accounts.at(Company::id(login)).sessions;
    };
    const auto all_out = [&] {
        return std::all_of(gone.begin(), gone.end(),
                           [&](const std::string& login) { return sessions(login) == 0; });
    };
    company.sim.policy.policy.guards.departures = {3, std::chrono::hours{1}};
    company.sim.apply();
    for (const std::string& login : gone) {
        company.sim.directory.disable(login, true);
        company.sim.run_for(std::chrono::hours{2});
    }
    ASSERT_TRUE(all_out());
    const std::size_t done = company.calls(CallKind::sign_out);
    for (const char* login : {"p3", "p4", "p6"}) sessions(login) = 1;
    company.sim.homeserver.count_anew();
    company.sim.directory.leave("Crew", "p2");  // something happens
    EXPECT_TRUE(company.comes(all_out, minutes{2}));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.calls(CallKind::sign_out), done + 3) << "nobody was signed in as p5";
    EXPECT_EQ(company.calls(CallKind::sessions), 4U);
    const std::vector<schema::TrailEntry> entries = company.trail();
    EXPECT_EQ(std::count_if(entries.begin(), entries.end(),
                            [](const schema::TrailEntry& entry) {
                                return entry.action == "sign out" && entry.result.starts_with("undone: 1 of");
                            }),
              3);
    EXPECT_TRUE(company.sim.engine().guards().holds().empty()) << "they had departed before";
    EXPECT_EQ(company.wrongs(), "");
}

}  // namespace
}  // namespace rollcall::engine
