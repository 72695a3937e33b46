// What changed and does not say what it is: objectClass is hidden on it.
#include <gtest/gtest.h>

#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {
namespace {

class Unclassed : public testing::Test {
  protected:
    Unclassed() {
        scene.directory.person("anna", {"Staff", "Eng"});
        scene.directory.person("bert", {"Staff", "Eng"});
        scene.room("eng", "group Eng");
        scene.start();
    }
    Effects tell_hidden(PersonEntry entry) {
        entry.unclassed = true;
        entry.usn = ++scene.directory.usn;
        DirectoryChanges changes = scene.directory.changes({});
        changes.people = {std::move(entry)};
        return scene.learn(std::move(changes));
    }
    PersonEntry& anna() { return scene.directory.people.at("anna"); }
    void read_without_anna() {
        DirectorySnapshot read = scene.directory.snapshot();
        std::erase_if(read.people, [this](const PersonEntry& one) { return one.guid == anna().guid; });
        for (GroupEntry& group : read.groups) std::erase(group.members, anna().guid);
        scene.learn(std::move(read));
    }

    Scene scene;
};

TEST_F(Unclassed, WhoIsKnownDepartsAllTheSame) {
    anna().account_control = 514;
    tell_hidden(anna());
    EXPECT_EQ(scene.says("anna", "eng"), "out departed");
}

TEST_F(Unclassed, WhoIsKnownAndDeletedDepartsAllTheSame) {
    anna().deleted = true;
    tell_hidden(anna());
    EXPECT_EQ(scene.decider->departed(scene.world.person(anna().guid)), Tri::yes);
}

TEST_F(Unclassed, WhoseStateIsHiddenTooStaysAsTheyAre) {
    anna().account_control.reset();
    tell_hidden(anna());
    EXPECT_EQ(scene.says("anna", "eng"), "unknown undecided");
}

TEST_F(Unclassed, WhoeverIsNotKnownIsNobody) {
    PersonEntry other;
    other.guid = guid_of("person", "carl");
    other.login = "carl";
    other.account_control = 512;
    const std::size_t people = scene.world.people.size();
    tell_hidden(other);
    EXPECT_EQ(scene.world.people.size(), people) << "it may be a computer";
}

// A complete read does not find them.
TEST_F(Unclassed, WhoWasNotFoundIsNotBroughtBackButMayDepart) {
    read_without_anna();
    const PersonId id = scene.world.person(anna().guid);
    ASSERT_FALSE(scene.world.people[id.index()].present);
    tell_hidden(anna());
    EXPECT_FALSE(scene.world.people[id.index()].present);
    anna().account_control = 514;
    tell_hidden(anna());
    EXPECT_EQ(scene.decider->departed(id), Tri::yes);
}

TEST_F(Unclassed, OfAGroupNobodyIsTakenOutByIt) {
    EXPECT_EQ(scene.says("anna", "eng"), "in member");
    PersonEntry group;
    group.guid = scene.directory.groups.at("Eng").guid;
    tell_hidden(group);
    EXPECT_EQ(scene.says("anna", "eng"), "unknown undecided");
    EXPECT_EQ(scene.world.people.size(), 2U);
}

TEST_F(Unclassed, OfAContainerThatMovedACompleteReadTells) {
    ContainerEntry& unit = scene.directory.container("OU=People,DC=corp,DC=example");
    scene.read();
    PersonEntry entry;
    entry.guid = unit.guid;
    entry.dn = unit.dn;
    EXPECT_FALSE(tell_hidden(entry).sweep);
    entry.dn = "OU=People,OU=Old,DC=corp,DC=example";
    EXPECT_TRUE(tell_hidden(entry).sweep);
}

}  // namespace
}  // namespace rollcall::policy::test
