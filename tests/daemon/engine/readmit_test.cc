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

// A homeserver may say that they were let in, and not have done it.
TEST_F(Readmit, TheOrderStandsUntilTheyWereSeenToBeIn) {
    for (int i = 0; i < 2; ++i) kick("p2");
    ASSERT_FALSE(company.in("p2", "crew"));
    company.sim.homeserver.hollow = [](const Call& call) { return call.kind == CallKind::put_member; };
    ASSERT_TRUE(readmit(Company::id("p2")));
    company.sim.run_for(minutes{2});
    company.sim.restart();
    company.sim.run_for(minutes{2});
    EXPECT_FALSE(company.in("p2", "crew"));
    company.sim.homeserver.hollow = {};
    EXPECT_TRUE(company.comes([&] { return company.in("p2", "crew"); }, minutes{20}))
        << "the same kick, read once more, is no new one";
    kick("p2");
    company.sim.run_for(minutes{5});
    EXPECT_FALSE(company.in("p2", "crew")) << "another one is";
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

// ---------------------------------------------------------------- from outside, with an approval

// room0 is open to @friend:partner.example with an approval until 2030, for which p1 answers.
class ReadmitApproved : public testing::Test {
  protected:
    static constexpr const char* kFriend = "@friend:partner.example";
    ReadmitApproved() {
        company.people(4);
        company.room("room0");
        company.room("hall");
        company.open();
        company.sim.run_for(minutes{2});
        room = company.sim.room_id("room0");
        comes_in();
    }
    void comes_in() {
        EXPECT_TRUE(company.sim.homeserver.invite(room, Company::id("p2"), kFriend));
        EXPECT_TRUE(company.sim.homeserver.join(room, kFriend));
        company.sim.run_for(minutes{1});
        ASSERT_EQ(state(), policy::MembershipState::join);
    }
    Result<Engine::Readmitted> readmit(const std::string& user, std::uint32_t index) {
        Result<Engine::Readmitted> out = fail(ErrorKind::unavailable, "no turn");
        EXPECT_TRUE(company.sim.command([&](Engine& engine) {
            out = engine.readmit(engine.world().user(user), index, {0, -1, "alice"}, "by mistake");
        }));
        return out;
    }
    Result<Engine::Readmitted> readmit() { return readmit(kFriend, index_of("room0")); }
    std::uint32_t index_of(const std::string& key) {
        return static_cast<std::uint32_t>(company.sim.engine().decider()->program().room_index(key));
    }
    void leaves() {
        EXPECT_TRUE(company.sim.homeserver.leave(room, kFriend));
        company.sim.run_for(minutes{1});
    }
    void never_comes_back() {
        company.sim.run_for(minutes{10});
        EXPECT_EQ(state(), policy::MembershipState::leave);
        EXPECT_EQ(company.wrongs(), "");
    }
    [[nodiscard]] policy::MembershipState state() { return company.sim.homeserver.membership(room, kFriend); }
    Company company;
    std::string room;
};

TEST_F(ReadmitApproved, WhoLeftOrWasKickedIsInvited) {
    leaves();
    never_comes_back();
    const auto left = readmit();
    ASSERT_TRUE(left) << left.error().text();
    EXPECT_EQ(*left, Engine::Readmitted::invited);
    ASSERT_TRUE(company.comes([this] { return state() == policy::MembershipState::invite; }));
    company.sim.run_for(seconds{5});  // … and until that is known
    EXPECT_FALSE(readmit()) << "is invited already";
    EXPECT_TRUE(company.sim.homeserver.join(room, kFriend));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(state(), policy::MembershipState::join);
    EXPECT_TRUE(company.sim.homeserver.kick(room, Company::id("p1"), kFriend));
    company.sim.run_for(minutes{1});
    const auto kicked = readmit();
    ASSERT_TRUE(kicked) << kicked.error().text();
    EXPECT_EQ(*kicked, Engine::Readmitted::invited);
    ASSERT_TRUE(company.comes([this] { return state() == policy::MembershipState::invite; }));
    // Who declines has said no.
    EXPECT_TRUE(company.sim.homeserver.leave(room, kFriend));
    never_comes_back();
}

TEST_F(ReadmitApproved, N7_NotWithoutASponsorWhoIsAnEmployee) {
    leaves();
    company.sim.directory.disable("p1", true);
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(readmit()) << "the sponsor has departed";
    company.sim.directory.disable("p1", false);
    company.sim.directory.leave("Staff", "p1");
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(readmit()) << "the sponsor is no employee any more";
    never_comes_back();
    company.sim.directory.join("Staff", "p1");
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(readmit());
}

TEST_F(ReadmitApproved, N7_NotWhoHasNoApprovalIsBannedOrWasNeverThere) {
    EXPECT_FALSE(readmit()) << "is in";
    EXPECT_FALSE(readmit("@eve:partner.example", index_of("room0"))) << "has no approval";
    EXPECT_FALSE(readmit(kFriend, index_of("hall"))) << "has none for that room";
    EXPECT_TRUE(company.sim.homeserver.ban(room, Company::id("p1"), kFriend));
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(readmit()) << "is banned";
    company.sim.run_for(minutes{10});
    EXPECT_EQ(state(), policy::MembershipState::ban);
}

// What was asked for is an invitation, and it lasts as long as the approval does.
TEST_F(ReadmitApproved, N7_AnApprovalThatEndsMeanwhileEndsIt) {
    leaves();
    company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::put_member || call.membership != policy::MembershipState::invite)
            return std::nullopt;
        return said(CallOutcome::retry);
    };
    ASSERT_TRUE(readmit());
    company.sim.run_for(seconds{20});
    company.sim.directory.disable("p1", true);
    company.sim.run_for(seconds{20});
    company.sim.homeserver.answer_instead = nullptr;
    never_comes_back();
}

}  // namespace
}  // namespace rollcall::engine
