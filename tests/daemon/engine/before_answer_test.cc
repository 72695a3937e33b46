// What an answer said, and what was not so, changes nothing of what was known before it: whose doing it was
// that somebody is out, and what guards count.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

class BeforeAnswer : public testing::Test {
  protected:
    BeforeAnswer() {
        company.people(6);
        company.room("crew");
        company.open();
        room = company.sim.room_id("crew");
        company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
            if (!kick(call)) return std::nullopt;
            return said(CallOutcome::refused);
        };
    }
    static bool kick(const Call& call) {
        return call.kind == CallKind::put_member && call.membership == MembershipState::leave &&
               call.as_user.empty();
    }
    // The homeserver shows that they left, and not that it was in their name alone.
    void taken_out(const std::string& login) {
        company.sim.directory.disable(login, true);
        ASSERT_TRUE(company.comes([&] { return !company.in(login, "crew"); }));
        company.sim.run_for(minutes{1});
        ASSERT_EQ(company.sim.homeserver.state(room, "m.room.member", Company::id(login))->sender,
                  Company::id(login));
    }
    // The first so many invitations are said to be sent, and are not.
    void pretend_invitations(int times) {
        company.sim.homeserver.hollow = [times](const Call& call) mutable {
            return call.kind == CallKind::put_member && call.membership == MembershipState::invite &&
                   times-- > 0;
        };
    }
    Company company;
    std::string room;
};

TEST_F(BeforeAnswer, WhoWasTakenOutInTheirOwnNameIsLetInAfterAnInvitationThatWasNone) {
    taken_out("p3");
    pretend_invitations(1);
    company.sim.directory.disable("p3", false);
    EXPECT_TRUE(company.comes([this] { return company.in("p3", "crew"); }, minutes{5}));
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(BeforeAnswer, AlsoWhereTheProcessEndsInBetween) {
    taken_out("p3");
    pretend_invitations(1);
    company.sim.directory.disable("p3", false);
    policy::World* world = &company.sim.engine().world();
    const auto held = [&] {
        return world->state_of(world->users.find(Company::id("p3")), world->room_by_key.at("crew"));
    };
    ASSERT_TRUE(company.comes([&] { return held() == MembershipState::invite; }));
    company.sim.restart();
    EXPECT_TRUE(company.comes([this] { return company.in("p3", "crew"); }, minutes{5}));
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(BeforeAnswer, WhoseLeaveInTheirNameWasNotAnsweredBeforeTheProcessEndedIsLetInAgain) {
    company.sim.directory.disable("p3", true);
    ASSERT_TRUE(company.comes([this] { return !company.in("p3", "crew"); }));
    const policy::World& world = company.sim.engine().world();
    ASSERT_EQ(world.state_of(world.users.find(Company::id("p3")), world.room_by_key.at("crew")),
              MembershipState::join)
        << "not told yet";
    company.sim.stop();
    company.sim.directory.disable("p3", false);
    company.sim.start();
    EXPECT_TRUE(company.comes([this] { return company.in("p3", "crew"); }, minutes{5}));
}

TEST_F(BeforeAnswer, WhoLeftByThemselvesStaysOut) {
    taken_out("p3");
    company.sim.directory.disable("p3", false);
    ASSERT_TRUE(company.comes([this] { return company.in("p3", "crew"); }, minutes{5}));
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(company.sim.homeserver.leave(room, Company::id("p3")));
    company.sim.run_for(minutes{30});
    EXPECT_FALSE(company.in("p3", "crew"));
}

// Guards count who was let in by right, and not who came in by hand.
TEST_F(BeforeAnswer, WhoWasOnlySaidToBeOutIsInByRightAsBefore) {
    company.sim.homeserver.answer_instead = nullptr;
    company.sim.homeserver.hollow = [times = 2](const Call& call) mutable {
        return kick(call) && times-- > 0;
    };
    policy::World& world = company.sim.engine().world();
    bool by_hand = false;
    company.sim.after_turn = [&] {
        const policy::Membership* held =
            world.membership(world.users.find(Company::id("p3")), world.room_by_key.at("crew"));
        by_hand |= held->unbidden;
    };
    company.sim.directory.leave("Crew", "p3");
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "crew"); }, minutes{5}));
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(by_hand);
    EXPECT_TRUE(world.before_answer.empty()) << "nothing is kept once it was shown";
}

}  // namespace
}  // namespace rollcall::engine
