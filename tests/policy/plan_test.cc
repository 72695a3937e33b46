// What follows from verdicts: actions about users and rooms, hand-made changes, explanations.
#include <gtest/gtest.h>

#include "policy/explain.h"
#include "policy/explain_approval.h"
#include "tests/policy/homeserver.h"

namespace rollcall::policy::test {
namespace {

class Plan : public testing::Test {
  protected:
    Plan() {
        scene.directory.person("anna", {"Staff", "Eng"});
        scene.directory.person("bob", {"Staff", "Leads"});
        scene.directory.group("Leads", {"Eng"});
        scene.space("home", "employees");
        RoomText& eng = scene.room("eng", "group Eng except group Contractors", "group Leads");
        eng.parent = Text{"home", {}};
        scene.room("all", "employees").parent = Text{"home", {}};
        scene.directory.group("Contractors");
        scene.start();
    }
    void event(const char* room, const char* user, MembershipState state, const char* sender) {
        homeserver.answer(
            scene.learn(RoomEventSeen{homeserver.put_member(room, user, state, sender), false}));
    }

    Scene scene;
    Homeserver homeserver{scene};
    const std::vector<std::string> nothing;
    const char* anna = "@anna:corp.example";
    const char* bob = "@bob:corp.example";
};

TEST_F(Plan, IsOrderedForPeople) {
    EXPECT_EQ(scene.plan(), (std::vector<std::string>{
                                "create all -", "add all @anna:corp.example", "add all @bob:corp.example",
                                "create eng -", "add eng @anna:corp.example", "add eng @bob:corp.example",
                                "set_power eng @bob:corp.example 50", "create home -",
                                "add home @anna:corp.example", "add home @bob:corp.example"}));
}

TEST_F(Plan, AHiddenRoomIsFilledBeforeItIsPublished) {
    homeserver.create("eng", true);
    const std::vector<std::string> plan = scene.plan();
    EXPECT_NE(std::find(plan.begin(), plan.end(), "publish eng -"), plan.end());
    EXPECT_EQ(std::find(plan.begin(), plan.end(), "set_name eng -"), plan.end());
    homeserver.converge();
    EXPECT_EQ(scene.plan(), nothing);
}

TEST_F(Plan, OnlyWholeSpacesAdmitByRestriction) {
    homeserver.converge();
    EXPECT_EQ(wanted_join_rules(*scene.decider, scene.room_index("all")),
              (JoinRules{"restricted", {"!home:corp.example"}}));
    EXPECT_EQ(wanted_join_rules(*scene.decider, scene.room_index("eng")), (JoinRules{"invite", {}}));
}

// Whoever can let somebody into the space would let them into its rooms, and their past.
TEST_F(Plan, ASpaceThatHoldsOthersThanEmployeesAdmitsNobodyToItsRooms) {
    const auto rule = [this] {
        EXPECT_TRUE(scene.apply());
        return wanted_join_rules(*scene.decider, scene.room_index("all")).rule;
    };
    RoomText& home = *std::find_if(scene.policy.rooms.begin(), scene.policy.rooms.end(),
                                   [](const RoomText& text) { return text.key == "home"; });
    homeserver.converge();
    EXPECT_EQ(rule(), "restricted");
    home.who_invites = WhoInvites::owners;
    EXPECT_EQ(rule(), "invite");
    EXPECT_EQ(scene.plan(), (std::vector<std::string>{"set_join_rule all -", "set_power_levels home -"}));
    homeserver.converge();
    home.who_invites = WhoInvites::everyone;
    EXPECT_EQ(rule(), "invite");
    home.who_invites = WhoInvites::nobody;
    home.outsiders = Outsiders::approved;
    EXPECT_EQ(rule(), "invite");
    home.outsiders = Outsiders::none;
    EXPECT_EQ(rule(), "restricted");
    scene.service("bridge", "@bridge:corp.example", {"all", "home"});
    EXPECT_EQ(rule(), "invite");
}

TEST_F(Plan, WhoLeftIsBroughtBackWhenTheyBelongAgainAfterNotBelonging) {
    homeserver.converge();
    event("eng", anna, MembershipState::leave, anna);
    EXPECT_EQ(scene.plan(), nothing);
    scene.directory.leave("Eng", "anna");
    scene.learn(scene.directory.changes({"Eng"}));
    EXPECT_EQ(scene.plan(), std::vector<std::string>{std::string("forget eng ") + anna});
    homeserver.converge();
    EXPECT_EQ(scene.plan(), nothing);
    scene.directory.join("Eng", "anna");
    scene.learn(scene.directory.changes({"Eng"}));
    EXPECT_EQ(scene.plan(), std::vector<std::string>{std::string("add eng ") + anna});
    homeserver.converge();
    event("eng", anna, MembershipState::leave, anna);
    EXPECT_EQ(scene.plan(), nothing) << "and stays out again";
}

TEST_F(Plan, WhoLeavesByThemselvesStaysOutUnlessTheRoomSaysRejoin) {
    homeserver.converge();
    event("eng", anna, MembershipState::leave, anna);
    EXPECT_EQ(scene.plan(), nothing);
    scene.policy.rooms[1].leaving = Leaving::rejoin;
    scene.apply();
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"add eng @anna:corp.example"});
}

TEST_F(Plan, WhoLostTheRoomAndBelongsAgainIsBroughtBack) {
    homeserver.converge();
    scene.directory.leave("Eng", "anna");
    scene.learn(scene.directory.changes({"Eng"}));
    event("eng", anna, MembershipState::leave, anna);  // as by a masqueraded leave
    homeserver.converge();
    scene.directory.join("Eng", "anna");
    scene.learn(scene.directory.changes({"Eng"}));
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"add eng @anna:corp.example"});
}

TEST_F(Plan, AKickByAnOwnerIsUndoneAtMostOnceAnHour) {
    homeserver.converge();
    event("eng", anna, MembershipState::leave, bob);
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"add eng @anna:corp.example"});
    homeserver.converge();
    event("eng", anna, MembershipState::leave, bob);
    EXPECT_EQ(scene.plan(), nothing);
    EXPECT_EQ(scene.backlog_lines(), nothing);
    scene.pass_time(std::chrono::minutes{59});
    EXPECT_EQ(scene.backlog_lines(), nothing);
    scene.pass_time(std::chrono::minutes{1});
    EXPECT_EQ(scene.backlog_lines(), std::vector<std::string>{"add eng @anna:corp.example"});
}

TEST_F(Plan, ABanByAnOwnerStands) {
    homeserver.converge();
    event("eng", anna, MembershipState::ban, bob);
    scene.pass_time(std::chrono::hours{9});
    EXPECT_EQ(scene.plan(), nothing);
}

TEST_F(Plan, AnInvitationOfAnOutsiderIsRevokedAndTheInviterTold) {
    homeserver.converge();
    const RoomEvent invite =
        homeserver.put_member("eng", "@eve:elsewhere.example", MembershipState::invite, bob);
    const Effects effects = scene.learn(RoomEventSeen{invite, false});
    ASSERT_EQ(effects.notices.size(), 1U);
    EXPECT_EQ(scene.world.users.text(effects.notices[0].to), bob);
    EXPECT_EQ(effects.notices[0].outsider, "@eve:elsewhere.example");
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"remove eng @eve:elsewhere.example"});
    EXPECT_EQ(scene.backlog.users_in(Lane::outsider).size() + (scene.backlog.complete() ? 0U : 1U), 1U);
}

TEST_F(Plan, ARemovedUserOfOursIsForgotten) {
    homeserver.converge();
    scene.directory.leave("Eng", "anna");
    scene.learn(scene.directory.changes({"Eng"}));
    EXPECT_FALSE(scene.backlog_lines().empty());
    homeserver.carry_out();
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"forget eng @anna:corp.example"});
    homeserver.converge();
    scene.abilities.mask = false;
    EXPECT_EQ(scene.plan(), nothing);
}

TEST_F(Plan, PowerFollowsOwnership) {
    homeserver.converge();
    scene.directory.join("Leads", "anna");
    scene.learn(scene.directory.changes({"Leads"}));
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"set_power eng @anna:corp.example 50"});
    homeserver.converge();
    scene.directory.groups.at("Leads").members_known = false;
    scene.directory.wrote("Leads");
    scene.learn(scene.directory.changes({"Leads"}));
    EXPECT_EQ(scene.plan(), nothing) << "what cannot be read takes no power away";
}

TEST_F(Plan, AnApprovedOutsiderHasNoSay) {
    scene.policy.rooms[2].outsiders = Outsiders::approved;
    scene.approval("a", "@zoe:partner.example", {"all"}, "anna", at("2030-01-01T00:00:00Z"));
    scene.apply();
    homeserver.converge();
    event("all", "@zoe:partner.example", MembershipState::join, "@zoe:partner.example");
    PowerLevels levels = scene.world.rooms[scene.world.room("all").index()].state.power_levels();
    levels.users["@zoe:partner.example"] = 50;
    homeserver.answer(
        scene.learn(RoomEventSeen{homeserver.put_state("all", levels, scene.world.bot), false}));
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"set_power all @zoe:partner.example 0"});
    homeserver.converge();
    EXPECT_EQ(scene.plan(), nothing);
}

TEST_F(Plan, TheServerAclFollowsTheApprovalsInForce) {
    scene.policy.rooms[2].outsiders = Outsiders::approved;
    scene.approval("a", "@*:partner.example", {"all"}, "anna", at("2030-01-01T00:00:00Z"));
    scene.apply();
    homeserver.converge();
    const std::uint32_t room = scene.room_index("all");
    EXPECT_EQ(wanted_server_acl(*scene.decider, room).allow,
              (std::vector<std::string>{"corp.example", "partner.example"}));
    scene.directory.people.at("anna").account_control = 514;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    const std::vector<std::string> lines = scene.backlog_lines();
    EXPECT_NE(std::find(lines.begin(), lines.end(), "set_server_acl all -"), lines.end());
}

TEST_F(Plan, ARoomThatThePolicyNoLongerNamesIsLetGoOf) {
    homeserver.converge();
    scene.policy.rooms.pop_back();
    scene.apply();
    EXPECT_EQ(scene.plan(), std::vector<std::string>{"release all -"});
    homeserver.converge();
    EXPECT_EQ(scene.plan(), nothing);
    EXPECT_EQ(scene.world.state_of(scene.user("anna"), scene.world.room("all")), MembershipState::join);
}

TEST_F(Plan, WithoutTheMaskPeopleAreInvited) {
    scene.abilities.mask = false;
    scene.apply();
    homeserver.converge();
    EXPECT_EQ(homeserver.state_of("eng", anna), MembershipState::invite);
}

TEST_F(Plan, SaysWhy) {
    homeserver.converge();
    const Explanation member = explain(*scene.decider, scene.user("bob"), scene.room_index("eng"));
    EXPECT_EQ(member.short_text, "group Leads");
    EXPECT_EQ(member.reasons[0].path, "rooms.eng.owners");
    EXPECT_EQ(member.owners, std::vector<std::string>{bob});
    EXPECT_EQ(why(*scene.decider, scene.user("anna"), scene.room_index("eng"), Basis::member), "group Eng");
    scene.directory.join("Contractors", "anna");
    scene.learn(scene.directory.changes({"Contractors"}));
    const Explanation out = explain(*scene.decider, scene.user("anna"), scene.room_index("eng"));
    EXPECT_EQ(out.reasons[0].path, "rooms.eng.members.except");
    EXPECT_EQ(
        group_path(scene.world, scene.person("bob"), scene.world.group_by_guid.at(guid_of("group", "Eng"))),
        (std::vector<std::string>{"Eng", "Leads"}));
}

TEST_F(Plan, SaysUntilWhenAsItWasWritten) {
    CompiledApproval approval;
    approval.key = "anna";
    approval.sponsor = "jdoe";
    approval.reason = "Contract 2026-118";
    approval.until = test::at("2027-01-31T23:00:00Z");
    approval.until_text = "2027-01-31";
    EXPECT_EQ(approval_reason(approval).text, "approved until 2027-01-31, sponsor jdoe: Contract 2026-118");
    approval.until_text = "2027-01-31T17:00:00+01:00";
    EXPECT_EQ(until_words(approval), "2027-01-31T17:00:00+01:00");
    approval.until = test::at("2020-12-31T23:00:00Z");
    approval.until_text = "2020-12-31";
    EXPECT_EQ(lapsed_reason(*scene.decider, approval).text, "the approval ended on 2020-12-31");
}

TEST_F(Plan, N9_SaysNoMoreInARoomThanItMust) {
    for (int basis = 0; basis <= static_cast<int>(Basis::undecided); ++basis) {
        const std::string_view text = public_reason(static_cast<Basis>(basis));
        EXPECT_FALSE(text.empty());
        for (const char* word : {"disabled", "departed", "deleted", "expired", "left"})
            EXPECT_EQ(text.find(word), std::string_view::npos) << text;
    }
    // A colleague who is between two groups is nobody from outside.
    for (const Basis basis : {Basis::not_employee, Basis::not_listed, Basis::excepted, Basis::departed})
        EXPECT_EQ(public_reason(basis), "No longer a member of this room");
}

TEST_F(Plan, SlicesLetALeaverOvertakeAPass) {
    scene.backlog.reset(*scene.decider, scene.abilities);
    EXPECT_FALSE(scene.backlog.complete());
    scene.create("eng");
    scene.join("eng", anna);
    scene.backlog.reset(*scene.decider, scene.abilities);
    scene.directory.people.at("anna").account_control = 514;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    EXPECT_FALSE(scene.backlog.complete());
    EXPECT_TRUE(scene.backlog.users_in(Lane::departure).contains(scene.user("anna").index()));
    EXPECT_TRUE(scene.backlog.refresh(*scene.decider, scene.abilities, 1'000));
}

}  // namespace
}  // namespace rollcall::policy::test
