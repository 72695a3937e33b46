// A room whose key is another one than before, and that says so, is the room that it was.
#include "policy/room_rename.h"

#include <gtest/gtest.h>

#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {
namespace {

class RoomOfAnotherKey : public testing::Test {
  protected:
    void SetUp() override {
        scene.directory.person("anna", {"Staff", "Engineering"});
        scene.room("project-x", "group Engineering");
        scene.start();
        id = scene.create("project-x");
        scene.join("project-x", "@anna:corp.example");
    }
    RoomText& rename(const std::string& to, const std::vector<std::string>& formerly) {
        RoomText& room = scene.policy.rooms.front();
        room.key = to;
        room.formerly.clear();
        for (const std::string& key : formerly) room.formerly.push_back({key, {"policy.yaml", 7, 3}});
        return room;
    }
    // A room that a policy named for a time.
    RoomId let_go_of(const std::string& key) {
        const RoomId room = scene.create(key);
        scene.learn(Released{room});
        return room;
    }
    // "project-x → apollo", of the policy as it is written now.
    [[nodiscard]] std::vector<std::string> renames() {
        std::vector<std::string> out;
        const Compiled next = compile(scene.policy, scene.world, scene.pins, "next", Unfound::unknown);
        for (const auto& one : room_renames(scene.world, *next.program))
            out.push_back(one.from + " → " + one.to);
        return out;
    }
    // What is said instead of applying it.
    [[nodiscard]] std::string refused() {
        const Compiled next = compile(scene.policy, scene.world, scene.pins, "next");
        return next.diagnostics.empty() ? "" : next.diagnostics.front().text();
    }
    using Lines = std::vector<std::string>;
    Scene scene;
    RoomId id;
};

TEST_F(RoomOfAnotherKey, IsTheRoomThatItWas) {
    rename("apollo", {"older", "project-x"});
    EXPECT_EQ(renames(), Lines{"project-x → apollo"});
    const Compiled next = compile(scene.policy, scene.world, scene.pins, "next");
    ASSERT_TRUE(next.program);
    const Decider planned(scene.world, next.program);
    EXPECT_EQ(planned.world_room(0), id) << "a plan sees that before anything is applied";
    EXPECT_EQ(planned.managed(id), 0);
    for (const PlanLine& line : whole_plan(planned, scene.abilities))
        EXPECT_TRUE(line.user.empty() && line.kind != ActionKind::create && line.kind != ActionKind::release)
            << line_of(line) << ": nobody is moved, and no room is made or let go of";
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.world.room_by_key.at("apollo"), id);
    EXPECT_FALSE(scene.world.room_by_key.contains("project-x"));
    EXPECT_EQ(scene.says("anna", "apollo"), "in member");
    EXPECT_EQ(renames(), Lines{}) << "from then on it is a note about the past";
}

TEST_F(RoomOfAnotherKey, WithoutItAnotherRoomIsMade) {
    rename("apollo", {});
    EXPECT_EQ(renames(), Lines{});
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.decider->managed(id), -1);
}

TEST_F(RoomOfAnotherKey, ARoomThatLivesUnderItsKeyStaysWhatItIs) {
    scene.room("apollo", "group Engineering");
    ASSERT_TRUE(scene.apply());
    const RoomId own = scene.create("apollo");
    scene.policy.rooms.erase(scene.policy.rooms.begin());
    rename("apollo", {"project-x"});
    EXPECT_EQ(renames(), Lines{});
    EXPECT_EQ(refused(), "");
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.decider->world_room(0), own);
}

TEST_F(RoomOfAnotherKey, ARoomThatWasNeverMadeGivesItsKeyUp) {
    scene.room("apollo", "group Engineering");
    ASSERT_TRUE(scene.apply());
    scene.policy.rooms.erase(scene.policy.rooms.begin());
    rename("apollo", {"project-x"});
    EXPECT_EQ(renames(), Lines{"project-x → apollo"});
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.world.room_by_key.at("apollo"), id);
    EXPECT_EQ(scene.decider->managed(id), 0);
    for (const std::string& line : scene.plan()) EXPECT_EQ(line.find("release"), std::string::npos) << line;
    const RoomId never = scene.world.room_by_key.at("project-x");
    EXPECT_TRUE(scene.world.rooms[never.index()].id.empty());
    EXPECT_EQ(scene.decider->managed(never), -1);
}

TEST_F(RoomOfAnotherKey, OneThatIsManagedGoesBeforeOneThatWasLetGoOf) {
    let_go_of("older");
    rename("apollo", {"older", "project-x"});
    EXPECT_EQ(renames(), Lines{"project-x → apollo"});
    EXPECT_EQ(refused(), "");
    scene.learn(Released{id});
    EXPECT_EQ(renames(), Lines{}) << "both were let go of";
    EXPECT_EQ(
        refused(),
        "policy.yaml:7:3: error: \"apollo\" can be one room only, and formerly names two that are there: "
        "\"older\" (" +
            scene.world.rooms[scene.world.room_by_key.at("older").index()].id +
            ", which the policy let go of) and \"project-x\" (" + scene.world.rooms[id.index()].id +
            ", which the policy let go of); name the one that it is to be");
}

TEST_F(RoomOfAnotherKey, ARoomThatWasLetGoOfComesBackUnderAnotherKey) {
    scene.learn(Released{id});
    rename("apollo", {"project-x"});
    EXPECT_EQ(renames(), Lines{"project-x → apollo"});
}

TEST_F(RoomOfAnotherKey, NothingIsGuessedWhereTwoAreManaged) {
    scene.room("council", "group Engineering");
    ASSERT_TRUE(scene.apply());
    scene.create("council");
    scene.policy.rooms.pop_back();
    rename("apollo", {"project-x", "council"});
    EXPECT_EQ(renames(), Lines{});
    EXPECT_TRUE(refused().starts_with("policy.yaml:7:3: error: \"apollo\" can be one room only"))
        << refused();
}

TEST_F(RoomOfAnotherKey, ARoomThatWasLetGoOfUnderThatKeyIsInTheWay) {
    let_go_of("apollo");
    rename("apollo", {"project-x"});
    EXPECT_EQ(renames(), Lines{});
    EXPECT_NE(refused().find("and it is that of another one: \"apollo\""), std::string::npos) << refused();
    scene.learn(Released{id});
    EXPECT_EQ(refused(), "") << "both were let go of: its own key says which it is";
    EXPECT_EQ(renames(), Lines{});
}

TEST_F(RoomOfAnotherKey, ARoomBecomesNoSpace) {
    scene.world.rooms[id.index()].state.create = CreateContent{"12", false, {}, {}};
    rename("apollo", {"project-x"}).space = true;
    EXPECT_EQ(renames(), Lines{});
    EXPECT_NE(refused().find("is a room, and cannot become a space"), std::string::npos) << refused();
}

TEST_F(RoomOfAnotherKey, WhatGuardsRememberFollows) {
    GuardMemory memory;
    const ActionKey anna{ActionKind::remove, "project-x", "@anna:corp.example"};
    const ActionKey note{ActionKind::notify, "project-x", "@anna:corp.example"};
    memory.approved[anna] = {Basis::not_listed, "h1", "admin", "why", {}};
    memory.rejected[note] = {};
    memory.held[anna] = {Guard::room_loses, "project-x"};
    memory.ledger[{Guard::rooms_created, "", "project-x"}] = at("2026-11-01T00:00:00Z");
    memory.ledger[{Guard::removals, "@bob:corp.example", ""}] = at("2026-11-01T00:00:00Z");
    memory.held_since[{Guard::room_loses, "project-x"}] = at("2026-11-02T00:00:00Z");
    memory.under_way.insert(anna);
    // Left of a room that was never made.
    memory.approved[{ActionKind::remove, "apollo", "@anna:corp.example"}] = {};
    rename_room(memory, "project-x", "apollo");
    const ActionKey now{ActionKind::remove, "apollo", "@anna:corp.example"};
    EXPECT_EQ(memory.approved.size(), 1U);
    EXPECT_EQ(memory.approved.at(now).hold, "h1");
    EXPECT_TRUE(memory.rejected.contains(note)) << "what is owed has a key of its own";
    EXPECT_EQ(memory.held.at(now), (HeldBy{Guard::room_loses, "apollo"}));
    EXPECT_TRUE(memory.ledger.contains({Guard::rooms_created, "", "apollo"}));
    EXPECT_EQ(memory.ledger.size(), 2U);
    EXPECT_TRUE(memory.held_since.contains({Guard::room_loses, "apollo"}));
    EXPECT_EQ(memory.under_way, std::set<ActionKey>{now});
}

}  // namespace
}  // namespace rollcall::policy::test
