// bridges/directory/entry: what attributes mean, without a server.
#include "bridges/directory/entry.h"

#include <gtest/gtest.h>

namespace rollcall::directory {
namespace {

const Guid kGuid = *Guid::from_text("00112233-4455-6677-8899-aabbccddeeff");

RawEntry person(std::map<std::string, std::vector<std::string>, std::less<>> values) {
    values.try_emplace("objectclass",
                       std::vector<std::string>{"top", "person", "organizationalPerson", "user"});
    values.try_emplace("usnchanged", std::vector<std::string>{"41"});
    return {"CN=jdoe,OU=Staff,DC=corp", kGuid, std::move(values)};
}

TEST(FileTime, KnowsNeverAndTheEpochs) {
    struct Case {
        std::int64_t file_time;
        std::optional<Time> expected;
    };
    const Case cases[] = {
        {0, kNever},
        {0x7FFFFFFFFFFFFFFF, kNever},
        {133'485'408'000'000'000, *parse_rfc3339("2024-01-01T00:00:00Z")},
        {133'485'408'000'015'000, *parse_rfc3339("2024-01-01T00:00:00.001Z")},
        {125'911'584'000'000'000, *parse_rfc3339("2000-01-01T00:00:00Z")},
        {125'911'583'999'990'000, std::nullopt},  // nobody can mean that
        {116'444'736'000'000'000, std::nullopt},
        {864'000'000'000, std::nullopt},
        {1, std::nullopt},
        {0x7FFFFFFFFFFFFFFE, from_ms(0x7FFFFFFFFFFFFFFE / 10'000 - 11'644'473'600'000)},
        {-1, std::nullopt},
    };
    for (const auto& c : cases) EXPECT_EQ(from_file_time(c.file_time), c.expected) << c.file_time;
}

TEST(Rid, IsTheLastPartOfASid) {
    const std::string domain_users(
        "\x01\x05\0\0\0\0\0\x05\x15\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x01\x02\0\0", 28);
    EXPECT_EQ(rid_of(domain_users), 513U);
    EXPECT_EQ(rid_of(std::string("\x01\x01\0\0\0\0\0\x05\x0b\0\0\0", 12)), 11U);
    for (const std::string& bad :
         {std::string(), std::string("S-1-5-21"), domain_users.substr(0, 27), domain_users + "x",
          std::string("\x02") + domain_users.substr(1), std::string("\x01\0\0\0\0\0\0\x05", 8)})
        EXPECT_EQ(rid_of(bad), std::nullopt) << bad.size();
}

TEST(UserAccountControl, IsUnreadableRatherThanZero) {
    struct Case {
        std::vector<std::string> values;
        std::optional<std::uint32_t> expected;
    };
    const Case cases[] = {{{"512"}, 512U},
                          {{"514"}, 514U},
                          {{"0"}, 0U},
                          {{"-2147483136"}, 0x80000200U},
                          {{"4294967295"}, 0xFFFFFFFFU},
                          {{}, std::nullopt},
                          {{""}, std::nullopt},
                          {{"0x200"}, std::nullopt},
                          {{"99999999999"}, std::nullopt}};
    for (const auto& c : cases) {
        const auto entry = to_person(person({{"useraccountcontrol", c.values}}), {}, {}, 1);
        ASSERT_TRUE(entry);
        EXPECT_EQ(entry->account_control, c.expected);
    }
}

TEST(Person, CarriesWhatWasAskedFor) {
    auto raw = person({{"samaccountname", {"jdoe"}},
                       {"useraccountcontrol", {"512"}},
                       {"accountexpires", {"9223372036854775807"}},
                       {"primarygroupid", {"513"}},
                       {"department", {"Engineering"}},
                       {"othertelephone", {"1", "2"}},
                       {"title", {"not asked for"}}});
    const auto entry = to_person(raw, {"department", "othertelephone", "employeetype"}, {}, 7);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->guid, kGuid);
    EXPECT_EQ(entry->dn, "CN=jdoe,OU=Staff,DC=corp");
    EXPECT_EQ(entry->login, "jdoe");
    EXPECT_EQ(entry->expires, kNever);
    EXPECT_EQ(entry->primary_group, 513U);
    EXPECT_EQ(entry->usn, 41U);
    EXPECT_FALSE(entry->deleted);
    const policy::Attributes expected{{"department", {"Engineering"}}, {"othertelephone", {"1", "2"}}};
    EXPECT_EQ(entry->attributes, expected);
    EXPECT_TRUE(entry->unreadable.empty());
}

TEST(Person, SaysWhatCouldNotBeRead) {
    auto raw = person({{"proxyaddresses", {}}, {"proxyaddresses;range=0-1499", {"smtp:a@b"}}});
    raw.values.erase("usnchanged");
    const auto entry = to_person(raw, {"proxyaddresses"}, {}, 7);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->expires, std::nullopt);
    EXPECT_EQ(entry->primary_group, std::nullopt);
    EXPECT_EQ(entry->usn, 7U);
    EXPECT_EQ(entry->unreadable, (std::vector<std::string>{"usnchanged", "proxyaddresses"}));
    EXPECT_TRUE(entry->attributes.empty());
    const auto hidden = to_person(person({{"department", {"Sales"}}}), {"department", "employeetype"}, {}, 7);
    EXPECT_EQ(hidden->unreadable, std::vector<std::string>{"employeetype"})
        << "userAccountControl is hidden too";
    const auto shown = to_person(person({{"useraccountcontrol", {"512"}}}), {"employeetype"}, {}, 7);
    EXPECT_TRUE(shown->unreadable.empty());
}

TEST(Person, IsNobodyWithoutAGuid) {
    auto raw = person({});
    raw.guid.reset();
    EXPECT_FALSE(to_person(raw, {}, {}, 1));
    raw.values["objectguid"] = {std::string(reinterpret_cast<const char*>(kGuid.bytes.data()), 16)};
    EXPECT_EQ(to_person(raw, {}, {}, 1)->guid, kGuid);
}

TEST(Tombstone, KeepsGuidAndLogin) {
    const auto entry =
        to_person(person({{"isdeleted", {"TRUE"}}, {"samaccountname", {"jdoe"}}}), {"department"}, {}, 1);
    ASSERT_TRUE(entry);
    EXPECT_TRUE(entry->deleted);
    EXPECT_EQ(entry->login, "jdoe");
}

TEST(Group, StartsWithUnknownMembers) {
    const RawEntry raw{"CN=Crew,DC=corp",
                       kGuid,
                       {{"objectclass", {"top", "group"}},
                        {"samaccountname", {"crew$"}},
                        {"cn", {"Crew"}},
                        {"usnchanged", {"9"}},
                        {"objectsid", {std::string("\x01\x01\0\0\0\0\0\x05\x2c\x02\0\0", 12)}}}};
    const auto group = to_group(raw, 1);
    ASSERT_TRUE(group);
    EXPECT_EQ(group->name, "crew$");
    EXPECT_EQ(group->cn, "Crew");
    EXPECT_EQ(group->rid, 556U);
    EXPECT_EQ(group->usn, 9U);
    EXPECT_FALSE(group->members_known);
}

TEST(Kind, GoesByObjectClass) {
    struct Case {
        std::vector<std::string> classes;
        EntryKind expected;
    };
    const Case cases[] = {
        {{"top", "person", "organizationalPerson", "user"}, EntryKind::person},
        {{"top", "person", "organizationalPerson", "user", "inetOrgPerson"}, EntryKind::person},
        {{"top", "person", "organizationalPerson", "USER"}, EntryKind::person},
        {{"top", "person", "organizationalPerson", "user", "computer"}, EntryKind::other},
        {{"top", "person", "organizationalPerson", "contact"}, EntryKind::other},
        {{"top", "group"}, EntryKind::group},
        {{"top", "organizationalUnit"}, EntryKind::container},
        {{"top", "container"}, EntryKind::container},
        {{}, EntryKind::other}};
    for (const auto& c : cases) EXPECT_EQ(kind_of({"", kGuid, {{"objectclass", c.classes}}}), c.expected);
}

TEST(Attributes, AreLowerCaseOnceAndOnlyNames) {
    EXPECT_EQ(normal_attributes(
                  {"employeeType", "department", "Department", "", "*", "a b", "1a", "member;range=0-*"}),
              (std::vector<std::string>{"department", "employeetype"}));
}

}  // namespace
}  // namespace rollcall::directory
