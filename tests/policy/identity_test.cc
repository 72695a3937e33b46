// people.identities against what was kept: an admin's word corrects a wrong Matrix ID, and nobody gets what
// was another's by it.
#include <gtest/gtest.h>

#include <algorithm>
#include "policy/doubts.h"

#include "policy/explain.h"
#include "policy/gone.h"
#include "tests/policy/homeserver.h"

namespace rollcall::policy::test {
namespace {

constexpr const char* kWrong = "@jdoe:corp.example";
constexpr const char* kRight = "@john.doe:corp.example";

// jdoe (John Doe) was seen in his rooms as @jdoe, which is somebody else's account.
class Identities : public testing::Test {
  protected:
    Identities() {
        scene.directory.person("jdoe", {"Staff", "Eng"});
        scene.directory.person("anna", {"Staff", "Eng"});
        scene.room("eng", "group Eng");
        scene.start();
        homeserver.converge();
    }
    void give(const std::string& login, const std::string& id) {
        scene.policy.people->identities.push_back({{}, login, id});
    }
    void correct() {
        give("jdoe", kRight);
        ASSERT_TRUE(scene.apply());
    }
    void depart(const std::string& login) {
        scene.directory.people.at(login).account_control = 514;
        scene.directory.wrote(login);
        scene.learn(scene.directory.changes({login}));
    }
    [[nodiscard]] std::string id_of(const std::string& login) const {
        const UserId user = scene.decider->user_of(scene.person(login));
        return user.valid() ? scene.world.users.text(user) : "";
    }
    [[nodiscard]] std::string conflict() const {
        const auto conflicts = scene.decider->conflicts();
        return conflicts.size() == 1 ? conflicts[0].text : "";
    }

    Scene scene;
    Homeserver homeserver{scene};
};

// Who kept it is deleted, and there is no such account: it is nobody's any more, now and not only after the
// next start. Whose login makes what was given up is not given that by it.
TEST_F(Identities, AnEntryIsGivenOnceNobodyKeepsItsMatrixIdAnyMore) {
    give("jdoe", "@anna:corp.example");
    ASSERT_TRUE(scene.apply());
    ASSERT_EQ(id_of("jdoe"), kWrong);
    scene.directory.person("next", {"Staff", "Eng"}).login = "jdoe";
    scene.learn(scene.directory.changes({"next"}));
    scene.directory.people.at("anna").deleted = true;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    homeserver.converge();
    ASSERT_EQ(id_of("jdoe"), kWrong) << "the account of who is deleted may still be there";
    scene.learn(AccountSeen{scene.user("@anna:corp.example"), Account::absent});
    EXPECT_EQ(id_of("jdoe"), "@anna:corp.example");
    EXPECT_EQ(id_of("next"), "") << "that account was jdoe's";
    EXPECT_TRUE(conflict().starts_with("jdoe would be @jdoe:corp.example, which was jdoe's; ")) << conflict();
    const Decider anew(scene.world, scene.compiled.program);
    for (const char* login : {"jdoe", "next", "anna"})
        EXPECT_EQ(anew.user_of(scene.person(login)), scene.decider->user_of(scene.person(login))) << login;
}

TEST_F(Identities, N5_ThePlanShowsACorrectionBeforeItIsApplied) {
    give("jdoe", kRight);
    const Compiled draft = compile(scene.policy, scene.world, scene.pins, "draft");
    ASSERT_TRUE(draft.program);
    std::vector<std::string> shown;
    {
        const Decider decider(scene.world, draft.program);
        for (const PlanLine& line : whole_plan(decider, scene.abilities)) shown.push_back(line_of(line));
        EXPECT_EQ(explain_verdict(decider, scene.world.users.find(kWrong), 0).short_text,
                  "jdoe's Matrix ID is another one now");
    }
    EXPECT_EQ(shown, (std::vector<std::string>{std::string("remove eng ") + kWrong,
                                               std::string("add eng ") + kRight}));
    EXPECT_EQ(scene.world.people[scene.person("jdoe").index()].kept, scene.user(kWrong))
        << "a plan changes nothing";
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.plan(), shown);
}

TEST_F(Identities, ACorrectedMatrixIdIsThePersonsAndTheFormerOneNobodys) {
    correct();
    EXPECT_EQ(id_of("jdoe"), kRight);
    EXPECT_EQ(scene.says(kWrong, "eng"), "out stranger");
    homeserver.converge();
    EXPECT_EQ(scene.plan(), kNothing);
    EXPECT_EQ(homeserver.state_of("eng", kRight), MembershipState::join);
    EXPECT_EQ(homeserver.state_of("eng", kWrong), MembershipState::leave);
    scene.policy.people->identities.clear();  // seen in use meanwhile: kept for life
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("jdoe"), kRight);
    EXPECT_EQ(scene.plan(), kNothing);
}

TEST_F(Identities, N4_GuardsCountWhoIsRemovedByACorrection) {
    scene.policy.guards.removals.at_most = 0;
    correct();
    scene.evaluate_guards();
    const auto hold = scene.hold(Guard::removals);
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->actions, (std::vector<ActionKey>{{ActionKind::remove, "eng", kWrong}}));
    EXPECT_FALSE(scene.allowed(std::string("remove eng ") + kWrong));
}

TEST_F(Identities, N7_AFormerMatrixIdIsNotAnotherPersonsByTheTemplate) {
    correct();
    homeserver.converge();
    scene.directory.people.at("jdoe").login = "john.doe";
    scene.directory.wrote("jdoe");
    scene.directory.person("jane", {"Staff", "Eng"}).login = "jdoe";
    scene.learn(scene.directory.changes({"jdoe", "jane", "Staff", "Eng"}));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(id_of("jane"), "");
        EXPECT_EQ(scene.says(kWrong, "eng"), "unknown undecided");
        EXPECT_NE(conflict().find("jdoe would be @jdoe:corp.example, which was john.doe's"),
                  std::string::npos)
            << conflict();
        EXPECT_EQ(scene.plan(), kNothing);
        ASSERT_TRUE(scene.apply());
    }
    give("guid:" + guid_of("person", "jane").text(), kWrong);  // an admin says so: then it is
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("jane"), kWrong);
    EXPECT_EQ(scene.plan(), std::vector<std::string>{std::string("add eng ") + kWrong});
}

TEST_F(Identities, N7_NobodyIsGivenWhatAnotherPersonKeeps) {
    give("jdoe", "@anna:corp.example");
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("jdoe"), kWrong) << "nothing changes until it can";
    EXPECT_EQ(id_of("anna"), "@anna:corp.example");
    EXPECT_EQ(
        conflict(),
        "jdoe cannot be @anna:corp.example while anna is; give anna another one under people.identities "
        "first");
    EXPECT_EQ(scene.plan(), kNothing);
    depart("jdoe");
    EXPECT_EQ(scene.says(kWrong, "eng"), "out departed");
}

TEST_F(Identities, N7_ANewcomerIsNotGivenWhatAnotherPersonKeepsNorWhatTheTemplateSays) {
    scene.directory.person("eve", {"Staff", "Eng"});
    scene.read();
    give("eve", "@anna:corp.example");
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("eve"), "");
    EXPECT_EQ(scene.plan(), kNothing);
}

TEST_F(Identities, TwoPeopleMaySwapTheirs) {
    give("jdoe", "@anna:corp.example");
    give("anna", kWrong);
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("jdoe"), "@anna:corp.example");
    EXPECT_EQ(id_of("anna"), kWrong);
    EXPECT_TRUE(scene.decider->conflicts().empty());
    EXPECT_EQ(scene.plan(), kNothing);
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("anna"), kWrong);
}

TEST_F(Identities, AChainOfThemMovesOnlyIfItsEndIsFree) {
    scene.directory.person("eve", {"Staff", "Eng"});
    scene.read();
    homeserver.converge();
    give("jdoe", "@anna:corp.example");
    give("anna", "@eve:corp.example");
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("jdoe"), kWrong);
    EXPECT_EQ(id_of("anna"), "@anna:corp.example");
    EXPECT_EQ(scene.decider->conflicts().size(), 2U);
    EXPECT_EQ(scene.plan(), kNothing);
    give("eve", "@eve.b:corp.example");
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("jdoe"), "@anna:corp.example");
    EXPECT_EQ(id_of("anna"), "@eve:corp.example");
    EXPECT_EQ(id_of("eve"), "@eve.b:corp.example");
}

// Deleted and made anew with the same login: the two are told apart by their GUIDs alone.
TEST_F(Identities, WhoWasDeletedAndKeepsAMatrixIdIsNamedByTheirGuid) {
    scene.directory.people.at("jdoe").deleted = true;
    scene.directory.wrote("jdoe");
    scene.directory.person("anew", {"Staff", "Eng"}).login = "jdoe";
    scene.learn(scene.directory.changes({"jdoe", "anew", "Staff", "Eng"}));
    const std::string guid = scene.directory.people.at("jdoe").guid.text();
    EXPECT_EQ(conflict(), std::string("jdoe would be ") + kWrong +
                              " too, which belongs to an account that is deleted; give guid:" + guid +
                              " another Matrix ID under people.identities");
    scene.policy.people->identities.push_back({{}, "guid:" + guid, "@jdoe-gone:corp.example"});
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(id_of("anew"), "") << "whose it was is kept, until it is given";
    scene.policy.people->identities.push_back(
        {{}, "guid:" + scene.directory.people.at("anew").guid.text(), kWrong});
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.decider->conflicts().size(), 0U);
}

TEST_F(Identities, AGroupThatIsNamedAndWasDeletedIsSaidToBe) {
    EXPECT_TRUE(gone(*scene.decider).empty());
    GroupEntry ended = scene.directory.changes({"Eng"}).groups.front();
    ended.deleted = true;
    DirectoryChanges changes = scene.directory.changes({"Eng"});
    changes.groups = {ended};
    scene.learn(changes);
    const std::vector<Gone> said = gone(*scene.decider);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].text, "the group 'Eng' was deleted from the directory: nobody is in it");
}

TEST_F(Identities, AnEmployeeWithTheBotsLoginIsAConflict) {
    const auto texts = [this] {
        std::vector<std::string> out;
        for (const IdentityConflict& one : scene.decider->conflicts()) out.push_back(one.text);
        return out;
    };
    const std::string login = scene.world.bot.substr(1, scene.world.bot.find(':') - 1);
    const std::vector<std::string> before = texts();
    scene.directory.person(login);
    scene.learn(scene.directory.changes({login}));
    EXPECT_EQ(texts(), before) << "the account that the daemon binds with, perhaps: no employee";
    scene.directory.join("Staff", login);
    scene.learn(scene.directory.changes({"Staff"}));
    ASSERT_EQ(texts().size(), before.size() + 1);
    const std::vector<std::string> now = texts();
    EXPECT_NE(std::find(now.begin(), now.end(),
                        login + " would be " + scene.world.bot + ", which is the bot's own account; give " +
                            login + " an entry under people.identities"),
              now.end());
    scene.policy.people->identities.push_back({{}, login, "@else:corp.example"});
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(texts(), before);
}

TEST_F(Identities, AServiceAccountThatIsAnEmployeesIsDoubted) {
    scene.service("bot", kWrong, {"eng"});
    ASSERT_TRUE(scene.apply());
    const Diagnostics doubts = doubtful_conditions(*scene.decider);
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_EQ(doubts[0].message,
              std::string(kWrong) + " is jdoe's: as a service account they are in no other room than these");
}

TEST_F(Identities, WhatIsGivenGoesBeforeWhatATemplateMakes) {
    give("jdoe", "@eve:corp.example");
    ASSERT_TRUE(scene.apply());
    scene.directory.person("eve", {"Staff", "Eng"});
    scene.learn(scene.directory.changes({"eve", "Staff", "Eng"}));
    EXPECT_EQ(id_of("jdoe"), "@eve:corp.example");
    EXPECT_EQ(id_of("eve"), "");
    EXPECT_NE(conflict(), "");
}

TEST_F(Identities, N2_ADepartureConcernsTheAccountThatIsTheirs) {
    depart("jdoe");
    EXPECT_EQ(scene.plan_of(kWrong).size(), 3U) << "sessions, a list of rooms, and out";
    const auto about_departure = [&](const std::vector<std::string>& lines) {
        return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
            return line.starts_with("sign_out") || line.starts_with("list_rooms");
        });
    };
    give("jdoe", kRight);
    const Compiled draft = compile(scene.policy, scene.world, scene.pins, "draft");
    {
        const Decider decider(scene.world, draft.program);
        for (const PlanLine& line : whole_plan(decider, scene.abilities))
            EXPECT_TRUE(line.user != kWrong || line.kind == ActionKind::remove) << line_of(line);
    }
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(about_departure(scene.plan_of(kWrong)), 0) << "somebody else's sessions";
    EXPECT_EQ(about_departure(scene.plan_of(kRight)), 2);
}

}  // namespace
}  // namespace rollcall::policy::test
