// daemon/audit/verify_trail: whatever somebody changes in the store beside the log is named.
#include <fmt/format.h>
#include <fstream>

#include "daemon/audit/kept_policies.h"
#include "schema/sealed_part.h"
#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::audit::test {
namespace {

using schema::TrailKind;

TEST(VerifyTrail, NamesEveryChangeInTheStore) {
    struct Change {
        const char* sql;
        const char* fault;
    };
    for (const Change& change : std::initializer_list<Change>{
             {"UPDATE trail_part SET sealed = (SELECT sealed FROM trail_part WHERE number = 1) WHERE number "
              "= 3",
              "rollcall.db: entry 3: what it says of its subject was changed\n"},
             {"DELETE FROM trail_part WHERE number = 4",
              "rollcall.db: entry 4: what it says of its subject is missing, and nobody was erased\n"},
             {"UPDATE trail SET subject = NULL WHERE number = 5",
              "rollcall.db: entry 5: store and log differ in whether it has a subject\n"},
             {"UPDATE trail SET room = 'other' WHERE number = 6",
              "rollcall.db: entry 6: the store finds it under another room than it has\n"},
             {"UPDATE trail SET action = NULL WHERE number = 6",
              "rollcall.db: entry 6: the store finds it under another action than it has\n"},
             {"UPDATE trail SET time = time + 1 WHERE number = 7",
              "rollcall.db: entry 7: the store has another time\n"},
             {"UPDATE trail_leaf SET text = '{}' WHERE number = 2",
              "rollcall.db: entry 2: the store has another than the log\n"},
             {"DELETE FROM trail WHERE number = 10", "rollcall.db: entry 10: the store lacks it\n"},
             {"DELETE FROM trail_leaf WHERE number = 11",
              "rollcall.db: entry 11: the store has given it and what follows to the log, and no checkpoint "
              "there "
              "covers it: the log was rolled back\n"},
             {"INSERT INTO trail_part VALUES (3, 1, 1, x'00')",
              "rollcall.db: entry 3: store and log differ in whether it has a caller\n"}}) {
        TrailFolder at;
        at.act(5);
        at.publish();
        at.act(1);  // 11 and 12 are not signed yet
        EXPECT_EQ(at.faults(), "");
        at.meddle(change.sql);
        const std::string faults = at.faults();
        EXPECT_TRUE(faults.starts_with(change.fault)) << change.sql << "\n" << faults;
    }
}

// Between the checkpoint that is read and the store's first row.
TEST(VerifyTrail, ALogThatGoesOnMeanwhileIsNoFault) {
    TrailFolder at;
    at.act(5);
    at.publish();
    VerifyOptions options;
    options.origin = kLogName;
    options.keys = {at.key.verifier()};
    bool went_on = false;
    options.check_entry = [&](std::uint64_t, const std::string&) -> std::optional<std::string> {
        if (!std::exchange(went_on, true)) {
            at.act(1);
            at.publish();
            EXPECT_TRUE(at.commit(12));  // what is signed leaves the store
        }
        return std::nullopt;
    };
    auto reader = store::TrailReader::open(at.folder.path());
    const auto found = verify_trail(at.log(), **reader, options);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->faults, std::vector<Fault>{});
    EXPECT_EQ(found->log.entries, 12U);
}

// Whoever has the database has its keys too.
TEST(VerifyTrail, WhatWasSealedAgainIsSeen) {
    TrailFolder at;
    at.act(2);
    at.publish();
    const schema::PersonKey key = at.store->person_keys()->front().key;
    const std::string other = schema::seal_part(key, 3, {schema::Party::subject, R"({"user":"@bob:x"})"});
    std::string hex;
    for (const char byte : other) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    at.meddle("UPDATE trail_part SET sealed = x'" + hex + "' WHERE number = 3");
    EXPECT_TRUE(at.faults().starts_with("rollcall.db: entry 3: what it says of its subject was changed\n"))
        << at.faults();
}

TEST(VerifyTrail, SomebodyElsesKeyIsNoKey) {
    TrailFolder at;
    at.act(1);
    at.trail->add(TrailFolder::about(TrailKind::directory, kBob, "@bob:x"));
    ASSERT_TRUE(at.commit());
    at.publish();
    at.meddle("UPDATE person_key SET key = (SELECT key FROM person_key WHERE id = 2) WHERE id = 1");
    EXPECT_TRUE(at.faults().starts_with("rollcall.db: entry 1: its subject is somebody else\n"))
        << at.faults();
}

TEST(VerifyTrail, AnEntryThatIsFiledUnderSomebodyElseIsSeen) {
    TrailFolder at;
    at.act(1);
    at.trail->add(TrailFolder::about(TrailKind::directory, kBob, "@bob:x"));
    ASSERT_TRUE(at.commit());
    at.publish();
    at.meddle("UPDATE trail SET subject = 2 WHERE number = 1");
    EXPECT_TRUE(at.faults().starts_with(
        "rollcall.db: entry 1: the store finds it under another subject than it has\n"))
        << at.faults();
}

TEST(VerifyTrail, WhoIsFoundUnderAnotherNameThanTheirEntriesSayIsSeen) {
    struct Change {
        const char* sql;
        const char* fault;
    };
    for (const Change& change : std::initializer_list<Change>{
             {"UPDATE person_key SET guid = (SELECT guid FROM person_key WHERE id = 2) WHERE id = 1",
              "rollcall.db: entry 1: its subject is found under another GUID than it has\n"},
             {"UPDATE person_key SET name = '@bob:x' WHERE id = 1",
              "rollcall.db: entry 1: the key of its subject is found under a name that is in no entry\n"},
             {"UPDATE person_key SET name = '@other:x' WHERE id = 3",
              "rollcall.db: entry 4: its subject is found under another name than it has\n"},
             {"UPDATE person_key SET guid = (SELECT guid FROM person_key WHERE id = 2) WHERE id = 3",
              "rollcall.db: entry 4: the key of its subject is found under a GUID that is in no entry\n"},
             {"UPDATE person_key SET name = 'unix:7' WHERE id = 4",
              "rollcall.db: entry 5: its caller is found under another name\n"}}) {
        TrailFolder at;
        at.act(1);
        at.trail->add(TrailFolder::about(TrailKind::directory, kBob, "@bob:x"));
        at.trail->add(TrailFolder::about(TrailKind::membership, {}, "@guest:far"));
        schema::TrailEntry command = TrailFolder::about(TrailKind::command, {}, "");
        command.caller = schema::TrailCaller{1000, -1, "alice"};
        at.trail->add(command);
        ASSERT_TRUE(at.commit());
        at.publish();
        EXPECT_EQ(at.faults(), "");
        at.meddle(change.sql);
        EXPECT_TRUE(at.faults().starts_with(change.fault)) << change.sql << "\n" << at.faults();
    }
}

// The text beside the trail says what a rule was: it must be the one that was put in force.
TEST(VerifyTrail, APolicyTextThatWasChangedOrIsGoneIsNamed) {
    struct Change {
        std::string sql, fault;
    };
    store::StoredPolicy policy;
    policy.files = {{"policy/company.yaml", "rooms: {merger: {members: nobody}}"}, {"policy/more.yaml", "x"}};
    policy.version = policy_version(policy.files);
    const std::string changed =
        "rollcall.db: policy " + policy.version + ": the text that is kept is another";
    for (const Change& change : std::initializer_list<Change>{
             {"UPDATE policy_file SET text = replace(text, 'nobody', 'everybody')", changed},
             {"UPDATE policy_file SET path = 'policy/other.yaml' WHERE position = 1", changed},
             {"DELETE FROM policy_file WHERE position = 1", changed},
             {"DELETE FROM policy_file; DELETE FROM policy_version",
              "rollcall.db: policy " + policy.version + ": entry 2 names it, and its text is not kept\n"},
             {"UPDATE policy_version SET version = 'a7f0'",
              "rollcall.db: policy a7f0: the text that is kept"}}) {
        TrailFolder at;
        at.trail->add(TrailFolder::about(TrailKind::start, {}, ""));
        schema::TrailEntry applied = TrailFolder::about(TrailKind::policy, {}, "");
        applied.action = "apply";
        applied.policy = policy.version;
        at.trail->add(applied);
        store::Turn turn;
        turn.policy = policy;
        ASSERT_TRUE(at.trail->take_into(turn));
        ASSERT_TRUE(store::ok(at.store->commit(turn)));
        at.trail->committed();
        at.publish();
        EXPECT_EQ(at.faults(), "");
        EXPECT_EQ(at.verify().policies, 1U);
        at.meddle(change.sql);
        EXPECT_TRUE(at.faults().starts_with(change.fault)) << change.sql << "\n" << at.faults();
    }
}

// First by name, then by GUID under a key of its own, then both in one entry: two keys of one person.
TEST(VerifyTrail, TwoKeysOfOnePersonAreNoFault) {
    TrailFolder at;
    at.trail->add(TrailFolder::about(TrailKind::membership, {}, "@ada:x"));
    at.trail->add(TrailFolder::about(TrailKind::directory, kAda, ""));
    at.trail->add(TrailFolder::about(TrailKind::directory, kAda, "@ada:x"));
    ASSERT_TRUE(at.commit());
    at.publish();
    EXPECT_EQ(at.store->person_keys()->size(), 2U);
    EXPECT_EQ(at.faults(), "");
}

TEST(VerifyTrail, WhatIsDestroyedWithoutAnEntryIsSeen) {
    TrailFolder at;
    at.act(2);
    at.publish();
    at.meddle(
        "UPDATE person_key SET key = NULL, guid = NULL, name = NULL, erased = 1; DELETE FROM trail_part");
    EXPECT_EQ(
        at.faults(),
        "rollcall.db: entry 1: what it says of somebody was destroyed, and no entry says that they were "
        "erased\n");
}

TEST(VerifyTrail, AKeyThatIsThereAgainAfterItWasErasedIsSeen) {
    TrailFolder at;
    at.act(1);
    at.erase_all("an entry, and nothing done");
    at.trail->erase({});
    ASSERT_TRUE(at.commit());
    at.publish();
    EXPECT_EQ(at.faults(), "rollcall.db: entry 1: it still says what was to be erased\n");
}

TEST(VerifyTrail, WhoeverWasErasedIsNoFault) {
    TrailFolder at;
    at.act(5);
    at.publish();
    ASSERT_EQ(at.store->person_keys()->size(), 1U);
    const std::uint64_t key = at.store->person_keys()->front().id;
    at.erase_all("request 31");
    at.trail->erase({key});
    at.act(1);  // in the turn that erases: still under the key that goes with it
    EXPECT_EQ(at.store->person_keys()->size(), 0U);
    at.act(1);  // under a new one
    EXPECT_EQ(at.faults(), "");
    EXPECT_EQ(at.verify().erased, 12U);
    EXPECT_EQ(at.verify().personal, 2U);
    at.publish();
    EXPECT_EQ(at.faults(), "");
    EXPECT_EQ(at.store->trail({.user = "@ada:x"})->size(), 2U);
    const auto entry = at.store->trail({.after = 9}).value();
    EXPECT_NE(entry[0].text.find(R"("erased":")"), std::string::npos) << entry[0].text;
    EXPECT_EQ(entry[0].user, "");
}

TEST(VerifyTrail, AnIntentHasOneResult) {
    TrailFolder at;
    at.act(1);
    schema::TrailEntry entry = TrailFolder::about(TrailKind::intent, kAda, "@ada:x");
    entry.intent = 2;
    at.trail->add(entry);
    ASSERT_TRUE(at.commit());
    at.publish();
    EXPECT_EQ(at.faults(), "rollcall.db: entry 3: intent 2 has no result\n");
    ASSERT_TRUE(at.store->commit({.intents = {{2, "{}"}}}));  // it is under way
    EXPECT_EQ(at.faults(), "");
    EXPECT_EQ(at.verify().in_flight, 1U);
    entry.kind = TrailKind::result;
    entry.intent = 9;
    at.trail->add(entry);
    ASSERT_TRUE(at.commit());
    EXPECT_EQ(at.faults(), "rollcall.db: entry 4: a result without its intent 9\n");
}

TEST(VerifyTrail, WhatWasOnlyAcceptedMayBeSeenLater) {
    TrailFolder at;
    const auto add = [&](TrailKind kind, std::uint64_t intent, const char* result) {
        schema::TrailEntry entry = TrailFolder::about(kind, kAda, "@ada:x");
        entry.intent = intent;
        entry.action = "leave";
        entry.result = result;
        at.trail->add(entry);
    };
    add(TrailKind::intent, 1, "");
    add(TrailKind::result, 1, "accepted: the homeserver said so, and has not told of it since");
    add(TrailKind::result, 1, "done: found so when asked");
    add(TrailKind::intent, 2, "");
    add(TrailKind::result, 2, "accepted: and that is all");
    ASSERT_TRUE(at.commit());
    at.publish();
    EXPECT_EQ(at.faults(), "");
    EXPECT_EQ(at.verify().intents, 2U);
    add(TrailKind::result, 1, "done");
    ASSERT_TRUE(at.commit());
    EXPECT_EQ(at.faults(), "rollcall.db: entry 6: a result without its intent 1\n");
}

TEST(VerifyTrail, AFaultInTheLogIsNamedOnce) {
    TrailFolder at;
    at.act(200);
    at.publish();
    const std::string bundle = at.folder.path() + "/audit/tile/entries/000";
    std::string bytes;
    {
        std::ifstream in(bundle, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    bytes[1000] = static_cast<char>(bytes[1000] ^ 1);
    std::ofstream(bundle, std::ios::binary) << bytes;
    const std::string faults = at.faults();
    EXPECT_TRUE(faults.starts_with("tile/entries/000: entry ")) << faults;
    EXPECT_NE(faults.find("is not the one that was signed"), std::string::npos);
}

// Questions about a time would leave out what the table of times does not lead to.
TEST(VerifyTrail, AChangedTimeByWhichEntriesAreFoundIsNamed) {
    TrailFolder at;
    at.act(1'100);  // two blocks, and some
    at.publish();
    EXPECT_EQ(at.faults(), "");
    at.meddle("UPDATE trail_time SET latest = latest - 1 WHERE block = 1");
    EXPECT_EQ(at.faults(),
              "rollcall.db: entry 1025: it and those after it are looked for at another time than theirs\n");
    at.meddle("UPDATE trail_time SET latest = latest + 1 WHERE block = 1");
    EXPECT_EQ(at.faults(), "");
    at.meddle("DELETE FROM trail_time WHERE block = 0");
    EXPECT_NE(at.faults().find("entry 1: it and"), std::string::npos) << at.faults();
}

}  // namespace
}  // namespace rollcall::audit::test
