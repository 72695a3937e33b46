// A room that was renamed is one room in the trail, and another room that has its former key is another one.
#include "daemon/audit/room_keys.h"

#include <gtest/gtest.h>

namespace rollcall::audit {
namespace {

using Spans = std::vector<RoomKeys::Span>;

schema::TrailEntry rename(const std::string& from, const std::string& to) {
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::policy;
    entry.action = schema::kRenameRoom;
    entry.room_key = entry.after = to;
    entry.before = from;
    return entry;
}

TEST(RoomKeys, NothingRenamedIsCalledAsItIs) {
    RoomKeys keys;
    schema::TrailEntry other;
    other.kind = schema::TrailKind::policy;
    other.action = "change policy";
    other.before = "a";
    other.after = "b";
    keys.take(5, other);
    EXPECT_TRUE(keys.none());
    EXPECT_EQ(keys.now("a", 1), "a");
    EXPECT_EQ(keys.spans("a"), (Spans{{"a", 0, 0}}));
}

TEST(RoomKeys, ARoomIsFollowedThroughAllOfItsKeys) {
    RoomKeys keys;
    keys.take(10, rename("one", "two"));
    keys.take(20, rename("two", "three"));
    EXPECT_EQ(keys.now("one", 9), "three");
    EXPECT_EQ(keys.now("two", 10), "three") << "the entry of the rename has the new key";
    EXPECT_EQ(keys.now("three", 20), "three");
    EXPECT_EQ(keys.spans("three"), (Spans{{"one", 0, 9}, {"two", 9, 19}, {"three", 19, 0}}));
}

TEST(RoomKeys, AKeyThatIsFreeIsAnotherRoomsLater) {
    RoomKeys keys;
    keys.take(10, rename("one", "two"));
    EXPECT_EQ(keys.now("one", 5), "two");
    EXPECT_EQ(keys.now("one", 11), "one");
    EXPECT_EQ(keys.spans("one"), (Spans{{"one", 10, 0}}));
    keys.take(30, rename("one", "other"));
    EXPECT_EQ(keys.now("one", 5), "two");
    EXPECT_EQ(keys.now("one", 20), "other");
    EXPECT_EQ(keys.spans("two"), (Spans{{"one", 0, 9}, {"two", 9, 0}}));
    EXPECT_EQ(keys.spans("other"), (Spans{{"one", 10, 29}, {"other", 29, 0}}));
}

TEST(RoomKeys, ThereAndBackIsTheSameRoom) {
    RoomKeys keys;
    keys.take(10, rename("one", "two"));
    keys.take(20, rename("two", "one"));
    EXPECT_EQ(keys.now("one", 1), "one");
    EXPECT_EQ(keys.now("two", 15), "one");
    EXPECT_EQ(keys.spans("one"), (Spans{{"one", 0, 9}, {"two", 9, 19}, {"one", 19, 0}}));
}

// The database that knew of it was lost, and goes on with the room under its former key.
TEST(RoomKeys, ARecoveryTakesBackWhatWasRenamedInWhatItGained) {
    RoomKeys keys;
    keys.take(10, rename("zero", "one"));
    keys.take(20, rename("one", "two"));
    schema::TrailEntry recovery;
    recovery.kind = schema::TrailKind::command;
    recovery.action = "recover";
    recovery.recovered = "15-30";
    keys.take(31, recovery);
    EXPECT_EQ(keys.now("one", 12), "one");
    EXPECT_EQ(keys.now("two", 25), "one");
    EXPECT_EQ(keys.now("one", 40), "one");
    EXPECT_EQ(keys.spans("one"), (Spans{{"zero", 0, 9}, {"one", 9, 19}, {"two", 19, 30}, {"one", 30, 0}}));
    keys.take(50, rename("one", "two"));
    EXPECT_EQ(keys.now("one", 12), "two");
    EXPECT_EQ(keys.now("two", 25), "two");
}

}  // namespace
}  // namespace rollcall::audit
