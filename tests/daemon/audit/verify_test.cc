// daemon/audit/verify: a log as it should be, and each thing that somebody could do to one.
#include <cstdlib>

#include "tests/daemon/audit/log_fixture.h"

namespace rollcall::audit::test {
namespace {

std::vector<std::string> places(const Verification& verification) {
    std::vector<std::string> out;
    for (const Fault& fault : verification.faults) out.push_back(fault.place);
    return out;
}

TEST(Verify, AnEmptyFolderHasNoCheckpoint) {
    const Log log;
    EXPECT_EQ(log.faults(), "checkpoint: it is missing\n");
}

TEST(Verify, ALogOfNothingIsOne) {
    const Log log;
    Publisher publisher = log.open(0).value();
    ASSERT_TRUE(publisher.sign());
    EXPECT_EQ(log.faults(), "");
}

TEST(Verify, NamesTheEntryThatWasChanged) {
    const Log log;
    log.grow(600, 600);
    std::vector<std::string> entries = log.folder().entries({true, 0, 1, 256}).value();
    std::swap(entries[10], entries[11]);
    log.write("tile/entries/001", schema::write_bundle(entries));
    EXPECT_EQ(log.faults(),
              "tile/entries/001: entry 266 is not the one that was signed\n"
              "tile/entries/001: entry 267 is not the one that was signed\n");
}

// Whoever has the files but not the key makes them fit one another again: the signed root does not.
TEST(Verify, ALogMadeAnewDoesNotFitItsSignedHead) {
    const Log log;
    log.grow(600, 600);
    std::filesystem::remove_all(log.path + "/tile");
    const Log forged;
    Publisher publisher = forged.open(600).value();
    std::vector<std::string> entries = Log::entries(0, 600);
    entries[300] = "{}";
    ASSERT_TRUE(publisher.append(entries));
    std::filesystem::copy(
        forged.path + "/tile", log.path + "/tile",
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(places(log.verify()), std::vector<std::string>{"checkpoint"});
}

TEST(Verify, AnotherKeyOrOriginIsNotBelieved) {
    const Log log;
    log.grow(10, 10);
    VerifyOptions options = log.options();
    options.keys = {schema::SignerKey::generate(kOrigin)->verifier()};
    EXPECT_EQ(places(verify_log(log.folder(), options)), std::vector<std::string>{"checkpoint"});
    options = log.options();
    options.origin = "another";
    EXPECT_EQ(places(verify_log(log.folder(), options)), std::vector<std::string>{"checkpoint"});
}

TEST(Verify, AnchorsAreMetAndShowARollBackAndAFork) {
    const Log log;
    log.grow(300, 100);
    const std::string then = log.read(kCheckpointFile);
    log.grow(1'000, 350);
    VerifyOptions options = log.options();
    options.anchors = {{"worm", then}};
    Verification verification = verify_log(log.folder(), options);
    EXPECT_EQ(verification.anchors, 1U);
    EXPECT_TRUE(verification.faults.empty());

    const Log rolled_back;
    rolled_back.key = log.key;
    rolled_back.grow(200, 200);
    verification = verify_log(rolled_back.folder(), options);
    ASSERT_EQ(places(verification), std::vector<std::string>{"worm"});
    EXPECT_NE(verification.faults[0].text.find("rolled back"), std::string::npos);

    const Log fork;
    fork.key = log.key;
    Publisher publisher = fork.open(1'000).value();
    std::vector<std::string> entries = Log::entries(0, 1'000);
    entries[7] = "{}";
    ASSERT_TRUE(publisher.append(entries));
    ASSERT_TRUE(publisher.sign());
    verification = verify_log(fork.folder(), options);
    ASSERT_EQ(places(verification), std::vector<std::string>{"worm"});
    EXPECT_NE(verification.faults[0].text.find("fork"), std::string::npos);

    options.anchors = {{"room", "no note"}};
    EXPECT_EQ(places(verify_log(log.folder(), options)), std::vector<std::string>{"room"});
}

TEST(Verify, AsksAboutEveryEntryInOrderAndTellsHowFarItIs) {
    const Log log;
    log.grow(600, 600);
    VerifyOptions options = log.options();
    std::uint64_t next = 0, done = 0;
    options.check_entry = [&](std::uint64_t index, const std::string& entry) -> std::optional<std::string> {
        EXPECT_EQ(index, next++);
        EXPECT_EQ(entry, Log::entries(index, index + 1)[0]);
        return index == 5 ? std::optional<std::string>("a gap") : std::nullopt;
    };
    options.progress = [&](std::uint64_t now, std::uint64_t of) {
        done = now;
        EXPECT_EQ(of, 600U);
    };
    const Verification verification = verify_log(log.folder(), options);
    EXPECT_EQ(next, 600U);
    EXPECT_EQ(done, 600U);
    EXPECT_EQ(verification.faults, (std::vector<Fault>{{"tile/entries/000", "entry 5: a gap"}}));
}

// A program that knows the forms and nothing of this one comes to the same.
TEST(Verify, TheVerifierInTheDocsSaysTheSame) {
    const auto verified = [](const Log& log) {
        const std::string command = std::string("python3 -B ") + VERIFY_LOG + " " + log.path + " '" +
                                    log.key.verifier().text() + "' >/dev/null 2>&1";
        return std::system(command.c_str()) == 0;
    };
    for (const std::uint64_t size : {1U, 255U, 256U, 700U, 66'000U}) {
        const Log log;
        log.grow(size, 40'000);
        EXPECT_TRUE(verified(log)) << size;
    }
    const Log log;
    log.grow(700, 700);
    const std::string bundle = log.read("tile/entries/001"), tile = log.read("tile/0/001");
    std::string other = bundle;
    other[100] = static_cast<char>(other[100] ^ 1);
    log.write("tile/entries/001", other);
    EXPECT_FALSE(verified(log));
    // Somebody who mends the tile as well still meets the signed root.
    std::vector<std::string> entries = schema::read_bundle(other, 256).value();
    std::string hashes;
    for (const std::string& entry : entries) {
        const schema::TlogHash hash = schema::tlog_leaf_hash(entry);
        hashes.append(hash.begin(), hash.end());
    }
    log.write("tile/0/001", hashes);
    EXPECT_FALSE(verified(log));
    log.write("tile/entries/001", bundle), log.write("tile/0/001", tile);
    EXPECT_TRUE(verified(log));
}

TEST(Verify, AFileThatNoLogHasIsNamed) {
    const Log log;
    log.grow(10, 10);
    log.write("tile/0/notes.txt", "x");
    EXPECT_EQ(log.faults(), "tile/0/notes.txt: no log has such a file\n");
}

}  // namespace
}  // namespace rollcall::audit::test
