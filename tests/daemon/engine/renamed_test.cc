// A login that is changed is still the same person's account, in rooms or in none.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

class Renamed : public CompanyTest {
  protected:
    Renamed() {
        company.people(3);
        company.room("crew");
        company.sim.directory.content.person("q1", {"Staff"});
        homeserver().add_account(Company::id("q1"));
        company.open();
        chat = homeserver().make_room(Company::id("q1"), "private");
    }
    void expect_gone() {
        EXPECT_TRUE(company.comes([this] { return company.sessions("q1") == 0; }));
        EXPECT_TRUE(company.comes(
            [this] { return homeserver().membership(chat, Company::id("q1")) == MembershipState::leave; }));
    }
    std::string chat;
};

TEST_F(Renamed, WhoIsDisabledInTheSameWriteIsSignedOut) {
    company.sim.directory.rename("q1", "left-q1", true);
    expect_gone();
}

TEST_F(Renamed, WhoIsDisabledMonthsLaterIsSignedOut) {
    company.sim.directory.rename("q1", "q1-married");
    company.sim.run_for(minutes{1});
    company.sim.restart();
    company.sim.directory.disable("q1", true);
    expect_gone();
}

TEST_F(Renamed, WhoseLoginWasChangedWhileTheDaemonWasOffIsSignedOut) {
    company.sim.stop();
    company.sim.directory.rename("q1", "left-q1", true);
    company.sim.start();
    expect_gone();
}

TEST_F(Renamed, TheHomeserverIsAskedAgainWhereItDidNotSay) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "left-q1", true);
    company.sim.run_for(minutes{5});
    homeserver().down = false;
    company.sim.run_for(minutes{30});
    expect_gone();
}

TEST_F(Renamed, WhoHadNoAccountHasThatOfTheNewName) {
    company.sim.directory.hire("q2", {"Staff", "Crew"});
    company.sim.run_for(minutes{1});
    company.sim.directory.rename("q2", "q2b");
    company.sim.run_for(minutes{1});
    homeserver().add_account(Company::id("q2b"));
    EXPECT_TRUE(company.comes([this] { return company.in("q2b", "crew"); }, minutes{30}));
}

// Whose account it is then, nobody knows: it may have been made since.
TEST_F(Renamed, ANameThatSomebodyElseHasByThenIsNobodysUntilAnAdminSays) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1-old");
    company.sim.run_for(minutes{1});
    company.sim.directory.hire("q1b", {"Staff", "Crew"});
    company.sim.directory.rename("q1b", "q1");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{30});
    EXPECT_FALSE(company.in("q1", "crew"));
    EXPECT_EQ(
        company.conflicts(),
        "q1 would be @q1:corp.example, which may be q1-old's; give q1 an entry under "
        "people.identities\n"
        "q1-old was @q1:corp.example until the login changed, and whose account that is now is not known; "
        "give q1-old an entry under people.identities\n");
    company.sim.restart();
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("q1", true);  // who is q1-old now
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.sessions("q1"), 1) << "it may be the other's";

    company.give("q1b", Company::id("q1"));
    EXPECT_TRUE(company.comes([this] { return company.in("q1", "crew"); }));
    EXPECT_EQ(company.sessions("q1"), 1) << "of somebody who is there";
    EXPECT_EQ(company.conflicts(), "");
}

TEST_F(Renamed, ADepartureIsDoneOnceItIsKnownWhoseAccountItIs) {
    homeserver().down = true;
    company.sim.directory.hire("q1b", {"Staff", "Crew"});
    company.sim.directory.rename("q1", "q1-old");
    company.sim.directory.rename("q1b", "q1");
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("q1b", true);
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.sessions("q1"), 1);
    company.give("q1b", Company::id("q1"));
    expect_gone();
}

// The promise is counted from when they were last known not to have departed, also over restarts.
TEST_F(Renamed, ADepartureThatWaitedIsDatedByWhenItWasLearned) {
    company.sim.directory.hire("q2", {"Staff"});
    homeserver().add_account(Company::id("q2"));
    company.sim.run_for(minutes{1});
    company.sim.stop();
    company.sim.directory.rename("q1", "q2", true);
    company.sim.directory.rename("q2", "q1");
    company.sim.start();
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("q1", true);
    const Time disabled = company.sim.engine().world().now;
    company.sim.run_for(minutes{1});
    company.sim.restart();
    company.sim.run_for(minutes{1});
    company.give("q2", Company::id("q2"));
    company.give("q1", Company::id("q1"));
    expect_gone();
    std::optional<Time> from;
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.action == "departed" && entry.user == Company::id("q1") && entry.evidence)
            from = entry.evidence->otherwise;
    ASSERT_TRUE(from);
    EXPECT_LE(*from, disabled);
}

TEST_F(Renamed, WhoSwapLoginsAreLeftAloneUntilAnAdminSays) {
    company.sim.directory.hire("q2", {"Staff"});
    homeserver().add_account(Company::id("q2"));
    company.sim.run_for(minutes{1});
    company.sim.stop();
    company.sim.directory.rename("q1", "q2", true);
    company.sim.directory.rename("q2", "q1");
    company.sim.start();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.sessions("q1"), 1);
    EXPECT_EQ(company.sessions("q2"), 1);
    EXPECT_NE(company.conflicts(), "");
    company.give("q2", Company::id("q2"));
    company.give("q1", Company::id("q1"));
    expect_gone();
    EXPECT_EQ(company.sessions("q2"), 1) << "of who stays";
    EXPECT_EQ(company.conflicts(), "");
}

// The usual cure of a conflict: the login of the newcomer is changed in the directory. What they never were
// is no question.
TEST_F(Renamed, WhoWasInAConflictAndGetsAnotherLoginIsLetIn) {
    company.sim.directory.hire("q5", {"Staff", "Crew"});
    homeserver().add_account(Company::id("q5"));
    EXPECT_TRUE(company.comes([this] { return company.in("q5", "crew"); }));
    company.sim.directory.rename("q5", "q5-new");
    company.sim.directory.hire("q6", {"Staff", "Crew"});
    company.sim.directory.rename("q6", "q5");
    company.sim.run_for(minutes{1});
    EXPECT_NE(company.conflicts(), "");
    homeserver().add_account(Company::id("rob"));
    company.sim.directory.rename("q6", "rob");
    EXPECT_TRUE(company.comes([this] { return company.in("rob", "crew"); }, minutes{10}))
        << company.conflicts();
    EXPECT_EQ(company.conflicts(), "");
    EXPECT_TRUE(company.in("q5", "crew"));
    company.sim.directory.disable("q6", true);
    EXPECT_TRUE(company.comes([this] { return company.sessions("rob") == 0; }));
    EXPECT_EQ(company.sessions("q5"), 1);
}

// Whosever it is, it is a leaver's; whoever is back makes it a question again.
TEST_F(Renamed, AnAccountOfWhichAllCandidatesDepartedIsALeavers) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1-old");
    company.sim.directory.hire("q9", {"Staff", "Crew"});
    company.sim.directory.rename("q9", "q1");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{5});
    company.sim.directory.disable("q1", true);
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.sessions("q1"), 1) << "it may be the other's";
    company.sim.directory.disable("q9", true);
    expect_gone();
    EXPECT_EQ(company.conflicts(), "") << "nothing is left to say";
    company.sim.restart();
    company.sim.directory.disable("q9", false);
    company.sim.run_for(minutes{1});
    homeserver().accounts.at(Company::id("q1")).sessions = 1;
    company.sim.run_for(minutes{30});
    EXPECT_EQ(company.sessions("q1"), 1) << "it may be theirs who is back";
    EXPECT_FALSE(company.in("q1", "crew"));
    EXPECT_NE(company.conflicts(), "");
    company.sim.directory.erase("q9");
    expect_gone();
    std::string words;
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.user == Company::id("q1") && (entry.action == "departed" || entry.action == "returned"))
            words += entry.action + ": " + entry.result + "\n";
    EXPECT_EQ(words,
              "departed: q1: account disabled; whoever else may have this account has departed too\n"
              "returned: @q1:corp.example may be somebody's who has not departed\n"
              "departed: q1: account deleted; whoever else may have this account has departed too\n");
}

// The next who has that login may have it as well.
TEST_F(Renamed, ALeaversAccountIsAQuestionAgainWhereSomebodyElseHasTheLogin) {
    homeserver().down = true;
    for (const char* name : {"q1", "q9"}) {
        if (name == std::string("q9")) {
            company.sim.directory.hire("q9", {"Staff"});
            company.sim.directory.rename("q9", "q1");
        }
        company.sim.run_for(minutes{1});
        company.sim.directory.rename(name, name + std::string("-old"));
        company.sim.run_for(minutes{1});
        company.sim.directory.disable(name, true);
    }
    homeserver().down = false;
    expect_gone();
    company.sim.directory.hire("q8", {"Staff", "Crew"});
    company.sim.directory.rename("q8", "q1");
    company.sim.run_for(minutes{1});
    homeserver().accounts.at(Company::id("q1")).sessions = 1;
    company.sim.run_for(minutes{30});
    EXPECT_EQ(company.sessions("q1"), 1) << "it may be that of who is there";
    EXPECT_NE(company.conflicts().find("q1 would be @q1:corp.example"), std::string::npos)
        << company.conflicts();
    company.sim.directory.disable("q8", true);
    expect_gone();
}

// An account may have been made under each login. None of them is free for the next who has that login.
TEST_F(Renamed, OfTwoNamesThatAreBothThereNobodyKnowsWhichIsTheirs) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1b");
    company.sim.run_for(minutes{1});
    homeserver().add_account(Company::id("q1b"));
    company.sim.directory.rename("q1", "q1c");
    company.sim.directory.hire("q9", {"Staff", "Crew"});
    company.sim.directory.rename("q9", "q1b");
    company.sim.run_for(minutes{1});
    company.sim.restart();
    homeserver().down = false;
    company.sim.run_for(minutes{30});
    EXPECT_FALSE(company.in("q1b", "crew"));
    for (const char* line : {"q1b would be @q1b:corp.example, which may be q1c's; give q1b an entry",
                             "q1c was @q1:corp.example until the login changed",
                             "q1c was @q1b:corp.example until the login changed"})
        EXPECT_NE(company.conflicts().find(line), std::string::npos) << company.conflicts();
    company.sim.directory.disable("q1", true);
    expect_gone();
    EXPECT_EQ(company.sessions("q1b"), 1) << "it may be q9's";
    company.sim.directory.disable("q9", true);
    EXPECT_TRUE(company.comes([this] { return company.sessions("q1b") == 0; }));
}

TEST_F(Renamed, OfTwoNamesTheOneThatIsThereIsTheirs) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1b");
    company.sim.run_for(minutes{1});
    company.sim.directory.rename("q1", "q1c");
    company.sim.directory.join("Crew", "q1");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    EXPECT_TRUE(company.comes([this] { return company.in("q1", "crew"); }, minutes{10}))
        << company.conflicts();
    EXPECT_EQ(company.conflicts(), "");
}

// What an entry took from somebody is no question of who had the login for a while either.
TEST_F(Renamed, WhoHadTheLoginOfAnAccountThatWasAnothersHasThatOfTheNewName) {
    homeserver().add_account(Company::id("p1-right"));
    homeserver().add_account(Company::id("rob"));
    company.give("p1", Company::id("p1-right"));
    EXPECT_TRUE(company.comes([this] { return company.in("p1-right", "crew"); }, minutes{10}));
    company.sim.directory.rename("p1", "p1-right");
    company.sim.directory.hire("q5", {"Staff", "Crew"});
    company.sim.directory.rename("q5", "p1");
    company.sim.run_for(minutes{1});
    EXPECT_NE(company.conflicts(), "");
    company.sim.directory.rename("q5", "rob");
    EXPECT_TRUE(company.comes([this] { return company.in("rob", "crew"); }, minutes{10}))
        << company.conflicts();
    EXPECT_EQ(company.conflicts(), "");
    company.sim.directory.disable("q5", true);
    EXPECT_TRUE(company.comes([this] { return company.sessions("rob") == 0; }));
    EXPECT_EQ(company.sessions("p1"), 1) << "never theirs";
}

// A slip in the directory: somebody has a bot's login for a while.
TEST_F(Renamed, ABotsAccountIsNobodysForLife) {
    homeserver().add_account(Company::id("scan"));
    homeserver().add_account(Company::id("tina"));
    company.sim.services.push_back({{}, "scan", Company::id("scan"), {{"crew", {}}}});
    company.sim.apply();
    company.sim.run_for(minutes{1});
    (void)homeserver().join(company.sim.room_id("crew"), Company::id("scan"));
    ASSERT_TRUE(company.comes([this] { return company.in("scan", "crew"); }));
    company.sim.directory.hire("scan", {"Staff", "Crew"});
    company.sim.run_for(minutes{1});
    company.sim.directory.rename("scan", "tina");
    EXPECT_TRUE(company.comes([this] { return company.in("tina", "crew"); }, minutes{10}))
        << company.conflicts();
    company.sim.directory.disable("scan", true);
    EXPECT_TRUE(company.comes([this] { return company.sessions("tina") == 0; }));
    EXPECT_EQ(company.sessions("scan"), 1);
    EXPECT_TRUE(company.in("scan", "crew"));
}

TEST_F(Renamed, WhoseAccountOfBeforeIsGivenToAnotherHasThatOfTheNewName) {
    homeserver().add_account(Company::id("q1-new"));
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1-new");
    company.sim.directory.join("Crew", "q1");
    company.sim.directory.hire("q7", {"Staff"});
    company.sim.run_for(minutes{1});
    company.give("q7", Company::id("q1"));
    homeserver().down = false;
    EXPECT_TRUE(company.comes([this] { return company.in("q1-new", "crew"); }, minutes{10}))
        << company.conflicts();
    company.sim.directory.disable("q1", true);
    EXPECT_TRUE(company.comes([this] { return company.sessions("q1-new") == 0; }));
    EXPECT_EQ(company.sessions("q1"), 1) << "q7's";
}

// A newcomer has the login of who was deleted meanwhile: once an entry says which account is the newcomer's,
// the other one is the leaver's.
TEST_F(Renamed, TheLastCandidateHasTheAccountOnceTheOtherHasAnEntry) {
    homeserver().down = true;
    company.sim.directory.erase("q1");
    company.sim.directory.hire("q8", {"Staff", "Crew"});
    company.sim.directory.rename("q8", "q1");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.sessions("q1"), 1) << "nobody knows whose it is";
    EXPECT_NE(company.conflicts().find("guid:"), std::string::npos) << company.conflicts();
    company.give("q8", Company::id("q8"));
    expect_gone();
}

// Until it is known whether the account of before is theirs, that of the new name is not.
TEST_F(Renamed, TheAccountOfTheNewNameIsLeftAlone) {
    homeserver().add_account(Company::id("left-q1"));
    for (const bool off : {false, true}) {
        const std::string login = off ? "q3" : "q1";
        if (off) {
            homeserver().add_account(Company::id("q3"));
            homeserver().add_account(Company::id("left-q3"));
            company.sim.directory.hire("q3", {"Staff"});
            company.sim.run_for(minutes{1});
            company.sim.stop();
        }
        company.sim.directory.rename(login, "left-" + login, true);
        if (off) company.sim.start();
        EXPECT_TRUE(company.comes([&] { return company.sessions(login) == 0; }));
        company.sim.run_for(minutes{5});
        EXPECT_EQ(company.sessions("left-" + login), 1) << "somebody else's";
    }
}

TEST_F(Renamed, NorIsItLetInAnywhere) {
    homeserver().add_account(Company::id("q9"));
    company.sim.stop();
    company.sim.directory.rename("q1", "q9");
    company.sim.directory.join("Crew", "q1");
    company.sim.start();
    bool let_in = false;
    company.sim.after_turn = [&] {
        const std::string room = company.sim.room_id("crew");
        let_in |= homeserver().membership(room, Company::id("q9")) != MembershipState::none;
    };
    EXPECT_TRUE(company.comes([this] { return company.in("q1", "crew"); }));
    company.sim.run_for(minutes{5});
    EXPECT_FALSE(let_in);
}

TEST_F(Renamed, OfWhoIsDeletedTheConflictNamesTheGuid) {
    homeserver().down = true;
    company.sim.directory.erase("q1");
    company.sim.run_for(minutes{1});
    company.sim.directory.hire("q1b", {"Staff", "Crew"});
    company.sim.directory.rename("q1b", "q1");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{5});
    const std::string guid = company.sim.directory.content.people.at("q1").guid.text();
    EXPECT_NE(company.conflicts().find("q1 would be @q1:corp.example, which may be guid:" + guid +
                                       "'s, which is deleted; give q1 an entry under people.identities"),
              std::string::npos)
        << company.conflicts();
    EXPECT_EQ(company.sessions("q1"), 1) << "whose it is, nobody knows";
}

// Invited, deleted before there was an account, and the login is given to the next.
TEST_F(Renamed, ALoginOfWhoIsDeletedAndNeverHadAnAccountIsFreeForTheNext) {
    company.sim.directory.hire("q2", {"Staff", "Crew"});
    ASSERT_TRUE(company.comes([this] {
        return homeserver().membership(company.sim.room_id("crew"), Company::id("q2")) ==
               MembershipState::invite;
    }));
    company.sim.directory.hire("q3", {"Staff", "Crew"});
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("q3", true);
    company.sim.run_for(minutes{1});
    for (const char* gone : {"q2", "q3"}) company.sim.directory.erase(gone);
    company.sim.run_for(minutes{6});
    company.sim.restart();
    company.sim.run_for(minutes{1});
    for (const std::string login : {"q2", "q3"}) {
        company.sim.directory.hire(login + "b", {"Staff", "Crew"});
        company.sim.directory.rename(login + "b", login);
        homeserver().add_account(Company::id(login));
        EXPECT_TRUE(company.comes([&] { return company.in(login, "crew"); }, minutes{30})) << login;
        company.sim.run_for(minutes{5});
        EXPECT_EQ(company.sessions(login), 1) << login << ": of the one who is there";
    }
    EXPECT_EQ(company.conflicts(), "");
}

TEST_F(Renamed, WhatAnEntrySaidOutlastsIt) {
    company.sim.directory.hire("q2", {"Staff"});
    homeserver().add_account(Company::id("q2"));
    company.sim.run_for(minutes{1});
    company.sim.stop();
    company.sim.directory.rename("q1", "q2", true);
    company.sim.directory.rename("q2", "q1");
    company.sim.start();
    company.sim.run_for(minutes{1});
    company.sim.restart();  // nor is the departure forgotten
    company.sim.run_for(minutes{1});
    company.give("q2", Company::id("q2"));
    company.give("q1", Company::id("q1"));
    expect_gone();
    company.sim.policy.policy.people->identities.clear();
    company.sim.apply();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.sessions("q2"), 1) << "of who stays";
}

TEST_F(Renamed, ARestartBeforeTheHomeserverSaidForgetsNothing) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1-married");
    company.sim.run_for(minutes{1});
    company.sim.restart();
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    const policy::World& world = company.sim.engine().world();
    EXPECT_TRUE(company.comes(
        [&] {
            const PersonId person = world.person(company.sim.directory.content.people.at("q1").guid);
            return world.people[person.index()].kept.valid();
        },
        seconds{20}))
        << "soon after it is back";
    company.sim.directory.disable("q1", true);
    expect_gone();
}

TEST_F(Renamed, AnAccountThatWasMadeSinceTheLastLookIsFound) {
    company.sim.directory.hire("q2", {"Staff", "Crew"});
    company.sim.run_for(minutes{1});
    ASSERT_EQ(
        company.sim.engine().world().account(company.sim.engine().world().users.find(Company::id("q2"))),
        policy::Account::absent);
    homeserver().add_account(Company::id("q2"));
    company.sim.directory.rename("q2", "left-q2", true);
    EXPECT_TRUE(company.comes([this] { return company.sessions("q2") == 0; }));
}

TEST_F(Renamed, ANameWithoutAnAccountIsFreeForTheNext) {
    homeserver().down = true;
    company.sim.directory.hire("q2", {"Staff"});
    company.sim.run_for(minutes{1});
    company.sim.directory.rename("q2", "q2-old");
    company.sim.directory.hire("q2b", {"Staff", "Crew"});
    company.sim.directory.rename("q2b", "q2");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.conflicts(), "");
    homeserver().add_account(Company::id("q2"));
    EXPECT_TRUE(company.comes([this] { return company.in("q2", "crew"); }, minutes{30}));
}

TEST_F(Renamed, ANameThatTwoHaveHadIsNobodys) {
    homeserver().down = true;
    company.sim.directory.rename("q1", "q1-old");
    company.sim.run_for(minutes{1});
    company.sim.directory.hire("q1b", {"Staff"});
    company.sim.directory.rename("q1b", "q1");
    company.sim.run_for(minutes{1});
    company.sim.directory.rename("q1b", "q1-new");
    company.sim.run_for(minutes{1});
    homeserver().down = false;
    company.sim.run_for(minutes{30});
    company.sim.directory.disable("q1b", true);
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.sessions("q1"), 1) << "it may be another's";
    EXPECT_EQ(
        company.conflicts(),
        "q1-new was @q1:corp.example until the login changed, and whose account that is now is not known; "
        "give q1-new an entry under people.identities\n"
        "q1-old was @q1:corp.example until the login changed, and whose account that is now is not known; "
        "give q1-old an entry under people.identities\n");
    company.give("q1b", Company::id("q1"));
    expect_gone();
}

}  // namespace
}  // namespace rollcall::engine
