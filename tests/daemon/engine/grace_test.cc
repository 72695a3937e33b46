// Removals that the directory brings about wait guards.grace, and nothing else does.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class GraceTest : public testing::Test {
  protected:
    GraceTest() {
        company.sim.policy.policy.guards.grace = seconds{10};
        company.sim.policy.policy.guards.removals = {5, hours{1}};
        company.sim.policy.policy.guards.room_loses = {100, 1'000};
        company.people(12);
        company.room("crew");
        company.open();
        company.sim.run_for(minutes{2});
    }
    void leave(const std::string& login) { company.sim.directory.leave("Crew", login); }
    void join(const std::string& login) { company.sim.directory.join("Crew", login); }
    [[nodiscard]] bool in(const std::string& login) const { return company.in(login, "crew"); }
    // How long until they are out?
    Duration out_after(const std::string& login) {
        const Tick before = company.sim.agenda.tick();
        company.sim.run_until([&] { return !in(login); }, minutes{1});
        EXPECT_FALSE(in(login));
        return company.sim.agenda.tick() - before;
    }
    Company company;
};

TEST_F(GraceTest, WhoLeavesAGroupIsOutWhenItHasPassed) {
    leave("p2");
    const Duration waited = out_after("p2");
    EXPECT_GE(waited, seconds{10});
    EXPECT_LE(waited, seconds{14});
}

TEST_F(GraceTest, WhoIsBackWithinItNeverLeft) {
    const std::size_t before = company.calls(CallKind::put_member);
    for (int times = 0; times < 5; ++times) {
        leave("p2");
        company.sim.run_for(seconds{6});
        join("p2");
        company.sim.run_for(seconds{6});
    }
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(in("p2"));
    EXPECT_EQ(company.calls(CallKind::put_member), before);
}

// All twelve, which is more than a guard lets pass: what waits is counted.
TEST_F(GraceTest, AGroupThatIsEmptiedAndFilledAgainThrowsNobodyOut) {
    const std::size_t before = company.calls(CallKind::put_member);
    for (int i = 1; i <= 12; ++i) leave("p" + std::to_string(i));
    company.sim.run_for(seconds{5});
    ASSERT_EQ(company.sim.engine().guards().holds().size(), 1U);
    for (int i = 1; i <= 12; ++i) join("p" + std::to_string(i));
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(company.sim.engine().guards().holds().empty());
    EXPECT_EQ(company.calls(CallKind::put_member), before);
}

TEST_F(GraceTest, N2_ADepartureDoesNotWait) {
    company.sim.directory.disable("p2", true);
    EXPECT_LT(out_after("p2"), seconds{9});
    leave("p3");
    company.sim.run_for(seconds{5});
    EXPECT_TRUE(in("p3"));
    company.sim.directory.disable("p3", true);
    EXPECT_LT(out_after("p3"), seconds{4});
}

TEST_F(GraceTest, WhatAnApplyBringsAboutDoesNotWait) {
    company.sim.directory.join("Leads", "p2");
    company.sim.run_for(minutes{1});
    company.sim.rules.front().except = "Leads";
    company.sim.apply();
    EXPECT_LT(out_after("p2"), seconds{9});
}

TEST_F(GraceTest, ARestartBeginsItAnew) {
    leave("p2");
    company.sim.run_for(seconds{8});
    company.sim.restart();
    company.sim.run_for(seconds{8});
    EXPECT_TRUE(in("p2"));
    company.sim.run_for(seconds{8});
    EXPECT_FALSE(in("p2"));
}

TEST_F(GraceTest, WhoeverWasLetInByHandDoesNotWait) {
    const std::string room = company.sim.room_id("crew");
    EXPECT_TRUE(company.sim.homeserver.invite(room, Company::id("p1"), Company::id("x1")));
    company.sim.run_for(seconds{5});
    EXPECT_EQ(company.sim.homeserver.membership(room, Company::id("x1")), policy::MembershipState::leave);
}

TEST_F(GraceTest, WhatWasApprovedDoesNotWait) {
    for (int i = 2; i <= 8; ++i) leave("p" + std::to_string(i));
    company.sim.run_for(seconds{4});
    ASSERT_EQ(company.sim.engine().guards().holds().size(), 1U);
    EXPECT_TRUE(company.sim.command([](Engine& engine) {
        EXPECT_TRUE(engine.answer(true, engine.guards().holds()[0].id, {0, -1, "alice"}, "yes"));
    }));
    EXPECT_LT(out_after("p8"), seconds{5});
}

// Whoever an employee answers for stays as long as it is not settled that the employee is none any more.
class SponsorsGrace : public GraceTest {
  protected:
    SponsorsGrace() {
        company.room("room0");  // in which the simulation lets a guest stay, for whom p1 answers
        company.sim.apply();
        company.sim.run_for(minutes{2});
        room = company.sim.room_id("room0");
        EXPECT_TRUE(company.sim.homeserver.invite(room, Company::id("p2"), kGuest));
        EXPECT_TRUE(company.sim.homeserver.join(room, kGuest));
        company.sim.run_for(minutes{1});
        EXPECT_TRUE(is_in());
    }
    [[nodiscard]] bool is_in() const {
        return company.sim.homeserver.membership(room, kGuest) == policy::MembershipState::join;
    }
    static constexpr const char* kGuest = "@friend:partner.example";
    std::string room;
};

TEST_F(SponsorsGrace, WhoeverIsAnEmployeeAgainWithinItLosesNoGuest) {
    company.sim.directory.leave("Staff", "p1");
    company.sim.run_for(seconds{6});
    EXPECT_TRUE(is_in());
    company.sim.directory.join("Staff", "p1");
    company.sim.run_for(minutes{2});
    EXPECT_TRUE(is_in());
}

TEST_F(SponsorsGrace, AfterItTheGuestGoesWithThem) {
    company.sim.directory.leave("Staff", "p1");
    ASSERT_TRUE(company.comes([this] { return !is_in(); }, seconds{20}));
    EXPECT_FALSE(in("p1"));
}

TEST_F(SponsorsGrace, WhileTheirRemovalIsHeldTheGuestStays) {
    for (int i = 1; i <= 8; ++i) company.sim.directory.leave("Staff", "p" + std::to_string(i));
    company.sim.run_for(minutes{2});
    ASSERT_FALSE(company.sim.engine().guards().holds().empty());
    EXPECT_TRUE(in("p1"));
    EXPECT_TRUE(is_in());
}

// The homeserver will not let them be taken out: that keeps nobody else in.
TEST_F(SponsorsGrace, WhereTheirRemovalIsRefusedTheGuestGoes) {
    company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::put_member || call.user != Company::id("p1") ||
            call.membership != policy::MembershipState::leave)
            return std::nullopt;
        return said(CallOutcome::refused);
    };
    company.sim.directory.leave("Staff", "p1");
    company.sim.run_for(seconds{8});
    EXPECT_TRUE(is_in()) << "until it was tried";
    EXPECT_TRUE(company.comes([this] { return !is_in(); }, minutes{1}));
    EXPECT_TRUE(in("p1"));
}

// Whoever rejects it says that they stay, and so does whom they answer for: until the approval ends.
TEST_F(SponsorsGrace, WhileTheirRemovalIsRejectedTheGuestStays) {
    for (int i = 1; i <= 8; ++i) company.sim.directory.leave("Staff", "p" + std::to_string(i));
    company.sim.run_for(minutes{2});
    for (const policy::Hold& hold : std::vector<policy::Hold>(company.sim.engine().guards().holds()))
        ASSERT_TRUE(company.sim.command([&](Engine& engine) {
            static_cast<void>(engine.answer(false, hold.id, {0, -1, "alice"}, "the directory is wrong"));
        }));
    company.sim.run_for(hours{3});
    EXPECT_TRUE(in("p1"));
    EXPECT_TRUE(is_in());
    company.sim.directory.join("Staff", "p1");
    company.sim.run_for(minutes{2});
    EXPECT_TRUE(is_in());
}

TEST_F(SponsorsGrace, N2_ASponsorsDepartureDoesNotWait) {
    company.sim.directory.disable("p1", true);
    EXPECT_TRUE(company.comes([this] { return !is_in(); }, seconds{2}));
}

}  // namespace
}  // namespace rollcall::engine
