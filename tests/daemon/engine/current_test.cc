// Nobody is removed for what the directory did not say yet: not at a start, not while it cannot be reached.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

class Current : public testing::Test {
  protected:
    Current() {
        company.people(6);
        company.room("crew");
        company.sim.rules.push_back(
            {.key = "board", .members = "Leads", .owners = "Leads", .everyone_invites = true});
        company.open();
    }
    // Somebody whom the daemon does not know of is invited by an owner, and comes.
    void comes_in(const std::string& user) {
        const std::string room = company.sim.room_id("crew");
        ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p1"), user));
        ASSERT_TRUE(company.sim.homeserver.join(room, user));
    }
    // Into the directory, without the daemon's being told.
    void hire_unseen(const std::string& login) {
        company.sim.directory.content.person(login, {"Staff", "Crew"});
        company.sim.homeserver.add_account(Company::id(login));
    }
    [[nodiscard]] std::size_t removals(const std::string& user) {
        std::size_t count = 0;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.kind == schema::TrailKind::intent && entry.action == "leave" && entry.user == user)
                ++count;
        return count;
    }
    void says(policy::DirectoryHealth health) {
        policy::DirectoryStatus status;
        status.directory = "corp";
        status.health = health;
        status.current = health == policy::DirectoryHealth::up;
        company.sim.directory.deliver(status);
    }
    [[nodiscard]] bool room_is(const std::string& user, MembershipState state) {
        return company.sim.homeserver.membership(company.sim.room_id("crew"), user) == state;
    }
    Company company;
};

TEST_F(Current, N1_WhoeverWasHiredWhileTheDaemonWasOffStays) {
    company.sim.stop();
    hire_unseen("late");
    comes_in(Company::id("late"));
    company.sim.directory.latency = seconds{20};  // rooms are read before
    company.sim.start();
    company.sim.run_for(minutes{3});
    EXPECT_TRUE(company.in("late", "crew"));
    EXPECT_EQ(removals(Company::id("late")), 0U);
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Current, N1_WhoeverWasReinstatedWhileTheDaemonWasOffStays) {
    company.sim.directory.disable("p4", true);
    ASSERT_TRUE(company.comes([this] { return !company.in("p4", "crew"); }));
    company.sim.run_for(minutes{1});
    company.sim.stop();
    company.sim.directory.content.people.at("p4").account_control = 512U;
    company.sim.directory.content.wrote("p4");
    const std::size_t before = removals(Company::id("p4"));
    comes_in(Company::id("p4"));
    company.sim.directory.latency = seconds{20};
    company.sim.start();
    company.sim.run_for(minutes{3});
    EXPECT_TRUE(company.in("p4", "crew"));
    EXPECT_EQ(removals(Company::id("p4")), before);
}

TEST_F(Current, OutsidersDoNotWaitForTheDirectoryAtAStart) {
    company.sim.stop();
    comes_in("@guest:elsewhere.example");
    company.sim.directory.latency = minutes{10};
    company.sim.start();
    EXPECT_TRUE(
        company.comes([this] { return room_is("@guest:elsewhere.example", MembershipState::leave); }));
}

TEST_F(Current, N1_NobodyIsAStrangerWhileTheDirectoryIsAway) {
    says(policy::DirectoryHealth::unreachable);
    hire_unseen("late");
    comes_in(Company::id("late"));
    comes_in("@guest:elsewhere.example");
    ASSERT_TRUE(
        company.comes([this] { return room_is("@guest:elsewhere.example", MembershipState::leave); }));
    company.sim.run_for(minutes{3});
    EXPECT_EQ(removals(Company::id("late")), 0U);
    company.sim.directory.touched({"late", "Staff", "Crew"});  // and now it is back
    company.sim.run_for(seconds{1});
    says(policy::DirectoryHealth::up);
    company.sim.run_for(minutes{3});
    EXPECT_TRUE(company.in("late", "crew"));
    EXPECT_EQ(removals(Company::id("late")), 0U);
}

TEST_F(Current, ARealStrangerGoesOnceTheDirectoryIsBack) {
    says(policy::DirectoryHealth::unreachable);
    const std::string user = Company::id("temp");
    company.sim.homeserver.add_account(user);
    comes_in(user);
    company.sim.run_for(minutes{3});
    EXPECT_TRUE(room_is(user, MembershipState::join));
    says(policy::DirectoryHealth::up);
    EXPECT_TRUE(company.comes([&] { return room_is(user, MembershipState::leave); }));
}

// Who has departed by what is known goes, once it is clear that no more can be known now.
TEST_F(Current, DeparturesGoOnWhereTheDirectoryCannotBeReached) {
    company.sim.stop();
    company.sim.directory.latency = minutes{10};
    company.sim.start();
    company.depart("p3", false);
    company.sim.run_for(seconds{30});
    EXPECT_TRUE(company.in("p3", "crew")) << "somebody looks first";
    says(policy::DirectoryHealth::unreachable);
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "crew"); }));
}

}  // namespace
}  // namespace rollcall::engine
