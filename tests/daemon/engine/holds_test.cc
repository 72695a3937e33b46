// Holds over time, restarts, answers and other policies: what guards have stopped stays stopped until
// somebody answers or its cause is gone, and what was answered stays answered.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using schema::TrailKind;
using std::chrono::hours;
using std::chrono::minutes;

// Twelve people in Crew and in its room; three may lose a room unasked.
class Holds : public testing::Test {
  protected:
    Holds() {
        company.sim.policy.policy.guards.removals = {3, hours{1}};
        company.sim.policy.policy.guards.room_loses = {100, 1'000};
        company.people(12);
        company.room("crew");
        company.open();
        company.sim.run_for(hours{2});
    }
    void leave(int first, int last) {
        for (int i = first; i <= last; ++i) company.sim.directory.leave("Crew", "p" + std::to_string(i));
        company.sim.run_for(minutes{2});
    }
    [[nodiscard]] int gone(int first, int last) const {
        int out = 0;
        for (int i = first; i <= last; ++i) out += company.in("p" + std::to_string(i), "crew") ? 0 : 1;
        return out;
    }
    [[nodiscard]] std::vector<policy::Hold> holds() { return company.sim.engine().guards().holds(); }
    // The one hold's id; "" unless there is one.
    [[nodiscard]] std::string hold() { return holds().size() == 1 ? holds()[0].id : ""; }
    Engine::Answered answer(bool yes, const std::string& id) {
        Engine::Answered out;
        EXPECT_TRUE(company.sim.command([&](Engine& engine) {
            const Result<Engine::Answered> answered = engine.answer(yes, id, {0, -1, "alice"}, "a reason");
            ASSERT_TRUE(answered) << answered.error().text();
            out = *answered;
        }));
        company.sim.run_for(minutes{2});
        return out;
    }
    [[nodiscard]] std::size_t entries(TrailKind kind, const std::string& user) {
        std::size_t out = 0;
        for (const schema::TrailEntry& entry : company.trail())
            out += entry.kind == kind && entry.user == user ? 1U : 0U;
        return out;
    }
    Company company;
};

TEST_F(Holds, N4_AHoldOutlastsTheWindowARestartAndTheSamePolicy) {
    leave(2, 4);
    ASSERT_EQ(gone(2, 4), 3);
    leave(5, 6);
    const std::string id = hold();
    ASSERT_NE(id, "");
    for (int day = 0; day < 3; ++day) {
        company.sim.run_for(hours{20});
        company.sim.restart();
        company.sim.run_for(hours{4});
        company.sim.apply();
        company.sim.run_for(minutes{5});
        EXPECT_EQ(hold(), id) << "day " << day;
        EXPECT_EQ(gone(5, 6), 0) << "day " << day;
    }
    company.sim.directory.join("Crew", "p5");
    company.sim.directory.join("Crew", "p6");
    company.sim.run_for(minutes{2});
    EXPECT_TRUE(holds().empty());
    EXPECT_TRUE(company.sim.engine().memory().held_since.empty());
    leave(5, 6);  // a day later the window is another
    EXPECT_EQ(gone(5, 6), 2);
}

TEST_F(Holds, ApproveDoesWhatIsStillWantedOverARestartToo) {
    leave(2, 6);
    const std::string id = hold();
    company.sim.restart();
    company.sim.run_until([this] { return company.sim.engine().counted(); }, minutes{5});
    company.sim.directory.join("Crew", "p2");
    company.sim.run_for(minutes{2});
    const Engine::Answered answered = answer(true, id);  // of a hold that has shrunk since
    EXPECT_EQ(answered.wanted.size(), 4U);
    EXPECT_EQ(answered.unwanted.size(), 1U);
    EXPECT_EQ(gone(3, 6), 4);
    EXPECT_EQ(gone(2, 2), 0);
    EXPECT_TRUE(company.sim.engine().memory().approved.empty()) << "an approval is used once";
    leave(7, 9);  // what was approved was not done unasked
    EXPECT_EQ(gone(7, 9), 3);
}

TEST_F(Holds, N5_ARejectionStandsUntilAnotherPolicyAndIsNotToBeDone) {
    leave(2, 6);
    const std::string id = hold();
    EXPECT_EQ(answer(false, id).wanted.size(), 5U);
    company.sim.restart();
    company.sim.run_for(hours{30});
    EXPECT_EQ(gone(2, 6), 0);
    EXPECT_TRUE(holds().empty());
    const policy::Answers& rejected = company.sim.engine().memory().rejected;
    ASSERT_EQ(rejected.size(), 5U);
    EXPECT_EQ(rejected.begin()->second.by, "alice");
    EXPECT_EQ(rejected.begin()->second.hold, id);
    company.sim.apply();  // another version
    company.sim.run_for(minutes{5});
    EXPECT_TRUE(company.sim.engine().memory().rejected.empty());
    EXPECT_EQ(hold(), id);
    EXPECT_EQ(gone(2, 6), 0);
}

TEST_F(Holds, ARejectionCanBeTakenBackByItsHoldsId) {
    leave(2, 6);
    const std::string id = hold();
    answer(false, id);
    EXPECT_EQ(answer(true, id).wanted.size(), 5U);
    EXPECT_EQ(gone(2, 6), 5);
    EXPECT_TRUE(company.sim.engine().memory().rejected.empty());
}

TEST_F(Holds, N2_WhoDepartsIsNotKeptInByARejection) {
    leave(2, 6);
    answer(false, hold());
    company.sim.directory.disable("p3", true);
    company.sim.run_for(minutes{2});
    EXPECT_EQ(gone(3, 3), 1);
    EXPECT_EQ(gone(2, 6), 1);
}

TEST_F(Holds, TheTrailSaysOfEachPersonWhatWasStoppedAndAnsweredOnce) {
    leave(2, 6);
    const std::string first = hold();
    leave(7, 7);  // the hold has grown
    ASSERT_NE(hold(), first);
    answer(true, hold());
    company.sim.run_for(minutes{5});
    for (const char* login : {"p2", "p6", "p7"}) {
        EXPECT_EQ(entries(TrailKind::hold, Company::id(login)), 1U) << login;
        EXPECT_EQ(entries(TrailKind::approve, Company::id(login)), 1U) << login;
    }
    EXPECT_EQ(entries(TrailKind::hold, Company::id("p8")), 0U);
}

// Of those who were to lose a room some depart meanwhile, more than may: that is the departures' guard's
// question, which nobody has answered.
TEST_F(Holds, N4_AnApprovalOfRemovalsLetsNoDeparturePass) {
    company.sim.policy.policy.guards.departures = {2, hours{1}};
    company.sim.apply();
    leave(2, 9);
    const std::string removals = hold();
    ASSERT_NE(removals, "");
    for (const char* login : {"p2", "p3", "p4"}) company.sim.directory.disable(login, true);
    company.sim.run_for(minutes{2});
    ASSERT_EQ(holds().size(), 2U);
    const Engine::Answered answered = answer(true, removals);
    EXPECT_EQ(answered.wanted.size(), 5U);
    EXPECT_EQ(answered.unwanted.size(), 3U);
    EXPECT_EQ(gone(5, 9), 5);
    EXPECT_EQ(gone(2, 4), 0);
    ASSERT_EQ(holds().size(), 1U);
    EXPECT_EQ(holds()[0].guard, policy::Guard::departures);
}

TEST_F(Holds, N4_WhatWasRejectedAfterItsApprovalDoesNotPassWithTheNextPolicy) {
    leave(2, 6);
    const std::string smaller = hold();
    leave(7, 7);
    const std::string grown = hold();
    ASSERT_NE(smaller, grown);
    EXPECT_TRUE(company.sim.command([&](Engine& engine) {
        EXPECT_TRUE(engine.answer(true, smaller, {0, -1, "alice"}, "yes"));
        EXPECT_TRUE(engine.answer(false, grown, {0, -1, "alice"}, "no, wait"));
    }));
    company.sim.run_for(minutes{2});
    EXPECT_EQ(gone(2, 7), 0);
    company.sim.restart();
    company.sim.apply();  // another version: rejections end
    company.sim.run_for(minutes{5});
    EXPECT_EQ(gone(2, 7), 0);
    EXPECT_EQ(hold(), grown);
}

// A group that is repaired in parts releases nothing that a guard has held.
TEST_F(Holds, N4_ARefillInPartsReleasesNothingOverARestartToo) {
    leave(2, 12);
    ASSERT_NE(hold(), "");
    for (int next = 2; next <= 10; next += 4) {
        for (int i = next; i < next + 4 && i <= 10; ++i)
            company.sim.directory.join("Crew", "p" + std::to_string(i));
        company.sim.run_for(minutes{2});
        company.sim.restart();
        company.sim.run_for(hours{2});
    }
    ASSERT_EQ(holds().size(), 1U);
    EXPECT_EQ(holds()[0].actions.size(), 2U);
    EXPECT_EQ(gone(2, 12), 0);
    answer(true, hold());
    EXPECT_EQ(gone(11, 12), 2);
    EXPECT_TRUE(company.sim.engine().memory().held.empty());
}

// An owner invites whom they like: nobody else's removal waits for it, and the id that was shown can be
// answered.
TEST_F(Holds, N4_InvitationsByHandHoldNobodyAndChangeNoHold) {
    const std::string room = company.sim.room_id("crew");
    const auto invite = [&](int i) {
        EXPECT_TRUE(
            company.sim.homeserver.invite(room, Company::id("p1"), Company::id("x" + std::to_string(i))));
    };
    for (int i = 0; i < 20; ++i) invite(i);
    company.sim.run_for(minutes{2});
    EXPECT_TRUE(holds().empty());
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(company.sim.homeserver.membership(room, Company::id("x" + std::to_string(i))),
                  policy::MembershipState::leave);
    leave(2, 4);
    EXPECT_EQ(gone(2, 4), 3) << "what was taken back is in no ledger";
    leave(5, 9);
    const std::string id = hold();
    ASSERT_NE(id, "");
    for (int i = 20; i < 40; ++i) invite(i);
    company.sim.run_for(minutes{2});
    EXPECT_EQ(hold(), id);
    EXPECT_EQ(answer(true, id).wanted.size(), 5U);
}

// However often a hold has changed since.
TEST_F(Holds, AnIdOnceShownIsAnsweredWhileAnyOfItIsHeld) {
    leave(2, 9);
    const std::string first = hold();
    for (int i = 0; i < 30; ++i) {
        leave(10, 10);
        company.sim.directory.join("Crew", "p10");
        company.sim.run_for(minutes{2});
    }
    EXPECT_EQ(hold(), first);
    for (int i = 2; i < 9; ++i) {
        company.sim.directory.join("Crew", "p" + std::to_string(i));
        company.sim.run_for(minutes{2});
    }
    ASSERT_NE(hold(), first);
    const Engine::Answered answered = answer(true, first);
    EXPECT_EQ(answered.wanted.size(), 1U);
    EXPECT_EQ(answered.unwanted.size(), 7U);
}

TEST_F(Holds, NobodyAnswersWhatIsNoHold) {
    EXPECT_TRUE(company.sim.command([](Engine& engine) {
        EXPECT_EQ(engine.answer(true, "000000000000", {0, -1, "alice"}, "a reason").error().kind,
                  ErrorKind::not_found);
    }));
}

TEST_F(Holds, IsAnsweredByTheBeginningOfItsId) {
    leave(2, 6);
    const std::string id = hold();
    EXPECT_TRUE(company.sim.command([&id](Engine& engine) {
        EXPECT_EQ(engine.answer(true, id.substr(0, 3), {0, -1, "alice"}, "too short").error().kind,
                  ErrorKind::not_found);
        EXPECT_EQ(engine.answer(true, "", {0, -1, "alice"}, "none").error().kind, ErrorKind::not_found);
    }));
    EXPECT_EQ(gone(2, 6), 0);
    const Engine::Answered answered = answer(true, id.substr(0, 4));
    EXPECT_EQ(answered.id, id);
    EXPECT_EQ(answered.wanted.size(), 5U);
    EXPECT_EQ(gone(2, 6), 5);
}

// An order names one person: it waits for no answer about many, and none that was given stands against it.
TEST_F(Holds, N4_AnOrderThatNamesSomebodyIsNotHeldWithTheRest) {
    company.sim.policy.policy.guards.departures = {3, hours{1}};
    company.sim.apply();
    for (int i = 2; i <= 6; ++i) company.sim.directory.disable("p" + std::to_string(i), true);
    company.sim.run_for(minutes{2});
    const std::string id = hold();
    ASSERT_NE(id, "");
    company.depart("p9", false);  // … beside those
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(company.in("p9", "crew"));
    EXPECT_EQ(gone(2, 6), 0);
    company.depart("p3", false);  // … and one of them
    company.sim.run_for(minutes{1});
    EXPECT_EQ(gone(2, 6), 1);
    EXPECT_FALSE(company.in("p3", "crew"));
    const std::vector<policy::Hold> left = holds();
    ASSERT_EQ(left.size(), 1U);
    for (const policy::ActionKey& key : left[0].actions) EXPECT_NE(key.user, Company::id("p3"));
    answer(false, left[0].id);
    company.depart("p4", false);
    company.sim.run_for(minutes{1});
    EXPECT_EQ(gone(2, 6), 2);
    EXPECT_FALSE(company.in("p4", "crew"));
    EXPECT_EQ(
        company.sim.engine().memory().rejected.count({policy::ActionKind::sign_out, "", Company::id("p4")}),
        0U);
    EXPECT_GT(company.sim.engine().memory().rejected.size(), 0U) << "the others' stand";
}

}  // namespace
}  // namespace rollcall::engine
