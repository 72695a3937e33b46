#include "policy/accounts_in_question.h"

#include <gtest/gtest.h>

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
