// daemon/audit/trail: numbers without a gap, and one key a person, whatever is known of them first.
#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::audit::test {
namespace {

using schema::TrailKind;

std::uint64_t key_of(const TrailFolder& at, const Guid& guid, const std::string& name) {
    const auto found = at.store->person_key(guid, name);
    return found && *found ? (*found)->id : 0;
}

std::vector<std::uint64_t> about(const TrailFolder& at, const std::string& user) {
    std::vector<std::uint64_t> out;
    EXPECT_TRUE(at.store->each_trail({.user = user}, [&](const store::StoredTrailEntry& entry) {
        out.push_back(entry.index);
        return Status{};
    }));
    return out;
}

using Numbers = std::vector<std::uint64_t>;

TEST(Trail, KeyAndEntryAreBornInOneCommit) {
    TrailFolder at;
    at.trail->add(TrailFolder::about(TrailKind::directory, kAda, "@ada:x"));
    at.trail->add(TrailFolder::about(TrailKind::membership, {}, "@eve:y"));
    EXPECT_EQ(key_of(at, kAda, ""), 0U);
    ASSERT_TRUE(at.commit());
    EXPECT_EQ(key_of(at, kAda, ""), 1U);
    EXPECT_EQ(key_of(at, {}, "@ada:x"), 1U);
    EXPECT_EQ(key_of(at, {}, "@eve:y"), 2U);
}

TEST(Trail, APersonHasOneKeyInEveryTurnAndProcess) {
    TrailFolder at;
    for (int round = 0; round < 3; ++round) {
        at.trail->add(TrailFolder::about(TrailKind::directory, kAda, ""));
        at.trail->add(TrailFolder::about(TrailKind::directory, kAda, "@ada:x"));
        at.trail->add(TrailFolder::about(TrailKind::membership, {}, "@ada:x"));
        ASSERT_TRUE(at.commit());
        if (round == 1) at.start();
    }
    EXPECT_EQ(*at.store->last_person_key(), 1U);
    EXPECT_EQ(about(at, "@ada:x"), (Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Trail, WhoeverTurnsOutToBeAPersonKeepsTheirKeys) {
    TrailFolder at;
    at.trail->add(TrailFolder::about(TrailKind::membership, {}, "@ada:x"));  // a user, so far
    ASSERT_TRUE(at.commit());
    at.trail->add(TrailFolder::about(TrailKind::directory, kAda, ""));  // a person, so far
    ASSERT_TRUE(at.commit());
    at.trail->add(TrailFolder::about(TrailKind::membership, kAda, "@ada:x"));
    ASSERT_TRUE(at.commit());
    EXPECT_EQ(*at.store->last_person_key(), 2U);
    EXPECT_EQ(about(at, "@ada:x"), (Numbers{1, 2, 3}));
    at.start();
    at.trail->add(TrailFolder::about(TrailKind::membership, kAda, "@ada:x"));
    at.trail->add(TrailFolder::about(TrailKind::membership, {}, "@ada:x"));
    ASSERT_TRUE(at.commit());
    EXPECT_EQ(*at.store->last_person_key(), 2U);
}

TEST(Trail, WhoeverGetsAnotherMatrixIdIsFoundByBoth) {
    TrailFolder at;
    const auto say = [&](const Guid& person, const std::string& user) {
        at.trail->add(TrailFolder::about(TrailKind::membership, person, user));
        ASSERT_TRUE(at.commit());
    };
    say(kAda, "@ada:x");
    say(kAda, "@countess:x");
    say({}, "@countess:x");
    at.start();
    say(kAda, "@ada:x");
    say(kAda, "@countess:x");
    say(kAda, "");
    EXPECT_EQ(*at.store->last_person_key(), 2U);
    EXPECT_EQ(about(at, "@ada:x"), (Numbers{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(about(at, "@countess:x"), (Numbers{1, 2, 3, 4, 5, 6}));
    say(kBob, "@countess:x");  // a conflict: it stays Ada's
    EXPECT_EQ(about(at, "@countess:x"), (Numbers{1, 2, 3, 4, 5, 6}));
    at.publish();
    EXPECT_EQ(at.faults(), "");
}

TEST(Trail, AMatrixIdNeverLeadsFromOnePersonToAnother) {
    TrailFolder at;
    at.trail->add(TrailFolder::about(TrailKind::directory, kAda, "@ada:x"));
    at.trail->add(TrailFolder::about(TrailKind::directory, kBob, "@ada:x"));  // a conflict
    ASSERT_TRUE(at.commit());
    EXPECT_NE(key_of(at, kBob, ""), key_of(at, kAda, ""));
    EXPECT_EQ(key_of(at, {}, "@ada:x"), key_of(at, kAda, ""));
}

TEST(Trail, CallersAreNamedByWhoTheyLoggedInAs) {
    TrailFolder at;
    schema::TrailEntry entry;
    entry.kind = TrailKind::command;
    entry.caller = schema::TrailCaller{0, 1000, "alice"};
    at.trail->add(entry);
    entry.caller = schema::TrailCaller{1000, -1, "alice"};
    at.trail->add(entry);
    ASSERT_TRUE(at.commit());
    EXPECT_EQ(*at.store->last_person_key(), 1U);
    EXPECT_EQ(key_of(at, {}, "unix:1000"), 1U);
}

TEST(Trail, ATurnThatIsTriedAgainSaysTheSame) {
    TrailFolder at;
    at.trail->add(TrailFolder::about(TrailKind::directory, kAda, "@ada:x"));
    store::Turn turn;
    ASSERT_TRUE(at.trail->take_into(turn));
    // The disk was full: another entry joins it before it is tried again.
    at.trail->add(TrailFolder::about(TrailKind::directory, kAda, "@ada:x"));
    ASSERT_TRUE(at.trail->take_into(turn));
    ASSERT_EQ(turn.trail.size(), 2U);
    EXPECT_EQ(turn.person_keys.size(), 1U);
    EXPECT_EQ(turn.trail[1].subject, turn.trail[0].subject);
    EXPECT_TRUE(store::ok(at.store->commit(turn)));
}

}  // namespace
}  // namespace rollcall::audit::test
