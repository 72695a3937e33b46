// readmit: the way back for whoever is out of a room by mistake, and for nobody else.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Readmit : public testing::Test {
  protected:
    Readmit() {
        company.people(4);
        company.room("crew");
        company.open();
        company.sim.run_for(minutes{2});
        room = company.sim.room_id("crew");
    }
    Result<Engine::Readmitted> readmit(const std::string& user) {
        Result<Engine::Readmitted> out = fail(ErrorKind::unavailable, "no turn");
        EXPECT_TRUE(company.sim.command([&](Engine& engine) {
            out = engine.readmit(engine.world().user(user), 0, {0, -1, "alice"}, "by mistake");
        }));
        return out;
    }
    void kick(const std::string& login) {
        EXPECT_TRUE(company.sim.homeserver.kick(room, Company::id("p1"), Company::id(login)));
        company.sim.run_for(seconds{20});
    }
    [[nodiscard]] policy::MembershipState state(const std::string& login) {
        return company.sim.homeserver.membership(room, Company::id(login));
    }
    Company company;
    std::string room;
};

TEST_F(Readmit, ASecondKickWithinTheHourIsUndoneAtOnce) {
    kick("p2");
    ASSERT_TRUE(company.in("p2", "crew")) << "the first is undone unasked";
    kick("p2");
    ASSERT_FALSE(company.in("p2", "crew"));
    const auto done = readmit(Company::id("p2"));
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(*done, Engine::Readmitted::put_back);
    company.sim.run_for(seconds{20});
    EXPECT_TRUE(company.in("p2", "crew"));
    const std::vector<schema::TrailEntry> entries = company.trail();
    EXPECT_TRUE(std::any_of(entries.begin(), entries.end(), [](const schema::TrailEntry& entry) {
        return entry.action == "readmit" && entry.caller && entry.reason == "by mistake";
    }));
}

TEST_F(Readmit, WhoLeftByThemselvesIsInvitedAndNotJoined) {
    EXPECT_TRUE(company.sim.homeserver.leave(room, Company::id("p2")));
    company.sim.run_for(minutes{1});
    const auto done = readmit(Company::id("p2"));
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(*done, Engine::Readmitted::invited);
    company.sim.run_for(minutes{5});
    EXPECT_EQ(state("p2"), policy::MembershipState::invite);
    company.sim.restart();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(state("p2"), policy::MembershipState::invite);
    EXPECT_TRUE(company.sim.homeserver.join(room, Company::id("p2")));
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(company.in("p2", "crew"));
}

TEST_F(Readmit, N7_NobodyElseIsLetIn) {
    company.sim.directory.disable("p2", true);
    company.sim.directory.leave("Crew", "p3");
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(readmit(Company::id("p2"))) << "departed";
    EXPECT_FALSE(readmit(Company::id("p3"))) << "does not belong";
    EXPECT_FALSE(readmit("@eve:elsewhere.example")) << "an outsider";
    EXPECT_FALSE(readmit(Company::id("p4"))) << "is in";
    EXPECT_TRUE(company.sim.homeserver.ban(room, Company::id("p1"), Company::id("p4")));
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(readmit(Company::id("p4"))) << "banned";
    company.sim.run_for(minutes{1});
    for (const char* login : {"p2", "p3"}) EXPECT_FALSE(company.in(login, "crew")) << login;
}

}  // namespace
}  // namespace rollcall::engine
