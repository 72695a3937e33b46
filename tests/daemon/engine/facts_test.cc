// What the engine makes of facts and orders, and what it writes down of them.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using schema::TrailKind;
using std::chrono::minutes;
using std::chrono::seconds;

class Facts : public testing::Test {
  protected:
    Facts() {
        company.people(6);
        company.room("crew");
        company.open();
    }
    // The announcement of the last call about somebody.
    [[nodiscard]] schema::TrailEntry announced(const std::string& action, const std::string& login) {
        schema::TrailEntry last;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.kind == TrailKind::intent && entry.action == action && entry.user == Company::id(login))
                last = entry;
        return last;
    }
    Company company;
};

TEST_F(Facts, N6_ATransactionThatComesAgainChangesNothing) {
    policy::RoomEvent event;
    event.room = company.sim.room_id("crew");
    event.event = "$stray";
    event.sender = Company::id("p2");
    event.state = true;
    event.content = policy::MemberContent{"@guest:elsewhere.example", MembershipState::invite, ""};
    int kept = 0;
    const TransactionIn transaction{"again", {event}, [&](bool durable) { kept += durable ? 1 : 0; }};
    for (int times = 1; times <= 3; ++times) {
        company.sim.homeserver.deliver(TransactionIn(transaction));
        company.sim.run_for(seconds{30});
        EXPECT_EQ(kept, times) << "it is acknowledged all the same";
    }
    EXPECT_EQ(company.sim.engine().counters().events_repeated, 2U);
    std::size_t notices = 0;
    for (const auto& [id, room] : company.sim.homeserver.rooms) notices += room.messages.size();
    EXPECT_EQ(notices, 1U);
}

// Whoever invited a colleague is not told that they are from outside.
TEST_F(Facts, TheExplanationFitsWhoWasInvited) {
    company.sim.directory.hire("q1", {"Staff"});
    company.sim.homeserver.add_account(Company::id("q1"));
    company.sim.run_for(minutes{2});
    const auto invited = [this](const std::string& user, const std::string& event_id) {
        policy::RoomEvent event;
        event.room = company.sim.room_id("crew");
        event.event = event_id;
        event.sender = Company::id("p2");
        event.state = true;
        event.content = policy::MemberContent{user, MembershipState::invite, ""};
        company.sim.homeserver.deliver(TransactionIn{event_id, {event}, [](bool) {}});
        company.sim.run_for(minutes{2});
        std::string said;
        for (const auto& [id, room] : company.sim.homeserver.rooms)
            for (const auto& [marker, text] : room.messages) said += text;
        return said;
    };
    const std::string colleague = invited(Company::id("q1"), "$colleague");
    EXPECT_NE(colleague.find("follows from the company directory"), std::string::npos) << colleague;
    EXPECT_EQ(colleague.find("from outside"), std::string::npos) << colleague;
    EXPECT_NE(invited("@guest:elsewhere.example", "$guest").find("not open to people from outside"),
              std::string::npos);
}

TEST_F(Facts, APolicyAppliedInMidFlightEndsWhatIsNotWantedAnyMore) {
    company.sim.homeserver.latency = Duration{2000};
    company.room("hall");
    company.sim.apply();
    ASSERT_TRUE(company.comes([this] { return company.in("p1", "hall"); }));
    company.sim.rules.back().members = "Leads";
    company.sim.apply();
    company.sim.converge();
    EXPECT_EQ(company.wrongs(), "");
    EXPECT_FALSE(company.in("p5", "hall"));
}

TEST_F(Facts, ARoomThatLeavesThePolicyIsLetGoOfAndNothingIsDoneThere) {
    company.sim.rules.clear();
    company.room("other");
    const std::string room = company.sim.room_id("crew");
    company.sim.apply();
    company.sim.run_for(minutes{1});
    const std::size_t asked = company.calls(CallKind::put_member);
    ASSERT_TRUE(company.sim.homeserver.kick(room, Company::id("p1"), Company::id("p2")));
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p3"), "@guest:elsewhere.example"));
    company.sim.run_for(minutes{90});
    EXPECT_EQ(company.calls(CallKind::put_member), asked);
    EXPECT_EQ(company.sim.homeserver.membership(room, Company::id("p4")), MembershipState::join);
    // It comes back with what has happened there meanwhile.
    company.room("crew");
    company.sim.apply();
    company.sim.run_for(minutes{90});
    EXPECT_TRUE(company.in("p2", "crew"));
    EXPECT_EQ(company.sim.homeserver.membership(room, "@guest:elsewhere.example"), MembershipState::leave);
}

TEST_F(Facts, ADepartureByOrderIsSpentOnceTheDirectorySaysSo) {
    company.depart("p2", false);
    ASSERT_TRUE(company.comes([this] { return !company.in("p2", "crew"); }));
    company.sim.directory.disable("p2", true);
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("p2", false);
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }));
}

TEST_F(Facts, ADepartureByOrderStandsWhileTheDirectorySaysOtherwise) {
    company.depart("p2", false);
    company.sim.directory.join("Leads", "p2");
    company.sim.directory.touched("p2");
    company.sim.run_for(minutes{90});
    EXPECT_FALSE(company.in("p2", "crew"));
    company.depart("p2", true);
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }));
}

TEST(Owners, OneWhoLeavesCostsOneWriteOfEachRoomsPowerLevels) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Company company({.seed = seed});
        company.people(6);
        company.room("crew");
        company.room("hall");
        company.sim.directory.content.join("Leads", "p2");
        company.open();
        ASSERT_EQ(company.sim.homeserver.power(company.sim.room_id("crew"), Company::id("p2")), 50);
        company.sim.homeserver.keep_log = true;
        company.sim.directory.disable("p2", true);
        company.sim.run_for(minutes{5});
        EXPECT_EQ(company.sim.homeserver.power(company.sim.room_id("crew"), Company::id("p2")), 0);
        const auto& log = company.sim.homeserver.log;
        EXPECT_EQ(std::count_if(log.begin(), log.end(),
                                [](const auto& entry) { return entry.second.type == "m.room.power_levels"; }),
                  2)
            << "seed " << seed;
    }
}

TEST_F(Facts, TheEvidenceIsTheObjectThatSaysSo) {
    const auto& groups = company.sim.directory.content.groups;
    company.sim.directory.leave("Crew", "p4");
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(announced("leave", "p4").evidence);
    EXPECT_EQ(announced("leave", "p4").evidence->object, groups.at("Crew").dn);
    EXPECT_EQ(announced("leave", "p4").evidence->usn, groups.at("Crew").usn);

    company.sim.directory.content.group("Guests", {"Crew"});
    company.sim.directory.touched(std::vector<std::string>{"Guests", "Crew"});
    company.sim.run_for(minutes{1});
    company.sim.directory.join("Guests", "p4");
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(announced("join", "p4").evidence);
    EXPECT_EQ(announced("join", "p4").evidence->object, groups.at("Guests").dn);
    company.sim.directory.leave("Guests", "p4");
    company.sim.run_for(minutes{1});
    EXPECT_EQ(announced("leave", "p4").evidence->object, groups.at("Guests").dn);

    company.sim.directory.disable("p5", true);
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(announced("leave", "p5").evidence);
    EXPECT_EQ(announced("leave", "p5").evidence->object, company.sim.directory.content.people.at("p5").dn);
}

TEST_F(Facts, TheTrailSaysThatTheProgramEndedInOrder) {
    ASSERT_TRUE(company.sim.engine().stop("ended by a signal"));
    EXPECT_EQ(company.trail().back().kind, TrailKind::stop);
    EXPECT_EQ(company.trail().back().result, "ended by a signal");
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

}  // namespace
}  // namespace rollcall::engine
