// Complete reads of a real controller: what is there, what is hidden, what must not pass for complete.
#include <gtest/gtest.h>

#include <algorithm>

#include "bridges/directory/access.h"
#include "bridges/directory/directory.h"
#include "bridges/directory/drain.h"
#include "bridges/directory/members.h"
#include "bridges/directory/rights.h"
#include "bridges/directory/root.h"
#include "bridges/directory/sweep.h"
#include "policy/compile.h"
#include "policy/step.h"
#include "tests/bridges/directory/lab_admin.h"
#include "tests/bridges/directory/lab_recorder.h"

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
    EXPECT_EQ(remarks_text(*snapshot), "");
}

TEST(LabSweep, NeedsItsCanaries) {
    SKIP_WITHOUT_LAB();
    auto s = Lab::get().service();
    s.wanted.canaries.push_back({Guid{{1, 2, 3}}, "no-such-canary"});
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
    EXPECT_NE(remarks_text(*snapshot).find("`member` of 2 of"), std::string::npos) << remarks_text(*snapshot);
    admin.remove("CN=rc-sweep,OU=Staff");
}

const policy::ContainerEntry* find_container(const policy::DirectorySnapshot& snapshot,
                                             const std::string& dn) {
    const auto at = std::find_if(snapshot.containers.begin(), snapshot.containers.end(),
                                 [&](const auto& container) { return container.dn == dn; });
    return at == snapshot.containers.end() ? nullptr : &*at;
}

TEST(LabSweep, KnowsWhatPeopleStandBelow) {
    SKIP_WITHOUT_LAB();
    const auto snapshot = read_all(Lab::get().service());
    ASSERT_TRUE(snapshot) << snapshot.error().text();
    for (const std::string& dn : {Lab::get().base, Lab::get().dn("OU=Staff"), Lab::get().dn("CN=Users")}) {
        const auto* container = find_container(*snapshot, dn);
        ASSERT_NE(container, nullptr) << dn;
        EXPECT_FALSE(container->guid.empty());
        EXPECT_GT(container->usn, 0U);
    }
    for (const auto& person : snapshot->people)
        EXPECT_NE(find_container(*snapshot, person.dn.substr(person.dn.find(',') + 1)), nullptr) << person.dn;
}

// A policy with one room for one group, over a world that hears of complete reads.
struct Room {
    policy::World world;
    std::unique_ptr<policy::Decider> decider;
    void apply(const std::string& group) {
        policy::Condition condition;
        condition.name = group;
        policy::PolicyFile file;
        file.people.emplace().matrix_id = {"@{sAMAccountName|lower}:corp.example.com", {}};
        file.people->employees.emplace();
        file.people->employees->word = policy::Expression::Word::employees;
        policy::RoomText& room = file.rooms.emplace_back();
        room.key = "room";
        room.members.emplace().conditions = {condition};
        const auto compiled = policy::compile(file, world, {}, "test");
        ASSERT_TRUE(compiled.program) << compiled.diagnostics.front().text();
        decider = std::make_unique<policy::Decider>(world, compiled.program);
    }
    policy::Presence presence(const std::string& login) {
        return decider->verdict(world.user("@" + login + ":corp.example.com"), 0).presence;
    }
};

// Its entry is hidden, its name stands in the outer group's `member` all the same, just like a computer's.
TEST(LabSweep, AHiddenNestedGroupRemovesNobody) {
    SKIP_WITHOUT_LAB();
    LabAdmin admin;
    admin.add_person("CN=rc-inside,OU=Staff", "rc-inside");
    admin.add_person("CN=rc-beside,OU=Staff", "rc-beside");
    admin.add_computer("CN=rc-host,CN=Computers", "rc-host");
    for (const char* name : {"rc-outer", "rc-inner"})
        admin.add_group("CN=" + std::string(name) + ",OU=Groups", name);
    admin.add_member("CN=rc-inner,OU=Groups", "CN=rc-inside,OU=Staff");
    for (const char* member : {"CN=rc-inner,OU=Groups", "CN=rc-host,CN=Computers"})
        admin.add_member("CN=rc-outer,OU=Groups", member);

    auto read = read_all(Lab::get().service());
    ASSERT_TRUE(read) << read.error().text();
    const auto* outer = find_group(*read, "rc-outer");
    const auto* inner = find_group(*read, "rc-inner");
    ASSERT_TRUE(outer && inner);
    EXPECT_EQ(outer->members, std::vector<Guid>{inner->guid}) << "a computer is nobody's way into a room";
    EXPECT_EQ(remarks_text(*read), "");
    const Guid outer_guid = outer->guid, inner_guid = inner->guid;
    Room room;
    (void)policy::step(room.world, nullptr, std::move(*read));
    room.apply("rc-outer");
    (void)policy::step(room.world, room.decider.get(), policy::TimePassed{from_ms(1)});
    EXPECT_EQ(room.presence("rc-inside"), policy::Presence::in);
    EXPECT_EQ(room.presence("rc-beside"), policy::Presence::out);

    admin.deny("CN=rc-inner,OU=Groups", nullptr);
    read = read_all(Lab::get().service());
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(find_group(*read, "rc-inner"), nullptr);
    ASSERT_NE(find_group(*read, "rc-outer"), nullptr);
    EXPECT_EQ(find_group(*read, "rc-outer")->members, std::vector<Guid>{inner_guid});
    EXPECT_NE(remarks_text(*read).find("1 of"), std::string::npos) << remarks_text(*read);
    (void)policy::step(room.world, room.decider.get(), std::move(*read));
    EXPECT_EQ(room.presence("rc-inside"), policy::Presence::unknown);
    EXPECT_EQ(room.presence("rc-beside"), policy::Presence::unknown) << "may be in it by now";

    Cutoff cutoff;
    auto connection = Connection::open(Lab::get().service(), cutoff);
    const auto root = read_root(*connection, Lab::get().service());
    auto single = read_group(*connection, outer_guid, root->usn, root->sids);
    ASSERT_TRUE(single) << single.error().text();
    EXPECT_EQ(single->members.size(), 2U);
    ASSERT_TRUE(leave_out_others(*connection, Lab::get().service(), *single));
    EXPECT_EQ(single->members, std::vector<Guid>{inner_guid}) << "a single read tells the same";
    for (const char* where : {"CN=rc-outer,OU=Groups", "CN=rc-inner,OU=Groups", "CN=rc-inside,OU=Staff",
                              "CN=rc-beside,OU=Staff", "CN=rc-host,CN=Computers"})
        admin.remove(where);
}

// primaryGroupID: bf967a00-0de6-11d0-a285-00aa003049e2 (MS-ADA3).
TEST(LabSweep, AHiddenPrimaryGroupIsUnknown) {
    SKIP_WITHOUT_LAB();
    LabAdmin admin;
    admin.add_person("CN=rc-primary,OU=Staff", "rc-primary");
    const auto attribute = Guid::from_text("bf967a00-0de6-11d0-a285-00aa003049e2");
    admin.deny("CN=rc-primary,OU=Staff", &*attribute);
    auto read = read_all(Lab::get().service());
    ASSERT_TRUE(read) << read.error().text();
    ASSERT_NE(find_person(*read, "rc-primary"), nullptr);
    EXPECT_EQ(find_person(*read, "rc-primary")->primary_group, std::nullopt);
    EXPECT_NE(remarks_text(*read).find("the state of 1 of"), std::string::npos) << remarks_text(*read);
    Room room;
    (void)policy::step(room.world, nullptr, std::move(*read));
    room.apply("Engineering");
    EXPECT_EQ(room.presence("rc-primary"), policy::Presence::unknown);
    EXPECT_EQ(room.presence("cofficer"), policy::Presence::out);
    admin.remove("CN=rc-primary,OU=Staff");
}

// l: bf9679a2-0de6-11d0-a285-00aa003049e2 (MS-ADA2), in the property set Personal-Information
// (MS-ADTS 3.1.1.2.3.3).
TEST(LabSweep, AnAttributeThatIsHiddenOnOnePersonIsUnknownOfThem) {
    SKIP_WITHOUT_LAB();
    LabAdmin admin;
    const auto attribute = Guid::from_text("bf9679a2-0de6-11d0-a285-00aa003049e2");
    const auto set = Guid::from_text("77b5b886-944a-11d1-aebd-0000f80367c1");
    for (const char* login : {"rc-by-name", "rc-by-set", "rc-without"})
        admin.add_person("CN=" + std::string(login) + ",OU=Staff", login);
    for (const char* where : {"CN=rc-by-name,OU=Staff", "CN=rc-by-set,OU=Staff"})
        admin.replace(where, "l", {"Harbour"});
    admin.deny("CN=rc-by-name,OU=Staff", &*attribute);
    admin.deny("CN=rc-by-set,OU=Staff", &*set);
    Settings settings = Lab::get().service();
    settings.wanted.attributes = {"l", "noSuchAttribute"};
    const auto swept = read_all(settings);
    ASSERT_TRUE(swept) << swept.error().text();
    Cutoff cutoff;
    auto connection = Connection::open(settings, cutoff);
    ASSERT_TRUE(connection);
    const auto root = read_root(*connection, settings);
    ASSERT_TRUE(root);
    Rights rights;
    const auto drained =
        drain(*connection, settings, settings.wanted, *root, rights, swept->evidence.usn - 100);
    ASSERT_TRUE(drained) << drained.error().text();
    const std::vector<std::string> hidden{"l"};
    for (const std::vector<policy::PersonEntry>* people : {&swept->people, &drained->changes.people})
        for (const auto& [login, unreadable] :
             {std::pair{"rc-by-name", hidden}, std::pair{"rc-by-set", hidden},
              std::pair{"rc-without", std::vector<std::string>{}}}) {
            const auto found = std::find_if(people->begin(), people->end(),
                                            [login = login](const auto& one) { return one.login == login; });
            ASSERT_NE(found, people->end()) << login;
            EXPECT_EQ(found->unreadable, unreadable) << login;
            EXPECT_TRUE(found->attributes.empty()) << login;
        }
    EXPECT_NE(remarks_text(*swept).find("the state of 2 of"), std::string::npos) << remarks_text(*swept);
    for (const char* login : {"rc-by-name", "rc-by-set", "rc-without"})
        admin.remove("CN=" + std::string(login) + ",OU=Staff");
}

// Public-Information (e48d0154-bcf8-11d1-8702-00c04fb96050) holds objectClass and objectGUID: no search finds
// them.
TEST(LabSweep, WhoIsHiddenWithTheirClassIsNotGone) {
    SKIP_WITHOUT_LAB();
    LabAdmin admin;
    admin.add_person("CN=rc-no-class,OU=Staff", "rc-no-class");
    admin.add_group("CN=rc-classes,OU=Groups", "rc-classes");
    admin.add_member("CN=rc-classes,OU=Groups", "CN=rc-no-class,OU=Staff");
    auto read = read_all(Lab::get().service());
    ASSERT_TRUE(read) << read.error().text();
    Room room;
    (void)policy::step(room.world, nullptr, std::move(*read));
    room.apply("rc-classes");
    (void)policy::step(room.world, room.decider.get(), policy::TimePassed{from_ms(1)});
    EXPECT_EQ(room.presence("rc-no-class"), policy::Presence::in);
    const auto set = Guid::from_text("e48d0154-bcf8-11d1-8702-00c04fb96050");
    admin.deny("CN=rc-no-class,OU=Staff", &*set);
    read = read_all(Lab::get().service());
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(find_person(*read, "rc-no-class"), nullptr);
    (void)policy::step(room.world, room.decider.get(), std::move(*read));
    EXPECT_NE(room.world.frozen.find("lacks rc-no-class whom groups still name"), std::string::npos)
        << room.world.frozen;
    EXPECT_EQ(room.presence("rc-no-class"), policy::Presence::in);
    for (const char* where : {"CN=rc-classes,OU=Groups", "CN=rc-no-class,OU=Staff"}) admin.remove(where);
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
    EXPECT_NE(remarks_text(*snapshot).find("the state of 1 of"), std::string::npos)
        << remarks_text(*snapshot);
    admin.remove("CN=rc-state,OU=Staff");
}

}  // namespace
}  // namespace rollcall::directory
