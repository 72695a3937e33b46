// Guards and holds (docs: "Guards count …"; Never 4).
#include <gtest/gtest.h>
#include <algorithm>

#include "tests/policy/homeserver.h"

namespace rollcall::policy::test {
namespace {

// 60 people in Staff and in Eng, all of them in the rooms "all" and "eng".
class Guards : public testing::Test {
  protected:
    Guards() {
        for (int i = 0; i < 60; ++i) scene.directory.person(name(i), {"Staff", "Eng"});
        scene.room("all", "employees");
        scene.room("eng", "group Eng");
        scene.policy.guards.room_loses = {100, 1000};  // each guard by itself
        scene.start();
        homeserver.converge();
        scene.pass_time(std::chrono::hours{2});
    }
    static std::string name(int i) { return "p" + std::to_string(i); }
    static std::string user(int i) { return "@" + name(i) + ":corp.example"; }
    static std::string removal(int i, const char* room = "eng") {
        return std::string("remove ") + room + " " + user(i);
    }
    void depart(int first, int last) { set_control(first, last, 514); }
    void set_control(int first, int last, std::uint32_t control) {
        std::vector<std::string> names;
        for (int i = first; i < last; ++i) {
            scene.directory.people.at(name(i)).account_control = control;
            scene.directory.wrote(name(i));
            names.push_back(name(i));
        }
        scene.learn(scene.directory.changes(names));
        scene.evaluate_guards();
    }
    void leave(int first, int last, const std::string& group = "Eng") {
        for (int i = first; i < last; ++i) scene.directory.leave(group, name(i));
        scene.learn(scene.directory.changes({group}));
        scene.evaluate_guards();
    }
    void join(int first, int last, const std::string& group = "Eng") {
        for (int i = first; i < last; ++i) scene.directory.join(group, name(i));
        scene.learn(scene.directory.changes({group}));
        scene.evaluate_guards();
    }
    // What the engine does with what may be done: the ledger gets it unless it was approved, and it happens.
    int do_allowed() {
        scene.evaluate_guards();
        int done = 0;
        for (std::size_t u = 0; u < scene.world.users.size(); ++u) {
            const auto row = scene.backlog.actions(UserId(u));
            const std::vector<UserAction> actions(row.begin(), row.end());
            for (const UserAction& action : actions) {
                if (action.kind != ActionKind::remove && action.kind != ActionKind::add) continue;
                if (!scene.guards.allows(*scene.decider, scene.memory, UserId(u), action)) continue;
                const ActionKey key = key_of(*scene.decider, UserId(u), action);
                if (const auto guard = guard_of(*scene.decider, UserId(u), action);
                    guard && !answers(scene.memory.approved, key, action.basis))
                    scene.memory.ledger[{*guard, key.user, *guard == Guard::departures ? "" : key.room}] =
                        scene.world.now;
                const MembershipState state =
                    action.kind == ActionKind::add ? MembershipState::join : MembershipState::leave;
                const Membership* held =
                    scene.world.membership(UserId(u), scene.decider->world_room(action.room));
                scene.learn(MembershipSet{UserId(u), scene.decider->world_room(action.room), state,
                                          "$done" + std::to_string(++events_),
                                          held == nullptr ? 0 : held->event});
                ++done;
            }
        }
        scene.evaluate_guards();
        return done;
    }
    void approve(const Hold& hold) { answer(hold, scene.memory.approved); }
    void reject(const Hold& hold) { answer(hold, scene.memory.rejected); }
    void answer(const Hold& hold, Answers& given) {
        for (std::size_t u = 0; u < scene.world.users.size(); ++u)
            for (const UserAction& action : scene.backlog.actions(UserId(u))) {
                const ActionKey key = key_of(*scene.decider, UserId(u), action);
                if (std::binary_search(hold.actions.begin(), hold.actions.end(), key))
                    given[key] = {action.basis, hold.id, "admin", "a reason", scene.world.now};
            }
        for (const ActionKey& key : hold.actions)
            if (key.user.empty()) given[key] = {kNoBasis, hold.id, "admin", "a reason", scene.world.now};
    }

    Scene scene;
    Homeserver homeserver{scene};
    int events_ = 0;
};

TEST_F(Guards, NothingIsHeldUpToTheLimit) {
    leave(0, 25);
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed(removal(3)));
}

TEST_F(Guards, N4_WhatIsMoreIsHeldAllOfItAsOneHold) {
    leave(0, 26);
    ASSERT_EQ(scene.guards.holds().size(), 1U);
    const Hold& hold = scene.guards.holds()[0];
    EXPECT_EQ(hold.guard, Guard::removals);
    EXPECT_EQ(hold.actions.size(), 26U);
    EXPECT_EQ(hold.id.size(), 12U);
    EXPECT_NE(hold.cause.find("26 people"), std::string::npos) << hold.cause;
    for (int i = 0; i < 26; ++i) EXPECT_FALSE(scene.allowed(removal(i)));
    EXPECT_EQ(do_allowed(), 0);
}

TEST_F(Guards, WhatAGuardDoesNotCountGoesOn) {
    leave(0, 26);
    depart(40, 41);
    join(0, 1, "New");
    homeserver.put_member("eng", "@eve:elsewhere.example", MembershipState::join, "@eve:elsewhere.example");
    scene.learn(homeserver.read_member("eng", "@eve:elsewhere.example"));
    scene.evaluate_guards();
    EXPECT_FALSE(scene.allowed(removal(3)));
    EXPECT_TRUE(scene.allowed(removal(40)));
    EXPECT_TRUE(scene.allowed("remove eng @eve:elsewhere.example"));
}

TEST_F(Guards, N4_AGrownHoldHasAnotherIdAndTheSameOneTheSame) {
    leave(0, 26);
    const std::string id = scene.guards.holds()[0].id;
    scene.evaluate_guards();
    EXPECT_EQ(scene.guards.holds()[0].id, id);
    EXPECT_TRUE(scene.apply());  // a restart, or a policy loaded again
    scene.evaluate_guards();
    EXPECT_EQ(scene.guards.holds()[0].id, id);
    leave(26, 27);
    EXPECT_NE(scene.guards.holds()[0].id, id);
}

TEST_F(Guards, N4_APlanInPiecesPassesNoGuard) {
    int removed = 0;
    for (int i = 0; i < 60; i += 5) {
        leave(i, i + 5);
        removed += do_allowed();
        scene.pass_time(std::chrono::minutes{1});
    }
    EXPECT_EQ(removed, 25);
    ASSERT_EQ(scene.guards.holds().size(), 1U);
    EXPECT_EQ(scene.guards.holds()[0].actions.size(), 35U);
}

TEST_F(Guards, N4_NeitherARestartNorAnotherPolicyPassesAGuard) {
    int removed = 0;
    for (int i = 0; i < 60; i += 5) {
        leave(i, i + 5);
        removed += do_allowed();
        scene.policy.rooms[1].topic = Text{"topic " + std::to_string(i), {}};
        ASSERT_TRUE(scene.apply());
        scene.guards = GuardState{};
    }
    EXPECT_EQ(removed, 25);
}

TEST_F(Guards, N4_TheSamePersonCountsOnce) {
    leave(0, 25);
    EXPECT_EQ(do_allowed(), 25);
    leave(0, 25, "Staff");  // now out of "all" as well: the same 25 people
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_EQ(do_allowed(), 25);
}

TEST_F(Guards, TheWindowPasses) {
    leave(0, 20);
    EXPECT_EQ(do_allowed(), 20);
    scene.pass_time(std::chrono::minutes{61});
    leave(20, 40);
    EXPECT_EQ(do_allowed(), 20);
}

TEST_F(Guards, N4_NoHoldIsReleasedByTime) {
    leave(0, 30);
    const std::string id = scene.guards.holds()[0].id;
    scene.pass_time(std::chrono::hours{24 * 30});
    scene.evaluate_guards();
    ASSERT_EQ(scene.guards.holds().size(), 1U);
    EXPECT_EQ(scene.guards.holds()[0].id, id);
    EXPECT_EQ(do_allowed(), 0);
}

// What was done within the window counts with what is held for as long as that is held.
TEST_F(Guards, N4_NoHoldIsReleasedByTheLedgerGrowingOld) {
    leave(0, 20);
    EXPECT_EQ(do_allowed(), 20);
    leave(20, 30);
    EXPECT_EQ(do_allowed(), 0);
    const std::string id = scene.guards.holds()[0].id;
    for (int day = 0; day < 3; ++day) {
        scene.pass_time(std::chrono::hours{24});
        EXPECT_EQ(do_allowed(), 0) << "day " << day;
        ASSERT_EQ(scene.guards.holds().size(), 1U);
        EXPECT_EQ(scene.guards.holds()[0].id, id);
    }
    join(20, 26);  // of six of them the cause is gone, which says nothing about the other four
    EXPECT_EQ(do_allowed(), 0);
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->actions.size(), 4U);
    join(26, 30);
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.memory.held_since.empty());
    EXPECT_TRUE(scene.memory.held.empty());
}

TEST_F(Guards, N4_ARoomsHoldIsNotReleasedByAWiderOneThatCameAndWent) {
    scene.policy.guards.removals = {40, std::chrono::hours{1}};
    scene.policy.guards.room_loses = {50, 5};
    ASSERT_TRUE(scene.apply());
    leave(0, 30);
    EXPECT_EQ(do_allowed(), 30);
    leave(30, 35);
    ASSERT_TRUE(scene.hold(Guard::room_loses, "eng"));
    leave(36, 60, "Staff");
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_FALSE(scene.hold(Guard::room_loses, "eng"));
    scene.pass_time(std::chrono::hours{24});
    join(36, 60, "Staff");
    EXPECT_FALSE(scene.hold(Guard::removals));
    EXPECT_TRUE(scene.hold(Guard::room_loses, "eng"));
    EXPECT_EQ(do_allowed(), 0);
}

TEST(Ledger, IsNeededForTheLongestWindowAndWhileAGuardHolds) {
    policy::Guards guards;
    guards.departures.within = std::chrono::hours{5};
    const Time now = Time{} + std::chrono::hours{100};
    EXPECT_EQ(ledger_needed_from(guards, {}, now), now - std::chrono::hours{5});
    EXPECT_EQ(ledger_needed_from(guards, {{{Guard::removals, ""}, now - std::chrono::hours{48}}}, now),
              now - std::chrono::hours{53});
}

TEST_F(Guards, N4_AHoldEndsWhenItsCauseIsGoneOfEachOfItsActions) {
    leave(0, 30);
    for (int refilled = 0; refilled < 30; refilled += 10) {
        const auto hold = scene.hold(Guard::removals);
        ASSERT_TRUE(hold) << refilled;
        EXPECT_EQ(static_cast<int>(hold->actions.size()), 30 - refilled);
        EXPECT_EQ(do_allowed(), 0) << refilled;
        join(refilled, refilled + 10);
    }
    EXPECT_TRUE(scene.guards.holds().empty());
}

TEST_F(Guards, ACauseSaysWhatIsInTheHold) {
    leave(0, 20);
    EXPECT_EQ(do_allowed(), 20);
    leave(20, 30);
    EXPECT_EQ(scene.hold(Guard::removals)->cause,
              "10 people would lose a room within 1h, after 20 others, without having departed; at most 25 "
              "may unasked");
    join(20, 29);
    scene.pass_time(std::chrono::hours{3});
    scene.memory.held_since.clear();
    scene.evaluate_guards();
    EXPECT_EQ(scene.hold(Guard::removals)->cause,
              "1 person would lose a room without having departed, of what this guard has stopped before; "
              "only an approval lets it happen");
}

TEST_F(Guards, N4_WhatWasHeldStaysHeldUnderAnotherPolicyWithWiderGuards) {
    leave(0, 30);
    scene.policy.guards.removals.at_most = 1000;
    ASSERT_TRUE(scene.apply());
    leave(30, 40);
    EXPECT_EQ(do_allowed(), 10) << "what no guard has stopped goes on";
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->actions.size(), 30U);
}

TEST_F(Guards, N4_WhatWasHeldStaysHeldWhileThePolicyDoesNotNameItsRoom) {
    leave(0, 30);
    const std::string id = scene.hold(Guard::removals)->id;
    const RoomText eng = scene.policy.rooms.back();
    scene.policy.rooms.pop_back();
    ASSERT_TRUE(scene.apply());
    scene.learn(Released{scene.world.room("eng")});
    scene.evaluate_guards();
    EXPECT_FALSE(scene.hold(Guard::removals));
    scene.policy.guards.removals.at_most = 1000;
    scene.policy.rooms.push_back(eng);
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(do_allowed(), 0);
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->id, id);
}

// What cannot be read for a while is no cause that is gone.
TEST_F(Guards, N4_WhatWasHeldStaysHeldWhileItsGroupCannotBeRead) {
    leave(0, 30);
    DirectorySnapshot hidden = scene.directory.snapshot();
    std::erase_if(hidden.groups, [](const GroupEntry& group) { return group.name == "Eng"; });
    GroupEntry& above = scene.directory.group("Above");
    above.members.push_back(scene.directory.groups.at("Eng").guid);
    hidden.groups.push_back(above);
    scene.learn(hidden);
    scene.evaluate_guards();
    EXPECT_EQ(scene.says("p3", "eng"), "unknown undecided");
    EXPECT_FALSE(scene.hold(Guard::removals));
    join(0, 20);
    scene.read();
    scene.evaluate_guards();
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->actions.size(), 10U);
    EXPECT_EQ(do_allowed(), 0);
}

TEST_F(Guards, N4_WhatWasRejectedIsHeldAgainWhereTheRejectionEnds) {
    leave(0, 30);
    reject(scene.guards.holds()[0]);
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
    join(0, 20);
    scene.memory.rejected.clear();  // another policy
    scene.evaluate_guards();
    EXPECT_EQ(do_allowed(), 0);
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->actions.size(), 10U);
}

TEST_F(Guards, WhatIsUnderWayIsCountedAndNotHeld) {
    leave(0, 26);
    scene.memory.held.clear();
    scene.memory.under_way.insert({ActionKind::remove, "eng", user(3)});
    scene.evaluate_guards();
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->actions.size(), 25U);
}

TEST_F(Guards, ApproveDoesWhatIsStillWantedAndNothingElse) {
    leave(0, 30);
    const Hold hold = scene.guards.holds()[0];
    approve(hold);
    join(0, 5);     // five are not wanted any more
    leave(30, 31);  // one that nobody has approved: below the limit by itself
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_EQ(do_allowed(), 26);
    EXPECT_EQ(scene.memory.ledger.size(), 1U) << "what was approved is not done unasked";
    leave(31, 60);  // approval of some is no approval of others
    EXPECT_EQ(scene.guards.holds().size(), 1U);
    EXPECT_EQ(do_allowed(), 0);
}

// What was approved rested on a directory that could be believed, and the freeze is nobody's to approve.
TEST_F(Guards, N1_AnApprovalDoesNotPassAFreeze) {
    leave(0, 30);
    approve(scene.guards.holds()[0]);
    DirectorySnapshot empty = scene.directory.snapshot();
    empty.people.clear();
    empty.groups.clear();
    scene.learn(empty);
    EXPECT_EQ(do_allowed(), 0);
    ASSERT_TRUE(scene.hold(Guard::canaries));
    EXPECT_EQ(scene.hold(Guard::canaries)->actions.size(), 30U);
    scene.read();
    EXPECT_EQ(do_allowed(), 30) << "what was approved goes on";
}

TEST_F(Guards, RejectSuppresses) {
    leave(0, 30);
    const Hold hold = scene.guards.holds()[0];
    reject(hold);
    leave(30, 32);
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_EQ(do_allowed(), 2);
    scene.pass_time(std::chrono::hours{48});
    EXPECT_EQ(do_allowed(), 0);
}

// Their evidence has changed: what was answered was another question.
TEST_F(Guards, N2_ARejectedRemovalKeepsNobodyInWhoDeparts) {
    leave(0, 30);
    reject(scene.guards.holds()[0]);
    EXPECT_EQ(do_allowed(), 0);
    depart(3, 4);
    EXPECT_TRUE(scene.allowed(removal(3)));
    EXPECT_FALSE(scene.allowed(removal(4)));
}

TEST_F(Guards, AnApprovedRemovalApprovesNoDeparture) {
    scene.policy.guards.departures.at_most = 0;
    ASSERT_TRUE(scene.apply());
    leave(0, 30);
    approve(*scene.hold(Guard::removals));
    depart(3, 4);
    EXPECT_TRUE(scene.allowed(removal(4)));
    EXPECT_FALSE(scene.allowed(removal(3)));
    EXPECT_TRUE(scene.hold(Guard::departures));
}

TEST_F(Guards, N4_DeparturesAreHeldOnlyByTheirOwnGuard) {
    leave(0, 30);
    depart(30, 50);
    EXPECT_FALSE(scene.hold(Guard::departures));
    EXPECT_TRUE(scene.allowed(removal(31)));
    EXPECT_FALSE(scene.allowed(removal(3)));
    scene.policy.guards.room_loses = {1, 1};
    ASSERT_TRUE(scene.apply());
    scene.evaluate_guards();
    EXPECT_TRUE(scene.allowed(removal(31)));
}

TEST_F(Guards, DeparturesBeyondTheirLimitAreHeldAllOfThem) {
    depart(0, 51);
    const auto hold = scene.hold(Guard::departures);
    ASSERT_TRUE(hold);
    EXPECT_FALSE(scene.allowed(removal(0)));
    EXPECT_FALSE(scene.allowed("sign_out - " + user(0)));
    EXPECT_EQ(do_allowed(), 0);
    approve(*hold);
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed("sign_out - " + user(0)));
}

// Tools make an account disabled, and enable it when it is ready.
TEST_F(Guards, N4_AccountsThatAreMadeDisabledAreNoDepartures) {
    for (int i = 0; i < 85; ++i) {
        const std::string login = "made" + std::to_string(i);
        scene.directory.person(login, {"Staff"}).account_control = 514;
        EXPECT_TRUE(scene.learn(scene.directory.changes({login, "Staff"})).notes.empty()) << login;
    }
    depart(3, 4);
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed(removal(3)));
    for (int i = 0; i < 85; ++i) {
        scene.directory.people.at("made" + std::to_string(i)).account_control = 512;
        scene.directory.wrote("made" + std::to_string(i));
        EXPECT_TRUE(scene.learn(scene.directory.changes({"made" + std::to_string(i)})).notes.empty());
    }
    EXPECT_EQ(scene.says("made7", "all"), "in member");
    scene.directory.people.at("made7").account_control = 514;  // by now they have been with us
    scene.directory.wrote("made7");
    scene.learn(scene.directory.changes({"made7"}));
    EXPECT_TRUE(scene.world.departing.contains(scene.user("made7")));
}

// Nor are those of whom the homeserver has no account: nothing can be taken from them.
TEST_F(Guards, WhoNeverHadAnAccountHereFillsNoGuard) {
    std::vector<std::string> names;
    for (int i = 0; i < 85; ++i) {
        names.push_back("kiosk" + std::to_string(i));
        scene.directory.person(names.back());
    }
    scene.learn(scene.directory.changes(names));
    for (const std::string& login : names) {
        scene.directory.people.at(login).account_control = 514;
        scene.directory.wrote(login);
    }
    const Effects effects = scene.learn(scene.directory.changes(names));
    EXPECT_EQ(effects.find_accounts.size(), names.size()) << "the homeserver is asked";
    scene.evaluate_guards();
    EXPECT_EQ(scene.plan_of("kiosk3"), kNothing) << "until it has said";
    for (const std::string& login : names)
        if (login != "kiosk9") scene.learn(AccountSeen{scene.user(login), Account::absent});
    scene.learn(AccountSeen{scene.user("kiosk9"), Account::present});
    depart(3, 4);
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed(removal(3)));
    const std::vector<std::string> wanted{"list_rooms - @kiosk9:corp.example",
                                          "sign_out - @kiosk9:corp.example"};
    std::vector<std::string> planned = scene.plan_of("kiosk9");
    std::sort(planned.begin(), planned.end());
    EXPECT_EQ(planned, wanted);
    EXPECT_EQ(guard_of(*scene.decider, scene.user("kiosk9"),
                       {kNoRoom, ActionKind::sign_out, Lane::departure, Basis::departed, 0}),
              Guard::departures)
        << "of whom there is one it is counted";
}

// … unless they are here already.
TEST_F(Guards, N2_WhoIsHereAndIsFirstSeenDisabledDeparts) {
    scene.event("eng", "@early:corp.example", MembershipState::join, "@early:corp.example");
    scene.learn(AccountSeen{scene.user("@owner:corp.example"), Account::present});
    for (const char* login : {"early", "owner"}) {
        scene.directory.person(login, {"Staff"}).account_control = 514;
        scene.learn(scene.directory.changes({login, "Staff"}));
        EXPECT_TRUE(scene.world.departing.contains(scene.user(login))) << login;
    }
}

TEST_F(Guards, N4_DeparturesInPiecesPassNoGuard) {
    int removed = 0;
    for (int i = 0; i < 60; i += 10) {
        depart(i, i + 10);
        removed += do_allowed();
    }
    EXPECT_EQ(removed, 100) << "50 people, two rooms each";
}

TEST_F(Guards, ARoomMayNotLoseHalfOfItsPeople) {
    scene.policy.guards.room_loses = {50, 5};
    scene.policy.guards.removals = {1000, std::chrono::hours{1}};
    ASSERT_TRUE(scene.apply());
    leave(0, 30);
    EXPECT_TRUE(scene.guards.holds().empty()) << "half is not more than half";
    leave(30, 31);
    const auto hold = scene.hold(Guard::room_loses, "eng");
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->actions.size(), 31U);
    EXPECT_FALSE(scene.allowed(removal(0)));
    leave(50, 53, "Staff");
    EXPECT_TRUE(scene.allowed(removal(50, "all"))) << "the other room goes on";
}

TEST_F(Guards, N4_ARoomLosesNoMoreInPieces) {
    scene.policy.guards.room_loses = {50, 5};
    scene.policy.guards.removals = {1000, std::chrono::hours{1}};
    ASSERT_TRUE(scene.apply());
    int removed = 0;
    for (int i = 0; i < 60; i += 5) {
        leave(i, i + 5);
        removed += do_allowed();
    }
    EXPECT_EQ(removed, 30);
}

TEST_F(Guards, FewPeopleAreFewInASmallRoomToo) {
    scene.policy.guards.room_loses = {50, 5};
    scene.room("pair", "group Pair");
    join(0, 4, "Pair");
    ASSERT_TRUE(scene.apply());
    homeserver.converge();
    leave(0, 4, "Pair");
    EXPECT_TRUE(scene.guards.holds().empty());
}

TEST_F(Guards, ARoomMayNotDoubleAfterItsFirstFill) {
    scene.room("team", "group Team");
    join(0, 28, "Team");
    ASSERT_TRUE(scene.apply());
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty()) << "a first fill";
    homeserver.converge();
    join(28, 56, "Team");
    EXPECT_TRUE(scene.guards.holds().empty()) << "twice as many is not more than twice as many";
    join(56, 57, "Team");
    const auto hold = scene.hold(Guard::room_gains, "team");
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->actions.size(), 29U);
    EXPECT_FALSE(scene.allowed("add team " + user(56)));
}

TEST_F(Guards, N4_ARoomStaysHeldWhileAnotherIsCounted) {
    scene.room("team", "group Team");
    scene.room("crew", "group Crew");
    join(0, 5, "Team");
    join(0, 5, "Crew");
    ASSERT_TRUE(scene.apply());
    homeserver.converge();
    join(5, 40, "Team");
    ASSERT_TRUE(scene.hold(Guard::room_gains, "team"));
    join(5, 8, "Crew");  // for which alone something has appeared
    ASSERT_TRUE(scene.hold(Guard::room_gains, "team"));
    EXPECT_EQ(scene.hold(Guard::room_gains, "team")->actions.size(), 35U);
    EXPECT_FALSE(scene.hold(Guard::room_gains, "crew"));
    EXPECT_EQ(do_allowed(), 3);
    for (int i = 38; i < 40; ++i) scene.directory.leave("Team", name(i));
    scene.learn(scene.directory.changes({"Team"}));
    scene.evaluate_guards();
    EXPECT_EQ(scene.hold(Guard::room_gains, "team")->actions.size(), 33U);
    leave(20, 38, "Team");
    ASSERT_TRUE(scene.hold(Guard::room_gains, "team")) << "fifteen of them are wanted still";
    EXPECT_EQ(scene.hold(Guard::room_gains, "team")->actions.size(), 15U);
    EXPECT_EQ(do_allowed(), 0);
    approve(*scene.hold(Guard::room_gains, "team"));
    EXPECT_EQ(do_allowed(), 15);
    join(20, 40, "Team");
    EXPECT_FALSE(scene.hold(Guard::room_gains, "team")) << "the room has twenty by now";
}

TEST_F(Guards, N4_ARoomGainsNoMoreInPieces) {
    scene.room("team", "group Team");
    join(0, 20, "Team");
    ASSERT_TRUE(scene.apply());
    homeserver.converge();
    int added = 0;
    for (int i = 20; i < 60; i += 5) {
        join(i, i + 5, "Team");
        added += do_allowed();
    }
    EXPECT_EQ(added, 20) << "25 would be more than the 20 who were there";
}

TEST_F(Guards, AFirstFillWithoutHidingIsOneToo) {
    scene.abilities.mask = false;
    scene.room("team", "group Team");
    join(0, 60, "Team");
    ASSERT_TRUE(scene.apply());
    homeserver.create("team", false);
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
}

TEST_F(Guards, RoomsCreatedAndLetGoOf) {
    for (int i = 0; i < 20; ++i) scene.room("new" + std::to_string(i), "nobody");
    ASSERT_TRUE(scene.apply());
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
    scene.memory.ledger[{Guard::rooms_created, "", "earlier"}] = scene.world.now;
    scene.evaluate_guards();
    ASSERT_TRUE(scene.hold(Guard::rooms_created));
    EXPECT_FALSE(scene.allowed("create new3 -"));
    approve(*scene.hold(Guard::rooms_created));
    scene.evaluate_guards();
    EXPECT_TRUE(scene.allowed("create new3 -"));
    homeserver.converge();
    scene.memory = {};
    for (int i = 0; i < 4; ++i) scene.policy.rooms.pop_back();
    ASSERT_TRUE(scene.apply());
    scene.evaluate_guards();
    const auto hold = scene.hold(Guard::rooms_released);
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->actions.size(), 4U);
    EXPECT_FALSE(
        scene.guards.allows(*scene.decider, scene.memory, kNoRoom, {ActionKind::release, Lane::cosmetic}));
}

// A policy that gives up the canary that is missing: what the next read brings was in no plan.
TEST_F(Guards, N1_WhatTheFirstReadBringsAfterACanaryWasGivenUpIsHeldHoweverLittle) {
    leave(0, 1);
    scene.memory.canary_given_up = true;
    DirectorySnapshot empty = scene.directory.snapshot();
    empty.people.clear();
    scene.learn(empty);
    scene.evaluate_guards();
    EXPECT_TRUE(scene.hold(Guard::canaries)) << "nothing can be said to that";
    EXPECT_FALSE(scene.hold(Guard::removals));
    scene.read();
    scene.evaluate_guards();
    const auto hold = scene.hold(Guard::removals);
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->actions.size(), 1U);
    EXPECT_NE(hold->cause.find("gave up a canary"), std::string::npos) << hold->cause;
    EXPECT_FALSE(scene.allowed(removal(0)));
    // Counted once, it is held until somebody answers; what comes later is not.
    scene.memory.canary_given_up = false;
    scene.memory.held = scene.guards.held();
    leave(1, 2);
    scene.evaluate_guards();
    EXPECT_FALSE(scene.allowed(removal(0)));
    EXPECT_TRUE(scene.allowed(removal(1)));
}

TEST_F(Guards, N1_AReadThatCannotBeBelievedFreezesRemovalsAndNothingElse) {
    leave(0, 3);
    depart(10, 11);
    DirectorySnapshot empty = scene.directory.snapshot();
    empty.people.clear();
    scene.world.touched = {};
    scene.learn(empty);
    EXPECT_TRUE(scene.world.touched.empty()) << "nothing of it is taken in";
    join(0, 1, "Staff");
    scene.evaluate_guards();
    const auto hold = scene.hold(Guard::canaries);
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->actions.size(), 3U);
    EXPECT_FALSE(scene.allowed(removal(0)));
    EXPECT_TRUE(scene.allowed(removal(10)));
    scene.read();
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed(removal(0)));
}

TEST_F(Guards, StrangersOfTheOwnServerAreCounted) {
    scene.policy.people->matrix_id = {"@{sAMAccountName|lower}.x:corp.example", {}};
    for (Person& person : scene.world.people) person.kept = {};
    const Compiled wrong = compile(scene.policy, scene.world, scene.pins, "wrong");
    Decider decider(scene.world, wrong.program);
    scene.backlog.reset(decider, scene.abilities);
    scene.backlog.refresh(decider, scene.abilities, 100'000);
    GuardState guards;
    guards.evaluate(decider, scene.backlog, scene.memory);
    ASSERT_FALSE(guards.holds().empty());
    EXPECT_EQ(guards.holds()[0].guard, Guard::removals);
    EXPECT_EQ(guards.holds()[0].actions.size(), 120U);
}

TEST_F(Guards, OutsidersWhoHadAnApprovalAreCountedOthersGoAtOnce) {
    scene.policy.rooms[0].outsiders = Outsiders::approved;
    scene.policy.guards.removals.at_most = 0;
    scene.approval("a", "@*:partner.example", {"all"}, "p1", scene.world.now + std::chrono::hours{1});
    ASSERT_TRUE(scene.apply());
    homeserver.converge();
    for (const char* who : {"@zoe:partner.example", "@eve:elsewhere.example"})
        homeserver.answer(
            scene.learn(RoomEventSeen{homeserver.put_member("all", who, MembershipState::join, who), false}));
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed("remove all @eve:elsewhere.example"));
    scene.pass_time(std::chrono::hours{2});
    scene.evaluate_guards();
    EXPECT_TRUE(scene.hold(Guard::outsiders));
    EXPECT_FALSE(scene.hold(Guard::removals)) << "our own people's number is another";
    EXPECT_FALSE(scene.allowed("remove all @zoe:partner.example"));
}

// What people without rights can bring about fills no guard, and is taken back whatever its number.
TEST_F(Guards, N4_InvitationsByHandHoldNobodyAndAreTakenBackAllOfThem) {
    for (int i = 0; i < 60; ++i)
        scene.event("eng", "@invented" + std::to_string(i) + ":corp.example", MembershipState::invite,
                    user(1));
    leave(2, 5);
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed(removal(3)));
    EXPECT_TRUE(scene.allowed("remove eng @invented59:corp.example"));
    EXPECT_TRUE(
        scene.backlog.users_in(Lane::outsider).contains(scene.user("@invented0:corp.example").index()));
    EXPECT_EQ(do_allowed(), 63);
    EXPECT_EQ(scene.memory.ledger.size(), 3U) << "and what was taken back counts for nothing later";
}

// They were out: what the guard has stopped is over for them, and nobody has stopped this.
TEST_F(Guards, N4_WhoWasHeldAndLeftAndIsLetInAgainByHandIsTakenBackAtOnce) {
    const auto happens = [this](int i, MembershipState state, const std::string& sender) {
        homeserver.answer(
            scene.learn(RoomEventSeen{homeserver.put_member("eng", user(i), state, sender), false}));
        scene.evaluate_guards();
        scene.memory.held = scene.guards.held();
    };
    leave(0, 30);
    ASSERT_TRUE(scene.hold(Guard::removals));
    scene.memory.held = scene.guards.held();
    for (const int i : {0, 1}) {
        happens(i, MembershipState::leave, i == 0 ? user(0) : user(59));  // by themselves, or kicked
        happens(i, MembershipState::invite, user(59));
        EXPECT_TRUE(scene.allowed(removal(i))) << i;
        happens(i, MembershipState::join, user(i));
        EXPECT_TRUE(scene.allowed(removal(i))) << i;
        EXPECT_FALSE(scene.allowed(removal(2))) << "nothing else is let through by that";
        happens(i, MembershipState::leave, scene.world.bot);
    }
    // Not even where it would be few enough by now.
    join(4, 30);
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->actions.size(), 2U);
    EXPECT_FALSE(scene.allowed(removal(2)));
}

TEST_F(Guards, N4_WhoDepartedLongAgoAndIsInvitedByHandHoldsNoDeparture) {
    scene.policy.guards.departures.at_most = 2;
    for (int i = 0; i < 5; ++i) {
        scene.directory.person("gone" + std::to_string(i), {"Staff"}).account_control = 514;
        scene.learn(scene.directory.changes({"gone" + std::to_string(i), "Staff"}));
    }
    ASSERT_TRUE(scene.apply());
    for (int i = 0; i < 5; ++i)
        scene.event("eng", "@gone" + std::to_string(i) + ":corp.example", MembershipState::invite, user(1));
    depart(3, 4);
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed(removal(3)));
    EXPECT_TRUE(scene.allowed("remove eng @gone4:corp.example"));
}

// … and whoever belongs by now is a member like all others.
TEST_F(Guards, N4_WhoWasInvitedByHandAndBelongsByNowIsCounted) {
    for (int i = 0; i < 30; ++i) {
        scene.directory.person("late" + std::to_string(i), {"Staff"});
        scene.learn(scene.directory.changes({"late" + std::to_string(i), "Staff"}));
        scene.event("eng", "@late" + std::to_string(i) + ":corp.example", MembershipState::join,
                    "@late" + std::to_string(i) + ":corp.example");
        scene.directory.join("Eng", "late" + std::to_string(i));
    }
    scene.learn(scene.directory.changes({"Eng"}));
    scene.evaluate_guards();
    for (int i = 0; i < 30; ++i) scene.directory.leave("Eng", "late" + std::to_string(i));
    scene.learn(scene.directory.changes({"Eng"}));
    scene.evaluate_guards();
    ASSERT_TRUE(scene.hold(Guard::removals));
    EXPECT_EQ(scene.hold(Guard::removals)->actions.size(), 30U);
}

TEST_F(Guards, N1_WhoWasInvitedByHandStaysWhileTheDirectoryCannotBeBelieved) {
    scene.event("eng", "@invented:corp.example", MembershipState::invite, user(1));
    DirectorySnapshot empty = scene.directory.snapshot();
    empty.people.clear();
    scene.learn(empty);
    scene.evaluate_guards();
    EXPECT_FALSE(scene.allowed("remove eng @invented:corp.example"));
    scene.read();
    scene.evaluate_guards();
    EXPECT_TRUE(scene.allowed("remove eng @invented:corp.example"));
}

TEST_F(Guards, N4_KicksByHandHoldNobodysJoin) {
    scene.policy.guards.room_gains = {20, 5};
    ASSERT_TRUE(scene.apply());
    for (int i = 2; i < 50; ++i)
        homeserver.answer(scene.learn(
            RoomEventSeen{homeserver.put_member("eng", user(i), MembershipState::leave, user(1)), false}));
    for (int i = 0; i < 6; ++i) {
        scene.directory.person("new" + std::to_string(i), {"Staff", "Eng"});
        scene.learn(scene.directory.changes({"new" + std::to_string(i), "Staff", "Eng"}));
    }
    scene.evaluate_guards();
    EXPECT_TRUE(scene.guards.holds().empty());
    EXPECT_TRUE(scene.allowed("add eng @new3:corp.example"));
    EXPECT_TRUE(scene.allowed("add eng " + user(7)));
}

TEST_F(Guards, N4_WhoIsLetInByHandMakesNoRoomLargerThanItIs) {
    scene.policy.guards.room_loses = {50, 5};
    scene.policy.guards.removals = {1000, std::chrono::hours{1}};
    ASSERT_TRUE(scene.apply());
    for (int i = 0; i < 100; ++i)
        scene.event("eng", "@eve" + std::to_string(i) + ":elsewhere.example", MembershipState::join,
                    "@eve" + std::to_string(i) + ":elsewhere.example");
    leave(0, 31);
    EXPECT_TRUE(scene.hold(Guard::room_loses, "eng"));
}

TEST_F(Guards, N4_OutsidersWhoseApprovalIsOverHoldNoneOfOurPeople) {
    scene.policy.rooms[1].outsiders = Outsiders::approved;
    scene.approval("a", "@*:partner.example", {"eng"}, "p1", scene.world.now + std::chrono::hours{1});
    ASSERT_TRUE(scene.apply());
    for (int i = 0; i < 60; ++i) {
        const std::string who = "@x" + std::to_string(i) + ":partner.example";
        scene.event("eng", who, MembershipState::join, who);
    }
    scene.pass_time(std::chrono::hours{2});
    leave(2, 5);
    ASSERT_TRUE(scene.hold(Guard::outsiders));
    EXPECT_EQ(scene.hold(Guard::outsiders)->actions.size(), 60U);
    EXPECT_TRUE(scene.allowed(removal(3)));
    EXPECT_FALSE(scene.hold(Guard::room_loses, "eng"));
}

TEST(ActionKeys, AreReadBackFromTheirText) {
    for (int kind = 0; kind <= static_cast<int>(ActionKind::release); ++kind)
        for (const char* room :
             {"", "eng", "!a room:elsewhere.example", "!a\\s\\:x", "@a/eng/@b c\n:x", "\\"})
            for (const char* user : {"", "@anna:corp.example", "@a b - c\n\x07:x", "@\\s:x", "@-:x"}) {
                const ActionKey key{static_cast<ActionKind>(kind), room, user};
                EXPECT_EQ(ActionKey::from_text(key.text()), key) << key.text();
            }
    for (const char* bad : {"", "remove", "remove eng", "reap eng @a:b"})
        EXPECT_FALSE(ActionKey::from_text(bad)) << bad;
}

}  // namespace
}  // namespace rollcall::policy::test
