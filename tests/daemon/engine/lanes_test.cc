// Lanes and slots: what is urgent is not behind what is not.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(Lanes, AFillLeavesOneSlotToDeparturesAndOutsiders) {
    Company company;
    company.people(40);
    for (int i = 0; i < 8; ++i) company.room("room" + std::to_string(i));
    company.sim.homeserver.latency = Duration{1000};
    company.sim.start();
    company.sim.apply();
    ASSERT_TRUE(company.comes([&] { return company.calls(CallKind::put_member) > 100; }, minutes{10}));
    EXPECT_EQ(company.sim.homeserver.most_in_flight, 7U);
    ASSERT_FALSE(company.sim.engine().quiet()) << "the fill must still be under way";
    company.sim.directory.disable("p9", true);
    EXPECT_TRUE(company.comes([&] { return company.calls(CallKind::sign_out) == 1; }, seconds{5}));
    EXPECT_TRUE(company.comes([&] { return company.sim.homeserver.most_in_flight == 8; }, seconds{5}));
}

TEST(Lanes, ALeaverOvertakesAPassOverEverybody) {
    Company company;
    company.people(20);
    for (int i = 0; i < 6'000; ++i)  // decided in slices of 2,000 a turn
        company.sim.directory.content.person("q" + std::to_string(i), {});
    company.sim.rules.push_back({.key = "crew", .members = "Crew"});
    company.open();
    ASSERT_TRUE(company.in("p9", "crew"));
    company.sim.directory.disable("p9", true);
    company.sim.agenda.advance(company.sim.agenda.now() + company.sim.directory.latency);
    std::optional<bool> complete;
    company.sim.after_turn = [&] {
        if (!complete && company.calls(CallKind::sign_out) > 0)
            complete = company.sim.engine().backlog().complete();
    };
    company.room("more");
    company.sim.apply();
    ASSERT_TRUE(company.comes([&] { return complete.has_value(); }));
    EXPECT_FALSE(*complete) << "the leaver waited until everybody was decided";
}

TEST(Lanes, N4_MoreLeaversThanTheirGuardAllowsAreHeldInThatPassToo) {
    Company company;
    company.people(80);
    for (int i = 0; i < 6'000; ++i) company.sim.directory.content.person("q" + std::to_string(i), {});
    company.sim.rules.push_back({.key = "crew", .members = "Crew"});
    company.open();
    for (int i = 2; i <= 60; ++i) company.sim.directory.disable("p" + std::to_string(i), true);
    company.sim.agenda.advance(company.sim.agenda.now() + company.sim.directory.latency);
    company.room("more");
    company.sim.apply();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.calls(CallKind::sign_out), 0U);
    ASSERT_EQ(company.sim.engine().guards().holds().size(), 1U);
    EXPECT_EQ(company.sim.engine().guards().holds().front().guard, policy::Guard::departures);
}

TEST(Lanes, WhoLosesAGroupWaitsForTheWholePass) {
    Company company;
    company.people(80);
    for (int i = 0; i < 6'000; ++i) company.sim.directory.content.person("q" + std::to_string(i), {});
    company.sim.rules.push_back({.key = "crew", .members = "Crew"});
    company.open();
    company.sim.stop();
    for (int i = 2; i <= 60; ++i) company.sim.directory.leave("Crew", "p" + std::to_string(i));
    company.sim.start();
    company.sim.run_for(minutes{5});
    EXPECT_TRUE(company.in("p2", "crew")) << "a part of the plan was carried out before the guard saw all";
    EXPECT_FALSE(company.sim.engine().guards().holds().empty());
}

TEST(Lanes, AnOutsiderIsOutBeforeAFillIsOver) {
    Company company;
    company.people(60);
    company.room("first");
    company.open();
    for (int i = 0; i < 6; ++i) company.room("room" + std::to_string(i));
    company.sim.homeserver.latency = Duration{400};
    company.sim.homeserver.events_a_transaction = 100;  // so that the fill's own events are no queue
    company.sim.apply();
    company.sim.run_for(seconds{5});
    const std::string guest = "@guest:elsewhere.example", room = company.sim.room_id("first");
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p2"), guest));
    ASSERT_TRUE(company.sim.homeserver.join(room, guest));
    EXPECT_TRUE(company.comes(
        [&] { return company.sim.homeserver.membership(room, guest) == policy::MembershipState::leave; },
        seconds{5}));
    EXPECT_FALSE(company.sim.engine().quiet()) << "the fill must still be under way";
}

// More people are in one lane than are looked at in one turn, and they have taken every place.
TEST(Lanes, AFloodOfInvitationsKeepsNoStrangerInWhoHasCome) {
    Company company;
    company.people(3);
    constexpr std::size_t kRooms = 6, kInvited = 22'000;
    for (std::size_t i = 0; i < kRooms; ++i) company.room("room" + std::to_string(i));
    company.open();
    company.pause(Engine::Pause::all);
    sim::FakeHomeserver& homeserver = company.sim.homeserver;
    const auto put = [&](std::size_t room, const std::string& user, policy::MembershipState state) {
        homeserver.deaf = true;  // it is found by a read, all of it at once
        homeserver.force_state(company.sim.room_id("room" + std::to_string(room)),
                               policy::MemberContent{user, state, ""}, user);
        homeserver.deaf = false;
    };
    const auto waiting = [&] {
        return company.sim.engine().backlog().users_in(policy::Lane::outsider).size();
    };
    const auto found = [&](std::size_t people) {
        static_cast<void>(company.sim.command([](Engine& engine) { engine.verify_rooms(); }));
        return company.comes([&] { return waiting() == people; }, seconds{30});
    };
    for (std::size_t i = 0; i < kInvited; ++i)
        put(i % kRooms, "@a" + std::to_string(i) + ":elsewhere.example", policy::MembershipState::invite);
    ASSERT_TRUE(found(kInvited));
    const std::string guest = "@z:elsewhere.example";
    put(0, guest, policy::MembershipState::join);
    ASSERT_TRUE(found(kInvited + 1));
    homeserver.events_a_transaction = 100;
    company.pause(Engine::Pause::none);
    const std::string room = company.sim.room_id("room0");
    EXPECT_TRUE(company.comes(
        [&] { return homeserver.membership(room, guest) == policy::MembershipState::leave; }, seconds{1}));
    EXPECT_GT(waiting(), 20'000U) << "not because those before them are done with";
}

}  // namespace
}  // namespace rollcall::engine
