// A turn is in force as a whole or not at all: on a full disk, on a failing one, and when the process is
// killed.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "tests/daemon/store/fault_vfs.h"
#include "tests/daemon/store/random_world.h"
#include "tests/daemon/store/store_fixture.h"
#include "tests/daemon/store/world_text.h"

namespace rollcall::store {
namespace {

std::string text_of(Store& store, const policy::World& like) {
    policy::World world;
    world.bot = like.bot;
    EXPECT_TRUE(ok(store.load(world)));
    return world_text(world);
}

TEST(Commit, OfNothingTouchesNoDisk) {
    FaultVfs disk;
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    const int writes = disk.writes(), syncs = disk.syncs();
    policy::World world;
    EXPECT_TRUE(ok(store->commit({.world = &world})));
    EXPECT_EQ(disk.writes(), writes);
    EXPECT_EQ(disk.syncs(), syncs);
}

TEST(Commit, CostsOneSyncHoweverMuchIsInIt) {
    FaultVfs disk;
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.trail = {entry(1)}})));
    const int syncs = disk.syncs();
    RandomWorld walk(3);
    for (int i = 0; i < 200; ++i) walk.step();
    Turn turn = walk.take_turn();
    for (std::uint64_t i = 2; i < 52; ++i) turn.trail.push_back(entry(i));
    ASSERT_TRUE(ok(store->commit(turn)));
    EXPECT_EQ(disk.syncs(), syncs + 1);
}

class FullDisk : public testing::TestWithParam<int> {};

// The disk fills at the n-th write from now: every turn is either there or not, and the same one succeeds
// later.
TEST_P(FullDisk, LeavesTheTurnBeforeAndTakesTheSameTurnLater) {
    FaultVfs disk;
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    RandomWorld walk(static_cast<unsigned>(GetParam()));
    for (int i = 0; i < 100; ++i) walk.step();
    ASSERT_TRUE(ok(store->commit(walk.take_turn())));
    const std::string before = world_text(walk.world);
    for (int i = 0; i < 50; ++i) walk.step();
    Turn turn = walk.take_turn();
    turn.trail = {entry(1)};
    turn.intents = {{1, "one"}};
    disk.fail_writes_after(GetParam(), SQLITE_FULL);
    const Status full = store->commit(turn);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().kind, ErrorKind::limit) << full.error().text();
    EXPECT_FALSE(store->fatal());
    EXPECT_EQ(difference(before, text_of(*store, walk.world)), "");
    EXPECT_EQ(*store->trail_size(), 0U);
    EXPECT_EQ(store->commit(turn).error().kind, ErrorKind::limit);  // still full
    disk.mend();
    ASSERT_TRUE(ok(store->commit(turn)));
    store.reset();
    store = open_or_fail(folder.path());
    EXPECT_EQ(difference(world_text(walk.world), text_of(*store, walk.world)), "");
    EXPECT_EQ(*store->trail_size(), 1U);
    EXPECT_EQ(store->intents()->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Writes, FullDisk, testing::Range(0, 16));

TEST(Commit, AFailedWriteKeepsNothingAndIsNotFinal) {
    FaultVfs disk;
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    disk.fail_writes_after(1, SQLITE_IOERR_WRITE);
    const Status failed = store->commit({.trail = {entry(1)}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::io);
    EXPECT_FALSE(store->fatal());
    EXPECT_EQ(*store->trail_size(), 0U);
    disk.mend();
    EXPECT_TRUE(ok(store->commit({.trail = {entry(1)}})));
}

TEST(Commit, AFailedSyncIsFinal) {
    FaultVfs disk;
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.trail = {entry(1)}})));
    disk.fail_syncs_after(0);
    const Status failed = store->commit({.trail = {entry(2)}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::io);
    EXPECT_TRUE(store->fatal());
    disk.mend();
    EXPECT_FALSE(store->commit({.trail = {entry(2)}})) << "it must not go on with a disk that lies";
    store.reset();
    store = open_or_fail(folder.path());
    EXPECT_FALSE(store->fatal());
    const std::uint64_t size = *store->trail_size();  // the second may have reached the disk, or not
    EXPECT_TRUE(size == 1 || size == 2) << size;
    EXPECT_TRUE(ok(store->commit({.trail = {entry(size + 1)}})));
}

TEST(Commit, AFailedSyncOfACheckpointIsFinalAndLosesNothing) {
    FaultVfs disk;
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    std::uint64_t committed = 0;
    disk.fail_syncs_after(1'000'000);
    while (!store->fatal()) {
        TrailRow large = entry(committed + 1);
        large.leaf.text.assign(1U << 20U, 'x');
        disk.fail_syncs_after(1);  // the commit's own succeeds, and the first of a checkpoint does not
        if (store->commit({.trail = {large}})) ++committed;
        ASSERT_LT(committed, 100U) << "no checkpoint came";
    }
    disk.mend();
    store.reset();
    store = open_or_fail(folder.path());
    EXPECT_EQ(*store->trail_size(), committed + 1);  // the last one was durable before the checkpoint began
}

TEST(SlowDisk, MakesEverySyncTakeItsTime) {
    FaultVfs disk;
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    disk.slow_syncs(std::chrono::milliseconds{10});
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(ok(store->commit({.trail = {entry(1)}})));
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{10});
}

// Commits without end and writes a byte after each, until it is killed.
[[noreturn]] void commit_until_killed(const std::string& folder, int report) {
    auto store = open_sqlite_store(folder);
    RandomWorld walk(5);
    for (std::uint64_t i = *(*store)->trail_size() + 1; store; ++i) {
        walk.step();
        Turn turn = walk.take_turn();
        turn.trail = {entry(i)};
        turn.intents = {{i, "intent"}};
        turn.finished = {i - 1};
        if (!(*store)->commit(turn) || ::write(report, "x", 1) != 1) break;
    }
    ::_exit(1);
}

TEST(Kill, KeepsEveryTurnThatWasReported) {
    const TemporaryFolder folder;
    std::uint64_t reported = 0;
    for (const int turns : {1, 2, 17, 60}) {
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe(pipe.data()), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) commit_until_killed(folder.path(), pipe[1]);
        ::close(pipe[1]);
        char byte = 0;
        for (int i = 0; i < turns; ++i) reported += ::read(pipe[0], &byte, 1) == 1 ? 1U : 0U;
        ::kill(child, SIGKILL);
        while (::read(pipe[0], &byte, 1) == 1) ++reported;
        ::close(pipe[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child stopped by itself";
        const auto store = open_or_fail(folder.path());
        const std::uint64_t size = *store->trail_size();
        EXPECT_GE(size, reported);
        EXPECT_LE(size, reported + 1);
        ASSERT_EQ(store->intents()->size(), 1U);  // a turn is whole: its intent came with its entry
        EXPECT_EQ((*store->intents())[0].id, size);
        policy::World world;
        EXPECT_TRUE(ok(store->load(world)));
        reported = size;
    }
}

}  // namespace
}  // namespace rollcall::store
