// A group that was deleted lets nobody in: whom it kept out stays out, whether the rule names it or it was
// part of a group that the rule names, until the directory shows that it is there or a policy is applied.
#include <gtest/gtest.h>
#include <algorithm>

#include "policy/explain.h"
#include "policy/gone.h"
#include "tests/policy/homeserver.h"

namespace rollcall::policy::test {
namespace {

// All are Staff. eve is in Contractors, fay by Acme, gus by Acme's Night Shift; hal is in none.
class DeletedGroups : public testing::Test {
  protected:
    DeletedGroups() {
        scene.directory.group("Contractors");
        scene.directory.group("Acme", {"Contractors"});
        scene.directory.group("Night Shift", {"Acme"});
        scene.directory.person("eve", {"Staff", "Contractors"});
        scene.directory.person("fay", {"Staff", "Acme"});
        scene.directory.person("gus", {"Staff", "Night Shift"});
        scene.directory.person("hal", {"Staff"});
        scene.room("eng", "employees except group Contractors");
        scene.room("yard", "group Contractors");
        scene.start();
        homeserver.converge();
    }
    // Links to it end, and no other entry moves by that.
    void remove(const std::string& name) {
        GroupEntry& entry = scene.directory.group(name);
        entry.deleted = true;
        for (auto& [made_as, group] : scene.directory.groups) std::erase(group.members, entry.guid);
        entry.members.clear();
        scene.directory.wrote(name);
    }
    void removed(const std::string& name) { remove(name), tell({name}); }
    void tell(const std::vector<std::string>& names) { scene.learn(scene.directory.changes(names)); }
    // A complete read, which finds no tombstones.
    void read() {
        DirectorySnapshot whole = scene.directory.snapshot();
        std::erase_if(whole.groups, [](const GroupEntry& group) { return group.deleted; });
        scene.learn(whole);
    }
    void nobody_comes_in() {
        for (const char* login : {"eve", "fay", "gus"}) {
            const std::string said = scene.says(login, "eng");
            EXPECT_TRUE(said == "out excepted" || said == "unknown undecided") << login << ": " << said;
        }
        for (const std::string& line : scene.plan())
            EXPECT_EQ(line.find("add eng"), std::string::npos) << line;
        EXPECT_EQ(scene.says("hal", "eng").substr(0, 2), hal_);
    }
    std::string what_is_gone() {
        std::string out;
        for (const Gone& one : gone(*scene.decider)) out += one.text + "\n";
        return out;
    }
    std::string hal_ = "in";
    Scene scene;
    Homeserver homeserver{scene};
};

TEST_F(DeletedGroups, NamedByAnExceptionLetsNobodyIn) {
    removed("Contractors");
    hal_ = "un";  // nobody can say whom it would keep out
    nobody_comes_in();
    EXPECT_EQ(scene.says("eve", "yard"), "out not_listed") << "where it lets in nobody is in it";
    EXPECT_EQ(
        what_is_gone(),
        "the group 'Contractors' was deleted from the directory: whom it would keep out cannot be known, so "
        "nobody is let in by a rule that takes it out\n");
    read();
    nobody_comes_in();
    EXPECT_TRUE(scene.apply()) << "the rule is the same";
    nobody_comes_in();
}

TEST_F(DeletedGroups, OnceNamedNoMoreItKeepsNobodyOut) {
    removed("Contractors");
    scene.policy.rooms.clear();
    scene.room("eng", "employees");
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.says("eve", "eng"), "in member");
    EXPECT_EQ(what_is_gone(), "");
}

TEST_F(DeletedGroups, ThatWasPartOfAnExceptionKeepsThoseOutWhomItKeptOut) {
    removed("Acme");
    nobody_comes_in();
    EXPECT_EQ(scene.says("fay", "yard"), "out not_listed");
    EXPECT_EQ(what_is_gone(),
              "the group 'Acme' was deleted from the directory; it was part of 'Contractors', which a rule "
              "takes out: "
              "2 people whom it kept out may not come in until the next `rollcall apply`\n");
    read();
    nobody_comes_in();
    tell({"fay", "gus", "Contractors"});
    nobody_comes_in();
}

TEST_F(DeletedGroups, OneAfterTheOtherKeepOutAsBefore) {
    removed("Night Shift");
    nobody_comes_in();
    removed("Acme");
    nobody_comes_in();
    removed("Contractors");
    hal_ = "un";
    nobody_comes_in();
    read();
    nobody_comes_in();
}

TEST_F(DeletedGroups, AllAtOnceKeepOutAsBefore) {
    remove("Contractors"), remove("Acme"), remove("Night Shift");
    tell({"Night Shift", "Contractors", "Acme"});
    hal_ = "un";
    nobody_comes_in();
}

// Its links may be seen to be gone before it is.
TEST_F(DeletedGroups, TheListAboveMayComeFirst) {
    remove("Acme");
    scene.directory.wrote("Contractors");
    EXPECT_TRUE(scene.learn(scene.directory.changes({"Contractors"})).sweep)
        << "somebody must look whether it is there";
    nobody_comes_in();
    read();
    nobody_comes_in();
    tell({"Acme"});
    nobody_comes_in();
}

TEST_F(DeletedGroups, ACompleteReadMayBeTheFirstToLackIt) {
    remove("Acme");
    read();
    nobody_comes_in();
}

// A complete read that began before the end of the group brings it as it was.
TEST_F(DeletedGroups, AReadThatBeganBeforeBringsNothingBack) {
    const DirectorySnapshot earlier = scene.directory.snapshot();
    removed("Acme");
    scene.learn(earlier);
    nobody_comes_in();
    EXPECT_NE(what_is_gone().find("'Acme' was deleted"), std::string::npos) << what_is_gone();
    read();
    nobody_comes_in();
}

TEST_F(DeletedGroups, OneThatWasTakenOutByHandKeepsNobodyOutOnceItIsSeen) {
    std::erase(scene.directory.group("Contractors").members, scene.directory.group("Acme").guid);
    scene.directory.wrote("Contractors");
    EXPECT_TRUE(scene.learn(scene.directory.changes({"Contractors"})).sweep);
    nobody_comes_in();
    read();
    EXPECT_EQ(scene.says("fay", "eng"), "in member");
    EXPECT_EQ(scene.says("gus", "eng"), "in member");
    EXPECT_EQ(scene.says("eve", "eng"), "out excepted");
    EXPECT_EQ(what_is_gone(), "");
}

TEST_F(DeletedGroups, TwoListsTellWhereAGroupIsNow) {
    scene.directory.group("Partners");
    std::erase(scene.directory.group("Contractors").members, scene.directory.group("Acme").guid);
    scene.directory.join("Partners", "Acme");
    for (const char* name : {"Contractors", "Partners", "Acme"}) scene.directory.wrote(name);
    EXPECT_FALSE(scene.learn(scene.directory.changes({"Contractors", "Partners", "Acme"})).sweep)
        << "it is there: it was read with them";
    EXPECT_EQ(scene.says("fay", "eng"), "in member");
}

TEST_F(DeletedGroups, WhySaysWhatIsInTheWay) {
    const auto why = [this] {
        return explain(*scene.decider, scene.user("fay"), scene.room_index("eng")).short_text;
    };
    removed("Acme");
    EXPECT_EQ(why(),
              "was in group Contractors by Acme, which was deleted: the next `rollcall apply` lets them in");
    removed("Contractors");
    EXPECT_NE(why().find("group Contractors was deleted, so whom it would take out is not known"),
              std::string::npos)
        << why();
}

TEST_F(DeletedGroups, APersonMayBeTakenOutAsEver) {
    scene.directory.leave("Contractors", "eve");
    tell({"Contractors"});
    EXPECT_EQ(scene.says("eve", "eng"), "in member");
    EXPECT_EQ(what_is_gone(), "");
}

// A draft shows whom an apply lets in, and the apply does that.
TEST_F(DeletedGroups, AnApplyLetsThoseInWhomItsPlanShowed) {
    removed("Acme");
    const Decider draft(scene.world, scene.compiled.program, true);
    EXPECT_EQ(draft.verdict(scene.world.user("@fay:corp.example"), 0).presence, Presence::in);
    EXPECT_EQ(draft.verdict(scene.world.user("@eve:corp.example"), 0).presence, Presence::out);
    ASSERT_EQ(gone(draft).size(), 1U);
    EXPECT_EQ(gone(draft)[0].text,
              "the group 'Acme' was deleted from the directory; it was part of 'Contractors', which a rule "
              "takes out: "
              "with this policy 2 people whom it kept out may come in");
    nobody_comes_in();
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.says("fay", "eng"), "in member");
    EXPECT_EQ(what_is_gone(), "");
}

TEST_F(DeletedGroups, RestoredItSaysItselfWhoIsInIt) {
    removed("Acme");
    GroupEntry& acme = scene.directory.group("Acme");
    acme.deleted = false;
    scene.directory.wrote("Acme");
    EXPECT_TRUE(scene.learn(scene.directory.changes({"Acme"})).sweep);
    nobody_comes_in();  // before its links are read
    scene.directory.join("Contractors", "Acme");
    scene.directory.join("Acme", "gus");
    scene.directory.wrote("Contractors"), scene.directory.wrote("Acme");
    read();
    EXPECT_EQ(scene.says("gus", "eng"), "out excepted");
    EXPECT_EQ(scene.says("fay", "eng"), "in member") << "it is there, and they are not in it";
    EXPECT_EQ(what_is_gone(), "");
}

TEST_F(DeletedGroups, OneMadeAnewUnderItsNameIsAnotherOne) {
    removed("Acme");
    GroupEntry anew = scene.directory.group("Acme");
    anew.deleted = false;
    anew.guid = guid_of("group", "Acme again");
    anew.usn = ++scene.directory.usn;
    DirectoryChanges changes = scene.directory.changes({});
    changes.groups = {anew};
    scene.learn(changes);
    nobody_comes_in();
}

TEST_F(DeletedGroups, WhereNoRuleTakesAnybodyOutNothingIsKept) {
    scene.policy.rooms.clear();
    scene.room("yard", "group Contractors");
    ASSERT_TRUE(scene.apply());
    removed("Acme");
    EXPECT_TRUE(scene.world.deleted_groups.empty());
    EXPECT_EQ(what_is_gone(), "");
}

TEST_F(DeletedGroups, AContainerThatWasDeletedLetsNobodyInEither) {
    scene.directory.container("OU=Agency,DC=corp,DC=example");
    scene.policy.rooms.clear();
    scene.room("eng", "employees except under 'OU=Agency,DC=corp,DC=example'");
    scene.read();
    ASSERT_TRUE(scene.apply());
    EXPECT_EQ(scene.says("hal", "eng"), "in member");
    DirectoryChanges changes = scene.directory.changes({});
    changes.containers = {scene.directory.container("OU=Agency,DC=corp,DC=example")};
    changes.containers.front().deleted = true;
    changes.containers.front().usn = ++scene.directory.usn;
    scene.learn(changes);
    EXPECT_EQ(scene.says("hal", "eng"), "unknown undecided");
    EXPECT_NE(what_is_gone().find("the container 'OU=Agency,DC=corp,DC=example' was deleted"),
              std::string::npos)
        << what_is_gone();
}

}  // namespace
}  // namespace rollcall::policy::test
