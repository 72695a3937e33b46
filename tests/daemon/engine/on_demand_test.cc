// Whoever asks has what is red tried now, and is told of now; for nobody else it is tried by and by.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class OnDemand : public CompanyTest {
  protected:
    OnDemand() {
        company.people(6);
        company.room("crew");
    }
    // As a command that waits for it, with one question each half second.
    [[nodiscard]] bool asked(Duration at_most = seconds{4}) {
        for (Duration waited{}; waited <= at_most; waited += std::chrono::milliseconds{500}) {
            bool out = false;
            EXPECT_TRUE(
                company.sim.command([&](Engine& engine) { out = engine.ways_looked_at(waited); }, true));
            if (out) return true;
            company.sim.run_for(std::chrono::milliseconds{500});
        }
        return false;
    }
    [[nodiscard]] WayBack& way() { return const_cast<WayBack&>(company.sim.engine().way_back()); }
    void swallow_all(bool all) {
        homeserver().swallows = nullptr;
        if (all) homeserver().swallows = [](const policy::RoomEvent&) { return true; };
    }
    // Something is done of which nothing is told.
    void miss_something() {
        swallow_all(true);
        company.sim.directory.disable("p3", true);
        ASSERT_TRUE(company.comes([this] { return way().state() == WayBack::State::broken; }, minutes{1}));
    }
    [[nodiscard]] std::vector<std::string> probe_rooms() {
        std::vector<std::string> out;
        for (const auto& [id, room] : homeserver().rooms)
            if (room.state.contains({"m.room.member", sim::kSender})) out.push_back(id);
        return out;
    }
};

// A proxy answered each transaction with 200 and threw it away; now it does not. Nobody does anything.
TEST_F(OnDemand, EventsThatWereSwallowedAreTriedForWhoeverAsks) {
    company.open();
    miss_something();
    ASSERT_TRUE(asked());
    EXPECT_EQ(way().state(), WayBack::State::broken) << "what does not work stays red";
    swallow_all(false);
    company.sim.run_for(seconds{5});
    ASSERT_EQ(way().state(), WayBack::State::broken) << "a ping that comes proves nothing of events";
    ASSERT_TRUE(asked());
    EXPECT_EQ(way().state(), WayBack::State::arrives) << way().trouble();
    EXPECT_EQ(way().came_again(), "m.room.member (leave)");
    EXPECT_EQ(probe_rooms().size(), 1U) << "the same room each time";
    const std::vector<schema::TrailEntry> entries = company.trail();
    EXPECT_EQ(std::count_if(entries.begin(), entries.end(),
                            [&](const schema::TrailEntry& entry) {
                                return entry.action == "try events" && entry.room == probe_rooms().front();
                            }),
              1);
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(OnDemand, EventsThatWereSwallowedAreTriedByAndByWhereNobodyAsks) {
    company.open();
    miss_something();
    company.sim.run_for(hours{1});
    EXPECT_EQ(way().state(), WayBack::State::broken);
    EXPECT_NE(way().trouble().find("what it made last did not come either"), std::string::npos)
        << way().trouble();
    EXPECT_LE(company.calls(CallKind::probe), 12U) << "ever more seldom";
    swallow_all(false);
    EXPECT_TRUE(company.comes([this] { return way().state() == WayBack::State::arrives; }, minutes{11}));
    const std::size_t probes = company.calls(CallKind::probe);
    company.sim.run_for(hours{1});
    EXPECT_EQ(company.calls(CallKind::probe), probes) << "what works is not tried";
}

// Of each kind that is missing one must come: a filter that drops leaves lets invitations through.
TEST_F(OnDemand, AKindThatIsSwallowedStillStaysMissing) {
    company.open();
    miss_something();
    homeserver().swallows = [](const policy::RoomEvent& event) {
        const auto* member = std::get_if<policy::MemberContent>(&event.content);
        return member != nullptr && member->membership == MembershipState::leave;
    };
    ASSERT_TRUE(asked());
    EXPECT_EQ(way().state(), WayBack::State::broken);
    EXPECT_EQ(way().came_again(), "");
}

TEST_F(OnDemand, StateThatIsMissingIsMadeInTheBotsOwnRoom) {
    company.open();
    homeserver().swallows = [](const policy::RoomEvent& event) {
        return std::holds_alternative<policy::NameContent>(event.content);
    };
    homeserver().force_state(company.sim.room_id("crew"), policy::TopicContent{"x"});
    company.sim.policy.policy.rooms.front().name = "crew";
    const std::string before = company.sim.room_id("crew");
    homeserver().force_state(before, policy::NameContent{"other"});
    EXPECT_TRUE(company.sim.command([](Engine& engine) { engine.verify_rooms(); }));
    ASSERT_TRUE(company.comes([this] { return way().state() == WayBack::State::broken; }, minutes{2}));
    ASSERT_NE(way().trouble().find("m.room.name"), std::string::npos) << way().trouble();
    swallow_all(false);
    ASSERT_TRUE(asked());
    EXPECT_EQ(way().state(), WayBack::State::arrives) << way().trouble();
    EXPECT_EQ(homeserver().rooms[before].name, "crew");
}

TEST_F(OnDemand, ARoomThatTheBotWasPutOutOfIsMadeAnewOnceAndKeptOverARestart) {
    company.open();
    miss_something();
    ASSERT_TRUE(asked());
    ASSERT_EQ(probe_rooms().size(), 1U);
    homeserver().put_bot_out(probe_rooms().front());
    company.sim.run_for(seconds{2});
    ASSERT_TRUE(asked());
    company.sim.run_for(minutes{11});
    EXPECT_EQ(probe_rooms().size(), 2U);
    company.sim.restart();
    company.sim.run_for(seconds{10});
    company.sim.directory.disable("p4", true);
    ASSERT_TRUE(company.comes([this] { return way().state() == WayBack::State::broken; }, minutes{1}));
    ASSERT_TRUE(asked());
    EXPECT_EQ(probe_rooms().size(), 2U);
    swallow_all(false);
    company.sim.run_for(seconds{2});
    ASSERT_TRUE(asked());
    EXPECT_EQ(way().state(), WayBack::State::arrives) << way().trouble();
}

TEST_F(OnDemand, AProbeThatIsRefusedSaysSo) {
    company.open();
    homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::probe) return std::nullopt;
        return said(CallOutcome::refused);
    };
    miss_something();
    ASSERT_TRUE(asked());
    EXPECT_NE(way().trouble().find("the last time it could not: so says the test"), std::string::npos)
        << way().trouble();
}

// It is up, and says nothing but that part of it was not shown: that may be over.
TEST_F(OnDemand, WhatTheDirectoryDoesNotShowIsReadAgainForWhoeverAsks) {
    company.open();
    int tries = 0;
    company.sim.directory.on_try = [&tries] { return ++tries == 0; };
    const auto asked_with = [&](std::vector<policy::DirectoryRemark> remarks) {
        policy::DirectoryStatus status;
        status.directory = "corp";
        status.current = true;
        status.remarks = std::move(remarks);
        company.sim.directory.deliver(Message(status));
        company.sim.run_for(seconds{5});
        EXPECT_TRUE(company.sim.command(
            [](Engine& engine) { static_cast<void>(engine.directory_looked_at(Duration{})); }));
        return std::exchange(tries, 0);
    };
    EXPECT_EQ(asked_with({}), 0);
    EXPECT_EQ(asked_with({{policy::DirectoryRemark::About::groups, "`member` of 1 of 9 groups"}}), 1);
}

// Accounts that were made while no daemon ran.
class MadeMeanwhile : public CompanyTest {
  protected:
    MadeMeanwhile() {
        company.people(12, false);
        company.room("crew");
        company.room("hall");
        company.open();
        company.sim.run_for(minutes{10});
        company.sim.stop();
    }
    [[nodiscard]] std::size_t asked_at_start() {
        const std::size_t before = company.calls(CallKind::find_account);
        company.sim.start();
        company.sim.run_for(minutes{1});
        return company.calls(CallKind::find_account) - before;
    }
};

TEST_F(MadeMeanwhile, AreLookedForWithTheStartAsManyAsThereAreRooms) {
    for (int i = 1; i <= 12; ++i) homeserver().add_account(Company::id("p" + std::to_string(i)));
    const std::size_t reads = company.calls(CallKind::read_room);
    EXPECT_EQ(asked_at_start(), 2U);
    EXPECT_EQ(company.calls(CallKind::read_room) - reads, 2U) << "so that these are two requests a room";
    const auto joined = [this] {
        int out = 0;
        for (int i = 1; i <= 12; ++i) out += company.in("p" + std::to_string(i), "crew") ? 1 : 0;
        return out;
    };
    EXPECT_EQ(joined(), 2);
    EXPECT_TRUE(company.comes([&] { return joined() == 12; }, minutes{6}))
        << "the others with the next round";
}

TEST_F(MadeMeanwhile, NobodyIsAskedForWhoHasOne) {
    for (int i = 1; i <= 12; ++i) homeserver().add_account(Company::id("p" + std::to_string(i)));
    company.sim.start();
    company.sim.run_for(minutes{10});
    company.sim.stop();
    EXPECT_EQ(asked_at_start(), 0U);
}

// As Synapse does with a suspended account: it may kick, and may invite and join nobody.
class BarredBot : public OnDemand {
  protected:
    BarredBot() { company.sim.rules.push_back({.key = "hall", .members = "Crew", .invite_only = true}); }
    void bar(bool barred) {
        homeserver().answer_instead = nullptr;
        if (!barred) return;
        homeserver().answer_instead = [this](const Call& call) -> std::optional<CallResult> {
            if (call.kind != CallKind::put_member || call.membership != MembershipState::invite)
                return std::nullopt;
            ++refused_;
            CallResult result = said(CallOutcome::refused);
            result.text = "M_USER_SUSPENDED: Sending invites while account is suspended is not allowed.";
            return result;
        };
    }
    [[nodiscard]] std::size_t failing() {
        const std::vector<Failure> all = company.sim.engine().failures();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Failure& one) {
            return is_of_the_barred(one.as_bot, one.text);
        }));
    }
    void hire(int people) {
        for (int i = 0; i < people; ++i) {
            const std::string login = "q" + std::to_string(i);
            company.sim.directory.hire(login, {"Staff", "Crew"});
            homeserver().add_account(Company::id(login));
        }
    }
    [[nodiscard]] std::size_t invited() {
        std::size_t out = 0;
        for (int i = 0; i < 20; ++i)
            if (homeserver().membership(company.sim.room_id("hall"), Company::id("q" + std::to_string(i))) ==
                MembershipState::invite)
                ++out;
        return out;
    }
    std::size_t refused_ = 0;
};

TEST_F(BarredBot, IsTriedForWhoeverAsksAndOverForAllWithTheFirst) {
    company.open();
    bar(true);
    hire(20);
    company.sim.run_for(minutes{3});
    ASSERT_GE(failing(), 20U);
    const std::size_t before = refused_;
    ASSERT_TRUE(asked());
    EXPECT_GE(failing(), 20U) << "it is barred still";
    EXPECT_GT(refused_, before);
    EXPECT_LE(refused_, before + 4) << "one answer tells what twenty would";
    bar(false);
    company.sim.run_for(seconds{5});
    ASSERT_GE(failing(), 20U);
    ASSERT_TRUE(asked());
    EXPECT_EQ(failing(), 0U);
    EXPECT_TRUE(company.comes([this] { return invited() == 20; }, seconds{10}));
}

TEST_F(BarredBot, IsNotTriedInAPauseNorWaitedFor) {
    company.open();
    bar(true);
    hire(3);
    company.sim.run_for(minutes{3});
    company.pause(Engine::Pause::all);
    const std::size_t before = refused_;
    ASSERT_TRUE(asked(seconds{2}));
    EXPECT_EQ(refused_, before);
}

// Nothing tells that the bot is in a room again that it could not look into.
TEST_F(OnDemand, ARoomThatTheBotIsNotInIsLookedAtForWhoeverAsks) {
    company.open();
    const std::string room = company.sim.room_id("crew");
    homeserver().put_bot_out(room);
    company.sim.run_for(minutes{2});
    ASSERT_FALSE(company.sim.engine().world().rooms[0].bot_joined);
    ASSERT_TRUE(asked());
    homeserver().deaf = true;
    homeserver().force_state(room, policy::MemberContent{sim::kBot, MembershipState::join, ""}, sim::kBot);
    homeserver().deaf = false;
    company.sim.run_for(seconds{3});
    ASSERT_FALSE(company.sim.engine().world().rooms[0].bot_joined);
    ASSERT_TRUE(asked());
    EXPECT_TRUE(company.sim.engine().world().rooms[0].bot_joined);
}

}  // namespace
}  // namespace rollcall::engine
