// A controller that is behind, or was put back, lets nobody back in and puts nobody out.
#include <gtest/gtest.h>
#include <algorithm>

#include "tests/policy/world_builder.h"

namespace rollcall::policy {
namespace {

using test::Scene;

class Doubted : public testing::Test {
  protected:
    Doubted() {
        for (const char* login : {"anna", "ben", "carl", "dora"}) scene.directory.person(login, {"Staff"});
        for (const char* login : {"anna", "ben"}) scene.directory.join("Board", login);
        scene.room("board", "group Board");
        scene.room("all", "employees");
        scene.start();
        scene.create("board");
        for (const char* login : {"anna", "ben"}) scene.join("board", login);
    }
    // As the directory is now.
    void copy() { earlier = scene.directory; }
    void change(const std::vector<std::string>& names) { scene.learn(scene.directory.changes(names)); }
    void disable(const std::string& login, bool disabled = true) {
        scene.directory.people.at(login).account_control = disabled ? 514U : 512U;
        scene.directory.wrote(login);
        change({login});
    }
    void leave(const std::string& group, const std::string& login) {
        scene.directory.leave(group, login);
        change({group});
    }
    void join(const std::string& group, const std::string& login) {
        scene.directory.join(group, login);
        change({group});
    }
    // From now on the copy answers, as another controller …
    void go_to_copy() {
        std::swap(scene.directory, earlier);
        scene.directory.invocation = "db-2";
        scene.read();
    }
    // … or as the same one, put back.
    void put_back() {
        std::swap(scene.directory, earlier);
        DirectorySnapshot read = scene.directory.snapshot();
        read.put_back = true;
        scene.learn(std::move(read));
    }
    [[nodiscard]] std::string doubt() const { return doubt_text(scene.world); }
    [[nodiscard]] bool doubts(const std::string& name) const {
        return doubt().find(name) != std::string::npos;
    }

    Scene scene;
    test::Directory earlier;
};

TEST_F(Doubted, N14_AControllerThatIsBehindReadmitsNobody) {
    copy();
    disable("ben");
    leave("Board", "anna");
    ASSERT_EQ(scene.says("anna", "board"), "out not_listed");
    go_to_copy();
    EXPECT_EQ(scene.says("ben", "board"), "out departed");
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
    EXPECT_EQ(scene.says("anna", "board"), "out not_listed");
    EXPECT_TRUE(doubts("another controller (invocationId db-2)")) << doubt();
    EXPECT_TRUE(doubts("ben")) << doubt();
    EXPECT_TRUE(doubts("group Board")) << doubt();
    scene.read();  // nor by being read again
    EXPECT_EQ(scene.says("ben", "board"), "out departed");
    EXPECT_EQ(scene.says("anna", "board"), "out not_listed");
}

TEST_F(Doubted, N1_AControllerThatIsBehindPutsNobodyOut) {
    copy();
    join("Board", "carl");
    scene.directory.person("emil", {"Staff"});
    change({"emil", "Staff"});
    scene.directory.group("Later", {"Staff"});
    change({"Later", "Staff"});
    ASSERT_EQ(scene.says("carl", "board"), "in member");
    ASSERT_EQ(scene.says("emil", "all"), "in member");
    go_to_copy();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(scene.says("carl", "board"), "in member") << i;
        EXPECT_EQ(scene.says("emil", "all"), "in member") << i;
        EXPECT_FALSE(scene.world.groups[scene.world.groups_named("Later").front().index()].deleted) << i;
        scene.read();
    }
    EXPECT_TRUE(doubts("emil")) << doubt();
}

TEST_F(Doubted, WhatChangesOnItIsNews) {
    copy();
    disable("ben");
    leave("Board", "anna");
    go_to_copy();
    disable("dora");
    EXPECT_EQ(scene.says("dora", "all"), "out departed");
    join("Board", "carl");  // its list still has anna, of before
    EXPECT_EQ(scene.says("carl", "board"), "in member");
    EXPECT_EQ(scene.says("anna", "board"), "out not_listed");
    leave("Board", "anna");  // as it was known
    join("Board", "anna");
    EXPECT_EQ(scene.says("anna", "board"), "in member");
    disable("ben");
    disable("ben", false);
    EXPECT_EQ(scene.says("ben", "all"), "in member");
    EXPECT_EQ(doubt(), "") << "both say the same of everybody now";
}

TEST_F(Doubted, SomethingElseOfThePersonIsNoNewsOfTheDeparture) {
    copy();
    disable("ben");
    go_to_copy();
    scene.directory.people.at("ben").attributes["title"] = {"Director"};
    scene.directory.wrote("ben");
    change({"ben"});
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
    EXPECT_TRUE(doubts("ben"));
    scene.read();
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
}

TEST_F(Doubted, WhomItSaysToHaveDepartedDepartsAtOnce) {
    copy();
    earlier.people.at("carl").account_control = 514U;
    earlier.people.at("dora").expires = scene.world.now - std::chrono::hours{1};
    leave("Board", "anna");
    go_to_copy();
    EXPECT_EQ(scene.says("carl", "all"), "out departed");
    EXPECT_EQ(scene.says("dora", "all"), "out departed");
}

TEST_F(Doubted, OneThatHasSeenEverythingIsBelieved) {
    copy();
    disable("ben");
    leave("Board", "anna");
    const std::uint64_t known = scene.world.cursor.usn;
    go_to_copy();
    DirectorySnapshot read = scene.directory.snapshot();
    read.seen = {{"db-1", known - 1}};
    scene.learn(read);
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
    read.seen = {{"db-1", known}};
    scene.learn(read);
    EXPECT_EQ(scene.says("ben", "all"), "in member") << "enabled again, by what came after";
    EXPECT_EQ(scene.says("anna", "board"), "in member");
    EXPECT_EQ(doubt(), "");
}

TEST_F(Doubted, OneThatSaysTheSameIsBelieved) {
    copy();
    go_to_copy();
    EXPECT_EQ(doubt(), "");
    leave("Board", "anna");
    disable("ben");
    EXPECT_EQ(scene.says("anna", "board"), "out not_listed");
    disable("ben", false);
    EXPECT_EQ(scene.says("ben", "board"), "in member");
}

TEST_F(Doubted, TheFormerOneIsBelievedWhenItIsBack) {
    copy();
    disable("ben");
    go_to_copy();
    ASSERT_NE(doubt(), "");
    std::swap(scene.directory, earlier);
    disable("dora");
    scene.read();
    EXPECT_EQ(doubt(), "");
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
    EXPECT_EQ(scene.says("dora", "all"), "out departed");
    disable("ben", false);
    EXPECT_EQ(scene.says("ben", "all"), "in member");
}

// … but not of whom the other one alone has said that they left.
TEST_F(Doubted, TheFormerOneMayBeBehindTheOther) {
    copy();
    disable("ben");
    go_to_copy();
    disable("dora");
    std::swap(scene.directory, earlier);
    scene.read();
    EXPECT_EQ(scene.says("dora", "all"), "out departed");
    EXPECT_TRUE(doubts("dora")) << doubt();
    EXPECT_FALSE(doubts("ben")) << doubt();
}

TEST_F(Doubted, N14_AControllerThatWasPutBackReadmitsNobody) {
    copy();
    disable("ben");
    leave("Board", "anna");
    join("Board", "carl");
    put_back();
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
    EXPECT_EQ(scene.says("anna", "board"), "out not_listed");
    EXPECT_EQ(scene.says("carl", "board"), "in member");
    EXPECT_TRUE(doubts("was put back to an earlier state")) << doubt();
    EXPECT_EQ(scene.world.cursor.usn, scene.directory.usn);
}

// Its USNs begin again below those that are known.
TEST_F(Doubted, WhatAControllerSaysThatWasPutBackIsHeard) {
    copy();
    for (int i = 0; i < 50; ++i) scene.directory.wrote("dora");
    change({"dora"});
    leave("Board", "anna");
    put_back();
    disable("dora");
    EXPECT_EQ(scene.says("dora", "all"), "out departed");
    leave("Board", "ben");
    EXPECT_EQ(scene.says("ben", "board"), "out not_listed");
    join("Board", "carl");
    EXPECT_EQ(scene.says("carl", "board"), "in member");
}

// While nobody was connected it went on past the USN that is known.
TEST_F(Doubted, APersonWhoseUsnWentBackTellsThatItWasPutBack) {
    copy();
    disable("ben");
    std::swap(scene.directory, earlier);
    scene.directory.usn += 1'000;
    scene.read();
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
    EXPECT_TRUE(doubts("was put back")) << doubt();
}

// A complete read that began before the last changes came is no controller that is behind.
TEST_F(Doubted, ReadsThatAreEarlyAreNoDoubt) {
    const DirectorySnapshot early = scene.directory.snapshot();
    disable("ben");
    scene.learn(early);
    EXPECT_EQ(doubt(), "");
    EXPECT_EQ(scene.says("ben", "all"), "out departed");
}

TEST_F(Doubted, WhoWasDeletedStaysDeletedInACopyThatHasThem) {
    copy();
    scene.directory.people.at("ben").deleted = true;
    scene.directory.wrote("ben");
    change({"ben"});
    ASSERT_EQ(scene.verdict("ben", "all").presence, Presence::out);
    go_to_copy();
    EXPECT_EQ(scene.verdict("ben", "all").presence, Presence::out);
    EXPECT_TRUE(doubts("ben"));
}

TEST_F(Doubted, AttributesOfBeforeLetNobodyIn) {
    scene.room("chiefs", "attribute title is 'Chief'");
    scene.directory.people.at("carl").attributes["title"] = {"Chief"};
    scene.directory.wrote("carl");
    ASSERT_TRUE(scene.apply());
    change({"carl"});
    scene.read();
    ASSERT_EQ(scene.says("carl", "chiefs"), "in member");
    copy();
    scene.directory.people.at("carl").attributes["title"] = {"Clerk"};
    scene.directory.wrote("carl");
    change({"carl"});
    ASSERT_EQ(scene.says("carl", "chiefs"), "out not_listed");
    go_to_copy();
    EXPECT_EQ(scene.says("carl", "chiefs"), "out not_listed");
    scene.directory.people.at("carl").attributes["title"] = {"Clerk"};
    scene.directory.wrote("carl");
    change({"carl"});
    EXPECT_EQ(doubt(), "");
}

}  // namespace
}  // namespace rollcall::policy
