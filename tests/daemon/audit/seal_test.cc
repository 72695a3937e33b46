// daemon/audit/seal: rows of the trail that the daemon did not write are not signed, and stop the next start.
#include "daemon/audit/seal.h"

#include <fmt/format.h>
#include <fstream>

#include "daemon/audit/recovery.h"
#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::audit::test {
namespace {

using schema::TrailKind;

class SealTest : public testing::Test {
  protected:
    SealTest() {
        at.seal();
        schema::TrailEntry start = TrailFolder::about(TrailKind::start, {}, "");
        start.basis = schema::TrailBasis{"0.1.0", "aa", {}};
        at.trail->add(start);
        at.act(3);
        at.publish();  // seven entries
    }
    // As somebody does who may write the file.
    void insert(std::uint64_t number) {
        at.meddle(fmt::format("INSERT INTO trail (number, time, kind) VALUES ({0}, 1, 'stop'); INSERT INTO "
                              "trail_leaf (number, text) VALUES ({0}, '{{\"unmapped\":{{\"kind\":\"stop\"}}}}')",
                              number));
    }
    // Why the next process does not start, and what verify says of the same.
    void expect_refused(const std::string& what) {
        const auto refused = at.open();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
        EXPECT_EQ(refused.error().message, what);
        EXPECT_NE(at.faults().find("rollcall.db: " + what), std::string::npos) << at.faults();
    }
    [[nodiscard]] Result<std::optional<Recovered>> recovered() {
        RecoverySettings settings;
        settings.origin = kLogName;
        settings.key = at.key;
        settings.key_files = KeyFiles(at.key_file());
        settings.state = at.folder.path();
        settings.caller = {1000, 1000, "alice"};
        settings.reason = "somebody wrote there";
        const auto reader = store::TrailReader::open(at.folder.path()).value();
        return recover(*at.store, *reader, at.log(), settings);
    }
    TrailFolder at;
};

TEST_F(SealTest, WhatTheDaemonWroteGoesOn) {
    EXPECT_EQ(at.faults(), "");
    at.act(2);  // not signed when the process dies
    at.start();
    EXPECT_EQ(at.faults(), "");
    at.seal();
    at.act(1);
    at.publish();
    EXPECT_EQ(at.faults(), "");
    EXPECT_EQ(at.verify().log.entries, 13U);
}

TEST_F(SealTest, ARowOfSomebodyElseStopsTheStart) {
    insert(8);
    expect_refused("entry 8 in the database was not written by Rollcall");
    insert(9);
    expect_refused("entries 8 to 9 in the database were not written by Rollcall");
}

TEST_F(SealTest, SoDoesARowThatIsAnotherOrGoneAfterTheCheckpoint) {
    at.act(1);
    at.meddle("UPDATE trail_leaf SET text = replace(text, 'join', 'jojn') WHERE number = 9");
    expect_refused("among the entries 8 to 9 in the database is one that Rollcall wrote otherwise");
    at.meddle("UPDATE trail_leaf SET text = replace(text, 'jojn', 'join') WHERE number = 9");
    EXPECT_EQ(at.faults(), "");
    at.meddle("DELETE FROM trail WHERE number = 9; DELETE FROM trail_leaf WHERE number = 9; DELETE FROM trail_part "
              "WHERE number = 9");
    expect_refused("the database lacks entries that Rollcall wrote, 9 to 9");
}

TEST_F(SealTest, TheSealCannotBeLeftOutOrMadeByAnotherKey) {
    at.meddle("DELETE FROM meta WHERE key = 'trail_seal'");
    expect_refused("the seal over the entries in the database is gone");
    insert(8);
    const schema::SignerKey other = schema::SignerKey::generate(kLogName).value();
    const std::string forged = Sealer(other, schema::TlogEdge{}).seal();
    at.meddle(fmt::format("INSERT INTO meta (key, value) VALUES ('trail_seal', '{}')", forged));
    expect_refused(
        "the seal over the entries in the database does not hold: no known key has signed this note");
}

// Nothing says of a version before that its store is sealed.
TEST(Seal, AStoreOfAVersionBeforeNeedsNone) {
    TrailFolder at;
    at.act(3);
    at.publish();
    EXPECT_EQ(at.faults(), "");
    at.act(1);
    EXPECT_TRUE(at.open());
    at.seal();
    at.act(1);
    at.publish();
    EXPECT_EQ(at.faults(), "");
    at.meddle("INSERT INTO trail (number, time, kind) VALUES (11, 1, 'stop'); INSERT INTO trail_leaf VALUES (11, 'x')");
    EXPECT_FALSE(at.open());
}

TEST_F(SealTest, WhileTheDaemonRunsAStrangeRowIsNotSigned) {
    auto publication = at.open();
    ASSERT_TRUE(publication);
    at.act(1);
    insert(10);
    const Status done = (*publication)->finish();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "entry 10 in the database was not written by Rollcall");
    EXPECT_EQ((*publication)->state().trouble, done.error().message);
    EXPECT_EQ((*publication)->state().signed_size, 7U);
}

TEST_F(SealTest, AfterARotationTheNewKeySealsAndTheOldOneDoesNot) {
    const schema::SignerKey old = at.key;
    const schema::SignerKey next = at.rotate();
    EXPECT_EQ(at.faults(), "") << "committed, and not signed yet";
    at.publish();
    at.key = next;
    at.act(1);
    at.publish();
    EXPECT_EQ(at.faults(), "");
    at.start();
    const auto publication = at.open();
    ASSERT_TRUE(publication);
    Sealer stolen = *(*publication)->sealer();
    stolen.hand_on(old);
    at.trail->seal_with(std::move(stolen));
    at.act(1);
    EXPECT_FALSE(at.open());
}

TEST_F(SealTest, RecoveryTakesStrangeRowsOutAndSaysSo) {
    EXPECT_EQ(recovered().value(), std::nullopt);
    insert(8);
    insert(9);
    const auto done = recovered();
    ASSERT_TRUE(done && *done) << done.error().text();
    EXPECT_EQ((*done)->taken_out, 2U);
    EXPECT_EQ((*done)->first, 0U);
    std::ifstream kept((*done)->kept_in);
    std::string line;
    ASSERT_TRUE(std::getline(kept, line));
    EXPECT_NE(line.find(R"("number":8)"), std::string::npos) << line;
    at.start();
    const auto last = at.store->trail({.after = 7}).value();
    ASSERT_EQ(last.size(), 1U);
    EXPECT_NE(last[0].text.find(R"("action":"take out entries")"), std::string::npos) << last[0].text;
    EXPECT_NE(last[0].text.find(R"("taken_out":"8-9 )"), std::string::npos) << last[0].text;
    EXPECT_EQ(at.faults(), "");
    at.seal();
    at.act(1);
    at.publish();
    EXPECT_EQ(at.faults(), "");
}

// What was not signed when the process died was written by it, and stays.
TEST_F(SealTest, RecoveryKeepsWhatIsSealedAndNotSigned) {
    at.act(1);
    insert(10);
    const auto done = recovered();
    ASSERT_TRUE(done && *done) << done.error().text();
    EXPECT_EQ((*done)->taken_out, 1U);
    at.start();
    EXPECT_EQ(at.store->trail_size().value(), 10U);
    EXPECT_EQ(at.faults(), "");
    at.publish();
    EXPECT_EQ(at.faults(), "");
}

}  // namespace
}  // namespace rollcall::audit::test
