// What the trail rests on stands in the entry of each start, and whatever changes of it has an entry.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using schema::TrailAnchor;
using schema::TrailEntry;
using schema::TrailKind;
using std::chrono::minutes;

class BasisTest : public CompanyTest {
  protected:
    BasisTest() {
        company.people(2);
        company.room("audit");
        company.sim.settings.basis = {
            "0.1.0", "aa", {{.name = "worm", .kind = "folder", .place = "/mnt/worm"}}};
    }
    void add_room() {
        company.sim.settings.basis.anchors.push_back({.name = "room", .kind = "room", .place = "audit"});
    }
    [[nodiscard]] schema::TrailBasis last_start() {
        std::optional<schema::TrailBasis> out;
        for (const TrailEntry& entry : company.trail())
            if (entry.kind == TrailKind::start) out = entry.basis;
        return out.value_or(schema::TrailBasis{});
    }
    // "path: before → after", with ! where there is a danger.
    [[nodiscard]] std::vector<std::string> changes() {
        std::vector<std::string> out;
        for (const TrailEntry& entry : company.trail())
            if (entry.action == "change basis")
                out.push_back(entry.rule_path + ": " + entry.before + " → " + entry.after +
                              (entry.danger.empty() ? "" : " !"));
        return out;
    }
    // As the anchor's thread says.
    void left(const char* name, std::uint64_t heads, std::uint64_t size) {
        audit::LogState state;
        audit::AnchorState at;
        at.name = name;
        at.left = heads;
        at.size = size;
        state.anchors = {at};
        company.sim.homeserver.deliver(state);
        company.sim.run_for(minutes{1});
    }
    void new_entry() {
        company.pause(Engine::Pause::all_but_departures);
        company.pause(Engine::Pause::none);
    }
};

TEST_F(BasisTest, AStartSaysIt) {
    company.open();
    EXPECT_EQ(last_start(), company.sim.settings.basis);
    EXPECT_EQ(changes(), std::vector<std::string>{});
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start(), company.sim.settings.basis);
    EXPECT_EQ(changes(), std::vector<std::string>{}) << "nothing has changed";
}

TEST_F(BasisTest, WhatIsAnotherAtAStartHasAnEntry) {
    company.open();
    company.sim.settings.basis = {
        "0.2.0", "bb", {{.name = "siem", .kind = "syslog", .place = "tls://siem:6514"}}};
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(changes(), (std::vector<std::string>{"program: 0.1.0 → 0.2.0", "configuration: aa → bb",
                                                   "audit.anchors.worm: folder /mnt/worm →  !",
                                                   "audit.anchors.siem:  → syslog tls://siem:6514"}));
    company.sim.settings.basis.anchors[0].place = "tls://other:6514";
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(changes().back(), "audit.anchors.siem: syslog tls://siem:6514 → syslog tls://other:6514 !");
    EXPECT_EQ(last_start(), company.sim.settings.basis);
}

TEST_F(BasisTest, ARoomThatIsAnAnchorIsNamedOnceItIsMade) {
    add_room();
    company.open();
    EXPECT_EQ(last_start().anchors.back().room, "") << "before there was a policy";
    const std::string room = company.sim.room_id("audit");
    ASSERT_NE(room, "");
    EXPECT_EQ(changes(),
              std::vector<std::string>{"audit.anchors.room: room audit → room audit (" + room + ")"});
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start().anchors.back().room, room);
    EXPECT_EQ(changes().size(), 1U);
    company.sim.rules.clear();  // the policy names it no more
    company.room("other");
    company.sim.apply();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(changes().back(), "audit.anchors.room: room audit (" + room + ") → room audit !");
}

// The process that left it there died before the store knew.
TEST_F(BasisTest, AHeadThatIsFoundAndWasNotCountedCounts) {
    company.open();
    left("worm", 1, 40);
    new_entry();
    company.sim.restart();
    audit::LogState state;
    state.anchors.emplace_back().name = "worm";
    state.anchors[0].found = 40;
    company.sim.homeserver.deliver(state);
    state.anchors[0].found = 55;
    company.sim.homeserver.deliver(state);
    company.sim.homeserver.deliver(state);
    company.sim.run_for(minutes{1});
    new_entry();
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start().anchors.front().heads, 2U);
    EXPECT_EQ(last_start().anchors.front().newest, 55U);
}

TEST_F(BasisTest, TheHeadThatGoesOutAtAnEndIsCounted) {
    company.open();
    ASSERT_TRUE(company.sim.engine().stop("the test", company.sim.agenda.moment()));
    audit::LogState state;
    state.anchors.emplace_back().name = "worm";
    state.anchors[0].left = 1;
    state.anchors[0].size = 12;
    ASSERT_TRUE(company.sim.engine().note_last_heads(state));
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start().anchors.front().heads, 1U);
}

TEST_F(BasisTest, HeadsThatWereLeftAreCountedOverRestarts) {
    company.open();
    left("worm", 1, 40);
    left("worm", 3, 70);
    left("elsewhere", 1, 70);
    new_entry();
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start().anchors.front().heads, 3U);
    EXPECT_EQ(last_start().anchors.front().newest, 70U);
    left("worm", 2, 90);  // by the new process
    new_entry();
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start().anchors.front().heads, 5U);
    EXPECT_EQ(last_start().anchors.front().newest, 90U);
    EXPECT_EQ(changes(), std::vector<std::string>{});
    company.sim.settings.basis.anchors[0].place = "/mnt/other";
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start().anchors.front().heads, 0U) << "another place holds none of these";
    left("worm", 1, 95);
    new_entry();
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last_start().anchors.front().heads, 1U);
}

}  // namespace
}  // namespace rollcall::engine
