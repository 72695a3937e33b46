#include "policy/accounts_in_question.h"

#include <gtest/gtest.h>

#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {
namespace {

const UserId kAnna{std::size_t{3}}, kAnnaOld{std::size_t{5}};
const Guid kOne = guid_of("person", "one"), kOther = guid_of("person", "other");

TEST(AccountsInQuestionTest, SaysTheSameThereAndBack) {
    AccountsInQuestion accounts;
    accounts.set_can_ask(true);
    EXPECT_FALSE(accounts.contains(kAnna));
    EXPECT_TRUE(accounts.candidates(kAnna).empty());
    EXPECT_FALSE(accounts.waits_for(kOne).valid());

    EXPECT_TRUE(accounts.add(kAnna, kOther));
    EXPECT_TRUE(accounts.add(kAnna, kOne));
    EXPECT_FALSE(accounts.add(kAnna, kOne)) << "once";
    EXPECT_EQ(accounts.candidates(kAnna), (std::vector<Guid>{kOther, kOne})) << "in the order of their changes";
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
    EXPECT_TRUE(accounts.add_departed(kOne));
    EXPECT_FALSE(accounts.add_departed(kOne));
    EXPECT_TRUE(accounts.departed(kOne));
    EXPECT_FALSE(accounts.departed(kOther));
    EXPECT_TRUE(accounts.remove_departed(kOne));
    EXPECT_FALSE(accounts.remove_departed(kOne));
    EXPECT_FALSE(accounts.departed(kOne));
}

}  // namespace
}  // namespace rollcall::policy::test
