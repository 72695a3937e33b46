// policy/pattern: what a pattern matches, and what is found once for all who share a value.
#include "policy/pattern.h"

#include <gtest/gtest.h>

#include "policy/pattern_index.h"
#include "tests/policy/world_builder.h"

namespace rollcall::policy {
namespace {

TEST(Pattern, WhatIsNoneSaysWhy) {
    const Result<Pattern> made = make_pattern("(Sales");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(made.error().message, "missing ): (Sales");
}

class Patterns : public testing::Test {
  protected:
    void add(const std::string& attribute, const char* pattern) {
        index.add(attribute, ConditionId(next++), *make_pattern(pattern));
    }
    std::vector<std::size_t> found(const std::string& attribute, const std::string& value) {
        std::vector<ConditionId> holds;
        index.find(attribute, value, holds);
        std::vector<std::size_t> out;
        for (const ConditionId id : holds) out.push_back(id.index());
        return out;
    }

    PatternIndex index;
    std::size_t next = 0;
};

TEST_F(Patterns, CoverTheWholeValueWhateverItsCase) {
    add("title", "Head.*");
    add("title", ".*engineer");
    add("department", "Head.*");
    const std::vector<std::size_t> head{0}, both{0, 1}, other{2};
    EXPECT_EQ(found("title", "HEAD of sales"), head);
    EXPECT_EQ(found("title", "head engineer"), both);
    EXPECT_TRUE(found("title", "the head").empty());
    EXPECT_EQ(found("department", "Head office"), other);
    EXPECT_TRUE(found("mail", "Head office").empty());
}

TEST_F(Patterns, SayTheSameOfAValueAgainHoweverManyThereAre) {
    add("title", "T.*7");
    const std::vector<std::size_t> matched{0};
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 10'020; ++i) {
            const std::string value = "T" + std::to_string(i);
            EXPECT_EQ(found("title", value), i % 10 == 7 ? matched : std::vector<std::size_t>{}) << value;
        }
}

TEST_F(Patterns, AppendToWhatIsKnownToHold) {
    add("title", "x");
    std::vector<ConditionId> holds{ConditionId(5)};
    index.find("title", "x", holds);
    index.find("title", "x", holds);
    EXPECT_EQ(holds, (std::vector<ConditionId>{ConditionId(5), ConditionId(0), ConditionId(0)}));
}

TEST(PatternCondition, FollowsWhoeverGetsAnotherValue) {
    test::Scene scene;
    scene.directory.person("anna", {"Staff"}).attributes = {{"title", {"Head of Sales"}}};
    scene.directory.person("ben", {"Staff"}).attributes = {{"title", {"Head of Sales"}}};
    scene.room("heads", "attribute title matches 'head .*'");
    scene.start();
    EXPECT_EQ(scene.says("anna", "heads"), "in member");
    EXPECT_EQ(scene.says("ben", "heads"), "in member");
    scene.directory.people.at("ben").attributes = {{"title", {"Salesman"}}};
    scene.learn(scene.directory.changes({"ben"}));
    EXPECT_EQ(scene.says("anna", "heads"), "in member");
    EXPECT_EQ(scene.says("ben", "heads"), "out not_listed");
}

}  // namespace
}  // namespace rollcall::policy
