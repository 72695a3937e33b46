// Every change of the policy itself stands in the plan, as it was and as it would be; what is dangerous says
// so.
#include "policy/policy_change.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/expression_words.h"
#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {
namespace {

class PolicyChanges : public testing::Test {
  protected:
    void SetUp() override {
        scene.directory.person("anna", {"Staff", "Engineering"});
        scene.directory.person("bob", {"Staff", "Contractors"});
        scene.directory.person("canary-1", {"Staff"});
        scene.room("apollo", "group Engineering", "user anna");
        scene.policy.guards.grace = std::chrono::seconds{10};
        scene.start();
        ASSERT_TRUE(scene.compiled.program);
    }
    // "path: before → after", with "!" where it is dangerous.
    std::vector<std::string> changed() {
        const auto before = scene.compiled.program;
        EXPECT_TRUE(scene.apply()) << scene.compiled.diagnostics.front().text();
        std::vector<std::string> out;
        for (const PolicyChange& one : policy_changes(before.get(), *scene.compiled.program))
            out.push_back(fmt::format("{}{}: {} → {}{}", one.danger.empty() ? "" : "! ", one.path, one.before,
                                      one.after, one.hint.empty() ? "" : " (" + one.hint + ")"));
        return out;
    }
    using Lines = std::vector<std::string>;
    Scene scene;
};

TEST_F(PolicyChanges, NothingChangesNothing) {
    EXPECT_EQ(changed(), Lines{});
}

TEST_F(PolicyChanges, GuardsTellWhetherTheyAreWidened) {
    scene.policy.guards.removals.at_most = 100'000;
    scene.policy.guards.departures.within = std::chrono::hours{2};
    scene.policy.guards.room_loses.percent = 40;
    scene.policy.guards.rooms_created = 50;
    scene.policy.guards.grace = {};
    EXPECT_EQ(changed(),
              (Lines{"! guards.removals: 25 within 1h → 100000 within 1h",
                     "guards.departures: 50 within 1h → 50 within 2h",
                     "guards.room_loses: 50 %, of at least 5 → 40 %, of at least 5",
                     "! guards.rooms.created: 20 within 1h → 50 within 1h", "! guards.grace: 10s → 0s"}));
    scene.policy.guards.removals = {25, std::chrono::minutes{10}};
    scene.policy.guards.room_gains.at_least = 100;
    EXPECT_EQ(changed(), (Lines{"! guards.removals: 100000 within 1h → 25 within 10m",
                                "! guards.room_gains: 100 %, of at least 25 → 100 %, of at least 100"}))
        << "as many in less time are more";
}

TEST_F(PolicyChanges, ACanaryLessAndAProtectedOneMoreAreDangerous) {
    scene.policy.guards.canaries = {{"canary-1", {}}};
    EXPECT_EQ(changed(), Lines{"guards.canaries:  → canary-1"});
    scene.policy.guards.canaries.clear();
    scene.policy.protected_ids = {{"@mallory:corp.example", {}}};
    EXPECT_EQ(changed(), (Lines{"! protected:  → @mallory:corp.example", "! guards.canaries: canary-1 → "}));
    scene.policy.protected_ids.clear();
    EXPECT_EQ(changed(), Lines{"! protected: @mallory:corp.example → "});
}

TEST_F(PolicyChanges, ApprovalsTellWhomTheyLetStay) {
    scene.policy.rooms.front().outsiders = Outsiders::approved;
    Approval& one =
        scene.approval("eve", "@eve:partner.example", {"apollo"}, "anna", at("2099-01-01T00:00:00Z"));
    one.until_text = "2098-12-31";
    one.reason = "Contract";
    EXPECT_EQ(
        changed(),
        (Lines{"rooms.apollo.history: shared → joined", "! rooms.apollo.outsiders: none → approved",
               "rooms.apollo.who_invites: nobody → owners",
               "outsiders.eve:  → @eve:partner.example in apollo until 2098-12-31, sponsor anna: Contract"}));
}

TEST_F(PolicyChanges, TheFirstPolicyTellsWhatMovesNobody) {
    scene.policy.guards.removals.at_most = 30;
    scene.policy.protected_ids = {{"@break:corp.example", {}}};
    ASSERT_TRUE(scene.apply());
    const auto changes = policy_changes(nullptr, *scene.compiled.program);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].path, "protected");
    EXPECT_EQ(changes[1].before, "25 within 1h") << "against the defaults";
}

TEST_F(PolicyChanges, ARuleIsToldInTheWordsOfThePolicy) {
    scene.room("board",
               "any(group Engineering, attribute title is 'Vice President') except group Contractors",
               "user anna");
    ASSERT_TRUE(scene.apply());
    const Program& program = *scene.compiled.program;
    const CompiledRoom& room = *program.room("board");
    EXPECT_EQ(expression_words(program, room.members, room.except),
              "{any: [{group: Engineering}, {attribute: title, is: vice president}], except: {group: "
              "Contractors}}");
    EXPECT_EQ(expression_words(program, room.owners), "{user: anna}");
    EXPECT_EQ(expression_words(program, {}), "");
    EXPECT_EQ(flow_text("CN=a,OU=b"), "\"CN=a,OU=b\"");
    EXPECT_EQ(flow_text("a\\b\"c"), "\"a\\\\b\\\"c\"");
}

TEST_F(PolicyChanges, ARoomTellsEachSetting) {
    scene.room("board", "group Engineering except group Contractors", "user anna").topic = {{"old", {}}};
    (void)changed();
    RoomText& room = scene.policy.rooms.back();
    room.name = "Board";
    room.topic->value = "new";
    room.members->except = nullptr;
    room.owners.reset();
    room.admission = Admission::invite;
    room.who_posts = WhoPosts::owners;
    room.who_invites = WhoInvites::everyone;
    room.leaving = Leaving::rejoin;
    room.alias = {{"the-board", {}}};
    const Lines lines = changed();
    for (const char* line :
         {"rooms.board.topic: old → new", "rooms.board.alias: board → the-board",
          "! rooms.board.members: {group: Engineering, except: {group: Contractors}} → {group: Engineering}",
          "! rooms.board.owners: {user: anna} → ", "rooms.board.admission: join → invite",
          "rooms.board.who_posts: everyone → owners", "rooms.board.who_invites: nobody → everyone",
          "rooms.board.leaving: free → rejoin"})
        EXPECT_NE(std::find(lines.begin(), lines.end(), line), lines.end())
            << line << '\n'
            << fmt::format("{}", fmt::join(lines, "\n"));
}

TEST_F(PolicyChanges, ARoomOfAnotherKeyIsRecognised) {
    scene.policy.rooms.front().key = "artemis";
    const Lines lines = changed();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].starts_with("rooms.apollo: ")) << lines[0];
    EXPECT_TRUE(lines[1].starts_with("rooms.artemis:  → ")) << lines[1];
    EXPECT_TRUE(lines[1].ends_with("(rooms.apollo goes: if it is the same room, keep its key)")) << lines[1];
}

TEST_F(PolicyChanges, PeopleAndServices) {
    scene.policy.people->leave = LeaveScope::managed_rooms;
    scene.policy.people->sign_out = false;
    scene.policy.people->identities.push_back({{}, "bob", "@robert:corp.example"});
    scene.service("alerts", "@alerts:corp.example", {"apollo"});
    EXPECT_EQ(changed(), (Lines{"! people.on_departure.leave: every_room → managed_rooms",
                                "! people.on_departure.sign_out: true → false",
                                "! people.identities:  → bob: @robert:corp.example",
                                "! services.alerts:  → @alerts:corp.example in apollo"}));
}

}  // namespace
}  // namespace rollcall::policy::test
