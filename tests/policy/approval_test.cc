// Approvals of outsiders and who answers for them: a sponsor is an employee, for as long as the approval is
// to hold.
#include <gtest/gtest.h>
#include <algorithm>

#include "policy/explain.h"
#include "tests/policy/homeserver.h"

namespace rollcall::policy::test {
namespace {

constexpr const char* kZoe = "@zoe:partner.example";

// anna sponsors zoe in the room "open", where zoe is. Temps is a group that lies in Staff.
class Approvals : public testing::Test {
  protected:
    Approvals() {
        scene.directory.group("Temps", {"Staff"});
        scene.directory.person("anna", {"Temps"});
        scene.directory.person("bob", {"Staff"});
        scene.directory.person("kim");  // an account, and no employee
        scene.room("open", "employees").outsiders = Outsiders::approved;
        scene.approval("zoe", kZoe, {"open"}, "anna", at("2030-01-01T00:00:00Z"));
        scene.start();
        homeserver.converge();
        homeserver.answer(scene.learn(
            RoomEventSeen{homeserver.put_member("open", kZoe, MembershipState::join, kZoe), false}));
        homeserver.converge();
    }
    void leave(const std::string& group, const std::string& who) {
        scene.directory.leave(group, who);
        scene.learn(scene.directory.changes({group}));
    }
    [[nodiscard]] bool partner_may_come() const {
        const ServerAcl acl = wanted_server_acl(*scene.decider, scene.room_index("open"));
        return std::count(acl.allow.begin(), acl.allow.end(), "partner.example") == 1;
    }
    // What everything derived from scratch says as well.
    void expect_plan(const std::vector<std::string>& lines) {
        EXPECT_EQ(scene.plan_of(kZoe), lines);
        std::vector<std::string> about;
        for (const std::string& line : scene.backlog_lines())
            if (line.find(kZoe) != std::string::npos) about.push_back(line);
        EXPECT_EQ(about, lines) << "somebody whom it concerns was not decided again";
    }
    [[nodiscard]] std::string warning() const {
        const Diagnostics warnings = without_sponsor(*scene.decider);
        return warnings.size() == 1 && warnings[0].severity == Severity::warning ? warnings[0].message : "";
    }

    Scene scene;
    Homeserver homeserver{scene};
};

const std::vector<std::string> kOut = {std::string("remove open ") + kZoe};

TEST_F(Approvals, HoldWhileTheSponsorIsAnEmployee) {
    EXPECT_EQ(scene.says(kZoe, "open"), "unknown approval");
    EXPECT_TRUE(partner_may_come());
    EXPECT_EQ(warning(), "");
    expect_plan({});
}

TEST_F(Approvals, EndWhenTheSponsorIsNoEmployeeAnyMoreWithoutHavingDeparted) {
    leave("Temps", "anna");
    EXPECT_EQ(scene.says(kZoe, "open"), "out outsider");
    EXPECT_FALSE(partner_may_come());
    expect_plan(kOut);
    EXPECT_EQ(warning(), "the approval zoe does not hold: the sponsor anna is not an employee");
    EXPECT_TRUE(explain_verdict(*scene.decider, scene.user(kZoe), 0)
                    .short_text.starts_with("the sponsor anna is not an employee"));
    scene.directory.join("Staff", "anna");
    scene.learn(scene.directory.changes({"Staff"}));
    EXPECT_EQ(scene.says(kZoe, "open"), "unknown approval");
    EXPECT_TRUE(partner_may_come());
    expect_plan({});
}

TEST_F(Approvals, EndWithTheGroupThatMadeTheSponsorAnEmployee) {
    leave("Staff", "Temps");
    expect_plan(kOut);
}

TEST_F(Approvals, N4_WhoeverLosesOneBySponsorMeetsTheGuard) {
    scene.policy.guards.removals.at_most = 0;
    ASSERT_TRUE(scene.apply());
    leave("Temps", "anna");
    scene.evaluate_guards();
    EXPECT_TRUE(scene.hold(Guard::removals));
    EXPECT_FALSE(scene.allowed(kOut[0]));
}

TEST_F(Approvals, N1_HoldWhileItIsUnknownWhetherTheSponsorIsAnEmployee) {
    scene.directory.group("Temps").members_known = false;
    scene.directory.wrote("Temps");
    scene.learn(scene.directory.changes({"Temps"}));
    EXPECT_EQ(scene.decider->employee(scene.person("anna")), Tri::unknown);
    EXPECT_EQ(scene.says(kZoe, "open"), "unknown approval");
    expect_plan({});
    EXPECT_EQ(warning(), "");
}

TEST_F(Approvals, HoldForNobodyIfTheSponsorNeverWasAnEmployee) {
    scene.policy.outsiders[0].sponsor.value = "kim";
    ASSERT_TRUE(scene.apply());
    expect_plan(kOut);
    EXPECT_EQ(warning(), "the approval zoe does not hold: the sponsor kim is not an employee");
    scene.directory.people.at("kim").account_control = 514;
    scene.directory.wrote("kim");
    scene.learn(scene.directory.changes({"kim"}));
    EXPECT_EQ(warning(), "the approval zoe does not hold: the sponsor kim has departed");
    scene.directory.people.erase("kim");
    scene.read();
    EXPECT_NE(warning(), "");
}

TEST_F(Approvals, ASponsorMayBeWrittenAsMatrixIdAndMustBeSomebody) {
    scene.policy.outsiders[0].sponsor.value = "@bob:corp.example";
    ASSERT_TRUE(scene.apply());
    expect_plan({});
    leave("Staff", "bob");
    expect_plan(kOut);
    scene.policy.outsiders[0].sponsor.value = "@zoe:partner.example";
    EXPECT_FALSE(scene.apply()) << "an outsider answers for nobody";
}

}  // namespace
}  // namespace rollcall::policy::test
