// Complete reads of a real controller: what is there, what is hidden, what must not pass for complete.
#include <gtest/gtest.h>

#include <algorithm>

#include "bridges/directory/access.h"
#include "bridges/directory/directory.h"
#include "bridges/directory/members.h"
#include "bridges/directory/root.h"
#include "bridges/directory/sweep.h"
#include "tests/bridges/directory/lab_admin.h"

namespace rollcall::directory {
namespace {

const policy::PersonEntry* find_person(const policy::DirectorySnapshot& snapshot, std::string_view login) {
    const auto at = std::find_if(snapshot.people.begin(), snapshot.people.end(),
                                 [&](const auto& person) { return person.login == login; });
    return at == snapshot.people.end() ? nullptr : &*at;
}

const policy::GroupEntry* find_group(const policy::DirectorySnapshot& snapshot, std::string_view name) {
    const auto at = std::find_if(snapshot.groups.begin(), snapshot.groups.end(),
                                 [&](const auto& group) { return group.name == name; });
    return at == snapshot.groups.end() ? nullptr : &*at;
}

TEST(LabSweep, SeesTheCompany) {
    SKIP_WITHOUT_LAB();
    const auto snapshot = read_all(Lab::get().service());
    ASSERT_TRUE(snapshot) << snapshot.error().text();
    EXPECT_GT(snapshot->people.size(), 200U);
    const auto* jdoe = find_person(*snapshot, "jdoe");
    const auto* gone = find_person(*snapshot, "leaver5");
    const auto* expired = find_person(*snapshot, "leaver6");
    const auto* leads = find_group(*snapshot, "Engineering Leads");
    const auto* guild = find_group(*snapshot, "Architecture Guild");
    const auto* board = find_group(*snapshot, "Standards Board");
    ASSERT_TRUE(jdoe && gone && expired && leads && guild && board);
    EXPECT_EQ(jdoe->account_control.value() & policy::kAccountDisabled, 0U);
    EXPECT_EQ(jdoe->expires, kNever);
    EXPECT_EQ(jdoe->attributes.at("department"), std::vector<std::string>{"Engineering"});
    EXPECT_NE(gone->account_control.value() & policy::kAccountDisabled, 0U);
    EXPECT_EQ(to_rfc3339(expired->expires.value()), "2024-01-01T00:00:00.000Z");
    EXPECT_TRUE(leads->members_known);
    EXPECT_EQ(std::count(leads->members.begin(), leads->members.end(), jdoe->guid), 1);
    EXPECT_EQ(std::count(guild->members.begin(), guild->members.end(), board->guid), 1);
    for (const auto& person : snapshot->people) {
        EXPECT_TRUE(person.account_control && person.expires && person.primary_group) << person.dn;
        EXPECT_GT(person.usn, 0U);
        EXPECT_FALSE(person.login.ends_with('$')) << person.dn;
    }
    for (const auto& group : snapshot->groups) {
        EXPECT_TRUE(group.members_known) << group.dn;
        EXPECT_EQ(group.members_unnamed, 0U) << group.dn;
        EXPECT_NE(group.rid, 0U) << group.dn;
    }
    EXPECT_EQ(remark(*snapshot), "");
}

TEST(LabSweep, NeedsItsCanaries) {
    SKIP_WITHOUT_LAB();
    auto s = Lab::get().service();
    s.wanted.canaries = {"ROLLCALL-canary", "no-such-canary"};
    const auto snapshot = read_all(s);
    ASSERT_FALSE(snapshot);
    EXPECT_NE(snapshot.error().message.find("no-such-canary"), std::string::npos) << snapshot.error().message;
}

TEST(LabSweep, KeepsToItsLimits) {
    SKIP_WITHOUT_LAB();
    auto s = Lab::get().service();
    s.limits.entries = 100;
    EXPECT_EQ(read_all(s).error().kind, ErrorKind::limit);
    s = Lab::get().service();
    s.limits.value_bytes = 8;
    EXPECT_EQ(read_all(s).error().kind, ErrorKind::limit);
}

// Hidden, empty, and filled: three groups that look alike to a reader who does not ask further.
TEST(LabSweep, TellsAHiddenGroupFromAnEmptyOne) {
    SKIP_WITHOUT_LAB();
    LabAdmin admin;
    admin.add_person("CN=rc-sweep,OU=Staff", "rc-sweep");
    for (const char* name : {"rc-hidden", "rc-empty", "rc-filled", "rc-closed"}) {
        const std::string where = "CN=" + std::string(name) + ",OU=Groups";
        admin.add_group(where, name);
        if (std::string_view(name) != "rc-empty") admin.add_member(where, "CN=rc-sweep,OU=Staff");
    }
    admin.deny("CN=rc-hidden,OU=Groups", &member_property().attribute);
    admin.deny("CN=rc-closed,OU=Groups", &member_property().set);
    const auto snapshot = read_all(Lab::get().service());
    ASSERT_TRUE(snapshot) << snapshot.error().text();
    const auto* person = find_person(*snapshot, "rc-sweep");
    ASSERT_NE(person, nullptr);
    for (const auto& [name, known, members] :
         {std::tuple{"rc-hidden", false, 0U}, std::tuple{"rc-closed", false, 0U},
          std::tuple{"rc-empty", true, 0U}, std::tuple{"rc-filled", true, 1U}}) {
        const auto* group = find_group(*snapshot, name);
        ASSERT_NE(group, nullptr) << name;
        EXPECT_EQ(group->members_known, known) << name;
        EXPECT_EQ(group->members.size(), members) << name;
        Cutoff cutoff;
        auto connection = Connection::open(Lab::get().service(), cutoff);
        const auto root = read_root(*connection, Lab::get().service());
        const auto single = read_group(*connection, group->guid, root->usn, root->sids);
        ASSERT_TRUE(single) << single.error().text();
        EXPECT_EQ(single->members_known, known) << name;
        EXPECT_EQ(single->members, group->members) << name;
        admin.remove("CN=" + std::string(name) + ",OU=Groups");
    }
    EXPECT_NE(remark(*snapshot).find("`member` of 2 of"), std::string::npos) << remark(*snapshot);
    admin.remove("CN=rc-sweep,OU=Staff");
}

// userAccountControl: bf967a68-0de6-11d0-a285-00aa003049e2 (MS-ADA3).
TEST(LabSweep, AHiddenStateIsUnknown) {
    SKIP_WITHOUT_LAB();
    LabAdmin admin;
    admin.add_person("CN=rc-state,OU=Staff", "rc-state");
    const auto attribute = Guid::from_text("bf967a68-0de6-11d0-a285-00aa003049e2");
    admin.deny("CN=rc-state,OU=Staff", &*attribute);
    const auto snapshot = read_all(Lab::get().service());
    ASSERT_TRUE(snapshot) << snapshot.error().text();
    const auto* person = find_person(*snapshot, "rc-state");
    ASSERT_NE(person, nullptr);
    EXPECT_EQ(person->account_control, std::nullopt);
    EXPECT_EQ(person->expires, kNever);
    EXPECT_NE(remark(*snapshot).find("the state of 1 of"), std::string::npos) << remark(*snapshot);
    admin.remove("CN=rc-state,OU=Staff");
}

}  // namespace
}  // namespace rollcall::directory
