// daemon/audit/publication: the log follows the store, whatever the disk does, and a log of another store is
// refused.
#include <fstream>

#include "tests/daemon/audit/told.h"
#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::audit::test {
namespace {

std::vector<store::StoredTrailEntry> whole_trail(const TrailFolder& at) {
    store::TrailFilter filter;
    filter.at_most = 1'000;
    return at.store->trail(filter).value();
}

TEST(Publication, TheLogHoldsWhatTheStoreHolds) {
    TrailFolder at;
    at.act(300);
    at.publish();
    EXPECT_EQ(at.faults(), "");
    const TrailVerification found = at.verify();
    EXPECT_EQ(found.log.head->size, 600U);
    EXPECT_EQ(found.personal, 600U);
    EXPECT_EQ(found.intents, 300U);
    at.act(1);
    EXPECT_EQ(at.verify().unsigned_entries, 2U);
    EXPECT_EQ(at.faults(), "");
}

TEST(Publication, FollowsCommitsByItself) {
    TrailFolder at;
    Told<LogState> told;
    auto publication = std::move(*at.open());
    publication->start(told.tell());
    at.act(3);
    publication->wake();
    EXPECT_TRUE(told.comes([](const LogState& state) { return state.signed_size == 6; }));
    at.act(1);  // signed with the next checkpoint, or at the end
    publication->wake();
    ASSERT_TRUE(publication->finish());
    EXPECT_EQ(publication->state().signed_size, 8U);
    EXPECT_EQ(at.faults(), "");
}

TEST(Publication, WhatCannotBeWrittenWaitsInTheStore) {
    TrailFolder at;
    Told<LogState> told;
    auto publication = std::move(*at.open());
    const std::string blocked = at.folder.path() + "/audit/tile";
    std::ofstream(blocked) << "in the way";
    publication->start(told.tell());
    at.act(3);
    publication->wake();
    EXPECT_TRUE(told.comes([](const LogState& state) { return !state.trouble.empty(); }));
    at.act(3);
    publication->wake();
    std::filesystem::remove(blocked);
    EXPECT_TRUE(
        told.comes([](const LogState& state) { return state.signed_size == 12 && state.trouble.empty(); }));
    publication.reset();
    EXPECT_EQ(at.faults(), "");
}

TEST(Publication, EntriesThatWentAreReadFromTheLog) {
    TrailFolder at;
    at.act(400);
    const auto before = whole_trail(at);
    at.publish();
    ASSERT_TRUE(at.commit(800));
    EXPECT_EQ(whole_trail(at).size(), 800U);
    EXPECT_EQ((*store::TrailReader::open(at.folder.path()))->leaves(0, 1).error().kind, ErrorKind::conflict);
    const auto after = whole_trail(at);
    for (std::size_t i = 0; i < before.size(); ++i) ASSERT_EQ(after[i].text, before[i].text) << i;
    at.act(1);
    at.publish();
    EXPECT_EQ(at.faults(), "");
}

TEST(Publication, AStoreFromABackupIsAFork) {
    TrailFolder at;
    at.act(10);
    const std::string backup = at.folder.path() + "/backup";
    at.store.reset();
    std::filesystem::copy_file(at.folder.database(), backup);
    at.start();
    at.act(10);
    at.publish();
    at.store.reset();
    std::filesystem::copy_file(backup, at.folder.database(),
                               std::filesystem::copy_options::overwrite_existing);
    at.start();
    const auto refused = at.open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_NE(refused.error().message.find("the log in"), std::string::npos) << refused.error().message;
    // Nor once it has grown longer than the log, with other entries.
    at.act(15);
    EXPECT_EQ(at.open().error().kind, ErrorKind::conflict);
}

TEST(Publication, ALogThatWasLostIsAFork) {
    TrailFolder at;
    at.act(10);
    at.publish();
    ASSERT_TRUE(at.commit(20));
    std::filesystem::remove_all(at.folder.path() + "/audit");
    EXPECT_EQ(at.open().error().kind, ErrorKind::conflict);
}

TEST(Publication, LeavesEverySignedHeadInEveryAnchorOnce) {
    TrailFolder at;
    const std::string worm = at.folder.path() + "/worm";
    std::filesystem::create_directory(worm);
    at.anchors = {{"worm", worm}, {"away", at.folder.path() + "/not mounted"}};
    std::ofstream(worm + "/new-2") << "half of a note, left by a crash";
    at.act(1);
    at.publish();
    at.publish();  // nothing new
    at.act(1);
    auto publication = std::move(*at.open());
    ASSERT_TRUE(publication->finish());
    const std::vector<AnchorState> states = publication->state().anchors;
    EXPECT_EQ(states[0].name, "worm");
    EXPECT_EQ(states[0].size, 4U);
    EXPECT_EQ(states[0].trouble, "");
    EXPECT_NE(states[0].at, Time{});
    EXPECT_EQ(states[1].size, 0U);
    EXPECT_NE(states[1].trouble, "");
    EXPECT_FALSE(std::filesystem::exists(at.folder.path() + "/not mounted")) << "a mount was made up";
    const std::vector<Anchor> kept = AnchorFolder("worm", worm).all().value().heads;
    ASSERT_EQ(kept.size(), 2U);
    EXPECT_TRUE(kept[0].name.ends_with("/checkpoint-00000000000000000002"));
    VerifyOptions options;
    options.origin = kLogName;
    options.keys = {at.key.verifier()};
    options.anchors = kept;
    EXPECT_EQ(verify_log(at.log(), options).anchors, 2U);
}

// Whoever has the key signs other entries under the same numbers: the folder alone would not show it.
TEST(Publication, AnAnchorShowsALogThatWasMadeAnew) {
    TrailFolder at, other;
    const std::string worm = at.folder.path() + "/worm";
    std::filesystem::create_directory(worm);
    at.anchors = {{"worm", worm}};
    at.act(2);
    at.publish();
    other.key = at.key;
    other.trail->add(TrailFolder::about(schema::TrailKind::directory, kBob, "@bob:x"));
    other.act(3);
    other.publish();
    EXPECT_EQ(other.faults(), "");
    VerifyOptions options;
    options.origin = kLogName;
    options.keys = {at.key.verifier()};
    options.anchors = AnchorFolder("worm", worm).all().value().heads;
    const Verification found = verify_log(other.log(), options);
    ASSERT_EQ(found.faults.size(), 1U);
    EXPECT_NE(found.faults[0].text.find("a fork"), std::string::npos) << found.faults[0].text;
    // It is not gone on with, nor is anything written over what is there.
    other.anchors = at.anchors;
    const auto refused = other.open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    const Status put = AnchorFolder("worm", worm).put(4, "another");
    ASSERT_FALSE(put);
    EXPECT_NE(put.error().message.find("holds another checkpoint"), std::string::npos);
}

TEST(Publication, StoreAndLogFromOneOldBackupAreAForkThatAnAnchorShows) {
    TrailFolder at;
    const std::string worm = at.folder.path() + "/worm", log = at.folder.path() + "/audit";
    std::filesystem::create_directory(worm);
    at.anchors = {{"worm", worm}};
    at.act(10);
    at.publish();
    at.store.reset();
    std::filesystem::copy(log, at.folder.path() + "/old", std::filesystem::copy_options::recursive);
    std::filesystem::copy_file(at.folder.database(), at.folder.path() + "/old.db");
    at.start();
    at.act(10);
    at.publish();
    at.store.reset();
    std::filesystem::remove_all(log);
    std::filesystem::rename(at.folder.path() + "/old", log);
    std::filesystem::rename(at.folder.path() + "/old.db", at.folder.database());
    at.start();
    const auto refused = at.open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_NE(refused.error().message.find("worm"), std::string::npos) << refused.error().message;
}

TEST(Publication, ACheckpointThatCannotBeWrittenStopsNothingAndComesLater) {
    TrailFolder at;
    at.act(3);
    at.publish();
    at.act(3);
    const std::string draft = at.folder.path() + "/audit/checkpoint.new";
    const auto kept = [&] { return at.log().read_note(kCheckpointFile).value().value_or(""); };
    const std::string before = kept();
    std::filesystem::create_directory(draft);
    {
        auto publication = std::move(*at.open());
        EXPECT_FALSE(publication->finish());
        EXPECT_EQ(kept(), before);
    }
    auto publication = at.open();
    ASSERT_TRUE(publication) << publication.error().text();
    std::filesystem::remove(draft);
    ASSERT_TRUE(store::ok((*publication)->finish()));
    EXPECT_NE(kept(), before);
    EXPECT_EQ(at.faults(), "");
}

TEST(Publication, AnotherKeyOrNameIsRefused) {
    TrailFolder at;
    at.act(1);
    at.publish();
    const schema::SignerKey own = at.key;
    at.key = schema::SignerKey::generate(kLogName).value();
    EXPECT_FALSE(at.open());
    at.key = schema::SignerKey::generate("another").value();
    EXPECT_EQ(at.open().error().kind, ErrorKind::conflict);
    at.key = own;
    EXPECT_TRUE(at.open());
}

}  // namespace
}  // namespace rollcall::audit::test
