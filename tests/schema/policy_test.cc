// schema/policy_reader: what a policy becomes; what is refused is told by the case files.
#include "schema/policy_reader.h"

#include <gtest/gtest.h>

#include "tests/schema/case_file.h"

namespace rollcall::schema {
namespace {

using policy::Condition;
using policy::Expression;
using policy::RoomText;

constexpr PolicySurroundings kSurroundings{"corp", "corp.example.com", "Europe/Amsterdam"};

// The policy of a case file.
policy::PolicyFile policy_of(std::string_view name) {
    for (const CaseFile& test : read_cases()) {
        if (test.name != name) continue;
        PolicyRead read = read_policy(test.files, kSurroundings);
        EXPECT_FALSE(has_errors(read.diagnostics)) << read.diagnostics.front().text();
        return read.policy;
    }
    ADD_FAILURE() << "there is no case " << name;
    return {};
}

const RoomText& room(const policy::PolicyFile& policy, std::string_view key) {
    for (const RoomText& made : policy.rooms)
        if (made.key == key) return made;
    ADD_FAILURE() << "there is no room " << key;
    static const RoomText kNone;
    return kNone;
}

TEST(Policy, ReadsTheReferenceExample) {
    const policy::PolicyFile policy = policy_of("reference_policy");
    ASSERT_TRUE(policy.people);
    EXPECT_EQ(policy.people->matrix_id.value, "@{sAMAccountName|lower}:corp.example.com");
    EXPECT_EQ(policy.people->identities.at(0).user, "jdoe");
    EXPECT_EQ(policy.people->identities.at(0).matrix_id, "@john.doe:corp.example.com");
    EXPECT_EQ(policy.people->employees->conditions.at(0).name, "All Staff");
    EXPECT_EQ(policy.people->employees->path, "people.employees");
    EXPECT_EQ(policy.people->leave, policy::LeaveScope::every_room);
    EXPECT_TRUE(policy.people->sign_out);
    EXPECT_EQ(policy.protected_ids.at(0).value, "@breakglass:corp.example.com");
    EXPECT_EQ(policy.services.at(0).who, "@alerts:corp.example.com");
    EXPECT_EQ(policy.services.at(0).rooms.at(0).value, "operations");
    ASSERT_EQ(policy.rooms.size(), 6U);
    EXPECT_TRUE(policy.rooms[0].space && policy.rooms[1].space && !policy.rooms[2].space);
    EXPECT_EQ(policy.rooms[1].parent->value, "company");
    EXPECT_EQ(policy.guards.canaries.at(0).value, "rollcall-canary");
    ASSERT_EQ(policy.outsiders.size(), 1U);
    EXPECT_EQ(policy.outsiders[0].who, "@anna:partner.example.org");
    EXPECT_EQ(policy.outsiders[0].sponsor.value, "jdoe");
    EXPECT_EQ(policy.outsiders[0].reason, "Contract 2026-118");
    EXPECT_EQ(to_rfc3339(policy.outsiders[0].until), "2027-01-31T23:00:00.000Z");
    EXPECT_EQ(policy.outsiders[0].until_text, "2027-01-31") << "as it was written, in any zone";
}

TEST(Policy, RoomsHaveWhatIsWrittenAndNothingElse) {
    const policy::PolicyFile policy = policy_of("reference_policy");
    const RoomText& announcements = room(policy, "announcements");
    EXPECT_EQ(announcements.who_posts, policy::WhoPosts::owners);
    EXPECT_EQ(announcements.leaving, policy::Leaving::rejoin);
    EXPECT_FALSE(announcements.admission || announcements.history || announcements.topic ||
                 announcements.alias);
    const RoomText& engineering = room(policy, "engineering");
    EXPECT_EQ(engineering.name, "Engineering");
    EXPECT_EQ(engineering.topic->value, "Build, ship, run");
    EXPECT_EQ(engineering.admission, policy::Admission::join);
    EXPECT_EQ(engineering.history, policy::History::shared);
    EXPECT_EQ(engineering.outsiders, policy::Outsiders::none);
    EXPECT_EQ(engineering.at.line, engineering.name_at.line - 1);
    const RoomText& apollo = room(policy, "apollo");
    EXPECT_EQ(apollo.who_invites, policy::WhoInvites::owners);
    ASSERT_EQ(apollo.formerly.size(), 1U);
    EXPECT_EQ(apollo.formerly[0].value, "project-x");
    EXPECT_EQ(apollo.formerly[0].at.line, apollo.at.line + 1);
    EXPECT_TRUE(engineering.formerly.empty());
    EXPECT_EQ(room(policy_of("room_former_keys"), "board").formerly.at(0).value, "council") << "one alone";
}

TEST(Policy, ExpressionsKeepTheirShapeAndPaths) {
    const policy::PolicyFile policy = policy_of("reference_policy");
    const Expression& members = *room(policy, "engineering").members;
    EXPECT_EQ(members.path, "rooms.engineering.members");
    ASSERT_EQ(members.conditions.size(), 1U);
    const Condition& any = members.conditions[0];
    EXPECT_EQ(any.kind, Condition::Kind::any);
    ASSERT_EQ(any.list.size(), 3U);
    EXPECT_EQ(any.list[1].path, "rooms.engineering.members.any[2]");
    EXPECT_EQ(any.list[2].conditions[0].kind, Condition::Kind::user);
    ASSERT_TRUE(members.except);
    EXPECT_EQ(members.except->path, "rooms.engineering.members.except");
    EXPECT_EQ(members.except->conditions[0].name, "Contractors");
    const Condition& all = room(policy, "operations").members->conditions.at(0);
    EXPECT_EQ(all.list.at(0).word, Expression::Word::employees);
    EXPECT_EQ(all.list.at(1).conditions.at(0).test, Condition::Test::in);
    EXPECT_EQ(all.list.at(1).conditions.at(0).values, (std::vector<std::string>{"Operations", "Support"}));
}

TEST(Policy, ScalarsAreTextWhereTextIsMeant) {
    const policy::PolicyFile policy = policy_of("expression_every_kind");
    const std::vector<Expression>& all = room(policy, "a").members->conditions.at(0).list;
    EXPECT_EQ(all.at(2).conditions.at(0).values, std::vector<std::string>{"no"});
    EXPECT_EQ(all.at(3).conditions.at(0).values, std::vector<std::string>{"007"});
    EXPECT_EQ(all.at(4).conditions.at(0).values, (std::vector<std::string>{"Sales", "12", "true"}));
    EXPECT_EQ(all.at(5).conditions.at(0).test, Condition::Test::matches);
    EXPECT_EQ(all.at(7).conditions.at(0).directory, "corp");
    EXPECT_EQ(all.at(1).conditions.at(0).list.at(3).conditions.size(), 2U);
    EXPECT_EQ(room(policy, "a").owners->word, Expression::Word::nobody);
    EXPECT_EQ(room(policy, "a").members->except->except->conditions.at(0).name, "kbakker");
}

// A policy in which each of so many rooms has a pattern; the n-th of them the (n % different)-th.
PolicyRead with_patterns(std::size_t rooms, std::size_t different) {
    std::string text =
        "people: {matrix_id: '@{sAMAccountName}:corp.example.com', employees: {group: Staff}}\nrooms:\n";
    for (std::size_t i = 0; i < rooms; ++i)
        text += "  r" + std::to_string(i) + ": {name: R, members: {attribute: title, matches: 'a" +
                std::to_string(i % different) + ".*'}}\n";
    return read_policy({{"p.yaml", text}}, kSurroundings);
}

TEST(Policy, EachPatternIsMadeOnce) {
    const PolicyRead read = with_patterns(2'000, 1'000);
    ASSERT_FALSE(has_errors(read.diagnostics)) << read.diagnostics.front().text();
    const auto pattern = [&](std::size_t i) {
        return read.policy.rooms.at(i).members->conditions.at(0).pattern;
    };
    ASSERT_NE(pattern(3), nullptr);
    EXPECT_EQ(pattern(3), pattern(1'003));
    EXPECT_NE(pattern(3), pattern(4));
}

TEST(Policy, MorePatternsThanAreAllowedAreSaidOnce) {
    const PolicyRead read = with_patterns(1'500, 1'500);
    ASSERT_EQ(read.diagnostics.size(), 1U);
    EXPECT_EQ(read.diagnostics[0].message, "more than 1000 different patterns");
    EXPECT_EQ(read.diagnostics[0].at.line, 1'003);
}

TEST(Policy, GuardsKeepTheDefaultsThatAreNotOverwritten) {
    const policy::Guards guards = policy_of("guards_in_part").guards;
    EXPECT_EQ(guards.removals.at_most, 0);
    EXPECT_EQ(guards.removals.within, std::chrono::hours{1});
    EXPECT_EQ(guards.departures.at_most, 50);
    EXPECT_EQ(guards.rooms_created, 20);
    EXPECT_EQ(guards.rooms_released, 0);
}

TEST(Policy, SpacesComeBeforeRoomsWhateverTheFiles) {
    const policy::PolicyFile policy = policy_of("files_share_keys");
    ASSERT_EQ(policy.rooms.size(), 2U);
    EXPECT_EQ(policy.rooms[0].key, "s");
    EXPECT_EQ(policy.rooms[0].at.file.name(), "spaces.yaml");
}

TEST(Policy, NoFilesAreNoPolicy) {
    const PolicyRead read = read_policy({}, kSurroundings);
    ASSERT_EQ(read.diagnostics.size(), 1U);
    EXPECT_EQ(read.diagnostics[0].at.text(), "policy");
}

TEST(Policy, AnUnreadableFileIsNotTakenForAnEmptyOne) {
    const PolicyRead read = read_policy({{"a.yaml", "rooms: [\n"}, {"b.yaml", "rooms: {}\n"}}, kSurroundings);
    ASSERT_EQ(read.diagnostics.size(), 1U);
    EXPECT_EQ(read.diagnostics[0].at.file.name(), "a.yaml");
}

TEST(Policy, ListsAndFilesHaveLimits) {
    std::string text = "protected: [";
    for (int i = 0; i < 10'001; ++i) text += "\"@a:b\",";
    const PolicyRead read = read_policy({{"a.yaml", text + "]\n"}}, kSurroundings);
    ASSERT_FALSE(read.diagnostics.empty());
    EXPECT_NE(read.diagnostics.back().text().find("the list has 10001 entries; at most 10000"),
              std::string::npos);
    const PolicyRead big = read_policy({{"a.yaml", std::string((1U << 20U) + 1, '#')}}, kSurroundings);
    EXPECT_NE(big.diagnostics.front().text().find("the limit is 1048576"), std::string::npos);
}

}  // namespace
}  // namespace rollcall::schema
