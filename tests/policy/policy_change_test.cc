// Every change of the policy itself stands in the plan, as it was and as it would be; what is dangerous says
// so.
#include "policy/policy_change.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/expression_words.h"
#include "policy/room_rename.h"
#include "tests/policy/expression_text.h"
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
        const Compiled next = compile(scene.policy, scene.world, scene.pins, "test");
        EXPECT_TRUE(next.program) << next.diagnostics.front().text();
        const std::vector<RoomRename> renames = room_renames(scene.world, *next.program);
        EXPECT_TRUE(scene.apply());
        return lines_of(before.get(), renames);
    }
    [[nodiscard]] std::vector<std::string> lines_of(const Program* before,
                                                    const std::vector<RoomRename>& renames = {}) const {
        std::vector<std::string> out;
        for (const PolicyChange& one : policy_changes(before, *scene.compiled.program, renames))
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
        (Lines{
            "rooms.apollo.history: shared → joined", "! rooms.apollo.outsiders: none → approved",
            "! rooms.apollo.who_invites: nobody → owners",
            "! outsiders.eve:  → @eve:partner.example in apollo until 2098-12-31, sponsor anna: Contract"}));
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
    EXPECT_EQ(members_words(program, room),
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
          "rooms.board.who_posts: everyone → owners", "! rooms.board.who_invites: nobody → everyone",
          "rooms.board.leaving: free → rejoin"})
        EXPECT_NE(std::find(lines.begin(), lines.end(), line), lines.end())
            << line << '\n'
            << fmt::format("{}", fmt::join(lines, "\n"));
}

TEST_F(PolicyChanges, ARoomOfAnotherKeyIsRecognised) {
    scene.policy.rooms.front().key = "artemis";
    const Lines lines = changed();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].starts_with("! rooms.apollo: ")) << lines[0];
    EXPECT_TRUE(lines[1].starts_with("rooms.artemis:  → ")) << lines[1];
    EXPECT_TRUE(
        lines[1].ends_with("(rooms.apollo goes: if it is the same room, write formerly: "
                           "apollo here, or keep its key)"))
        << lines[1];
}

TEST_F(PolicyChanges, ARoomThatSaysWhatItWasIsRenamedAndNothingElse) {
    scene.policy.rooms.front().outsiders = Outsiders::approved;
    scene.room("board", "group Contractors");
    scene.approval("eve", "@eve:partner.example", {"apollo"}, "anna", at("2099-01-01T00:00:00Z"));
    scene.service("alerts", "@alerts:corp.example", {"apollo", "board"});
    (void)changed();
    scene.create("apollo");
    RoomText& room = scene.policy.rooms.front();
    room.key = "artemis";
    room.formerly = {{"apollo", {"policy.yaml", 7, 16}}};
    scene.policy.outsiders.front().rooms = {{"artemis", {}}};
    scene.policy.services.front().rooms = {{"artemis", {}}, {"board", {}}};
    EXPECT_EQ(changed(),
              (Lines{"rooms.artemis: rooms.apollo → rooms.artemis (it stays the same room: whoever is in it "
                     "stays, and its former address leads to it)",
                     "rooms.artemis.alias: apollo → artemis"}));
    room.formerly.clear();
    EXPECT_EQ(changed(), Lines{"rooms.artemis.formerly: apollo → "});
    room.formerly = {{"luna", {"policy.yaml", 7, 16}}};
    EXPECT_EQ(changed(), Lines{"rooms.artemis.formerly:  → luna (rooms.artemis stays the room that it is)"});
}

TEST_F(PolicyChanges, ARoomThatComesBackUnderAnotherKeyIsToldWhole) {
    const RoomId id = scene.create("apollo");
    RoomText written = scene.policy.rooms.front();
    scene.policy.rooms.clear();
    (void)changed();
    scene.learn(Released{id});
    written.key = "artemis";
    written.formerly = {{"apollo", {"policy.yaml", 7, 16}}};
    scene.policy.rooms.push_back(written);
    const Lines lines = changed();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].starts_with("rooms.artemis: rooms.apollo → rooms.artemis")) << lines[0];
    EXPECT_TRUE(lines[1].starts_with("rooms.artemis:  → apollo, members")) << lines[1];
}

TEST_F(PolicyChanges, ARoomThatIsLetGoOfSaysWhatThatMeans) {
    scene.room("board", "group Contractors");
    (void)changed();
    scene.policy.rooms.pop_back();
    ASSERT_TRUE(scene.apply());
    const auto with_board = scene.compiled.program;
    scene.room("council", "group Contractors");
    (void)changed();
    scene.policy.rooms.pop_back();
    EXPECT_EQ(changed(), Lines{"! rooms.council: council, members {group: Contractors}, history shared → "});
    const auto changes = [&] {
        scene.policy.rooms.front().key = "artemis";
        EXPECT_TRUE(scene.apply());
        return policy_changes(with_board.get(), *scene.compiled.program);
    }();
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].danger,
              "let go of: its members stay, and nobody is added or removed there any more, but who departs");
    EXPECT_EQ(changes[1].former, "apollo") << "so that the hint can be left out where it is wrong";
}

// The room's own `except` takes owners out too.
TEST_F(PolicyChanges, AnExceptThatMovesIntoTheMembersIsAChange) {
    RoomText& room = scene.room("board", "group Engineering except group Contractors", "user bob");
    (void)changed();
    room.members = expression("all(group Engineering except group Contractors)");
    EXPECT_EQ(
        changed(),
        Lines{"! rooms.board.members: {group: Engineering, except: {group: Contractors}} → {all: [{group: "
              "Engineering, except: {group: Contractors}}]}"});
    room.members->except = std::make_shared<const Expression>(expression("user anna"));
    EXPECT_EQ(
        changed(),
        Lines{"rooms.board.members: {all: [{group: Engineering, except: {group: Contractors}}]} → {all: "
              "[{group: Engineering, except: {group: Contractors}}], except: {user: anna}}"});
}

// A room of `employees` itself is open to whoever is in a space of all of them.
TEST_F(PolicyChanges, AllOfEmployeesAloneIsNotTheWordItself) {
    RoomText& room = scene.room("hall", "employees");
    (void)changed();
    room.members = expression("all(employees)");
    EXPECT_EQ(changed(), Lines{"rooms.hall.members: employees → {all: [employees]}"});
}

// A name that leads to another object: the words are the same.
TEST_F(PolicyChanges, ARuleIsComparedByWhatItMeans) {
    GroupEntry& old = scene.directory.groups.at("Engineering");
    GroupEntry& other = scene.directory.group("Engineers 2");
    std::swap(old.name, other.name);
    std::swap(old.cn, other.cn);
    std::swap(old.dn, other.dn);
    scene.read();
    scene.pins.clear();
    const Lines lines = changed();
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(
        lines.front(),
        "rooms.apollo.members: {group: Engineering} → {group: Engineering} (in the same words, and not the "
        "same as before)");
}

TEST_F(PolicyChanges, ListsOfRoomsAreComparedNotTheirWords) {
    const auto room = [this](const std::string& key) {
        scene.room(key, "group Staff").outsiders = Outsiders::approved;
    };
    scene.policy.rooms.front().outsiders = Outsiders::approved;
    room("board");
    Approval& guests =
        scene.approval("guests", "@*:partner.example", {"all"}, "anna", at("2099-01-01T00:00:00Z"));
    guests.until_text = "2098-12-31";
    (void)changed();
    room("council");
    EXPECT_EQ(changed().back(), "! outsiders.guests.rooms: all rooms → all rooms; new: council");
    guests.rooms = {{"apollo", {}}};
    (void)changed();
    guests.rooms = {{"board", {}}};
    EXPECT_EQ(changed(), Lines{"! outsiders.guests.rooms: apollo → board"}) << "one more, and one less";
    guests.who = "@eve:partner.example";
    (void)changed();
    guests.rooms = {{"apollo", {}}, {"board", {}}};
    EXPECT_EQ(changed(), Lines{"! outsiders.guests.rooms: board → apollo, board"});
    std::vector<std::string> most;
    for (int i = 0; i < 8; ++i) room(most.emplace_back(fmt::format("s{}", i)));
    room("t1");
    room("t2");
    scene.service("scan", "@scan:corp.example", most);
    scene.policy.services.back().rooms.push_back({"t1", {}});
    (void)changed();
    scene.policy.services.back().rooms.back().value = "t2";
    const std::string scanned = "@scan:corp.example in s0, s1, s2, s3, s4, s5, s6, s7 and 1 more";
    EXPECT_EQ(changed(), Lines{"! services.scan: " + scanned + " → " + scanned + "; new: t2; no longer: t1"});
}

TEST_F(PolicyChanges, AnApprovalThatEndsLaterOrIsForSomebodyElseIsDangerous) {
    scene.policy.rooms.front().outsiders = Outsiders::approved;
    Approval& one =
        scene.approval("eve", "@eve:partner.example", {"apollo"}, "anna", at("2099-01-01T00:00:00Z"));
    one.until_text = "2098-12-31";
    (void)changed();
    one.until = at("2099-02-01T00:00:00Z");
    one.until_text = "2099-01-31";
    EXPECT_EQ(changed(), Lines{"! outsiders.eve.until: 2098-12-31 → 2099-01-31"});
    one.until = at("2099-01-31T23:00:00Z");
    EXPECT_EQ(changed(), Lines{"outsiders.eve.until: 2099-01-31 → 2099-01-31 (in another time zone, "
                               "2099-01-31T23:00:00.000Z instead of 2099-02-01T00:00:00.000Z)"});
    one.until_text = "2098-11-30";
    one.until = at("2098-12-01T00:00:00Z");
    EXPECT_EQ(changed(), Lines{"outsiders.eve.until: 2099-01-31 → 2098-11-30"});
    one.who = "@carol:partner.example";
    EXPECT_EQ(changed(), Lines{"! outsiders.eve.who: @eve:partner.example → @carol:partner.example"});
}

TEST_F(PolicyChanges, InvitingByHandIsOpenedStepByStep) {
    scene.policy.rooms.front().outsiders = Outsiders::approved;
    (void)changed();
    const auto invites = [this](WhoInvites who) {
        scene.policy.rooms.front().who_invites = who;
        const auto before = scene.compiled.program;
        EXPECT_TRUE(scene.apply());
        const std::vector<PolicyChange> changes = policy_changes(before.get(), *scene.compiled.program);
        return changes.size() == 1 ? changes.front().danger : "not one change";
    };
    EXPECT_EQ(invites(WhoInvites::everyone), "everybody in it may bring in approved outsiders");
    EXPECT_EQ(invites(WhoInvites::nobody), "");
    EXPECT_EQ(invites(WhoInvites::owners), "its owners may bring in approved outsiders");
}

TEST_F(PolicyChanges, ANewRoomTellsWhatIsNotItsDefault) {
    scene.space("company", "employees");
    (void)changed();
    RoomText& room = scene.room("board", "group Engineering");
    room.outsiders = Outsiders::approved;
    room.history = History::shared;
    room.who_invites = WhoInvites::everyone;
    room.who_posts = WhoPosts::owners;
    room.admission = Admission::invite;
    room.leaving = Leaving::rejoin;
    room.alias = {{"the-board", {}}};
    room.topic = {{"who, what", {}}};
    room.parent = {{"company", {}}};
    EXPECT_EQ(
        changed(),
        Lines{"! rooms.board:  → board, members {group: Engineering}, topic \"who, what\", alias "
              "the-board, space company, history shared, outsiders approved, admission invite, who_posts "
              "owners, who_invites everyone, leaving rejoin"});
    const auto changes = policy_changes(nullptr, *scene.compiled.program);
    ASSERT_FALSE(changes.empty());
    EXPECT_EQ(changes.front().path, "rooms.board") << "of a first policy those alone about which is a danger";
    EXPECT_EQ(changes.front().danger,
              "opened to people from outside who are approved, and all of its past to them; everybody in it "
              "may bring in approved outsiders");
    scene.room("council", "group Engineering").who_invites = WhoInvites::everyone;
    EXPECT_TRUE(changed().front().starts_with("! rooms.council: ")) << "in a closed room too";
    scene.room("quiet", "group Engineering");
    EXPECT_TRUE(changed().front().starts_with("rooms.quiet: "));
}

TEST_F(PolicyChanges, TheFirstPolicyIsComparedWithTheDefaultsOfPeopleToo) {
    scene.policy.people->leave = LeaveScope::managed_rooms;
    scene.policy.people->sign_out = false;
    scene.policy.people->identities.push_back({{}, "bob", "@breakglass:corp.example"});
    scene.policy.guards.grace = std::chrono::seconds{10};
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(lines_of(nullptr), (Lines{"! people.on_departure.leave: every_room → managed_rooms",
                                        "! people.on_departure.sign_out: true → false",
                                        "! people.identities:  → bob: @breakglass:corp.example"}));
}

TEST_F(PolicyChanges, ARoomThatBecomesASpaceIsToldThoughAllElseIsTheSame) {
    scene.room("board", "group Contractors");
    (void)changed();
    scene.policy.rooms.back().space = true;
    const std::string whole = "board, members {group: Contractors}, history shared";
    EXPECT_EQ(changed(), Lines{"spaces.board: rooms.board: " + whole + " → " + whole});
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
