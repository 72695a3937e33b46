// Whoever was in a room before the trail said so is in it by the trail too, once, since when is not known.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using schema::TrailEntry;
using schema::TrailKind;
using std::chrono::minutes;

class BaselineTest : public testing::Test {
  protected:
    void open(std::size_t people) {
        company.people(people);
        company.room("crew");
        company.room("hall");
        company.open();
    }
    // The process ends, and the next one finds a store of a version without a lasting trail.
    void without_trail() {
        company.sim.stop();
        company.sim.memory.forget_trail();
        company.sim.start();
    }
    [[nodiscard]] std::vector<TrailEntry> before() {
        std::vector<TrailEntry> out;
        for (const TrailEntry& entry : company.trail())
            if (entry.source == "before") out.push_back(entry);
        return out;
    }
    [[nodiscard]] const policy::RoomEvent& member_event(const std::string& room, const std::string& login) {
        return company.sim.homeserver.rooms.at(company.sim.room_id(room))
            .state.at({"m.room.member", Company::id(login)});
    }
    Company company;
};

TEST_F(BaselineTest, AStoreWithoutATrailIsCompletedOnce) {
    open(5);
    without_trail();
    company.sim.run_for(minutes{1});
    std::map<std::string, std::set<std::string>> members, history;
    for (const TrailEntry& entry : before()) {
        EXPECT_EQ(entry.kind, TrailKind::membership);
        EXPECT_FALSE(entry.event_time);
        if (entry.membership == "join") {
            EXPECT_TRUE(members[entry.room_key].insert(entry.user).second);
        }
        if (!entry.history.empty()) history[entry.room_key].insert(entry.history);
        if (entry.user != Company::id("p2")) continue;
        EXPECT_EQ(entry.person, company.sim.directory.content.people.at("p2").guid);
        EXPECT_EQ(entry.reason, "group Crew");
        EXPECT_NE(entry.rule, "");
    }
    for (const char* room : {"crew", "hall"}) {
        EXPECT_EQ(members[room].size(), 6U) << "five people and the bot: " << room;
        EXPECT_EQ(history[room], std::set<std::string>{"shared"}) << room;
    }
    EXPECT_EQ(company.wrongs(), "") << "by the trail everything is as the homeserver has it";

    const std::size_t entries = company.trail().size();
    company.sim.restart();
    company.sim.run_for(minutes{1});
    for (std::size_t i = entries; i < company.trail().size(); ++i)
        EXPECT_EQ(company.trail()[i].membership + company.trail()[i].history, "");
    EXPECT_EQ(before().size(), 14U);
}

TEST_F(BaselineTest, WhatTheTrailSaysAlreadyIsNotSaidAgain) {
    open(5);
    for (int times = 0; times < 2; ++times) {
        company.sim.stop();
        company.sim.memory.forget_baseline();
        company.sim.start();
        company.sim.run_for(minutes{1});
        EXPECT_EQ(before().size(), 0U);
    }
    without_trail();
    company.sim.run_for(minutes{1});
    const std::size_t said = before().size();
    EXPECT_EQ(said, 14U);
    company.sim.stop();
    company.sim.memory.forget_baseline();
    company.sim.start();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(before().size(), said) << "a start that was broken off goes on where it was";
}

TEST_F(BaselineTest, WhoeverIsRemovedBeforeTheirTurnWasThere) {
    open(5);
    without_trail();
    policy::RoomEvent left = member_event("hall", "p4");
    left.replaces = left.event;
    left.event = "$left";
    left.sender = Company::id("p4");
    left.content = policy::MemberContent{Company::id("p4"), MembershipState::leave, ""};
    ASSERT_TRUE(company.sim.command([&](Engine& engine) {
        engine.learn(policy::RoomEventSeen{left, false});
    }));
    company.sim.run_for(minutes{1});
    std::vector<std::string> told;
    for (const TrailEntry& entry : company.trail())
        if (entry.user == Company::id("p4") && entry.room_key == "hall" && !entry.membership.empty())
            told.push_back(entry.source + " " + entry.membership);
    ASSERT_GE(told.size(), 2U);
    EXPECT_EQ(told[0], "before join");
    EXPECT_EQ(told[1], "event leave");
    EXPECT_EQ(std::count(told.begin(), told.end(), "before join"), 1);
}

TEST_F(BaselineTest, ManyAreSaidInSlices) {
    open(230);
    std::size_t most = 0, commits = 0;
    company.sim.stop();
    company.sim.memory.forget_trail();
    company.sim.memory.after_commit = [&](const store::Turn& turn) {
        std::size_t said = 0;
        for (const store::TrailRow& row : turn.trail)
            said += row.leaf.text.find("\"source\":\"before\"") != std::string::npos ? 1U : 0U;
        most = std::max(most, said);
        commits += said > 0 ? 1U : 0U;
    };
    company.sim.start();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(before().size(), 2 * (231U + 1U));
    EXPECT_GE(commits, 4U);
    EXPECT_LE(most, 201U);
    company.sim.memory.after_commit = {};
}

TEST_F(BaselineTest, ACommandWithoutADaemonLeavesItToTheNextOne) {
    open(5);
    company.sim.stop();
    company.sim.memory.forget_trail();
    company.sim.settings.one_shot = true;
    company.sim.start();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(before().size(), 0U);
    company.sim.stop();
    company.sim.settings.one_shot = false;
    company.sim.start();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(before().size(), 14U);
}

// A changed display name is an event of the membership too, and says nothing of when it began.
TEST_F(BaselineTest, AReadThatFindsALaterEventDoesNotSayWhenItBegan) {
    open(5);
    const auto read = [&](const std::string& user, const std::string& replaces,
                          std::optional<MembershipState> former) {
        policy::RoomEvent event;
        event.room = company.sim.room_id("crew");
        event.event = "$of" + user;
        event.sender = user;
        event.time = company.sim.agenda.now() - std::chrono::hours{1};
        event.replaces = replaces;
        event.state = true;
        event.before = former;
        event.content = policy::MemberContent{user, MembershipState::join, ""};
        EXPECT_TRUE(company.sim.command([&](Engine& engine) {
            engine.learn(policy::MemberRead{event.room, user, event});
        }));
        for (const TrailEntry& entry : company.trail())
            if (entry.user == user && entry.membership == "join") return entry.source;
        return std::string("nothing");
    };
    EXPECT_EQ(read("@a:elsewhere.example", "", {}), "read");
    EXPECT_EQ(read("@b:elsewhere.example", "$another", {}), "before");
    EXPECT_EQ(read("@c:elsewhere.example", "$another", MembershipState::join), "before");
    EXPECT_EQ(read("@d:elsewhere.example", "$another", MembershipState::invite), "read");
}

}  // namespace
}  // namespace rollcall::engine
