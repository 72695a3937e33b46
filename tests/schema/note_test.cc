// schema/signed_note and checkpoint.
#include <gtest/gtest.h>

#include "schema/base64.h"
#include "schema/checkpoint.h"
#include "schema/decimal.h"

namespace rollcall::schema {
namespace {

// The vector of the signed-note specification.
constexpr const char* kKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr const char* kNote =
    "This is an example message.\n\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

SignerKey signer(const std::string& name) {
    return SignerKey::generate(name).value();
}

TEST(SignedNote, OfTheSpecificationHolds) {
    const VerifierKey key = read_verifier_key(kKey).value();
    EXPECT_EQ(key.name, "example.com/foo");
    EXPECT_EQ(key.text(), kKey);
    const SignedNote note = open_note(kNote, {key}).value();
    EXPECT_EQ(note.text, "This is an example message.\n");
    EXPECT_EQ(note.signers, std::vector<std::string>{"example.com/foo"});
}

TEST(SignedNote, NoChangedByteOfItHolds) {
    const VerifierKey key = read_verifier_key(kKey).value();
    const std::string note = kNote;
    for (std::size_t i = 0; i < note.size(); ++i)
        for (const int bit : {0, 3, 6}) {
            std::string changed = note;
            changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
            EXPECT_FALSE(open_note(changed, {key})) << i;
        }
    for (std::size_t length = 0; length < note.size(); ++length)
        EXPECT_FALSE(open_note(note.substr(0, length), {key})) << length;
}

TEST(SignedNote, IsSignedAndOpened) {
    const SignerKey mine = signer("corp.example.com/rollcall"), witness = signer("witness.example.net");
    const std::string text = "one\n\ntwo\n";
    const std::string note = mine.sign(text) + witness.signature_line(text);
    const SignedNote opened = open_note(note, {mine.verifier()}).value();
    EXPECT_EQ(opened.text, text);
    EXPECT_EQ(opened.signers, std::vector<std::string>{"corp.example.com/rollcall"});
    EXPECT_EQ(opened.unknown, std::vector<std::string>{"witness.example.net"});
    EXPECT_EQ(open_note(note, {witness.verifier(), mine.verifier()})->signers.size(), 2U);
    EXPECT_EQ(open_note(note, {signer("corp.example.com/rollcall").verifier()}).error().kind,
              ErrorKind::denied);
    const std::string forged = mine.sign(text) + witness.signature_line("three\n");
    EXPECT_TRUE(open_note(forged, {mine.verifier()}));
    EXPECT_EQ(open_note(forged, {mine.verifier(), witness.verifier()}).error().kind, ErrorKind::denied);
}

TEST(SignedNote, HasALimitOfSignaturesAndTakesSixteen) {
    const SignerKey mine = signer("a");
    std::string note = mine.sign("text\n");
    for (int i = 1; i < 100; ++i) note += signer("b" + std::to_string(i)).signature_line("text\n");
    EXPECT_TRUE(open_note(note, {mine.verifier()}));
    EXPECT_FALSE(open_note(note + signer("one").signature_line("text\n"), {mine.verifier()}));
}

TEST(Keys, AreReadBackAndNothingElse) {
    const SignerKey mine = signer("corp.example.com/rollcall");
    EXPECT_EQ(read_verifier_key(mine.verifier().text()).value(), mine.verifier());
    const SignerKey again = SignerKey::read(mine.secret_text()).value();
    EXPECT_EQ(again.verifier(), mine.verifier());
    EXPECT_EQ(again.sign("x\n"), mine.sign("x\n"));
    std::string other_name = mine.verifier().text();
    other_name[0] = 'd';
    EXPECT_FALSE(read_verifier_key(other_name));
    EXPECT_FALSE(SignerKey::read(mine.verifier().text()));
    for (const char* name : {"", "a b", "a+b", "a\tb", "a\u00a0b", "a\u3000b", "\xff"})
        EXPECT_FALSE(SignerKey::generate(name)) << name;
    for (const char* text : {"", "x", "x+00000000+AAAA",
                             "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"})
        EXPECT_FALSE(read_verifier_key(text)) << text;
}

// Made with another library (PyNaCl) from C2SP tlog-cosignature: the seed is the bytes 0 to 31.
TEST(Note, AWitnessSignsWhenItSawIt) {
    const std::string key = "witness.example.net+de8e5c2b+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    const std::string text = "corp.example.com/rollcall\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const std::string own =
        "\u2014 witness.example.net "
        "3o5cKwAAAABrAmwPWEVJ8QGTHDBrd8BocU6MnotcOCPBtcJoBi8e5WCshnEzUuiw7zBeQXZ6r1OLAf/"
        "7GnY9XmsDt2XdO5HJacK6DQ==\n";
    const VerifierKey witness = read_verifier_key(key, KeyType::witness).value();
    EXPECT_EQ(witness.text(), key);
    EXPECT_FALSE(read_verifier_key(key)) << "a witness's key is no log's";
    EXPECT_FALSE(read_verifier_key(
        "witness.example.net+3d001a74+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KeyType::witness));
    const SignerKey log = signer("corp.example.com/rollcall");
    const std::string note = log.sign(text);
    EXPECT_EQ(open_note(note + own, {log.verifier(), witness})->signers.size(), 2U);
    EXPECT_EQ(open_note(note + own, {log.verifier()})->unknown,
              std::vector<std::string>{"witness.example.net"});

    const std::string others = log.signature_line("something else");
    EXPECT_EQ(signature_lines_of(witness, note, others + own).value(), own);
    EXPECT_EQ(signature_lines_of(witness, note, others).error().kind, ErrorKind::denied);
    EXPECT_EQ(signature_lines_of(witness, log.sign(text + "more\n"), own).error().kind, ErrorKind::denied);
    for (const std::string& wrong : {std::string(), own.substr(0, own.size() - 1), "200 OK\n" + own})
        EXPECT_EQ(signature_lines_of(witness, note, wrong).error().kind, ErrorKind::invalid_input) << wrong;
}

TEST(Checkpoint, IsReadBackAndNothingElse) {
    const Checkpoint head{"corp.example.com/rollcall", 20'852'163,
                          tlog_hash_from_base64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").value()};
    EXPECT_EQ(head.text(),
              "corp.example.com/rollcall\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
    EXPECT_EQ(read_checkpoint_text(head.text()).value(), head);
    const std::string hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    for (const std::string& wrong :
         {std::string(), "a\n1\n" + hash + "more\n", "a\n01\n" + hash, "\n1\n" + hash, "a\n-1\n" + hash,
          std::string("a\n1\nAAAA\n"), "a\n1\n" + hash.substr(0, hash.size() - 1)})
        EXPECT_FALSE(read_checkpoint_text(wrong)) << wrong;
    const SignerKey mine = signer("corp.example.com/rollcall");
    const std::string note = mine.sign(head.text());
    EXPECT_EQ(open_checkpoint(note, head.origin, {mine.verifier()}).value(), head);
    EXPECT_EQ(open_checkpoint(note, "another", {mine.verifier()}).error().kind, ErrorKind::conflict);
}

TEST(Base64, HasOneTextForTheSameBytes) {
    for (const std::string bytes : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
        EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    for (const char* wrong : {"Zg", "Zh==", "Zg=", "Z g=", "Zg==\n", "Zm9v!", "="})
        EXPECT_FALSE(from_base64(wrong)) << wrong;
}

TEST(Decimal, HasOneTextForTheSameNumber) {
    EXPECT_EQ(read_decimal("0"), 0U);
    EXPECT_EQ(read_decimal("18446744073709551615"), ~std::uint64_t{0});
    for (const char* wrong : {"", "00", "01", "+1", "-1", " 1", "1 ", "18446744073709551616", "1x"})
        EXPECT_FALSE(read_decimal(wrong)) << wrong;
}

}  // namespace
}  // namespace rollcall::schema
