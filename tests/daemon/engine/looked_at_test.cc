// What speaks against what is believed of somebody is asked: their own list of rooms, a forget that is
// refused.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

class LookedAt : public testing::Test {
  protected:
    LookedAt() {
        company.people(5);
        company.room("crew");
        company.room("hall");
        company.open();
    }
    // They are in it again, and nobody tells.
    void back_in_unseen(const std::string& login, const std::string& key) {
        company.sim.homeserver.deaf = true;
        company.sim.homeserver.force_state(
            company.sim.room_id(key), policy::MemberContent{Company::id(login), MembershipState::join, ""},
            Company::id(login));
        company.sim.homeserver.deaf = false;
    }
    Company company;
};

TEST_F(LookedAt, ARoomInTheOwnListOfWhoDepartsOfWhichTheyAreThoughtToBeOut) {
    ASSERT_TRUE(company.sim.homeserver.leave(company.sim.room_id("hall"), Company::id("p3")));
    company.sim.run_for(minutes{1});
    back_in_unseen("p3", "hall");
    company.sim.run_for(minutes{5});
    ASSERT_TRUE(company.in("p3", "hall")) << "nobody knows of it";
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "crew") && !company.in("p3", "hall"); }));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

// To sign in again is the identity provider's matter: nobody looks for new sessions of who has departed.
// Where they come into a managed room these end once more.
TEST_F(LookedAt, WhoDepartedAndSignsInAgainIsLeftAloneUntilTheyComeIntoARoom) {
    company.sim.directory.disable("p3", true);
    ASSERT_TRUE(company.comes([this] { return !company.in("p3", "crew") && company.sessions("p3") == 0; }));
    company.sim.run_for(minutes{1});
    company.sim.homeserver.accounts.at(Company::id("p3")).sessions = 1;
    company.sim.run_for(std::chrono::hours{13});
    EXPECT_EQ(company.sessions("p3"), 1);
    const std::string hall = company.sim.room_id("hall");
    ASSERT_TRUE(company.sim.homeserver.invite(hall, Company::id("p2"), Company::id("p3")));
    EXPECT_TRUE(company.comes([&] {
        return company.sim.homeserver.membership(hall, Company::id("p3")) == MembershipState::leave;
    }));
    EXPECT_EQ(company.sessions("p3"), 1) << "they were only invited";
    ASSERT_TRUE(company.sim.homeserver.invite(hall, Company::id("p2"), Company::id("p3")));
    ASSERT_TRUE(company.sim.homeserver.join(hall, Company::id("p3")));
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "hall") && company.sessions("p3") == 0; }));
}

TEST_F(LookedAt, WhoseForgetIsRefusedBecauseTheyAreInTheRoom) {
    bool once = true;
    company.sim.homeserver.on_carried_out = [&](const Call& call) {
        if (call.kind == CallKind::put_member && call.membership == MembershipState::leave &&
            call.user == Company::id("p3") && call.room == company.sim.room_id("hall") &&
            std::exchange(once, false))
            back_in_unseen("p3", "hall");
    };
    company.sim.directory.leave("Crew", "p3");
    ASSERT_TRUE(company.comes([&] { return !once; }));
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "hall"); }, minutes{1}));
    company.sim.run_for(minutes{30});
    EXPECT_EQ(company.wrongs(), "");
}

}  // namespace
}  // namespace rollcall::engine
