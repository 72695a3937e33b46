// What must never happen (docs: "Never"), as far as policy/ answers for it. N1 to N7 are the numbers there;
// what has no number here belongs to the store, the engine or the command line.
#include <gtest/gtest.h>
#include <algorithm>

#include "policy/explain.h"
#include "tests/policy/homeserver.h"

namespace rollcall::policy::test {
namespace {

// Staff anna, bob and cleo; the first two are in Eng, and in room "eng". Nested: SRE in Eng, with dan.
class Never : public testing::Test {
  protected:
    Never() {
        scene.directory.person("anna", {"Staff", "Eng"});
        scene.directory.person("bob", {"Staff", "Eng"});
        scene.directory.person("cleo", {"Staff"});
        scene.directory.group("SRE", {"Eng"});
        scene.directory.person("dan", {"Staff", "SRE"});
        scene.room("eng", "group Eng except group Contractors");
        scene.room("open", "employees").outsiders = Outsiders::approved;
        scene.directory.group("Contractors");
        scene.start();
        homeserver.converge();
    }
    std::vector<std::string> about(const std::string& login) { return scene.plan_of(login); }
    // Nothing is to be done about anybody.
    void nothing_to_do() {
        EXPECT_EQ(scene.plan(), std::vector<std::string>{});
        EXPECT_EQ(scene.backlog_lines(), std::vector<std::string>{});
    }
    void restart() { EXPECT_TRUE(scene.apply()); }

    Scene scene;
    Homeserver homeserver{scene};
};

// ---------------------------------------------------------------- 1: negative evidence

TEST_F(Never, N1_NobodyIsRemovedByAnEmptyAnswer) {
    DirectorySnapshot empty = scene.directory.snapshot();
    empty.people.clear();
    empty.groups.clear();
    scene.learn(empty);
    EXPECT_NE(scene.world.frozen, "");
    nothing_to_do();
}

TEST_F(Never, N1_NobodyIsRemovedByAnAnswerWithoutGroups) {
    DirectorySnapshot read = scene.directory.snapshot();
    read.groups.clear();
    scene.learn(read);
    EXPECT_NE(scene.world.frozen, "");
    nothing_to_do();
}

TEST_F(Never, N1_NobodyIsRemovedByAReadThatLacksACanary) {
    scene.policy.guards.canaries.push_back({"Cleo", {}});
    restart();
    DirectorySnapshot read = scene.directory.snapshot();
    std::erase_if(read.people, [](const PersonEntry& entry) { return entry.login != "bob"; });
    scene.learn(read);
    EXPECT_NE(scene.world.frozen.find("Cleo"), std::string::npos);
    nothing_to_do();
    scene.read();
    EXPECT_EQ(scene.world.frozen, "");
}

TEST_F(Never, N1_ACanaryThatIsDeletedIsMissedByACompleteReadAtOnce) {
    scene.policy.guards.canaries.push_back({"Cleo", {}});
    restart();
    scene.directory.people.at("bob").deleted = true;
    EXPECT_FALSE(scene.learn(scene.directory.changes({"bob"})).sweep);
    scene.directory.people.at("cleo").deleted = true;
    EXPECT_TRUE(scene.learn(scene.directory.changes({"cleo"})).sweep);
}

TEST_F(Never, N1_NobodyIsRemovedBecauseAnUnverifiedGroupReadLacksThem) {
    scene.directory.leave("Eng", "anna");
    const Effects effects = scene.learn(scene.directory.changes({"Eng"}, false));
    EXPECT_TRUE(effects.sweep) << "somebody must look whether it is true";
    nothing_to_do();
    scene.read();
    EXPECT_EQ(about("anna"), std::vector<std::string>{"remove eng @anna:corp.example"});
}

TEST_F(Never, N1_AVerifiedGroupReadNeedNotWaitForASweep) {
    scene.directory.leave("Eng", "anna");
    EXPECT_FALSE(scene.learn(scene.directory.changes({"Eng"}, true)).sweep);
    EXPECT_EQ(about("anna"), std::vector<std::string>{"remove eng @anna:corp.example"});
}

TEST_F(Never, N1_NobodyIsAdmittedBecauseAnUnverifiedReadOfTheExceptionLacksThem) {
    scene.directory.join("Contractors", "anna");
    scene.read();
    homeserver.converge();
    scene.directory.leave("Contractors", "anna");
    scene.learn(scene.directory.changes({"Contractors"}, false));
    nothing_to_do();
}

TEST_F(Never, N1_AnUnseenMemberOfTheExceptionIsNotForgottenByAnUnverifiedRead) {
    scene.directory.group("Contractors").members.push_back(guid_of("person", "eve"));
    scene.directory.wrote("Contractors");
    scene.learn(scene.directory.changes({"Contractors"}, true));
    scene.directory.group("Contractors").members.clear();
    scene.directory.wrote("Contractors");
    scene.learn(scene.directory.changes({"Contractors"}, false));
    scene.directory.person("eve", {"Staff", "Eng"});
    scene.learn(scene.directory.changes({"eve", "Staff", "Eng"}, true));
    EXPECT_EQ(scene.says("eve", "eng"), "out excepted");
}

TEST_F(Never, N1_AnUnreadableGroupChangesNothingForAnyone) {
    for (const char* group : {"Eng", "SRE", "Contractors", "Staff"}) {
        SCOPED_TRACE(group);
        scene.directory.group(group).members_known = false;
        scene.directory.wrote(group);
        scene.learn(scene.directory.changes({group}));
        nothing_to_do();
        scene.read();
        nothing_to_do();
        scene.directory.group(group).members_known = true;
        scene.directory.wrote(group);
        scene.learn(scene.directory.changes({group}));
        nothing_to_do();
    }
}

TEST_F(Never, N1_AnUnreadableExceptAdmitsNobody) {
    scene.directory.group("Contractors").members_known = false;
    scene.directory.wrote("Contractors");
    scene.learn(scene.directory.changes({"Contractors"}));
    scene.directory.join("Eng", "cleo");
    scene.learn(scene.directory.changes({"Eng"}));
    EXPECT_EQ(scene.says("cleo", "eng"), "unknown undecided");
    nothing_to_do();
}

TEST_F(Never, N1_AnUnreadableStateIsNotADeparture) {
    for (auto& [login, entry] : scene.directory.people) entry.account_control.reset();
    scene.read();
    nothing_to_do();
}

// Leavers are often moved to where the daemon may read less of them.
TEST_F(Never, N14_WhoHasDepartedDoesNotComeBackByBeingHidden) {
    PersonEntry& anna = scene.directory.people.at("anna");
    const auto write = [&] {
        scene.directory.wrote("anna");
        return scene.learn(scene.directory.changes({"anna"}));
    };
    anna.account_control = 514;
    write();
    anna.account_control.reset();
    anna.expires.reset();
    write();
    EXPECT_EQ(scene.says("anna", "eng"), "out departed");
    EXPECT_TRUE(scene.world.departing.contains(scene.user("anna")));
    scene.read();
    EXPECT_EQ(scene.says("anna", "eng"), "out departed") << "nor by a complete read";
    anna.account_control = 512;
    anna.expires = kNever;
    write();
    EXPECT_EQ(scene.says("anna", "eng"), "in member");
    anna.account_control.reset();
    write();
    EXPECT_EQ(scene.decider->departed(scene.person("anna")), Tri::unknown) << "who had not departed";
}

TEST_F(Never, N14_AnOrderThatIsTakenBackIsOverAlsoWhereTheStateIsHidden) {
    PersonEntry& anna = scene.directory.people.at("anna");
    anna.account_control.reset();
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    scene.learn(DepartOrdered{scene.person("anna"), false});
    EXPECT_EQ(scene.says("anna", "eng"), "out departed");
    const Effects back = scene.learn(DepartOrdered{scene.person("anna"), true});
    EXPECT_EQ(scene.decider->departed(scene.person("anna")), Tri::unknown);
    EXPECT_FALSE(scene.world.departing.contains(scene.user("anna")));
    ASSERT_FALSE(back.notes.empty());
    EXPECT_EQ(back.notes.front().kind, Note::Kind::returned);
}

// Whose primary group it is, hangs on the group's objectSid.
TEST_F(Never, N1_AGroupWhoseSidIsHiddenKeepsWhoIsInItAsPrimaryGroup) {
    GroupEntry& prim = scene.directory.group("Prim");
    scene.directory.person("finn", {"Staff"}).primary_group = prim.rid;
    scene.room("prim", "group Prim");
    scene.read();
    restart();
    homeserver.converge();
    ASSERT_EQ(scene.says("finn", "prim"), "in member");
    const std::uint32_t rid = std::exchange(prim.rid, 0);
    scene.read();
    EXPECT_EQ(scene.says("finn", "prim"), "in member");
    nothing_to_do();

    Scene fresh;  // which never saw it
    fresh.directory = scene.directory;
    fresh.room("prim", "group Prim");
    fresh.start();
    EXPECT_EQ(fresh.says("finn", "prim"), "unknown undecided");
    fresh.directory.groups.at("Prim").rid = rid;
    fresh.read();
    EXPECT_EQ(fresh.says("finn", "prim"), "in member");
}

TEST_F(Never, N1_AnAttributeThatWasNotAskedForIsNotEmpty) {
    scene.room("sales", "attribute department is Sales");
    scene.directory.people.at("anna").attributes["department"] = {"Sales"};
    scene.directory.wrote("anna");
    scene.read();
    restart();
    homeserver.converge();
    DirectorySnapshot read = scene.directory.snapshot();
    read.attributes = {"title"};
    for (PersonEntry& entry : read.people) entry.attributes.clear();
    scene.learn(read);
    nothing_to_do();
    scene.read();
    DirectoryChanges changes = scene.directory.changes({"anna"});
    changes.attributes = {"title"};
    changes.people[0].attributes.clear();
    EXPECT_TRUE(scene.learn(changes).sweep);
    nothing_to_do();
}

TEST_F(Never, N1_ChangesToWhatWasNeverReadWholeAreNotTaken) {
    Scene fresh;
    fresh.directory.person("anna", {"Staff"});
    EXPECT_TRUE(fresh.learn(fresh.directory.changes({"anna", "Staff"})).sweep);
    EXPECT_TRUE(fresh.world.people.empty());
    scene.directory.invocation = "restored from a backup";
    scene.directory.people.at("anna").account_control = 514;
    scene.directory.wrote("anna");
    EXPECT_TRUE(scene.learn(scene.directory.changes({"anna"})).sweep);
    nothing_to_do();
}

TEST_F(Never, N1_APersonMissingFromACompleteReadHasNotDeparted) {
    // Links to an account end with it; while a group names it, the list is not whole.
    std::vector<std::string> changed{"anna"};
    for (const auto& [name, group] : scene.directory.groups)
        if (std::find(group.members.begin(), group.members.end(), scene.directory.people.at("anna").guid) !=
            group.members.end())
            changed.push_back(name);
    for (std::size_t i = 1; i < changed.size(); ++i) scene.directory.leave(changed[i], "anna");
    scene.directory.people.erase("anna");
    scene.read();
    EXPECT_EQ(about("anna"),
              (std::vector<std::string>{"remove eng @anna:corp.example", "remove open @anna:corp.example"}));
    for (const PlanLine& line : whole_plan(*scene.decider, scene.abilities))
        EXPECT_EQ(line.lane, Lane::removal);
    scene.directory.person("anna", {changed.begin() + 1, changed.end()});  // seen again, in the same groups
    EXPECT_FALSE(scene.learn(scene.directory.changes(changed)).sweep);
    nothing_to_do();
}

TEST_F(Never, N1_WhatChangedSinceAReadBeganIsNotJudgedByIt) {
    DirectorySnapshot slow = scene.directory.snapshot();
    scene.directory.person("eve", {"Staff", "Eng"});
    scene.directory.leave("Eng", "bob");
    scene.learn(scene.directory.changes({"eve", "Staff", "Eng"}));
    homeserver.converge();
    scene.learn(slow);
    nothing_to_do();
    EXPECT_EQ(scene.says("eve", "eng"), "in member");
    EXPECT_EQ(scene.says("bob", "eng"), "out not_listed");
}

TEST_F(Never, N1_AnotherControllersCountingDoesNotMakeNewsOld) {
    scene.directory.people.erase("anna");
    scene.read();
    scene.directory.invocation = "db-2";
    scene.directory.usn = 10;
    for (auto& [login, entry] : scene.directory.people) entry.usn = 1;
    for (auto& [name, entry] : scene.directory.groups) entry.usn = 1;
    scene.read();
    scene.directory.person("anna");
    scene.learn(scene.directory.changes({"anna"}));
    nothing_to_do();
}

// ---------------------------------------------------------------- 2: departures, protected

TEST_F(Never, N2_ADepartureBeatsEveryPathApprovalServiceAndOwnership) {
    scene.policy.rooms.clear();
    scene.room("eng", "any(group Eng, user anna)", "user anna");
    scene.room("open", "employees").outsiders = Outsiders::approved;
    scene.approval("a", "@anna:corp.example", {"all"}, "bob", at("2030-01-01T00:00:00Z"));
    scene.service("s", "@anna:corp.example", {"all"});
    restart();
    homeserver.converge();
    scene.directory.people.at("anna").account_control = 514;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    EXPECT_EQ(about("anna"),
              (std::vector<std::string>{"sign_out - @anna:corp.example", "list_rooms - @anna:corp.example",
                                        "remove eng @anna:corp.example", "remove open @anna:corp.example"}));
    for (const PlanLine& line : whole_plan(*scene.decider, scene.abilities))
        EXPECT_EQ(line.lane, Lane::departure);
    homeserver.converge();
    EXPECT_EQ(scene.world.state_of(scene.user("anna"), scene.world.room("eng")), MembershipState::leave);
    nothing_to_do();
}

TEST_F(Never, N2_TheProtectedAndTheBotAreNeverRemoved) {
    scene.policy.protected_ids = {{"@anna:corp.example", {}}, {"@glass:corp.example", {}}};
    restart();
    scene.create("eng");
    for (const char* user : {"@anna:corp.example", "@glass:corp.example", "@rollcall:corp.example"})
        homeserver.answer(scene.learn(
            RoomEventSeen{homeserver.put_member("eng", user, MembershipState::join, user), false}));
    homeserver.converge();
    scene.directory.people.at("anna").account_control = 514;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    scene.learn(RoomsListed{scene.user("anna"), {"!dm:corp.example"}});
    nothing_to_do();
}

TEST_F(Never, N2_WhoeverIsOrderedToDepartDepartsAndMayBeTakenBack) {
    scene.learn(DepartOrdered{scene.person("anna"), false});
    EXPECT_FALSE(about("anna").empty());
    homeserver.converge();
    scene.learn(DepartOrdered{scene.person("anna"), true});
    EXPECT_EQ(about("anna"),
              (std::vector<std::string>{"add eng @anna:corp.example", "add open @anna:corp.example"}));
}

TEST_F(Never, N2_AnExpiryThatTheDirectoryNeverTellsActsOnTime) {
    scene.directory.people.at("anna").expires = scene.world.now + std::chrono::hours{1};
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    EXPECT_EQ(next_moment(scene.world, scene.decider.get()), scene.world.now + std::chrono::hours{1});
    scene.pass_time(std::chrono::minutes{59});
    nothing_to_do();
    scene.pass_time(std::chrono::minutes{1});
    EXPECT_EQ(scene.says("anna", "eng"), "out departed");
    EXPECT_EQ(about("anna").size(), 4U);
}

TEST_F(Never, N15_WhoseEndMayHaveComeIsNeitherPutOutNorLetIn) {
    const Time end = scene.world.now + std::chrono::hours{1};
    scene.directory.people.at("anna").expires = end;
    scene.directory.person("eve", {"Staff"}).expires = end;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna", "eve", "Staff"}));
    EXPECT_FALSE(about("eve").empty());
    for (const Time latest : {end, kNever}) {
        scene.doubt_date(latest);
        EXPECT_EQ(scene.says("anna", "eng"), "unknown undecided");
        EXPECT_EQ(about("anna").size(), 0U);
        EXPECT_EQ(about("eve").size(), 0U);
    }
    EXPECT_NE(explain(*scene.decider, scene.user("anna"), 0).short_text.find("not certain what date it is"),
              std::string::npos);
    scene.doubt_date(end - Duration{1});
    EXPECT_EQ(about("anna").size(), 0U);
    EXPECT_FALSE(about("eve").empty());
    scene.doubt_date(kNever);
    scene.directory.people.at("anna").account_control = 514U;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    EXPECT_EQ(scene.says("anna", "eng"), "out departed") << "no date is needed for that";
    scene.pass_time(std::chrono::hours{2});
    EXPECT_EQ(scene.says("eve", "open"), "out departed");
    for (const std::string& line : about("eve")) EXPECT_FALSE(line.starts_with("add ")) << line;
}

TEST_F(Never, N2_SomebodyDeletedWhileInvitedStillDeparts) {
    scene.directory.person("eve", {"Staff"});
    scene.learn(scene.directory.changes({"eve", "Staff"}));
    scene.learn(AccountSeen{scene.user("eve"), Account::absent});
    homeserver.converge();
    ASSERT_EQ(scene.world.state_of(scene.user("eve"), scene.world.room("open")), MembershipState::invite);
    scene.directory.people.at("eve").deleted = true;
    scene.directory.wrote("eve");
    scene.learn(scene.directory.changes({"eve"}));
    EXPECT_EQ(scene.says("eve", "open"), "out departed");
}

// Applying a first policy must not treat those who left long ago as leavers of today.
TEST_F(Never, N2_WhoLeftBeforeAnybodyLookedIsNoLeaverOfToday) {
    Scene fresh;
    for (int i = 0; i < 100; ++i)
        fresh.directory.person("old" + std::to_string(i), {"Staff"}).account_control = 514;
    fresh.room("all", "employees");
    fresh.start();
    EXPECT_TRUE(fresh.world.departing.empty());
    Homeserver server(fresh);
    server.converge();
    fresh.directory.people.at("old1").attributes["title"] = {"filed away"};
    fresh.directory.wrote("old1");
    fresh.learn(fresh.directory.changes({"old1"}));
    EXPECT_EQ(fresh.plan(), kNothing);
}

// ---------------------------------------------------------------- 5: the same plan

std::vector<std::string> plan_in_order(bool backwards) {
    Scene scene;
    std::vector<std::string> logins{"anna", "bob", "cleo", "dan", "eve"};
    if (backwards) std::reverse(logins.begin(), logins.end());
    for (const std::string& login : logins)
        scene.directory.person(login, {"Staff", login < "c" ? "Eng" : "Ops"});
    std::vector<std::string> rooms{"eng", "ops", "zoo"};
    if (backwards) std::reverse(rooms.begin(), rooms.end());
    for (const std::string& room : rooms)
        scene.room(room, "group " + std::string(room == "eng" ? "Eng" : "Ops"));
    DirectorySnapshot read = scene.directory.snapshot();
    if (backwards) std::reverse(read.people.begin(), read.people.end());
    scene.learn(read);
    EXPECT_TRUE(scene.apply());
    for (const std::string& room : rooms) scene.create(room);
    for (const std::string& room : rooms)
        for (const std::string& login : logins) scene.join(room, "@" + login + ":corp.example");
    return scene.plan();
}

TEST_F(Never, N5_TheSameFactsGiveTheSamePlanByteForByte) {
    const std::vector<std::string> plan = plan_in_order(false);
    EXPECT_FALSE(plan.empty());
    EXPECT_EQ(plan, plan_in_order(true));
}

TEST_F(Never, N5_PlanShowsWhatApplyDoes) {
    scene.directory.person("eve", {"Staff", "Eng"});
    scene.directory.leave("Eng", "bob");
    scene.policy.rooms.pop_back();
    scene.room("new", "group SRE", "group Eng");
    scene.read();
    Scene& s = scene;
    const Compiled wanted = compile(s.policy, s.world, s.pins, "next");
    Decider next(s.world, wanted.program);
    std::vector<std::string> shown;
    for (const PlanLine& line : whole_plan(next, s.abilities)) shown.push_back(line_of(line));
    std::sort(shown.begin(), shown.end());
    std::erase_if(shown, [](const std::string& line) { return line.starts_with("release"); });
    restart();
    EXPECT_EQ(shown, s.backlog_lines());
}

TEST_F(Never, N5_PlanAfterApplyIsEmptyAndStaysSoAfterARestart) {
    nothing_to_do();
    scene.read();
    nothing_to_do();
    restart();
    nothing_to_do();
}

// ---------------------------------------------------------------- 6: events

RoomEvent member(const std::string& id, const std::string& replaces, MembershipState state) {
    return {"!eng:corp.example",
            id,
            "@eve:elsewhere.example",
            {},
            replaces,
            true,
            MemberContent{"@eve:elsewhere.example", state, ""}};
}

TEST_F(Never, N6_ARepeatedEventChangesNothing) {
    const RoomEvent join = member("$a", "", MembershipState::join);
    scene.learn(RoomEventSeen{join, false});
    const std::vector<std::string> plan = scene.plan();
    ASSERT_EQ(plan, std::vector<std::string>{"remove eng @eve:elsewhere.example"});
    scene.world.touched = {};
    const Effects effects = scene.learn(RoomEventSeen{join, false});
    EXPECT_TRUE(effects.read_members.empty());
    EXPECT_TRUE(effects.notes.empty());
    EXPECT_TRUE(scene.world.touched.empty());
    EXPECT_EQ(scene.plan(), plan);
}

TEST_F(Never, N6_AnOlderEventDecidesNothingAndTheMemberIsRead) {
    scene.learn(RoomEventSeen{member("$a", "", MembershipState::join), false});
    scene.learn(RoomEventSeen{member("$b", "$a", MembershipState::leave), false});
    const Effects effects = scene.learn(RoomEventSeen{member("$a", "", MembershipState::join), false});
    EXPECT_EQ(
        effects.read_members,
        (std::vector<std::pair<std::string, std::string>>{{"!eng:corp.example", "@eve:elsewhere.example"}}));
    nothing_to_do();
}

// Nobody told of it in time, the room was read first. It decides nothing, but the trail is to know who was
// there.
TEST_F(Never, N6_WhatWasSoForATimeIsNotedWhenItIsToldOfLate) {
    RoomEvent left = member("$c", "$b", MembershipState::leave);
    left.before = MembershipState::join;
    left.time = from_ms(1'000);
    scene.learn(RoomEventSeen{member("$0", "", MembershipState::leave), false});
    scene.learn(MemberRead{left.room, left.sender, left});
    RoomEvent came = member("$b", "$0", MembershipState::join);
    came.time = from_ms(900);
    Effects effects = scene.learn(RoomEventSeen{came, false});
    ASSERT_EQ(effects.notes.size(), 1U);
    EXPECT_EQ(effects.notes[0].was, "join");
    EXPECT_FALSE(effects.notes[0].membership);
    EXPECT_EQ(effects.notes[0].event_time, came.time);
    effects = scene.learn(RoomEventSeen{left, false});
    ASSERT_EQ(effects.notes.size(), 1U)
        << "held since the read, which did not know that there was a join before";
    EXPECT_EQ(effects.notes[0].was, "leave");
    EXPECT_TRUE(scene.learn(RoomEventSeen{left, false}).notes.empty());
    nothing_to_do();
    // What the bot did itself is known by its results, and a display name is no membership.
    RoomEvent ours = member("$x", "$y", MembershipState::invite);
    ours.sender = scene.world.bot;
    EXPECT_TRUE(scene.learn(RoomEventSeen{ours, false}).notes.empty());
    RoomEvent renamed = member("$y", "$z", MembershipState::join);
    renamed.before = MembershipState::join;
    EXPECT_TRUE(scene.learn(RoomEventSeen{renamed, false}).notes.empty());
}

TEST_F(Never, N6_AnEventThatIsNotTheSuccessorDecidesNothing) {
    scene.learn(RoomEventSeen{member("$a", "", MembershipState::join), false});
    const Effects effects = scene.learn(RoomEventSeen{member("$c", "$b", MembershipState::leave), false});
    EXPECT_EQ(effects.read_members.size(), 1U);
    EXPECT_EQ(scene.plan().size(), 1U) << "still in";
    scene.learn(MemberRead{"!eng:corp.example", "@eve:elsewhere.example",
                           member("$c", "$b", MembershipState::leave)});
    nothing_to_do();
}

TEST_F(Never, N6_AFirstEventThatReplacesAnotherDecidesNothing) {
    EXPECT_EQ(
        scene.learn(RoomEventSeen{member("$c", "$b", MembershipState::join), false}).read_members.size(), 1U);
    nothing_to_do();
}

TEST_F(Never, N6_AStateEventThatIsNotTheSuccessorHasTheRoomRead) {
    RoomEvent name = homeserver.put_state("eng", NameContent{"hijacked"}, "@eve:elsewhere.example");
    name.replaces = "$unknown";
    EXPECT_EQ(scene.learn(RoomEventSeen{name, false}).read_rooms.size(), 1U);
    nothing_to_do();
    scene.learn(homeserver.read("eng"));
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"set_name eng -"});
}

TEST_F(Never, N6_AnAnswerOlderThanTheLastEventDecidesNothing) {
    const UserId eve = scene.world.user("@eve:elsewhere.example");
    scene.learn(RoomEventSeen{member("$a", "", MembershipState::join), false});
    const std::uint32_t held = scene.world.membership(eve, scene.world.room("eng"))->event;
    scene.learn(RoomEventSeen{member("$b", "$a", MembershipState::leave), false});
    scene.learn(RoomEventSeen{member("$c", "$b", MembershipState::join), false});
    scene.learn(MembershipSet{eve, scene.world.room("eng"), MembershipState::leave, "", held});
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"remove eng @eve:elsewhere.example"});
}

TEST_F(Never, N6_AKickWhoseAnswerHasNoEventIdIsFollowedByItsEvent) {
    const UserId eve = scene.world.user("@eve:elsewhere.example");
    scene.learn(RoomEventSeen{member("$a", "", MembershipState::join), false});
    const std::uint32_t held = scene.world.membership(eve, scene.world.room("eng"))->event;
    scene.learn(MembershipSet{eve, scene.world.room("eng"), MembershipState::leave, "", held});
    nothing_to_do();
    const Effects effects = scene.learn(RoomEventSeen{member("$b", "$a", MembershipState::leave), true});
    EXPECT_TRUE(effects.read_members.empty());
    nothing_to_do();
}

TEST_F(Never, N6_AClockThatGoesBackUndoesNothing) {
    const Time now = scene.world.now;
    scene.learn(TimePassed{now - std::chrono::hours{24}});
    EXPECT_EQ(scene.world.now, now);
}

// ---------------------------------------------------------------- 7: names

TEST_F(Never, N7_ANameStaysPinnedToItsObject) {
    scene.directory.groups.at("Eng").name = scene.directory.groups.at("Eng").cn = "Engineering";
    scene.directory.wrote("Eng");
    GroupEntry& impostor = scene.directory.group("Impostor");
    impostor.name = impostor.cn = "Eng";
    scene.directory.join("Impostor", "cleo");
    scene.read();
    restart();
    EXPECT_EQ(scene.says("cleo", "eng"), "out not_listed");
    EXPECT_EQ(scene.says("anna", "eng"), "in member");
    ASSERT_EQ(scene.compiled.diagnostics.size(), 1U);
    EXPECT_EQ(scene.compiled.diagnostics[0].severity, Severity::warning);
    EXPECT_NE(scene.compiled.diagnostics[0].suggestion.find(impostor.guid.text()), std::string::npos);
    nothing_to_do();
}

TEST_F(Never, N7_AnAmbiguousNameIsRefused) {
    scene.directory.group("Other").cn = "Finance";
    scene.directory.group("Finance");
    scene.read();
    scene.room("finance", "group finance");
    EXPECT_FALSE(scene.apply());
    ASSERT_EQ(scene.compiled.diagnostics.size(), 1U);
    EXPECT_NE(scene.compiled.diagnostics[0].message.find("ambiguous"), std::string::npos);
    scene.policy.rooms.pop_back();
    scene.room("finance", "group 'CN=Finance,OU=Groups,DC=corp,DC=example'");
    EXPECT_TRUE(scene.apply());
}

TEST_F(Never, N7_AReusedLoginIsNotTheSamePerson) {
    scene.directory.people.at("anna").deleted = true;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    homeserver.converge();
    PersonEntry& second = scene.directory.person("anna2", {"Staff", "Eng"});
    second.login = "anna";
    scene.learn(scene.directory.changes({"anna2", "Staff", "Eng"}));
    EXPECT_FALSE(scene.decider->user_of(scene.person("anna2")).valid());
    const auto conflicts = scene.decider->conflicts();
    ASSERT_EQ(conflicts.size(), 1U);
    EXPECT_EQ(conflicts[0].person, scene.person("anna2"));
    EXPECT_EQ(conflicts[0].matrix_id, "@anna:corp.example");
    nothing_to_do();
    restart();
    nothing_to_do();
}

TEST_F(Never, N7_AMatrixIdThatBelongedToAnotherPersonIsNotGivenAway) {
    scene.directory.people.at("anna").login = "anna.smith";  // keeps her Matrix ID
    scene.directory.people.at("bob").login = "anna";         // keeps his
    scene.directory.person("eve", {"Staff", "Eng"}).login = "bob";
    for (const char* login : {"anna", "bob"}) scene.directory.wrote(login);
    scene.learn(scene.directory.changes({"anna", "bob", "eve", "Staff", "Eng"}));
    EXPECT_EQ(scene.world.users.text(scene.decider->user_of(scene.person("anna"))), "@anna:corp.example");
    EXPECT_EQ(scene.world.users.text(scene.decider->user_of(scene.person("bob"))), "@bob:corp.example");
    EXPECT_FALSE(scene.decider->user_of(scene.person("eve")).valid());
    nothing_to_do();
    scene.directory.people.at("bob").account_control = 514;
    scene.directory.wrote("bob");
    scene.learn(scene.directory.changes({"bob"}));
    EXPECT_EQ(scene.says("@bob:corp.example", "eng"), "out departed");
}

TEST_F(Never, N7_AMatrixIdThatTwoClaimIsNobodysAndNobodyIsRemoved) {
    scene.directory.person("eve", {"Staff"});
    scene.directory.person("eva", {"Staff"}).login = "EVE";
    scene.read();
    EXPECT_EQ(scene.decider->conflicts().size(), 2U);
    homeserver.answer(scene.learn(RoomEventSeen{
        homeserver.put_member("open", "@eve:corp.example", MembershipState::join, "@eve:corp.example"),
        false}));
    EXPECT_EQ(scene.says("@eve:corp.example", "open"), "unknown undecided");
    nothing_to_do();
}

TEST_F(Never, N7_WhoIsInARoomWhenAPolicyComesIntoForceKeepsTheirMatrixId) {
    for (Person& person : scene.world.people) person.kept = {};  // as if none had been seen yet
    restart();
    EXPECT_EQ(scene.world.people[scene.person("anna").index()].kept, scene.user("anna"));
}

TEST_F(Never, N1_AnAttributeThatCouldNotBeReadForOnePersonIsUnknownForThemNotEmpty) {
    scene.room("sales", "attribute department is Sales");
    for (const char* who : {"anna", "bob"}) {
        scene.directory.people.at(who).attributes["department"] = {"Sales"};
        scene.directory.wrote(who);
    }
    scene.read();
    restart();
    ASSERT_EQ(scene.says("anna", "sales"), "in member");
    PersonEntry& anna = scene.directory.people.at("anna");
    anna.attributes.erase("department");
    anna.unreadable = {"department"};
    scene.directory.people.at("bob").attributes.erase("department");
    scene.directory.wrote("anna");
    scene.directory.wrote("bob");
    scene.learn(scene.directory.changes({"anna", "bob"}));
    EXPECT_EQ(scene.says("anna", "sales"), "unknown undecided");
    EXPECT_EQ(scene.says("bob", "sales").substr(0, 3), "out") << "readable, and empty";
}

}  // namespace
}  // namespace rollcall::policy::test
