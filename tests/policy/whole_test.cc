// A list that lacks whom groups name is not whole; who was deleted has no place of before; dates that nobody
// can mean.
#include <gtest/gtest.h>
#include <algorithm>

#include "policy/doubts.h"
#include "tests/policy/world_builder.h"

namespace rollcall::policy {
namespace {

using test::Scene;

class Whole : public testing::Test {
  protected:
    Whole() {
        for (const char* login : {"anna", "ben", "dora"}) scene.directory.person(login, {"Staff"});
        for (const char* login : {"anna", "ben"}) scene.directory.join("Board", login);
        scene.room("board", "group Board");
        scene.room("all", "employees");
        scene.start();
    }
    void change(const std::vector<std::string>& names) { scene.learn(scene.directory.changes(names)); }
    [[nodiscard]] DirectorySnapshot without(const std::vector<std::string>& logins) {
        DirectorySnapshot read = scene.directory.snapshot();
        std::erase_if(read.people, [&](const PersonEntry& entry) {
            return std::find(logins.begin(), logins.end(), entry.login) != logins.end();
        });
        return read;
    }
    Scene scene;
};

TEST_F(Whole, N1_AListWithoutWhomAGroupStillNamesIsNotWhole) {
    const Effects effects = scene.learn(without({"anna", "ben"}));
    EXPECT_EQ(scene.says("anna", "board"), "in member");
    EXPECT_EQ(scene.says("ben", "all"), "in member");
    EXPECT_NE(scene.world.frozen.find("whom groups still name, 'Board' among them"), std::string::npos)
        << scene.world.frozen;
    EXPECT_NE(scene.world.frozen.find("anna"), std::string::npos) << scene.world.frozen;
    EXPECT_TRUE(effects.sweep);
    EXPECT_FALSE(scene.learn(without({"anna", "ben"})).sweep) << "not again and again";
    scene.read();
    EXPECT_EQ(scene.world.frozen, "");
}

TEST_F(Whole, WhoIsNamedByNoGroupAnyMoreIsMissing) {
    for (const char* group : {"Staff", "Board"}) scene.directory.leave(group, "anna");
    const auto named = [this] { return unreadable_people(scene.world, 5).not_shown; };
    for (const char* login : {"ben", "anna"})
        scene.world.people[scene.person(login).index()].kept = scene.user(login);
    EXPECT_EQ(named(), std::vector<std::string>{});
    scene.learn(without({"anna"}));
    EXPECT_EQ(scene.world.frozen, "");
    EXPECT_FALSE(scene.world.people[scene.person("anna").index()].present);
    EXPECT_EQ(named(), std::vector<std::string>{"anna"});
    for (const char* group : {"Staff", "Board"}) scene.directory.leave(group, "ben");
    scene.learn(without({"anna", "ben"}));
    EXPECT_EQ(named(), (std::vector<std::string>{"anna", "ben"}));
    EXPECT_EQ(unreadable_people(scene.world, 1).not_shown_count, 2U);
}

TEST_F(Whole, WhoHasMovedToAnotherDomainIsNamedAllTheSame) {
    DirectorySnapshot read = without({"anna"});
    for (GroupEntry& group : read.groups) group.members_elsewhere = {scene.directory.people.at("anna").guid};
    scene.learn(read);
    EXPECT_EQ(scene.world.frozen, "");
    EXPECT_FALSE(scene.world.people[scene.person("anna").index()].present);
}

TEST_F(Whole, WhoeverWasLearnedOfSinceMayBeLacking) {
    DirectorySnapshot read = without({});
    scene.directory.person("emil", {"Staff"});
    change({"emil", "Staff"});
    read.groups.clear();
    for (const auto& [name, group] : scene.directory.groups) read.groups.push_back(group);
    scene.learn(read);
    EXPECT_EQ(scene.world.frozen, "");
    EXPECT_EQ(scene.says("emil", "all"), "in member");
}

TEST_F(Whole, MembershipsOfBeforeADeletionLetNobodyIn) {
    scene.directory.people.at("anna").deleted = true;
    scene.directory.wrote("anna");
    change({"anna"});
    scene.directory.people.at("anna").deleted = false;
    scene.directory.wrote("anna");
    const Effects effects = scene.learn(scene.directory.changes({"anna"}));
    EXPECT_EQ(scene.verdict("anna", "board").presence, Presence::out);
    EXPECT_EQ(scene.verdict("anna", "all").presence, Presence::out);
    EXPECT_TRUE(effects.sweep);
    scene.read();  // and they are there again, as by the recycle bin
    EXPECT_EQ(scene.says("anna", "board"), "in member");
}

TEST_F(Whole, NorDoThoseOfAGroup) {
    scene.directory.group("Chairs", {"Board"});
    scene.directory.join("Chairs", "dora");
    change({"Board", "Chairs"});
    ASSERT_EQ(scene.says("dora", "board"), "in member");
    scene.directory.groups.at("Chairs").deleted = true;
    scene.directory.wrote("Chairs");
    change({"Chairs"});
    scene.directory.groups.at("Chairs").deleted = false;
    scene.directory.wrote("Chairs");
    const Effects effects = scene.learn(scene.directory.changes({"Chairs"}));
    EXPECT_EQ(scene.says("dora", "board"), "out not_listed");
    EXPECT_TRUE(effects.sweep);
    scene.read();
    EXPECT_EQ(scene.says("dora", "board"), "in member");
}

// Somebody whose date of expiry nobody can mean neither leaves nor comes.
TEST_F(Whole, AnOddDateLeavesThemAsTheyAre) {
    PersonEntry& anna = scene.directory.people.at("anna");
    anna.expires = std::nullopt;
    anna.odd_expires = 1;
    scene.directory.wrote("anna");
    change({"anna"});
    EXPECT_EQ(scene.says("anna", "board"), "unknown undecided");
    const PersonId id = scene.world.person(anna.guid);
    EXPECT_EQ(odd_expiry(scene.world, id), "1");
    EXPECT_NE(undecided_departure(scene.world, id).find("accountExpires is 1, a date that nobody can mean"),
              std::string::npos);
    EXPECT_EQ(scene.world.entry_of(id).odd_expires, 1);
    EXPECT_FALSE(scene.world.entry_of(id).attributes.contains("accountexpires"));
    const Unreadable found = unreadable_people(scene.world, 5);
    EXPECT_EQ(found.count, 0U) << "nothing is wrong with what may be read";
    EXPECT_EQ(found.odd, std::vector<std::string>{"anna (1)"});
    anna.expires = kNever;
    anna.odd_expires.reset();
    scene.directory.wrote("anna");
    change({"anna"});
    EXPECT_EQ(unreadable_people(scene.world, 5).odd_count, 0U);
    EXPECT_EQ(scene.says("anna", "board"), "in member");
}

// What somebody writes about themselves is a value, whatever it looks like.
TEST_F(Whole, NoTextOfTheDirectoryStandsForWhatCannotBeRead) {
    PersonEntry& anna = scene.directory.people.at("anna");
    for (const std::string& text :
         {std::string(kUnreadable), "\x01" + std::string(kUnreadable), std::string("\x01")}) {
        anna.attributes["title"] = {text};
        scene.directory.wrote("anna");
        change({"anna"});
        const PersonEntry held = scene.world.entry_of(scene.world.person(anna.guid));
        EXPECT_TRUE(held.unreadable.empty());
        EXPECT_EQ(held.attributes.at("title"), std::vector<std::string>{text});
    }
}

}  // namespace
}  // namespace rollcall::policy
