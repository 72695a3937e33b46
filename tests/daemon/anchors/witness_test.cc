// daemon/anchors/anchor_witness: against a witness that really verifies.
#include "daemon/anchors/anchor_witness.h"

#include <thread>

#include "tests/daemon/anchors/fake_witness.h"
#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::anchors::test {
namespace {

using audit::test::kLogName;

class Witnessed : public testing::Test {
  protected:
    Witnessed() { witness.trust(kLogName, at.key.verifier()); }

    // So many more requests are in the log, and signed.
    audit::SignedHead grow(std::size_t requests) {
        at.act(requests);
        at.publish();
        return head();
    }
    [[nodiscard]] audit::SignedHead head() const {
        const std::string note = at.log().read_note(audit::kSignedFile).value().value();
        return {
            schema::open_checkpoint(note, kLogName, {at.key.verifier()})->size, note, {at.key.verifier()}};
    }
    [[nodiscard]] std::unique_ptr<AnchorWitness> anchor() const {
        return std::make_unique<AnchorWitness>("witness", witness.url(), witness.key(),
                                               at.folder.path() + "/audit");
    }
    static Error refused(AnchorWitness& anchor, const audit::SignedHead& head) {
        const Status put = anchor.put(head.size, head.note);
        EXPECT_FALSE(put);
        return put ? Error{} : put.error();
    }
    static http::Reply reply(int status, std::string body) {
        http::Reply out;
        out.status = status;
        out.body = std::move(body);
        return out;
    }

    audit::test::TrailFolder at;
    FakeWitness witness;
};

TEST_F(Witnessed, EachHeadIsProvenToContinueTheLastOne) {
    const auto one = anchor();
    for (const std::size_t more : {1U, 2U, 200U, 1U, 700U}) {
        const audit::SignedHead now = grow(more);
        ASSERT_TRUE(store::ok(one->put(now.size, now.note)));
        EXPECT_EQ(witness.size(), now.size);
        const auto opened =
            schema::open_note(now.note + one->cosignature(), {at.key.verifier(), witness.key()});
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->signers, (std::vector<std::string>{kLogName, "witness.example.net"}));
    }
    // The first had to ask what it has; then never again.
    EXPECT_EQ(witness.answers(), (std::vector<int>{409, 200, 200, 200, 200, 200}));
}

TEST_F(Witnessed, AnotherProcessGoesOnFromWhatItHasSeen) {
    audit::SignedHead now = grow(3);
    ASSERT_TRUE(anchor()->put(now.size, now.note));
    ASSERT_TRUE(anchor()->put(now.size, now.note));
    now = grow(3);
    ASSERT_TRUE(anchor()->put(now.size, now.note));
    EXPECT_EQ(witness.answers(), (std::vector<int>{409, 200, 200, 409, 200}));
}

TEST_F(Witnessed, ALogThatWasRolledBackIsFoundOut) {
    const audit::SignedHead before = grow(2), after = grow(2);
    const auto one = anchor();
    ASSERT_TRUE(one->put(after.size, after.note));
    const Error error = refused(*anchor(), before);
    EXPECT_EQ(error.kind, ErrorKind::conflict);
    EXPECT_NE(error.message.find("8 entries, and this log has 4"), std::string::npos) << error.message;
}

TEST_F(Witnessed, AForkIsFoundOut) {
    const audit::SignedHead now = grow(4);
    witness.has_seen(now.size, schema::tlog_leaf_hash("another"));
    EXPECT_EQ(refused(*anchor(), now).kind, ErrorKind::conflict);
    witness.has_seen(7, schema::tlog_leaf_hash("another"));
    const Error error = refused(*anchor(), now);
    EXPECT_EQ(error.kind, ErrorKind::conflict);
    EXPECT_NE(error.message.find("does not continue"), std::string::npos) << error.message;
    EXPECT_EQ(witness.answers().back(), 422);
}

TEST_F(Witnessed, AWitnessThatDoesNotKnowTheLogOrItsKeySaysWhatToDo) {
    const audit::SignedHead now = grow(1);
    const auto one = anchor();
    witness.trust("another", at.key.verifier());
    EXPECT_NE(refused(*one, now).message.find("does not know this log"), std::string::npos);
    witness.trust(kLogName, schema::SignerKey::generate(kLogName)->verifier());
    EXPECT_NE(refused(*one, now).message.find("does not trust this log's key"), std::string::npos);
    witness.trust(kLogName, at.key.verifier());
    EXPECT_TRUE(one->put(now.size, now.note));
}

TEST_F(Witnessed, ALyingWitnessIsNotBelieved) {
    const audit::SignedHead now = grow(2);
    const auto one = anchor();
    const std::string log_line = now.note.substr(now.note.find("\n\n") + 2);
    for (const http::Reply& lie :
         {reply(200, ""), reply(200, "welcome\n"), reply(200, log_line),
          reply(200, std::string(100'000, 'x')), reply(409, ""), reply(409, "many\n"), reply(409, "2\n"),
          reply(409, "99999999999999999999\n"), reply(500, ""), reply(301, ""), reply(429, "")}) {
        witness.say(lie);
        const Error error = refused(*one, now);
        EXPECT_NE(error.message.find("witness.example.net"), std::string::npos) << error.message;
        EXPECT_EQ(one->cosignature(), "");
    }
    EXPECT_LE(witness.answers().size(), 14U) << "it is not asked without end";
    witness.say(std::nullopt);
    EXPECT_TRUE(one->put(now.size, now.note));
}

TEST_F(Witnessed, IsNotAskedBeforeItWantsToBe) {
    const audit::SignedHead now = grow(2);
    const auto one = anchor();
    http::Reply later = reply(429, "");
    later.headers = {{"Retry-After", "3600"}};
    witness.say(later);
    EXPECT_EQ(refused(*one, now).kind, ErrorKind::unavailable);
    witness.say(std::nullopt);
    EXPECT_EQ(refused(*one, now).kind, ErrorKind::unavailable);
    EXPECT_EQ(witness.answers().size(), 1U);
}

TEST_F(Witnessed, WhatWaitsForAnAnswerIsGivenUpAtTheEnd) {
    const audit::SignedHead now = grow(1);
    const auto silent = http::Server::start({}, [kept = std::make_shared<std::vector<http::Responder>>()](
                                                    const http::IncomingRequest&, http::Responder answer) {
        kept->push_back(std::move(answer));
    });
    AnchorWitness one("witness", "http://127.0.0.1:" + std::to_string((*silent)->port()), witness.key(),
                      at.folder.path() + "/audit");
    std::jthread canceller([&] { one.cancel(); });
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(refused(one, now).kind, ErrorKind::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{8});
}

// Through the publisher: what the witness signed is below the published head, and the log is whole with it.
TEST_F(Witnessed, TheSignatureIsPublished) {
    at.act(3);
    audit::Anchors anchors;
    anchors.push_back(anchor());
    auto publication = audit::Publication::open(
        {at.folder.path(), at.folder.path() + "/audit", kLogName, at.key, std::chrono::minutes{1}},
        std::move(anchors));
    ASSERT_TRUE(publication) << publication.error().text();
    ASSERT_TRUE(store::ok((*publication)->finish()));
    const std::string published = at.log().read_note(audit::kCheckpointFile).value().value();
    EXPECT_TRUE(published.starts_with(head().note));
    EXPECT_EQ(schema::open_note(published, {at.key.verifier(), witness.key()})->signers.size(), 2U);
    EXPECT_EQ(at.faults(), "");
    publication->reset();
    at.publish();  // a process without that witness
    EXPECT_EQ(at.log().read_note(audit::kCheckpointFile).value(), published);
}

}  // namespace
}  // namespace rollcall::anchors::test
