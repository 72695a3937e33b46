// What one drain brings is one state, against a controller (moving.py) on which things change while it is
// read.
#include <gtest/gtest.h>
#include <algorithm>

#include "bridges/directory/drain.h"
#include "bridges/directory/search.h"
#include "tests/bridges/directory/controller.h"

namespace rollcall::directory {
namespace {

class Moving : public testing::Test {
  protected:
    static void SetUpTestSuite() { controller.start(MOVING_CONTROLLER); }
    static void TearDownTestSuite() { controller.stop(); }
    [[nodiscard]] static Result<Drained> drain_of(const std::string& base) {
        Settings settings = controller.settings();
        settings.base = "DC=" + base;
        Cutoff cutoff;
        auto connection = Connection::open(settings, cutoff);
        if (!connection) return pass(connection);
        Query begin;  // from here on it is this one that is asked
        begin.base = "<GUID=aaaaaaaa-0000-0000-0000-00000000000a>,DC=" + base;
        begin.attributes = {"cn"};
        if (const auto begun = read_one(*connection, begin); !begun) return pass(begun);
        Rights rights;
        return drain(*connection, settings, {}, Root{}, rights, 100);
    }
    [[nodiscard]] static bool is_member(const policy::GroupEntry& group) {
        return std::find(group.members.begin(), group.members.end(),
                         Guid::from_text("33333333-0000-0000-0000-000000000003")) != group.members.end();
    }
    static Controller controller;
};
Controller Moving::controller;

TEST_F(Moving, WhatChangedWhileItWasReadIsReadAgain) {
    const auto drained = drain_of("three");
    ASSERT_TRUE(drained) << drained.error().message;
    const policy::DirectoryChanges& changes = drained->changes;
    ASSERT_EQ(changes.people.size(), 1U);
    ASSERT_EQ(changes.groups.size(), 2U);
    EXPECT_TRUE(drained->steady);
    EXPECT_TRUE(changes.groups_verified);
    EXPECT_EQ(changes.evidence.usn, 109U);
    for (const policy::GroupEntry& group : changes.groups)
        EXPECT_NE(is_member(group), group.rid == changes.people[0].primary_group)
            << "of each group either a plain member, or by the primary group: " << group.name;
}

// Then it proves nobody's absence, and what moved last comes again.
TEST_F(Moving, WhereThatHasNoEndNothingIsConcluded) {
    const auto drained = drain_of("endless");
    ASSERT_TRUE(drained) << drained.error().message;
    EXPECT_FALSE(drained->steady);
    EXPECT_FALSE(drained->changes.groups_verified);
    std::uint64_t newest = 0;
    for (const policy::GroupEntry& group : drained->changes.groups) newest = std::max(newest, group.usn);
    EXPECT_LT(drained->changes.evidence.usn, newest);
    EXPECT_TRUE(drained->changes.people.empty()) << "whose entry moved with the groups comes with them";
}

// What it is decides whoever knows it.
TEST_F(Moving, WhatDoesNotSayWhatItIsIsToldAllTheSame) {
    const auto drained = drain_of("unclassed");
    ASSERT_TRUE(drained) << drained.error().message;
    ASSERT_EQ(drained->changes.people.size(), 1U);
    const policy::PersonEntry& pim = drained->changes.people[0];
    EXPECT_TRUE(pim.unclassed);
    EXPECT_EQ(pim.guid, Guid::from_text("33333333-0000-0000-0000-000000000003"));
    EXPECT_EQ(pim.account_control, 514U);
}

}  // namespace
}  // namespace rollcall::directory
