#include "policy/accounts_in_question.h"

#include <gtest/gtest.h>
#include <algorithm>

#include "policy/explain.h"
#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {
namespace {

const UserId kAnna{std::size_t{3}}, kAnnaOld{std::size_t{5}};
const Guid kOne = guid_of("person", "one"), kOther = guid_of("person", "other");

constexpr const char *kBefore = "@anna:corp.example", *kNow = "@anna-new:corp.example";

// anna was never seen in use, and her login changes.
class LoginOfBefore : public testing::Test {
  protected:
    LoginOfBefore() {
        scene.world.in_question.set_can_ask(true);
        scene.directory.person("anna", {"Staff", "Eng"});
        scene.room("eng", "group Eng");
        scene.start();
    }
    Effects rename(const std::string& made_as, const std::string& login) {
        scene.directory.people.at(made_as).login = login;
        scene.directory.wrote(made_as);
        return scene.learn(scene.directory.changes({made_as}));
    }
    [[nodiscard]] std::string why(const char* id) {
        return explain_verdict(*scene.decider, scene.user(id), scene.room_index("eng")).short_text;
    }
    [[nodiscard]] UserId has(const std::string& made_as) {
        return scene.decider->user_of(scene.world.person(guid_of("person", made_as)));
    }

    Scene scene;
};

TEST_F(LoginOfBefore, WhoWaitsForThatIsToldSo) {
    const Effects effects = rename("anna", "anna-new");
    EXPECT_EQ(effects.find_accounts, std::vector<UserId>{scene.user(kBefore)});
    EXPECT_FALSE(has("anna").valid());
    EXPECT_EQ(why(kNow),
              "this Matrix ID is anna-new's unless there is an account @anna:corp.example, of the login "
              "before: the homeserver has not said yet");
    scene.learn(AccountSeen{scene.user(kBefore), Account::absent});
    EXPECT_EQ(has("anna"), scene.user(kNow));
    EXPECT_EQ(why(kNow), "group Eng");
}

TEST_F(LoginOfBefore, TheAccountThatIsThereIsTheirs) {
    rename("anna", "anna-new");
    scene.learn(AccountSeen{scene.user(kBefore), Account::present});
    EXPECT_EQ(has("anna"), scene.user(kBefore));
    EXPECT_FALSE(scene.world.in_question.contains(scene.user(kBefore)));
}

// Without a mask nobody says, so nobody waits; but whose the account is, once there is one, is known of no
// two.
TEST_F(LoginOfBefore, WhereTheHomeserverCannotBeAskedNobodyWaits) {
    scene.world.in_question.set_can_ask(false);
    rename("anna", "anna-new");
    EXPECT_EQ(has("anna"), scene.user(kNow));
    EXPECT_TRUE(scene.world.in_question.contains(scene.user(kBefore)));
    scene.directory.person("bert", {"Staff", "Eng"});
    rename("bert", "anna");
    EXPECT_FALSE(has("bert").valid());
    EXPECT_EQ(why(kBefore),
              "this Matrix ID was anna-new's until the login changed, and whose account it is now is not "
              "known");
}

// What becomes of the account, as whoever may have it departs and comes back.
class LeaversAccount : public LoginOfBefore {
  protected:
    void account() { scene.learn(AccountSeen{scene.user(kBefore), Account::present}); }
    Effects set(const std::string& made_as, std::optional<std::uint32_t> control) {
        scene.directory.people.at(made_as).account_control = control;
        scene.directory.wrote(made_as);
        DirectoryChanges changes = scene.directory.changes({made_as});
        changes.evidence.time = scene.world.now += std::chrono::seconds{1};
        return scene.learn(std::move(changes));
    }
    Effects erase(const std::string& made_as) {
        scene.directory.people.at(made_as).deleted = true;
        scene.directory.wrote(made_as);
        return scene.learn(scene.directory.changes({made_as}));
    }
    [[nodiscard]] bool leaves() {
        const std::vector<std::string> plan = scene.plan_of(kBefore);
        std::vector<std::string> whole = scene.plan(), held = scene.backlog_lines();
        std::sort(whole.begin(), whole.end());
        std::sort(held.begin(), held.end());
        EXPECT_EQ(held, whole) << "nothing is missed";
        return std::any_of(plan.begin(), plan.end(), [](const std::string& line) {
            return line.find("sign_out") != std::string::npos;
        });
    }
};

// Two may have anna's account of before, which is there.
class OneOfTwo : public LeaversAccount {
  protected:
    OneOfTwo() {
        scene.directory.person("bert", {"Staff", "Eng"});
        rename("anna", "anna-new");
        rename("bert", "anna");
        account();
    }
};

TEST_F(OneOfTwo, IsALeaversOnceBothHaveDeparted) {
    set("anna", 514);
    EXPECT_FALSE(leaves());
    set("bert", std::nullopt);
    EXPECT_FALSE(leaves()) << "nobody knows of the other";
    set("bert", 512);
    erase("anna");
    EXPECT_FALSE(leaves());
    erase("bert");
    EXPECT_TRUE(leaves());
    EXPECT_EQ(why(kBefore), "departed: whoever may have this account has departed");
    EXPECT_EQ(scene.says(kBefore, "eng"), "out departed");
    EXPECT_TRUE(scene.decider->conflicts().empty());
}

TEST_F(OneOfTwo, MayBeTheirsWhoIsBack) {
    set("anna", 514);
    set("bert", 514);
    EXPECT_TRUE(leaves());
    set("anna", std::nullopt);
    EXPECT_TRUE(leaves()) << "what is hidden undoes nothing";
    set("anna", 512);
    EXPECT_FALSE(leaves());
    EXPECT_EQ(scene.decider->conflicts().size(), 2);
    EXPECT_TRUE(scene.world.departing.empty());
}

TEST_F(OneOfTwo, OfWhomNoneIsInTheDirectoryButNoneIsDeletedStays) {
    set("anna", 514);
    DirectorySnapshot read = scene.directory.snapshot();
    std::erase_if(read.people, [](const PersonEntry& one) { return one.guid == guid_of("person", "bert"); });
    scene.learn(std::move(read));
    EXPECT_FALSE(leaves()) << "not found is not departed";
}

TEST_F(OneOfTwo, IsProtectedOrABotsAllTheSame) {
    scene.service("scan", kBefore, {"eng"});
    ASSERT_TRUE(scene.apply());
    scene.learn(TimePassed{scene.world.now});
    set("anna", 514);
    set("bert", 514);
    EXPECT_FALSE(leaves());
    EXPECT_EQ(scene.says(kBefore, "eng"), "in service");
    scene.policy.services.clear();
    scene.policy.protected_ids.push_back({kBefore, {}});
    ASSERT_TRUE(scene.apply());
    scene.learn(TimePassed{scene.world.now});
    EXPECT_FALSE(leaves());
    EXPECT_EQ(scene.says(kBefore, "eng"), "unknown protected");
}

// Two at once whose login makes it, of whom nobody was known by it.
TEST_F(LeaversAccount, OfTwoWhoseLoginMakesItIsALeaversOnceBothHaveDeparted) {
    scene.directory.person("bert", {"Staff", "Eng"});
    scene.directory.people.at("bert").login = "anna";
    scene.read();
    account();
    EXPECT_EQ(scene.decider->conflicts().size(), 2);
    set("bert", 514);
    EXPECT_FALSE(leaves());
    set("anna", 514);
    EXPECT_TRUE(leaves());
    EXPECT_EQ(scene.says(kBefore, "eng"), "out departed");
    EXPECT_TRUE(scene.decider->conflicts().empty());
    set("bert", 512);
    EXPECT_FALSE(leaves());
    EXPECT_EQ(scene.says(kBefore, "eng"), "unknown undecided");
    EXPECT_EQ(scene.decider->conflicts().size(), 2);
}

// Of two names one after another the first is theirs; the other's account may be of somebody whom the
// directory does not know.
TEST_F(LeaversAccount, OfTwoNamesThatSomebodyHadTheFirstIs) {
    const char* const between = "@anna-b:corp.example";
    rename("anna", "anna-b");
    rename("anna", "anna-c");
    account();
    scene.learn(AccountSeen{scene.user(between), Account::present});
    set("anna", 514);
    EXPECT_TRUE(leaves());
    EXPECT_EQ(scene.plan_of(between), std::vector<std::string>{});
    EXPECT_FALSE(scene.world.departing.contains(scene.user(between)));
    EXPECT_FALSE(scene.decider->conflicts().empty()) << "somebody must decide";
}

// As anybody's: who answers for outsiders does not answer for leavers.
TEST_F(OneOfTwo, IsLetInByNoApproval) {
    scene.directory.person("carl", {"Staff"});
    scene.read();
    scene.policy.rooms.back().outsiders = Outsiders::approved;
    scene.approval("guest", kBefore, {"eng"}, "carl", scene.world.now + std::chrono::hours{1});
    ASSERT_TRUE(scene.apply());
    scene.learn(TimePassed{scene.world.now});
    set("anna", 514);
    EXPECT_FALSE(leaves());
    set("bert", 514);
    EXPECT_TRUE(leaves());
    EXPECT_EQ(scene.says(kBefore, "eng"), "out departed");
}

TEST_F(OneOfTwo, IsNotALeaversWhereAnEntryGivesItToSomebodyElse) {
    set("anna", 514);
    set("bert", 514);
    EXPECT_TRUE(leaves());
    scene.directory.person("carl", {"Staff"});
    scene.read();
    scene.policy.people->identities.push_back({{}, "carl", kBefore});
    ASSERT_TRUE(scene.apply());
    scene.learn(TimePassed{scene.world.now});
    EXPECT_FALSE(leaves());
    EXPECT_FALSE(scene.world.departing.contains(scene.user(kBefore)));
}

// The departure counts from when the last of them departed.
TEST_F(OneOfTwo, DepartsWithTheLast) {
    set("anna", 514);
    const Effects effects = set("bert", 514);
    const auto departed = std::find_if(effects.notes.begin(), effects.notes.end(),
                                       [](const Note& note) { return note.kind == Note::Kind::departed; });
    ASSERT_NE(departed, effects.notes.end());
    EXPECT_EQ(departed->person, scene.world.person(guid_of("person", "bert")));
    EXPECT_EQ(departed->user, scene.user(kBefore));
    ASSERT_TRUE(departed->evidence);
    EXPECT_EQ(departed->evidence->otherwise, scene.world.now - std::chrono::seconds{1})
        << "when bert was known to be there for the last time";
}

TEST(AccountsInQuestionTest, SaysTheSameThereAndBack) {
    AccountsInQuestion accounts;
    accounts.set_can_ask(true);
    EXPECT_FALSE(accounts.contains(kAnna));
    EXPECT_TRUE(accounts.candidates(kAnna).empty());
    EXPECT_FALSE(accounts.waits_for(kOne).valid());

    EXPECT_TRUE(accounts.add(kAnna, kOther));
    EXPECT_TRUE(accounts.add(kAnna, kOne));
    EXPECT_FALSE(accounts.add(kAnna, kOne)) << "once";
    EXPECT_EQ(accounts.candidates(kAnna), (std::vector<Guid>{kOther, kOne}))
        << "in the order of their changes";
    EXPECT_EQ(accounts.waits_for(kOne), kAnna);
    EXPECT_FALSE(accounts.waits_for(kOne, kAnna).valid()) << "that is the one they would have";

    EXPECT_EQ(accounts.remove(kOne), std::vector<UserId>{kAnna});
    EXPECT_EQ(accounts.candidates(kAnna), std::vector<Guid>{kOther});
    EXPECT_FALSE(accounts.waits_for(kOne).valid());
    EXPECT_TRUE(accounts.remove(kOne).empty());
    EXPECT_EQ(accounts.remove(kOther), std::vector<UserId>{kAnna});
    EXPECT_FALSE(accounts.contains(kAnna)) << "nobody's any more";
    EXPECT_TRUE(accounts.all().empty());
}

TEST(AccountsInQuestionTest, OfANameThatIsSettledNobodyWaits) {
    AccountsInQuestion accounts;
    accounts.set_can_ask(true);
    accounts.add(kAnna, kOne);
    accounts.add(kAnna, kOther);
    accounts.remove(kAnna);
    accounts.remove(kAnnaOld);
    EXPECT_FALSE(accounts.contains(kAnna));
    EXPECT_FALSE(accounts.waits_for(kOne).valid());
    EXPECT_FALSE(accounts.waits_for(kOther).valid());
}

// Two logins were changed while there was no mask; then there is one.
TEST(AccountsInQuestionTest, EachNameOfBeforeIsWaitedFor) {
    AccountsInQuestion accounts;
    accounts.add(kAnnaOld, kOne);
    accounts.add(kAnna, kOne);
    EXPECT_FALSE(accounts.waits_for(kOne).valid()) << "nobody will say";
    accounts.set_can_ask(true);
    EXPECT_EQ(accounts.waits_for(kOne), kAnnaOld);
    EXPECT_EQ(accounts.waits_for(kOne, kAnnaOld), kAnna);
    accounts.remove(kAnna);
    EXPECT_EQ(accounts.waits_for(kOne), kAnnaOld);
    EXPECT_EQ(accounts.remove(kOne), std::vector<UserId>{kAnnaOld});
    EXPECT_FALSE(accounts.contains(kAnnaOld));
}

TEST(AccountsInQuestionTest, WhoDepartedIsWaitedForOnce) {
    AccountsInQuestion accounts;
    EXPECT_TRUE(accounts.add_departed(kOne, from_ms(5)));
    EXPECT_FALSE(accounts.add_departed(kOne, from_ms(9)));
    EXPECT_EQ(accounts.departed(kOne), from_ms(5)) << "what was said first";
    EXPECT_EQ(accounts.departed(kOther), std::nullopt);
    EXPECT_EQ(accounts.remove_departed(kOne), from_ms(5));
    EXPECT_EQ(accounts.remove_departed(kOne), std::nullopt);
    EXPECT_EQ(accounts.departed(kOne), std::nullopt);
}

}  // namespace
}  // namespace rollcall::policy::test
