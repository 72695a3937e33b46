// Whoever is out reads nothing of what was sent before, whatever anybody in the room does afterwards.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class Past : public CompanyTest {
  protected:
    Past() {
        company.people(4);
        company.room("crew");
        company.sim.directory.content.person("q1", {"Staff"});  // never in the room
        homeserver().add_account(Company::id("q1"));
        company.open();
        room = company.sim.room_id("crew");
        company.sim.directory.leave("Crew", "p3");
        company.sim.directory.disable("p4", true);
        company.sim.run_for(minutes{1});
    }
    [[nodiscard]] bool reads(const std::string& login) {
        return homeserver().rooms.at(room).past_readers.contains(Company::id(login));
    }
    void ban_and_unban(const std::string& login) {
        ASSERT_TRUE(homeserver().ban(room, Company::id("p1"), Company::id(login)));
        ASSERT_TRUE(homeserver().unban(room, Company::id("p1"), Company::id(login)));
        ASSERT_TRUE(reads(login));
    }
    std::string room;
};

TEST_F(Past, WhoIsBannedAndUnbannedIsMadeToForgetAnew) {
    for (const std::string login : {"p3", "p4", "q1"}) {
        ban_and_unban(login);
        EXPECT_TRUE(company.comes([&] { return !reads(login); }, seconds{5})) << login;
    }
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Past, SoIsWhoIsBannedAndWhoIsPutOutTwice) {
    ASSERT_TRUE(homeserver().ban(room, Company::id("p1"), Company::id("p3")));
    EXPECT_TRUE(company.comes([this] { return !reads("p3"); }, seconds{5}));
    ASSERT_FALSE(reads("p4"));
    ASSERT_TRUE(homeserver().kick(room, Company::id("p1"), Company::id("p4")));
    ASSERT_TRUE(reads("p4"));
    EXPECT_TRUE(company.comes([this] { return !reads("p4"); }, seconds{5}));
    std::size_t told = 0;
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.user == Company::id("p4") && entry.sender == Company::id("p1")) ++told;
    EXPECT_EQ(told, 1U);
}

TEST_F(Past, AlsoWhileTheForgetIsUnderWay) {
    int forgets = 0;
    homeserver().answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::forget || forgets++ > 0) return std::nullopt;
        CallResult done;  // it is forgotten, and before the answer is there …
        done.outcome = CallOutcome::done;
        homeserver().rooms.at(room).past_readers.erase(call.as_user);
        company.sim.agenda.after(Duration{1}, [this] { ban_and_unban("p3"); });
        return done;
    };
    ban_and_unban("p3");
    EXPECT_TRUE(company.comes([&] { return forgets > 1 && !reads("p3"); }, minutes{1}));
}

TEST_F(Past, AlsoWhereItHappenedWhileTheDaemonWasOff) {
    company.sim.stop();
    ban_and_unban("p3");
    ban_and_unban("q1");
    company.sim.start();
    EXPECT_TRUE(company.comes([this] { return !reads("p3") && !reads("q1"); }));
}

// A name that was banned before there was an account of it.
TEST_F(Past, AnAccountThatIsMadeAfterwardsReadsNothing) {
    company.sim.directory.hire("q2", {"Staff"});
    company.sim.run_for(minutes{1});
    ban_and_unban("q2");
    company.sim.run_for(minutes{1});
    homeserver().add_account(Company::id("q2"));
    ASSERT_TRUE(reads("q2"));
    EXPECT_TRUE(company.comes([this] { return !reads("q2"); }, minutes{30}));
}

// A name that nobody in the directory has: an owner invited it, and that was taken back.
TEST_F(Past, SoDoesOneThatOnlyAnOwnerHadThoughtOf) {
    ASSERT_TRUE(homeserver().invite(room, Company::id("p1"), Company::id("later")));
    const auto taken_back = [this] {
        return homeserver().membership(room, Company::id("later")) == MembershipState::leave;
    };
    ASSERT_TRUE(company.comes(taken_back));
    company.sim.run_for(minutes{1});
    homeserver().add_account(Company::id("later"));
    ASSERT_TRUE(reads("later"));
    EXPECT_TRUE(company.comes([this] { return !reads("later"); }, hours{7}));
}

TEST_F(Past, AStartLooksForThemToo) {
    ASSERT_TRUE(homeserver().invite(room, Company::id("p1"), Company::id("later")));
    company.sim.run_for(minutes{5});
    company.sim.stop();
    homeserver().add_account(Company::id("later"));
    ASSERT_TRUE(reads("later"));
    company.sim.start();
    EXPECT_TRUE(company.comes([this] { return !reads("later"); }));
}

// However many names an owner makes up, they are looked for some at a time.
TEST_F(Past, AFloodOfNamesIsLookedForInTurn) {
    for (int i = 0; i < 600; ++i)
        ASSERT_TRUE(homeserver().invite(room, Company::id("p1"), Company::id("made" + std::to_string(i))));
    company.sim.run_for(hours{1});
    const std::size_t before = company.calls(CallKind::find_account);
    company.sim.run_for(hours{6});
    EXPECT_EQ(company.calls(CallKind::find_account) - before, 500U);
    homeserver().add_account(Company::id("made599"));
    EXPECT_TRUE(company.comes([this] { return !reads("made599"); }, hours{7}));
}

TEST_F(Past, WhoBelongsIsNotMadeToForget) {
    const std::size_t before = company.calls(CallKind::forget);
    ban_and_unban("p2");
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.calls(CallKind::forget), before);
}

TEST_F(Past, NothingIsForgottenTwice) {
    EXPECT_EQ(company.calls(CallKind::forget), 2U) << "p3 and p4";
}

}  // namespace
}  // namespace rollcall::engine
