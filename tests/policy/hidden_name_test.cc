// Names that are hidden: every person and every group of a directory has them, so none is no name.
#include <gtest/gtest.h>

#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {
namespace {

class HiddenName : public testing::Test {
  protected:
    HiddenName() {
        scene.directory.person("anna", {"Staff", "Eng"});
        scene.room("eng", "group Eng");
        scene.start();
    }
    Scene scene;
};

TEST_F(HiddenName, OfAGroupStaysAsItWasKnown) {
    GroupEntry& group = scene.directory.groups.at("Eng");
    const std::string name = group.name, cn = group.cn;
    group.name.clear();
    group.cn.clear();
    group.members_known = false;
    scene.directory.wrote("Eng");
    scene.learn(scene.directory.changes({"Eng"}));
    const Group& held = scene.world.groups[scene.world.group_by_guid.at(group.guid).index()];
    EXPECT_EQ(held.name, name);
    EXPECT_EQ(held.cn, cn);
    EXPECT_EQ(scene.says("anna", "eng"), "unknown undecided");
    EXPECT_TRUE(scene.apply()) << "the policy names it";
    group.name = "Engineers";
    group.members_known = true;
    scene.directory.wrote("Eng");
    scene.learn(scene.directory.changes({"Eng"}));
    EXPECT_EQ(held.name, "Engineers");
    EXPECT_EQ(scene.says("anna", "eng"), "in member");
}

TEST_F(HiddenName, OfAPersonStaysAsItWasKnown) {
    PersonEntry& anna = scene.directory.people.at("anna");
    anna.login = "";
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    EXPECT_EQ(scene.world.people[scene.world.person(anna.guid).index()].login.text(), "anna");
    EXPECT_EQ(scene.says("anna", "eng"), "in member");
    scene.read();
    EXPECT_EQ(scene.says("anna", "eng"), "in member");
    anna.account_control = 514;
    scene.directory.wrote("anna");
    scene.learn(scene.directory.changes({"anna"}));
    EXPECT_EQ(scene.says("anna", "eng"), "out departed");
}

}  // namespace
}  // namespace rollcall::policy::test
