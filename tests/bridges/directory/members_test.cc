// bridges/directory/members and raw_entry: ranges, extended names, values without a GUID.
#include "bridges/directory/members.h"

#include <gtest/gtest.h>

#include "bridges/directory/search.h"

namespace rollcall::directory {
namespace {

RawEntry entry(std::map<std::string, std::vector<std::string>, std::less<>> values) {
    return {"CN=Crew", std::nullopt, std::move(values)};
}

TEST(ExtendedName, GivesGuidAndPlainName) {
    struct Case {
        std::string text;
        bool guid;
        std::string dn;
    };
    const Case cases[] = {
        {"<GUID=5b89143b-f42b-4207-9fe9-44a38f4a42ac>;<SID=S-1-5-21-1-2-3-1102>;CN=jdoe,DC=corp", true,
         "CN=jdoe,DC=corp"},
        {"<GUID=5b89143b-f42b-4207-9fe9-44a38f4a42ac>;CN=a\\;b,DC=corp", true, "CN=a\\;b,DC=corp"},
        {"<SID=S-1-5-11>;CN=S-1-5-11,CN=ForeignSecurityPrincipals,DC=corp", false,
         "CN=S-1-5-11,CN=ForeignSecurityPrincipals,DC=corp"},
        {"CN=jdoe,DC=corp", false, "CN=jdoe,DC=corp"},
        {"<GUID=5b89143b>;CN=short", false, "CN=short"},
        {"<GUID=5b89143b-f42b", false, "<GUID=5b89143b-f42b"},
        {"", false, ""},
    };
    for (const auto& c : cases) {
        const auto name = parse_extended_name(c.text);
        EXPECT_EQ(name.guid.has_value(), c.guid) << c.text;
        EXPECT_EQ(name.dn, c.dn) << c.text;
    }
}

TEST(Members, AnEmptyMemberBesideARangeIsNotEmpty) {
    const auto raw = entry({{"member", {}}, {"member;range=0-1499", {"a", "b"}}});
    const auto part = members_in(raw);
    ASSERT_NE(part.values, nullptr);
    EXPECT_EQ(part.values->size(), 2U);
    EXPECT_FALSE(part.complete);
    EXPECT_EQ(part.next, 1500U);
}

TEST(Members, TheLastRangeEndsInAStar) {
    const auto raw = entry({{"member;range=1500-*", {"c"}}});
    EXPECT_TRUE(members_in(raw).complete);
    EXPECT_EQ(members_in(raw).values->size(), 1U);
}

TEST(Members, AbsentIsNotAnEmptyList) {
    EXPECT_EQ(members_in(entry({})).values, nullptr);
    EXPECT_EQ(members_in(entry({{"member", {}}})).values, nullptr);
    EXPECT_EQ(members_in(entry({{"memberof", {"x"}}})).values, nullptr);
    EXPECT_TRUE(members_in(entry({{"member", {"x"}}})).complete);
}

TEST(Members, WithoutAGuidAreCounted) {
    policy::GroupEntry group;
    add_members(group, {"<GUID=5b89143b-f42b-4207-9fe9-44a38f4a42ac>;CN=jdoe", "CN=phantom",
                        "<SID=S-1-5-11>;CN=S-1-5-11"});
    EXPECT_EQ(group.members.size(), 1U);
    EXPECT_EQ(group.members_unnamed, 2U);
}

TEST(Filter, ValuesCannotLeaveTheirPlace) {
    EXPECT_EQ(filter_value("j.doe-1"), "j.doe-1");
    EXPECT_EQ(filter_value("*)(objectClass=*"), "\\2a\\29\\28objectClass\\3d\\2a");
    EXPECT_EQ(filter_value("\xc3\xa9\\"), "\\c3\\a9\\5c");
}

}  // namespace
}  // namespace rollcall::directory
