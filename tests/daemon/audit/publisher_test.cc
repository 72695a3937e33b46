// daemon/audit/publisher: what is written, again and again, and what a crash, a full disk or a restored
// backup leaves of it.
#include "schema/tlog_proof.h"
#include "tests/daemon/audit/log_fixture.h"

namespace rollcall::audit::test {
namespace {

std::map<std::string, std::string> contents(const Log& log) {
    std::map<std::string, std::string> out;
    for (const std::string& file : log.files()) out[file] = log.read(file);
    return out;
}

TEST(Publisher, WritesTheFilesThatTheTreeNeeds) {
    const Log log;
    log.grow(600, 600);
    std::vector<std::string> files = log.files();
    EXPECT_EQ(files, (std::vector<std::string>{"checkpoint", "signed", "tile/0/000", "tile/0/001",
                                               "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000",
                                               "tile/entries/001", "tile/entries/002.p/88"}));
    EXPECT_EQ(log.faults(), "");
    const Verification verification = log.verify();
    EXPECT_EQ(verification.entries, 600U);
    EXPECT_EQ(verification.head->size, 600U);
    EXPECT_EQ(log.folder().entries({true, 0, 2, 88}).value().back(), Log::entries(599, 600)[0]);
}

TEST(Publisher, APieceAtATimeEndsInTheSameTree) {
    const Log whole, pieces;
    whole.grow(1'000, 1'000);
    pieces.grow(1'000, 37);
    EXPECT_EQ(whole.verify().head->root, pieces.verify().head->root);
    EXPECT_EQ(pieces.faults(), "");
    // Of a full tile no forerunner stays.
    for (const std::string& file : pieces.files()) EXPECT_FALSE(file.starts_with("tile/0/000.p")) << file;
}

TEST(Publisher, SignsNothingTwiceAndNothingWithoutBeingAsked) {
    const Log log;
    Publisher publisher = log.open(100).value();
    ASSERT_TRUE(publisher.append(Log::entries(0, 50)));
    EXPECT_FALSE(log.folder().read_note(kCheckpointFile).value());
    const std::string note = publisher.sign().value();
    EXPECT_EQ(publisher.sign().value(), note);
    EXPECT_EQ(log.read(kCheckpointFile), note);
    ASSERT_TRUE(publisher.append(Log::entries(50, 60)));
    EXPECT_EQ(log.read(kCheckpointFile), note);
    EXPECT_NE(publisher.sign().value(), note);
}

// The process ends after any number of steps: what comes then writes the same.
TEST(Publisher, GoesOnAfterAnyCrash) {
    const Log whole;
    whole.grow(700, 70);
    const auto wanted = contents(whole);
    for (std::uint64_t appended = 0; appended <= 560; appended += 140) {
        const Log log;
        log.key = whole.key;
        log.grow(140, 70);
        {
            Publisher publisher = log.open(700).value();
            if (appended > 0) {
                ASSERT_TRUE(publisher.append(Log::entries(140, 140 + appended)));
            }
        }  // killed: tiles beyond what was signed
        EXPECT_EQ(log.faults(), "");
        log.grow(700, 70);
        EXPECT_EQ(log.faults(), "") << appended;
        EXPECT_EQ(log.read(kCheckpointFile), wanted.at(kCheckpointFile));
        EXPECT_EQ(log.read("tile/entries/002.p/188"), wanted.at("tile/entries/002.p/188"));
    }
}

TEST(Publisher, WhatWasSignedBeforeACrashIsPublishedAfterIt) {
    const Log log;
    log.grow(100, 50);
    const std::string newest = log.read(kSignedFile);
    log.write(kCheckpointFile, "the one before");
    static_cast<void>(log.open(100).value());
    EXPECT_EQ(log.read(kCheckpointFile), newest);
}

TEST(Publisher, FilesAheadOfTheStoreAreAFork) {
    const Log log;
    log.grow(100, 100);
    EXPECT_EQ(log.open(99).error().kind, ErrorKind::conflict);
    EXPECT_TRUE(log.open(100));
}

TEST(Publisher, AnotherEntryWhereOneWasIsAFork) {
    const Log log;
    log.grow(100, 100);
    {
        Publisher publisher = log.open(200).value();
        ASSERT_TRUE(publisher.append(Log::entries(100, 150)));
    }
    Publisher publisher = log.open(200).value();
    EXPECT_EQ(publisher.append(Log::entries(101, 151)).error().kind, ErrorKind::conflict);
    EXPECT_EQ(publisher.published(), 100U);
    EXPECT_TRUE(publisher.append(Log::entries(100, 150)));
}

TEST(Publisher, ChangedTilesAnotherKeyOrAnotherOriginStopIt) {
    const Log log;
    log.grow(300, 300);
    EXPECT_FALSE(Publisher::open(log.folder(), schema::SignerKey::generate(kOrigin).value(), kOrigin, 300));
    EXPECT_EQ(Publisher::open(log.folder(), log.key, "another", 300).error().kind, ErrorKind::conflict);
    std::string tile = log.read("tile/0/001.p/44");
    tile[40] = static_cast<char>(tile[40] ^ 1);
    log.write("tile/0/001.p/44", tile);
    EXPECT_EQ(log.open(300).error().kind, ErrorKind::conflict);
    std::filesystem::remove(log.path + "/" + kSignedFile);
    EXPECT_EQ(log.open(300).error().kind, ErrorKind::conflict);
}

TEST(Publisher, AnEntryBeyondTheFormsLimitIsRefused) {
    const Log log;
    Publisher publisher = log.open(10).value();
    EXPECT_TRUE(publisher.append({std::string(schema::kLongestEntry, 'x')}));
    EXPECT_EQ(publisher.append({std::string(schema::kLongestEntry + 1, 'x')}).error().kind, ErrorKind::limit);
}

TEST(Publisher, ItsFilesGiveProofs) {
    const Log log;
    log.grow(70'000, 35'000);
    const LogFolder folder = log.folder();
    const schema::TlogReader reader = folder.reader(70'000);
    const schema::Checkpoint head = *log.verify().head;
    for (const std::uint64_t index : {0U, 255U, 256U, 65'535U, 65'536U, 69'999U}) {
        const schema::TlogPath path = schema::tlog_inclusion(reader, index, 70'000).value();
        EXPECT_TRUE(schema::check_inclusion(
            path, index, schema::tlog_leaf_hash(Log::entries(index, index + 1)[0]), 70'000, head.root));
    }
    EXPECT_EQ(folder.edge(70'000).value().root(), head.root);
}

}  // namespace
}  // namespace rollcall::audit::test
