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

// Invitations of many outsiders wait in six rooms, found all at once while everything is paused.
class Flooded {
  public:
    static constexpr std::size_t kRooms = 6;

    explicit Flooded(std::size_t invited) {
        company.people(3);
        for (std::size_t i = 0; i < kRooms; ++i) company.room("room" + std::to_string(i));
        company.open();
        company.pause(Engine::Pause::all);
        for (std::size_t i = 0; i < invited; ++i)
            put(i % kRooms, "@a" + std::to_string(i) + ":elsewhere.example", policy::MembershipState::invite);
        all_ = found(invited);
    }

    void put(std::size_t room, const std::string& user, policy::MembershipState state) {
        company.sim.homeserver.deaf = true;  // it is found by a read
        company.sim.homeserver.force_state(id(room), policy::MemberContent{user, state, ""}, user);
        company.sim.homeserver.deaf = false;
    }
    bool found(std::size_t people) {
        static_cast<void>(company.sim.command([](Engine& engine) { engine.verify_rooms(); }));
        return company.comes([&] { return waiting() == people; }, seconds{30});
    }
    [[nodiscard]] std::size_t waiting() {
        return company.sim.engine().backlog().users_in(policy::Lane::outsider).size();
    }
    [[nodiscard]] bool is_out(std::size_t room, const std::string& user) {
        return company.sim.homeserver.membership(id(room), user) == policy::MembershipState::leave;
    }
    void go_on() {
        company.sim.homeserver.events_a_transaction = 100;
        company.pause(Engine::Pause::none);
    }
    [[nodiscard]] bool all() const { return all_; }

    Company company;

  private:
    std::string id(std::size_t room) { return company.sim.room_id("room" + std::to_string(room)); }
    bool all_ = false;
};

// More people are in one lane than are looked at in one turn, and they have taken every place.
TEST(Lanes, AFloodOfInvitationsKeepsNoStrangerInWhoHasCome) {
    Flooded flooded(22'000);
    ASSERT_TRUE(flooded.all());
    const std::string guest = "@z:elsewhere.example";
    flooded.put(0, guest, policy::MembershipState::join);
    ASSERT_TRUE(flooded.found(22'001));
    flooded.go_on();
    EXPECT_TRUE(flooded.company.comes([&] { return flooded.is_out(0, guest); }, seconds{1}));
    EXPECT_GT(flooded.waiting(), 20'000U) << "not because those before them are done with";
}

TEST(Lanes, AFloodOfInvitationsKeepsNobodyInWhoLostTheirGroup) {
    Flooded flooded(600);
    ASSERT_TRUE(flooded.all());
    flooded.go_on();
    ASSERT_TRUE(flooded.company.comes([&] { return flooded.waiting() < 500; }, seconds{30}));
    flooded.company.sim.directory.leave("Crew", "p2");
    EXPECT_TRUE(flooded.company.comes(
        [&] {
            for (std::size_t room = 0; room < Flooded::kRooms; ++room)
                if (!flooded.is_out(room, Company::id("p2"))) return false;
            return true;
        },
        seconds{5}));
    EXPECT_GT(flooded.waiting(), 300U) << "not because those before them are done with";
}

}  // namespace
}  // namespace rollcall::engine
