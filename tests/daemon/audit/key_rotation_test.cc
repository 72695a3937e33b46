// The log is handed on from key to key: whoever has the first one can follow, whatever a crash leaves goes
// on, and a key that was put away signs nothing more.
#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "daemon/audit/durable_file.h"
#include "daemon/audit/key_history.h"
#include "schema/entry_proof.h"
#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::audit::test {
namespace {

using schema::SignerKey;
using schema::VerifierKey;

class Rotation : public testing::Test {
  protected:
    Rotation() {
        std::ofstream(at.key_file()) << at.key.secret_text() << "\n";
        at.act(3);
        at.publish();
    }
    // The daemon of the next start reads its key from the file.
    void read_key() {
        std::string text;
        std::ifstream(at.key_file()) >> text;
        at.key = SignerKey::read(text).value();
    }
    [[nodiscard]] std::string head() const { return at.log().read_note(kCheckpointFile).value().value(); }
    [[nodiscard]] bool signed_by(const VerifierKey& key) const {
        return schema::open_note(head(), {key}).has_value();
    }
    [[nodiscard]] std::vector<Fault> faults(const VerifierKey& in_force,
                                            std::optional<VerifierKey> handed_out,
                                            std::vector<Anchor> anchors = {}) const {
        VerifyOptions options;
        options.origin = kLogName;
        options.keys = {in_force};
        if (handed_out) options.handed_out = {*handed_out};
        options.anchors = std::move(anchors);
        return verify_log(at.log(), options).faults;
    }
    [[nodiscard]] bool others_agree(const VerifierKey& key) const {
        const std::string command = std::string("python3 -B ") + VERIFY_LOG + " " + at.folder.path() +
                                    "/audit '" + key.text() + "' >/dev/null 2>&1";
        return std::system(command.c_str()) == 0;
    }
    TrailFolder at;
    const VerifierKey first = at.key.verifier();
};

TEST_F(Rotation, TheFirstKeyLeadsThroughAllOthers) {
    const Anchor before{"before", head()};
    for (int i = 0; i < 2; ++i) {
        const VerifierKey old_key = at.key.verifier(), next = at.rotate().verifier();
        at.act(2);
        at.publish();
        EXPECT_TRUE(signed_by(old_key) && signed_by(next)) << "the first head is signed by both";
        read_key();
        EXPECT_EQ(at.key.verifier(), next) << "the new key took the place of the old";
        EXPECT_FALSE(std::filesystem::exists(KeyFiles(at.key_file()).next_path()));
        at.act(2);
        at.publish();
        EXPECT_FALSE(signed_by(old_key));
        EXPECT_TRUE(signed_by(next));
    }
    EXPECT_EQ(at.faults(), "");
    EXPECT_EQ(faults(at.key.verifier(), first, {before, {"now", head()}}), std::vector<Fault>{});
    EXPECT_TRUE(others_agree(first));
    const VerifierKey stranger = SignerKey::generate(kLogName)->verifier();
    EXPECT_FALSE(others_agree(stranger));
    EXPECT_EQ(
        faults(at.key.verifier(), stranger),
        (std::vector<Fault>{{stranger.text(), "this log never had that key, nor was handed on from it"}}));
}

TEST_F(Rotation, AProofCarriesTheWayFromTheFirstKey) {
    static_cast<void>(at.rotate());
    at.publish();
    read_key();
    const auto reader = store::TrailReader::open(at.folder.path());
    (*reader)->read_leaves_with(log_reader(at.log()));
    const schema::KeyChain keys = key_history(**reader).value();
    ASSERT_EQ(keys.links().size(), 1U);
    schema::EntryProof entry{(*reader)->leaf(2).value(), {}, {}};
    schema::TlogProof proof;
    proof.index = 1;
    proof.checkpoint = schema::open_note(head(), {first})->text + "\n" +
                       at.key.signature_line(schema::open_note(head(), {first})->text);
    proof.path = schema::tlog_inclusion(at.log().reader(7), 1, 7).value();
    const std::string bare = schema::write_entry_proof(entry, proof);
    EXPECT_FALSE(schema::check_entry_proof(bare, first)) << "signed by the new key, and nothing leads there";
    EXPECT_TRUE(schema::check_entry_proof(bare, at.key.verifier()));
    entry.rotations.push_back(keys.links()[0].rotation.note);
    const std::string led = schema::write_entry_proof(entry, proof);
    for (const VerifierKey& key : {first, at.key.verifier()}) {
        const auto proven = schema::check_entry_proof(led, key);
        ASSERT_TRUE(proven) << proven.error().text();
        EXPECT_EQ(proven->number, 2U);
    }
    EXPECT_FALSE(schema::check_entry_proof(led, SignerKey::generate(kLogName)->verifier()));
    entry.rotations[0][entry.rotations[0].size() - 10] ^= 1;
    EXPECT_FALSE(schema::check_entry_proof(schema::write_entry_proof(entry, proof), first));
}

// The file is what a crash leaves: the next key beside it, the entry in the store or not, a head signed or
// not.
TEST_F(Rotation, WhateverACrashLeavesGoesOn) {
    ASSERT_TRUE(KeyFiles(at.key_file()).write_next(SignerKey::generate(kLogName).value()));
    at.act(1);  // before the entry: the old key is in force
    at.publish();
    EXPECT_EQ(at.key.verifier(), first);
    EXPECT_EQ(at.faults(), "");

    const SignerKey next = at.rotate();
    const std::string old_file = at.key.secret_text();
    at.start();  // after the entry
    at.publish();
    EXPECT_TRUE(signed_by(next.verifier()));
    std::ofstream(at.key_file()) << old_file << "\n";  // after the head, before the key is put in its place
    ASSERT_TRUE(KeyFiles(at.key_file()).write_next(next));
    EXPECT_EQ(at.faults(), "");
    at.publish();
    read_key();
    EXPECT_EQ(at.key.verifier(), next.verifier());
    at.act(1);
    at.publish();
    EXPECT_EQ(at.faults(), "");
    EXPECT_TRUE(others_agree(first));
}

TEST_F(Rotation, ADaemonThatRunsHandsTheLogOnByItself) {
    auto publication = std::move(*at.open());
    publication->start([](const LogState&) {});
    const SignerKey next = at.rotate();
    publication->wake();
    ASSERT_TRUE(store::ok(publication->finish()));
    EXPECT_EQ(publication->state().verifier, next.verifier().text());
    read_key();
    EXPECT_EQ(at.faults(), "");
}

TEST_F(Rotation, ALostNextKeyOrAnOldOneInItsPlaceStopsTheStart) {
    const SignerKey old_key = at.key;
    static_cast<void>(at.rotate());
    const std::string next = KeyFiles(at.key_file()).next_path();
    std::filesystem::rename(next, next + ".away");
    EXPECT_NE(at.open().error().message.find("is not it"), std::string::npos);
    std::filesystem::rename(next + ".away", next);
    at.publish();
    read_key();
    static_cast<void>(at.rotate());
    at.publish();
    at.key = old_key;
    EXPECT_EQ(at.open().error().kind, ErrorKind::conflict);
}

TEST_F(Rotation, OneThatAKeyDidNotSignIsNamed) {
    const SignerKey next = SignerKey::generate(kLogName).value(),
                    other = SignerKey::generate(kLogName).value();
    const std::string whole = schema::write_key_rotation(at.key, next);
    const std::string text = whole.substr(0, whole.find("\n\n") + 1);
    struct Case {
        std::string note, fault;
    };
    for (const Case& one :
         {Case{text + "\n" + at.key.signature_line(text), "the new key " + next.verifier().text()},
          Case{text + "\n" + next.signature_line(text), "the old key " + first.text()},
          Case{text + "\n" + other.signature_line(text) + next.signature_line(text),
               "the old key " + first.text()}}) {
        const auto read = schema::read_key_rotation(one.note);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().message, one.fault + " has not signed it");
    }
    ASSERT_TRUE(schema::read_key_rotation(whole));
    // In the log, as somebody with the store in their hands would put it there.
    at.hand_on(text + "\n" + next.signature_line(text));
    EXPECT_FALSE(at.open()) << "nothing is signed over it";
    // … nor with their own publisher, which signs whatever it is given.
    Publisher forged = Publisher::open(at.log(), at.key, kLogName, 100).value();
    const auto leaves = (*store::TrailReader::open(at.folder.path()))->leaves(forged.published(), 10).value();
    ASSERT_TRUE(forged.append(leaves));
    ASSERT_TRUE(forged.sign());
    EXPECT_NE(at.faults().find("which hands the log on to another key: the old key " + first.text()),
              std::string::npos)
        << at.faults();
}

TEST_F(Rotation, AKeyThatWasPutAwaySignsNothingMore) {
    const SignerKey old_key = at.key;
    static_cast<void>(at.rotate());
    at.publish();
    read_key();
    at.act(1);
    const auto leaves =
        (*store::TrailReader::open(at.folder.path()))->leaves(at.verify().log.head->size, 10).value();
    Publisher thief = Publisher::open(at.log(), old_key, kLogName, 100).value();
    ASSERT_TRUE(thief.append(leaves));
    ASSERT_TRUE(thief.sign());
    const std::vector<Fault> found = faults(old_key.verifier(), first);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].text, "the key that is in force since entry 7 has not signed it");
    EXPECT_FALSE(others_agree(first));
    const std::vector<Fault> anchored = faults(old_key.verifier(), std::nullopt, {{"worm", head()}});
    EXPECT_EQ(anchored.back().place, "worm");
}

TEST(Files, OfAFolderThatTheUnitKeepsReadOnlyItSaysWhatToWriteThere) {
    errno = EROFS;
    const Error error = cannot("write", "/etc/rollcall/secrets/audit-key.next").value();
    EXPECT_NE(error.hint.find("ReadWritePaths=/etc/rollcall/secrets into"), std::string::npos) << error.hint;
    errno = ENOSPC;
    EXPECT_NE(cannot("write", "/x/y").value().hint.find("make room"), std::string::npos);
}

}  // namespace
}  // namespace rollcall::audit::test
