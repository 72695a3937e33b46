// What was committed is what a new process loads, over random worlds and over each kind of engine row.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/daemon/store/random_world.h"
#include "tests/daemon/store/store_fixture.h"
#include "tests/daemon/store/world_text.h"
#include "tests/share.h"

namespace rollcall::store {
namespace {

std::string loaded_text(Store& store, const policy::World& like) {
    policy::World world;
    world.bot = like.bot;
    world.server_name = like.server_name;
    EXPECT_TRUE(ok(store.load(world)));
    EXPECT_TRUE(world.touched.empty());
    EXPECT_TRUE(world.dirty.empty());
    return world_text(world);
}

class WorldRoundTrip : public testing::TestWithParam<unsigned> {};

TEST_P(WorldRoundTrip, LoadsWhatEveryTurnLeft) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    RandomWorld walk(GetParam());
    for (int turn = 0; turn < 60; ++turn) {
        for (unsigned i = 0; i <= GetParam() % 13; ++i) walk.step();
        ASSERT_TRUE(ok(store->commit(walk.take_turn())));
        if (turn % 3 != 0) continue;
        if (turn % 9 == 0) {  // and from the file, not from what SQLite remembers
            store.reset();
            store = open_or_fail(folder.path());
        }
        ASSERT_EQ(difference(world_text(walk.world), loaded_text(*store, walk.world)), "") << "turn " << turn;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WorldRoundTrip, testing::Range(1U, 1 + test::share_of(24U)));

TEST(WorldLoad, OfANewStoreIsEmpty) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    EXPECT_EQ(loaded_text(*store, {}), world_text({}));
}

TEST(WorldLoad, DoesNotCountTheBotAsJoined) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    RandomWorld walk(1);
    policy::World& world = walk.world;
    const RoomId room = world.room("engineering");
    for (const std::string& user : {world.bot, std::string("@ada:corp.example.com")})
        world.set_membership(world.user(user),
                             policy::Membership{.room = room, .state = policy::MembershipState::join});
    ASSERT_TRUE(ok(store->commit(walk.take_turn())));
    policy::World loaded;
    loaded.bot = world.bot;
    ASSERT_TRUE(ok(store->load(loaded)));
    EXPECT_EQ(loaded.rooms[0].joined, 1U);
}

TEST(WorldLoad, KeepsWhatCouldNotBeReadApartFromZero) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    RandomWorld walk(1);
    policy::PersonEntry hidden, shown;
    hidden.guid.bytes[0] = 1;
    shown.guid.bytes[0] = 2;
    shown.account_control = 0;
    shown.expires = from_ms(0);
    shown.primary_group = 0;
    walk.world.put_person(hidden);
    walk.world.put_person(shown);
    ASSERT_TRUE(ok(store->commit(walk.take_turn())));
    policy::World loaded;
    ASSERT_TRUE(ok(store->load(loaded)));
    const policy::Person& first = loaded.people[loaded.person(hidden.guid).index()];
    EXPECT_FALSE(first.account_control || first.expires || first.primary_group);
    const policy::Person& second = loaded.people[loaded.person(shown.guid).index()];
    EXPECT_EQ(second.account_control, 0U);
    EXPECT_EQ(second.expires, from_ms(0));
    EXPECT_EQ(second.primary_group, 0U);
}

TEST(WorldLoad, SaysWhatIsDamagedInsteadOfSkippingIt) {
    for (const char* damage :
         {"UPDATE room SET state = '{'", "DELETE FROM room", "DELETE FROM matrix_user",
          "UPDATE meta SET value = '' WHERE key = 'cursor'", "DELETE FROM directory_group",
          "UPDATE person SET guid = x'00' WHERE guid = (SELECT MIN(guid) FROM person)"}) {
        const TemporaryFolder folder;
        auto store = open_or_fail(folder.path());
        RandomWorld walk(2);
        for (int i = 0; i < 400; ++i) walk.step();
        ASSERT_TRUE(ok(store->commit(walk.take_turn())));
        sqlite3* other = nullptr;
        ASSERT_EQ(sqlite3_open(folder.database().c_str(), &other), SQLITE_OK);
        sqlite3_exec(other, damage, nullptr, nullptr, nullptr);
        sqlite3_close(other);
        policy::World world;
        const Status loaded = store->load(world);
        ASSERT_FALSE(loaded) << damage;
        EXPECT_NE(loaded.error().message.find("is damaged: table"), std::string::npos)
            << loaded.error().message;
    }
}

TEST(EngineRows, IntentsStayUntilFinishedAndTheirNumbersAreNotUsedAgain) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.intents = {{7, "seven"}, {8, "eight"}}})));
    ASSERT_TRUE(ok(store->commit({.intents = {{9, "nine"}, {7, "seven again"}}, .finished = {8, 9}})));
    store.reset();
    store = open_or_fail(folder.path());
    const auto intents = store->intents();
    ASSERT_TRUE(intents);
    ASSERT_EQ(intents->size(), 1U);
    EXPECT_EQ((*intents)[0].id, 7U);
    EXPECT_EQ((*intents)[0].text, "seven again");
    EXPECT_EQ(*store->last_intent(), 9U);
    ASSERT_TRUE(ok(store->commit({.finished = {7}})));
    EXPECT_TRUE(store->intents()->empty());
    EXPECT_EQ(*store->last_intent(), 9U);
}

TEST(EngineRows, MarksAreWrittenOverAndDeleted) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.marks = {{"hold", "b", "1"}, {"hold", "a", ""}, {"pause", "", "all"}}})));
    ASSERT_TRUE(
        ok(store->commit({.marks = {{"hold", "b", "2"}, {"pause", "", std::nullopt}, {"no", "such", {}}}})));
    const auto marks = store->marks();
    ASSERT_TRUE(marks);
    ASSERT_EQ(marks->size(), 2U);
    EXPECT_EQ((*marks)[0].key, "a");
    EXPECT_EQ((*marks)[0].value, "");  // empty is a value
    EXPECT_EQ((*marks)[1].key, "b");
    EXPECT_EQ((*marks)[1].value, "2");
}

TEST(EngineRows, TheNewestTransactionsAreRemembered) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    Turn turn;
    for (int i = 0; i < 20'001; ++i) turn.transactions.push_back("t" + std::to_string(i));
    ASSERT_TRUE(ok(store->commit(turn)));
    EXPECT_FALSE(*store->seen_transaction("t0"));
    EXPECT_TRUE(*store->seen_transaction("t1"));
    ASSERT_TRUE(ok(store->commit({.transactions = {"t20000", "t20001"}})));  // a repeat takes no place
    EXPECT_FALSE(*store->seen_transaction("t1"));
    EXPECT_TRUE(*store->seen_transaction("t2"));
    EXPECT_TRUE(*store->seen_transaction("t20001"));
}

TEST(EngineRows, N8_ThePolicyInForceIsTheOneLastApplied) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    EXPECT_FALSE(store->policy()->has_value());
    StoredPolicy first{"abc",  {{"policy/b.yaml", "b: 1\n"}, {"policy/a.yaml", ""}}, {}, from_ms(5), "uid 0",
                       "start"};
    first.pins["group:engineering"].bytes[3] = 9;
    const StoredPolicy second{"def", {{"x.yaml", "x"}}, {}, from_ms(6), "uid 1", ""};
    ASSERT_TRUE(ok(store->commit({.policy = first})));
    ASSERT_TRUE(ok(store->commit({.policy = second})));
    EXPECT_EQ((*store->policy())->version, "def");
    ASSERT_TRUE(ok(store->commit({.policy = first})));  // applied again
    const auto held = store->policy();
    ASSERT_TRUE(held && *held);
    EXPECT_EQ((*held)->version, "abc");
    EXPECT_EQ((*held)->files, first.files);  // in the order given
    EXPECT_EQ((*held)->pins, first.pins);
    EXPECT_EQ((*held)->applied, first.applied);
    EXPECT_EQ((*held)->caller, "uid 0");
    EXPECT_EQ((*held)->reason, "start");
}

}  // namespace
}  // namespace rollcall::store
