// Names never change hands, for what is no group: organisational units, canaries, people
// named by their Matrix ID or objectGUID.
#include <gtest/gtest.h>
#include <algorithm>

#include "policy/base/text.h"
#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {
namespace {

constexpr const char* kSales = "OU=Sales,DC=corp,DC=example";

class Pins : public testing::Test {
  protected:
    void SetUp() override {
        scene.directory.container(kSales);
        scene.directory.person("anna", {"Staff"}).dn = std::string("CN=anna,") + kSales;
        scene.directory.person("bob", {"Staff"});
        scene.read();
    }
    // Everything is compiled anew with the pins of the policy in force, as after a restart.
    void again() { ASSERT_TRUE(scene.apply()) << scene.compiled.diagnostics.front().text(); }
    Scene scene;
};

TEST_F(Pins, N7_AnOrganisationalUnitStaysMeantUnderItsNewName) {
    scene.room("sales", std::string("under '") + kSales + "'");
    again();
    EXPECT_EQ(scene.says("anna", "sales"), "in member");
    scene.directory.move_container(kSales, "OU=Revenue,DC=corp,DC=example");
    scene.read();
    EXPECT_EQ(scene.says("anna", "sales"), "in member");
    again();
    EXPECT_EQ(scene.says("anna", "sales"), "in member");
    EXPECT_TRUE(scene.compiled.diagnostics.empty());
}

TEST_F(Pins, N7_AnotherOrganisationalUnitOfThatNameIsReportedAndNotMeant) {
    scene.room("sales", std::string("under '") + kSales + "'");
    again();
    scene.directory.move_container(kSales, "OU=Revenue,DC=corp,DC=example");
    ContainerEntry& impostor = scene.directory.container("OU=Impostor,DC=corp,DC=example");
    impostor.dn = kSales;
    scene.directory.person("bob").dn = std::string("CN=bob,") + kSales;
    scene.directory.wrote("bob");
    scene.read();
    again();
    EXPECT_EQ(scene.says("anna", "sales"), "in member");
    EXPECT_EQ(scene.says("bob", "sales"), "out not_listed");
    ASSERT_EQ(scene.compiled.diagnostics.size(), 1U);
    EXPECT_EQ(scene.compiled.diagnostics[0].severity, Severity::warning);
    EXPECT_NE(scene.compiled.diagnostics[0].suggestion.find(impostor.guid.text()), std::string::npos);
}

// A policy in force from before organisational units were read and pinned: it must not keep the daemon from
// starting, and moves nobody until it is applied again.
TEST_F(Pins, N1_AnOrganisationalUnitThatWasNeverReadIsUnknownInThePolicyInForceAndRefusedInANewOne) {
    Scene old;
    old.directory.person("anna", {"Staff"}).dn = std::string("CN=anna,") + kSales;
    old.read();
    old.room("sales", std::string("under '") + kSales + "'");
    EXPECT_FALSE(old.apply()) << "a new one is refused";
    const Compiled in_force = compile(old.policy, old.world, {}, "old", Unfound::unknown);
    ASSERT_TRUE(in_force.program);
    ASSERT_EQ(in_force.diagnostics.size(), 1U);
    EXPECT_EQ(in_force.diagnostics[0].severity, Severity::warning);
    EXPECT_FALSE(in_force.program->pins.contains("under:" + fold(kSales)));
    old.world.room("sales");
    old.decider = std::make_unique<Decider>(old.world, in_force.program);
    old.backlog.reset(*old.decider, old.abilities);
    EXPECT_EQ(old.says("anna", "sales"), "unknown undecided");
    old.directory.container(kSales);
    old.read();
    EXPECT_EQ(old.says("anna", "sales"), "unknown undecided") << "until it is applied again";
    ASSERT_TRUE(old.apply());
    EXPECT_EQ(old.says("anna", "sales"), "in member");
    EXPECT_TRUE(compile(old.policy, old.world, old.pins, "old", Unfound::unknown).diagnostics.empty());
}

TEST_F(Pins, AnOrganisationalUnitMayBeNamedByItsGuid) {
    scene.room("sales", "under guid:" + guid_of("container", kSales).text());
    again();
    EXPECT_EQ(scene.says("anna", "sales"), "in member");
    EXPECT_EQ(scene.says("bob", "sales"), "out not_listed");
}

TEST_F(Pins, AnOrganisationalUnitThatIsNotThereIsRefusedWithTheNearestAsTheDirectoryWritesIt) {
    scene.room("sales", "under 'OU=Sails,DC=corp,DC=example'");
    ASSERT_FALSE(scene.apply());
    EXPECT_EQ(scene.compiled.diagnostics[0].suggestion, std::string("did you mean '") + kSales + "'?");
    scene.policy.rooms.clear();
    scene.room("sales", "under guid:" + guid_of("group", "Staff").text());
    EXPECT_FALSE(scene.apply()) << "a group is no organisational unit";
}

TEST_F(Pins, ANearGroupIsNamedAsTheDirectoryWritesIt) {
    scene.room("r", "group staf");
    ASSERT_FALSE(scene.apply());
    EXPECT_EQ(scene.compiled.diagnostics[0].suggestion, "did you mean 'Staff'?");
}

TEST_F(Pins, N1_AnOrganisationalUnitThatIsHiddenNowRemovesNobody) {
    scene.room("sales", std::string("under '") + kSales + "'");
    again();
    scene.directory.containers.erase(kSales);
    scene.read();
    EXPECT_EQ(scene.says("anna", "sales"), "unknown undecided");
    EXPECT_EQ(scene.says("bob", "sales"), "unknown undecided");
}

TEST_F(Pins, WhoeverIsWrittenAsMatrixIdOrGuidIsFoundBeforeAnybodyWasSeen) {
    scene.room("one", "user @anna:corp.example");
    scene.room("two", "user guid:" + guid_of("person", "anna").text());
    again();
    EXPECT_EQ(scene.says("anna", "one"), "in member");
    EXPECT_EQ(scene.says("anna", "two"), "in member");
    EXPECT_EQ(scene.says("bob", "one"), "out not_listed");
    scene.room("three", "user @nobody:corp.example");
    EXPECT_FALSE(scene.apply());
}

TEST_F(Pins, N7_ACanaryIsPinnedHoweverItIsWritten) {
    for (const std::string& name : {std::string("ANNA"), std::string("@anna:corp.example"),
                                    "guid:" + guid_of("person", "anna").text()}) {
        scene.policy.guards.canaries = {{name, {}}};
        again();
        EXPECT_EQ(scene.compiled.program->canaries, (std::vector<Canary>{{guid_of("person", "anna"), name}}));
        scene.read();
        EXPECT_EQ(scene.world.frozen, "") << name;
        DirectorySnapshot read = scene.directory.snapshot();
        std::erase_if(read.people, [](const PersonEntry& entry) { return entry.login == "anna"; });
        PersonEntry other = scene.directory.people.at("bob");
        other.login = "anna";  // the name alone is no sign of life
        read.people.push_back(other);
        scene.learn(std::move(read));
        EXPECT_NE(scene.world.frozen.find(name), std::string::npos);
        scene.read();
    }
    scene.policy.guards.canaries = {{"@nobody:corp.example", {}}};
    EXPECT_FALSE(scene.apply());
}

TEST_F(Pins, WhoWasThereOnceIsSaidToBeShownNoMoreAndNotMisspelt) {
    DirectorySnapshot read = scene.directory.snapshot();
    const Guid anna = guid_of("person", "anna");
    std::erase_if(read.people, [&anna](const PersonEntry& entry) { return entry.guid == anna; });
    for (GroupEntry& group : read.groups) std::erase(group.members, anna);
    scene.learn(std::move(read));
    scene.policy.guards.canaries = {{"Anna", {}}};
    ASSERT_FALSE(scene.apply());
    EXPECT_EQ(scene.compiled.diagnostics[0].message, "the directory does not show the user 'Anna' any more");
}

// A generated policy with a wrong prefix: each guess would be a comparison with the whole directory.
TEST_F(Pins, OfThousandsOfWrongNamesTheFirstAreTold) {
    for (int i = 0; i < 1'500; ++i) scene.room("r" + std::to_string(i), "group Staf" + std::to_string(i));
    EXPECT_FALSE(scene.apply());
    const Diagnostics& told = scene.compiled.diagnostics;
    ASSERT_EQ(told.size(), 1'000U);
    EXPECT_EQ(told.front().suggestion, "did you mean 'Staff'?");
    EXPECT_NE(told.back().message.find("the first 1000 names that are wrong; there are more"),
              std::string::npos)
        << told.back().message;
    EXPECT_LE(std::count_if(told.begin(), told.end(),
                            [](const Diagnostic& one) { return one.suggestion == "did you mean 'Staff'?"; }),
              20);
}

}  // namespace
}  // namespace rollcall::policy::test
