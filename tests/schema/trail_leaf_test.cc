// schema/trail_leaf: what of an entry stands in the log, and that nothing of it leads to a person.
#include <gtest/gtest.h>

#include "schema/ocsf.h"
#include "schema/trail_leaf.h"

namespace rollcall::schema {
namespace {

constexpr PersonKey kSubject{1}, kCaller{2};

TrailEntry departure() {
    TrailEntry entry;
    entry.time = *parse_rfc3339("2026-11-22T04:14:07.939Z");
    entry.kind = TrailKind::intent;
    entry.intent = 353;
    entry.action = "leave";
    entry.person = *Guid::from_text("75752344-3c86-4985-8d7a-583ba303ecb5");
    entry.user = "@mvisser:corp.example.com";
    entry.room_key = "apollo";
    entry.room = "!r";
    entry.event = "$secret-event";
    entry.reason = "account disabled";
    entry.rule = "policy/company.yaml:22";
    entry.rule_path = "departed";
    entry.policy = "a7f0";
    entry.evidence = policy::Evidence{"corp", "ldaps://dc1", 4280, "CN=mvisser,DC=corp",
                                      *parse_rfc3339("2026-11-22T04:14:07.930Z")};
    entry.evidence->guid = entry.person;
    entry.evidence->attribute = "userAccountControl";
    entry.sender = "@anna:corp.example.com";
    entry.caller = TrailCaller{4711, 4712, "alice"};
    entry.checkout = TrailCheckout{"4f1c", false, "G", "Anna <anna@corp.example.com>"};
    return entry;
}

// Its own implementation would be no judge: these are from Python's hmac.
TEST(PersonKey, GivesAPseudonymAndAMacOfOneEntry) {
    EXPECT_EQ(pseudonym(kSubject), "235ca4739ca8d668f65586c64b13db07");
    EXPECT_EQ(personal_mac(entry_key(kSubject, 7), R"({"user":"@ada:x"})"),
              "9NL8apqYB3zTPueP1KhVcOAEdEIVvfw6YrnIL+oIoiM=");
    EXPECT_NE(entry_key(kSubject, 7), entry_key(kSubject, 8));
}

TEST(TrailLeaf, HasThisForm) {
    TrailEntry entry = departure();
    entry.caller.reset();
    entry.checkout.reset();
    const TrailLeaf leaf = split_trail_entry(entry, 7, &kSubject, nullptr).value();
    ASSERT_EQ(leaf.personal.size(), 1U);
    EXPECT_EQ(
        leaf.personal[0].text,
        R"({"event":"$secret-event","evidence":{"guid":"75752344-3c86-4985-8d7a-583ba303ecb5",)"
        R"("object":"CN=mvisser,DC=corp"},"person":"75752344-3c86-4985-8d7a-583ba303ecb5",)"
        R"("reason":"account disabled","sender":"@anna:corp.example.com","user":"@mvisser:corp.example.com"})");
    EXPECT_EQ(
        leaf.text,
        R"({"activity_id":4,"category_uid":3,"class_uid":3006,"group":{"name":"apollo","uid":"!r"},)"
        R"("metadata":{"product":{"name":"Rollcall","vendor_name":"Rollcall"},"version":"1.6.0"},)"
        R"("severity_id":1,"status_id":99,"time":1795320847939,"type_uid":300604,"unmapped":{"action":"leave",)"
        R"("evidence":{"attribute":"userAccountControl","directory":"corp","server":"ldaps://dc1",)"
        R"("time":"2026-11-22T04:14:07.930Z","usn":"4280"},"intent":353,"kind":"intent","number":7,)"
        R"("policy":"a7f0","room":"!r","room_key":"apollo","rule":"policy/company.yaml:22",)"
        R"("rule_path":"departed","subject":{"id":")" +
            pseudonym(kSubject) + R"(","mac":")" +
            personal_mac(entry_key(kSubject, 7), leaf.personal[0].text) + R"("},"v":2},"user":{"uid":")" +
            pseudonym(kSubject) + R"("}})");
}

TEST(TrailLeaf, IsJoinedToTheSameEntry) {
    for (int parties = 0; parties < 4; ++parties) {
        TrailEntry entry = departure();
        if ((parties & 1) == 0)
            entry.person = {}, entry.user = "#admins:corp.example.com", entry.sender.clear();
        if ((parties & 2) == 0) entry.caller.reset();
        EXPECT_EQ(has_subject(entry), (parties & 1) != 0);
        const TrailLeaf leaf = split_trail_entry(entry, 7, (parties & 1) != 0 ? &kSubject : nullptr,
                                                 (parties & 2) != 0 ? &kCaller : nullptr)
                                   .value();
        EXPECT_EQ(leaf.personal.size(), static_cast<std::size_t>(parties % 2 + parties / 2));
        const json::Value whole = join_trail_entry(leaf.text, leaf.personal).value();
        EXPECT_EQ(json::write(whole), json::write(to_json(entry))) << parties;
        EXPECT_TRUE(read_trail_entry(whole));
    }
}

TEST(TrailLeaf, LeadsToNobody) {
    const TrailLeaf leaf = split_trail_entry(departure(), 7, &kSubject, &kCaller).value();
    for (const char* trace :
         {"mvisser", "7575", "disabled", "secret", "alice", "anna", "Anna", "4711", "4712", "4f1c", "CN="})
        EXPECT_EQ(leaf.text.find(trace), std::string::npos) << trace;
}

TEST(TrailLeaf, ShowsThePseudonymOfWhoWasErased) {
    const TrailLeaf leaf = split_trail_entry(departure(), 7, &kSubject, &kCaller).value();
    const auto erased = read_trail_entry(join_trail_entry(leaf.text, {}).value());
    ASSERT_TRUE(erased) << erased.error().text();
    EXPECT_EQ(erased->erased, pseudonym(kSubject));
    EXPECT_EQ(erased->erased_caller, pseudonym(kCaller));
    EXPECT_EQ(erased->user, "");
    EXPECT_EQ(erased->action, "leave");
    EXPECT_EQ(erased->evidence->usn, 4280U);
    const auto half = read_trail_entry(join_trail_entry(leaf.text, {leaf.personal[1]}).value());
    EXPECT_EQ(half->caller->text, "alice");
    EXPECT_EQ(half->erased, pseudonym(kSubject));
}

TEST(TrailLeaf, WhereNobodysPersonIsInItAllIsPublic) {
    TrailEntry entry;
    entry.kind = TrailKind::failure;
    entry.action = "read directory";
    entry.result = "the server does not answer";
    const TrailLeaf leaf = split_trail_entry(entry, 1, nullptr, nullptr).value();
    EXPECT_TRUE(leaf.personal.empty());
    EXPECT_NE(leaf.text.find("the server does not answer"), std::string::npos);
}

TEST(TrailLeaf, WhoeverDidItIsAPersonWhereItIsAboutNobodyElse) {
    TrailEntry entry;
    entry.kind = TrailKind::membership;
    entry.room_key = "apollo";
    entry.sender = "@mallory:x";
    entry.result = "@mallory:x changed the room's state";
    ASSERT_TRUE(has_subject(entry));
    const TrailLeaf leaf = split_trail_entry(entry, 1, &kSubject, nullptr).value();
    EXPECT_EQ(leaf.text.find("mallory"), std::string::npos) << leaf.text;
}

TEST(TrailLeaf, RefusesWhatIsNoLeaf) {
    for (const char* bad : {"", "{}", "[]", R"({"unmapped":{"v":1}})", R"({"unmapped":7})"})
        EXPECT_FALSE(join_trail_entry(bad, {})) << bad;
}

TEST(Ocsf, SaysWhichClassAnEntryIsOf) {
    const auto type = [](TrailKind kind, const char* action, bool room, bool person) {
        TrailEntry entry;
        entry.kind = kind;
        entry.action = action;
        if (room) entry.room_key = "apollo";
        return ocsf_event(entry, person ? "ada" : "", "")["type_uid"].integer_or(-1);
    };
    EXPECT_EQ(type(TrailKind::intent, "join", true, true), 300603);
    EXPECT_EQ(type(TrailKind::result, "leave", true, true), 300604);
    EXPECT_EQ(type(TrailKind::directory, "departed", false, true), 300105);
    EXPECT_EQ(type(TrailKind::directory, "returned", false, true), 300102);
    EXPECT_EQ(type(TrailKind::intent, "sign out", false, true), 300199);
    EXPECT_EQ(type(TrailKind::intent, "power levels", true, true), 300501);
    EXPECT_EQ(type(TrailKind::intent, "power levels", true, false), 99);  // all but the users
    EXPECT_EQ(type(TrailKind::start, "", false, false), 99);
    EXPECT_EQ(type(TrailKind::intent, "leave", false, true), 99);  // a room outside the policy is no group
    EXPECT_EQ(type(TrailKind::intent, "hidden", true, false), 300606);
    EXPECT_EQ(type(TrailKind::intent, "open", true, false), 300606);
    const auto by_others = [](const char* membership) {
        return ocsf_kind({"membership", "", membership, "", true, true});
    };
    EXPECT_EQ(by_others("invite").class_uid, 3006);
    EXPECT_EQ(by_others("invite").activity_id, 3);
    EXPECT_EQ(by_others("ban").activity_id, 4);
}

TEST(Ocsf, SaysWhatCameOfIt) {
    const auto outcome = [](TrailKind kind, const char* result) {
        return std::string(outcome_of(to_text(kind), result));
    };
    EXPECT_EQ(outcome(TrailKind::result, "done"), "done");
    EXPECT_EQ(outcome(TrailKind::result, "done: found so when asked"), "done");
    EXPECT_EQ(outcome(TrailKind::result, "accepted: the homeserver said so"), "accepted");
    EXPECT_EQ(outcome(TrailKind::failure, "refused: M_FORBIDDEN"), "refused");
    EXPECT_EQ(outcome(TrailKind::result, "no longer wanted"), "dropped");
    EXPECT_EQ(outcome(TrailKind::failure, "anything"), "failed");
    EXPECT_EQ(outcome(TrailKind::membership, "invite by @eve:x"), "other");
    EXPECT_EQ(outcome(TrailKind::intent, ""), "");
}

}  // namespace
}  // namespace rollcall::schema
