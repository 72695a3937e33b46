// A new room is filled while it is hidden and admits openly: for a minute at most, and nothing shows it to
// anybody before its lasting join rule is in force.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Fill : public testing::Test {
  protected:
    Fill() {
        company.sim.homeserver.on_carried_out = [this](const Call& call) {
            const bool shows = call.kind == CallKind::claim_alias || call.type == "m.space.child";
            const bool of_crew =
                call.room == company.sim.room_id("crew") || call.state_key == company.sim.room_id("crew");
            if (shows && of_crew && company.join_rule("crew") == "public") ++shown_open;
        };
    }
    void begin(std::size_t people, Duration latency) {
        company.people(people);
        company.sim.rules.push_back({.key = "company", .space = true, .members = "Leads"});
        company.sim.rules.push_back({.key = "crew", .members = "Crew", .parent = "company"});
        company.sim.homeserver.latency = latency;
        company.sim.start();
        company.sim.apply();
        ASSERT_TRUE(company.comes([this] { return company.join_rule("crew") == "public"; }));
        began = company.sim.agenda.now();
    }
    [[nodiscard]] bool closed(Duration within) {
        return company.comes([this] { return company.join_rule("crew") == "invite"; }, within);
    }

    Company company;
    Time began{};
    int shown_open = 0;
};

TEST_F(Fill, IsOverAfterAMinuteHoweverManyAreStillToJoin) {
    begin(600, Duration{500});
    ASSERT_TRUE(closed(seconds{63}));
    EXPECT_GT(company.sim.agenda.now() - began, seconds{55}) << "the room was to be larger than that";
    ASSERT_FALSE(company.in("p600", "crew"));
    EXPECT_TRUE(company.comes([this] { return company.in("p600", "crew"); }, minutes{30}));
    EXPECT_EQ(shown_open, 0);
}

TEST_F(Fill, IsOverWhenAllAreIn) {
    begin(20, Duration{20});
    EXPECT_TRUE(closed(seconds{5}));
    EXPECT_TRUE(company.in("p20", "crew"));
}

// What somebody writes while the door is shut makes the homeserver drop the last join, and nothing tells of
// it.
class FillThatLosesSomebody : public testing::TestWithParam<int> {};

TEST_P(FillThatLosesSomebody, WhoWasDroppedIsSeenToBeOutAndComesBack) {
    Company company;
    company.people(5);
    company.room("crew");
    bool shut = false;
    company.sim.homeserver.on_carried_out = [&](const Call& call) {
        shut = shut || (call.type == "m.room.join_rules" && call.room == company.sim.room_id("crew"));
    };
    company.sim.start();
    company.sim.apply();
    ASSERT_TRUE(company.comes([&] { return shut && company.in("p5", "crew"); }));
    company.sim.run_for(seconds{GetParam()});
    company.sim.homeserver.rooms[company.sim.room_id("crew")].state.erase(
        {"m.room.member", Company::id("p5")});
    ASSERT_FALSE(company.in("p5", "crew"));
    EXPECT_TRUE(company.comes([&] { return company.in("p5", "crew"); }, seconds{70}));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
    bool said = false;
    for (const schema::TrailEntry& entry : company.trail())
        said = said ||
               (entry.user == Company::id("p5") && entry.result == "the homeserver knows of no membership");
    EXPECT_TRUE(said);
}

INSTANTIATE_TEST_SUITE_P(Seconds, FillThatLosesSomebody, testing::Values(0, 3, 30));

// Many rooms of many people: as many at a time as will be full before their minute is over at the pace of
// this homeserver, so that nobody needs an invitation.
class FillOfMany : public testing::TestWithParam<int> {};

TEST_P(FillOfMany, NobodyNeedsAnInvitation) {
    constexpr std::size_t kRooms = 20;
    Company company;
    company.people(60);
    for (std::size_t i = 0; i < kRooms; ++i) company.room("room" + std::to_string(i));
    company.sim.homeserver.latency = Duration{GetParam()};
    std::size_t most = 0;
    company.sim.after_turn = [&] {
        std::size_t open = 0;
        for (std::size_t i = 0; i < kRooms; ++i)
            open += company.join_rule("room" + std::to_string(i)) == "public" ? 1U : 0U;
        most = std::max(most, open);
    };
    company.sim.start();
    company.sim.apply();
    ASSERT_TRUE(company.comes([&] { return company.in("p60", "room19"); }, minutes{30}));
    company.sim.run_for(minutes{2});
    std::size_t invited = 0;
    for (const schema::TrailEntry& entry : company.trail())
        invited += entry.kind == schema::TrailKind::intent && entry.action == "invite" ? 1U : 0U;
    EXPECT_EQ(invited, 0U);
    EXPECT_LE(most, GetParam() < 500 ? 13U : 6U) << "with one that is being closed";
    EXPECT_GE(most, GetParam() < 500 ? 8U : 2U);
}

INSTANTIATE_TEST_SUITE_P(Latency, FillOfMany, testing::Values(20, 250, 1000),
                         [](const auto& latency) { return std::to_string(latency.param) + "ms"; });

TEST_F(Fill, IsOverWhenNobodyMoreCanCome) {
    company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::put_member || call.user != Company::id("p3")) return std::nullopt;
        return said(CallOutcome::refused);
    };
    begin(5, Duration{20});
    EXPECT_TRUE(closed(seconds{15}));
    EXPECT_TRUE(company.in("p5", "crew"));
}

TEST_F(Fill, NothingShowsTheRoomWhileItsJoinRuleIsRefused) {
    company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.type != "m.room.join_rules") return std::nullopt;
        return said(CallOutcome::retry, seconds{5});
    };
    begin(5, Duration{20});
    company.sim.run_for(minutes{3});
    EXPECT_EQ(company.calls(CallKind::claim_alias), 0U);
    company.sim.homeserver.answer_instead = nullptr;
    company.sim.run_for(minutes{3});
    EXPECT_EQ(company.join_rule("crew"), "invite");
    EXPECT_EQ(company.calls(CallKind::claim_alias), 2U);
    EXPECT_EQ(shown_open, 0);
}

TEST_F(Fill, APauseClosesTheRoom) {
    for (const Engine::Pause how : {Engine::Pause::all_but_departures, Engine::Pause::all}) {
        Company paused;
        paused.people(200);
        paused.room("crew");
        paused.sim.homeserver.latency = Duration{300};
        paused.sim.start();
        paused.sim.apply();
        ASSERT_TRUE(paused.comes([&] { return paused.in("p9", "crew"); }));
        ASSERT_EQ(paused.join_rule("crew"), "public");
        paused.pause(how);
        EXPECT_TRUE(paused.comes([&] { return paused.join_rule("crew") == "invite"; }, seconds{3}));
        const std::size_t joined = paused.calls(CallKind::put_member);
        paused.sim.run_for(minutes{2});
        EXPECT_EQ(paused.calls(CallKind::put_member), joined);
        paused.pause(Engine::Pause::none);
        EXPECT_TRUE(paused.comes([&] { return paused.in("p200", "crew"); }, minutes{20}));
    }
}

TEST_F(Fill, AfterACrashTheRoomIsClosedBeforeAnybodyElseJoins) {
    begin(200, Duration{300});
    ASSERT_TRUE(company.comes([this] { return company.in("p9", "crew"); }));
    company.sim.stop();
    company.sim.agenda.advance(company.sim.agenda.now() + seconds{2});  // what was under way ends
    company.sim.homeserver.keep_log = true;
    company.sim.start();
    ASSERT_TRUE(closed(seconds{10}));
    for (const auto& [time, call] : company.sim.homeserver.log) {
        EXPECT_NE(call.kind, CallKind::put_member) << "somebody was let in through the open door";
        if (call.type == "m.room.join_rules") break;
    }
    EXPECT_TRUE(company.comes([this] { return company.in("p200", "crew"); }, minutes{20}));
    EXPECT_EQ(shown_open, 0);
}

TEST_F(Fill, ARoomThatLeavesThePolicyMeanwhileIsClosedBeforeItIsLetGoOf) {
    begin(200, Duration{300});
    company.sim.rules.pop_back();
    company.sim.apply();
    EXPECT_TRUE(closed(seconds{10}));
    EXPECT_TRUE(company.comes([this] {
        return company.sim.engine().world().rooms[company.sim.engine().world().room("crew").index()].released;
    }));
}

}  // namespace
}  // namespace rollcall::engine
