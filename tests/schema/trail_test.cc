// schema/trail_entry: the bytes of an entry, both ways.
#include <gtest/gtest.h>

#include "schema/trail_entry.h"
#include "schema/utf8.h"

namespace rollcall::schema {
namespace {

TrailEntry full() {
    TrailEntry entry;
    entry.time = *parse_rfc3339("2026-11-22T09:00:00.123Z");
    entry.kind = TrailKind::intent;
    entry.intent = 7;
    entry.action = "kick";
    entry.person = *Guid::from_text("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    entry.user = "@jdoe:corp.example.com";
    entry.room_key = "engineering";
    entry.room = "!r";
    entry.event = "$e";
    entry.reason = "no longer a member";
    entry.rule = "policy/company.yaml:38";
    entry.rule_path = "rooms.engineering.members";
    entry.policy = "cafe";
    entry.evidence = policy::Evidence{"corp", "ldaps://dc1", 18446744073709551615U, "CN=x",
                                      *parse_rfc3339("2026-11-22T08:59:59Z")};
    entry.caller = TrailCaller{1000, -1, "alice"};
    entry.evidence->guid = entry.person;
    entry.evidence->attribute = "userAccountControl";
    entry.result = "done";
    entry.membership = "leave";
    entry.history = "shared";
    entry.was = "world_readable";
    entry.sender = "@anna:corp.example.com";
    entry.source = "event";
    entry.event_time = *parse_rfc3339("2026-11-22T08:59:58Z");
    entry.sponsor = "anna";
    entry.until = *parse_rfc3339("2027-01-31T23:00:00Z");
    entry.rooms = {"engineering", "hall"};
    entry.checkout = TrailCheckout{"4f1c", true, "G", "Anna <anna@corp.example.com>"};
    entry.review = "beef";
    entry.written = *parse_rfc3339("2026-11-22T08:48:00Z");
    return entry;
}

std::string bytes_of(const TrailEntry& entry) {
    return json::write(to_json(entry));
}

TEST(TrailEntry, HasOneFormOnly) {
    EXPECT_EQ(
        bytes_of(full()),
        R"({"action":"kick","caller":{"login_uid":-1,"text":"alice","uid":1000},"checkout":{"changed":true,)"
        R"("commit":"4f1c","signature":"G","signer":"Anna <anna@corp.example.com>"},"event":"$e",)"
        R"("event_time":"2026-11-22T08:59:58.000Z","evidence":{"attribute":"userAccountControl",)"
        R"("directory":"corp","guid":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9","object":"CN=x","server":"ldaps://dc1","time":"2026-11-22T08:59:59.000Z",)"
        R"("usn":"18446744073709551615"},"history":"shared","intent":7,"kind":"intent","membership":"leave","person":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",)"
        R"("policy":"cafe","reason":"no longer a member","result":"done","review":"beef","room":"!r","room_key":"engineering",)"
        R"("rooms":["engineering","hall"],"rule":"policy/company.yaml:38","rule_path":"rooms.engineering.members",)"
        R"("sender":"@anna:corp.example.com","source":"event","sponsor":"anna",)"
        R"("time":"2026-11-22T09:00:00.123Z","until":"2027-01-31T23:00:00.000Z","user":"@jdoe:corp.example.com","v":2,"was":"world_readable",)"
        R"("written":"2026-11-22T08:48:00.000Z"})");
    TrailEntry least;
    least.kind = TrailKind::start;
    EXPECT_EQ(bytes_of(least), R"({"kind":"start","time":"1970-01-01T00:00:00.000Z","v":2})");
}

TEST(TrailEntry, RoundTripsEveryKind) {
    for (int kind = 0; kind <= static_cast<int>(TrailKind::notice); ++kind) {
        for (TrailEntry entry : {full(), TrailEntry{}}) {
            entry.kind = static_cast<TrailKind>(kind);
            const std::string bytes = bytes_of(entry);
            const auto read = read_trail_entry(json::parse(bytes).value());
            ASSERT_TRUE(read) << read.error().text();
            EXPECT_EQ(read->kind, entry.kind);
            EXPECT_EQ(bytes_of(*read), bytes);
        }
    }
}

TEST(TrailEntry, RefusesWhatItWouldNotHaveWritten) {
    const std::string good = R"("kind":"start","time":"1970-01-01T00:00:00.000Z","v":2)";
    ASSERT_TRUE(read_trail_entry(json::parse("{" + good + "}").value()));
    for (const char* more : {R"("x":1)",
                             R"("intent":0)",
                             R"("intent":-1)",
                             R"("intent":9007199254740992)",
                             R"("intent":"7")",
                             R"("person":"x")",
                             R"("person":"{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}")",
                             R"("user":7)",
                             R"("user":"")",
                             R"("user":null)",
                             R"("evidence":{})",
                             R"("caller":{"uid":1})",
                             R"("caller":[])",
                             R"("rooms":[])",
                             R"("rooms":[""])",
                             R"("rooms":"x")",
                             R"("until":"1970-01-01T00:00:00Z")",
                             R"("checkout":{})",
                             R"("checkout":{"changed":false,"commit":"4f1c"})",
                             R"("evidence":{"guid":"x","time":"1970-01-01T00:00:00.000Z","usn":"1"})",
                             R"("evidence":{"time":"1970-01-01T00:00:00.000Z","usn":"01"})",
                             R"("evidence":{"time":"1970-01-01T00:00:00.000Z","usn":1})"})
        EXPECT_FALSE(read_trail_entry(json::parse("{" + good + "," + more + "}").value())) << more;
    for (const char* bad : {"{}", "[]", "null", R"({"kind":"start","time":"1970-01-01T00:00:00.000Z","v":1})",
                            R"({"kind":"other","time":"1970-01-01T00:00:00.000Z","v":2})",
                            R"({"kind":"start","time":"1970-01-01T00:00:00Z","v":2})"})
        EXPECT_FALSE(read_trail_entry(json::parse(bad).value())) << bad;
}

TEST(TrailEntry, LongTextsAreCutAndMarked) {
    TrailEntry entry = full();
    for (int i = 0; i < 40'000; ++i) entry.reason += "ä\n";
    const std::string bytes = bytes_of(fit_trail_entry(entry).value());
    EXPECT_LE(bytes.size(), kLongestWholeEntry);
    EXPECT_GT(bytes.size(), kLongestWholeEntry / 3);
    EXPECT_TRUE(is_utf8(bytes));
    const TrailEntry read = read_trail_entry(json::parse(bytes).value()).value();
    EXPECT_TRUE(read.reason.starts_with("no longer a memberä\n"));
    EXPECT_TRUE(read.reason.ends_with("… [cut]"));
    EXPECT_EQ(read.result, "done");
    entry.result = std::string(70'000, 'x');
    EXPECT_TRUE(fit_trail_entry(entry));
    // What others wrote ends no program: a history visibility of 70 kB was seen.
    for (std::string TrailEntry::*field : {&TrailEntry::user, &TrailEntry::history, &TrailEntry::was,
                                           &TrailEntry::membership, &TrailEntry::sender, &TrailEntry::room,
                                           &TrailEntry::event, &TrailEntry::sponsor, &TrailEntry::rule_path})
        entry.*field = std::string(70'000, 'x');
    entry.evidence->object = std::string(70'000, 'x');
    const TrailEntry fitted = fit_trail_entry(entry).value();
    EXPECT_LE(bytes_of(fitted).size(), kLongestWholeEntry);
    EXPECT_TRUE(read_trail_entry(json::parse(bytes_of(fitted)).value()));
    EXPECT_TRUE(fitted.history.ends_with("… [cut]"));
    EXPECT_EQ(fitted.policy, entry.policy) << "what is looked up by its bytes is whole";
    entry.rooms.assign(20'000, "room");
    EXPECT_EQ(fit_trail_entry(entry).error().kind, ErrorKind::limit);
    entry = full();
    entry.intent = std::uint64_t{1} << 53U;
    EXPECT_FALSE(fit_trail_entry(entry));
}

// Others date their events as they like.
TEST(TrailEntry, WhateverMomentIsWrittenCanBeReadAgain) {
    constexpr std::int64_t kYear = 365LL * 24 * 3'600'000;
    for (const std::int64_t years : {-1'000'000LL, -40'000LL, -2'500LL, -1'971LL, 0LL, 50LL, 8'100LL,
                                     20'000LL, 30'000LL, 290'000'000LL, -290'000'000LL}) {
        TrailEntry entry = full();
        entry.event_time = entry.until = from_ms(years * kYear + 1);
        entry.evidence->time = from_ms(years * kYear);
        const TrailEntry fitted = fit_trail_entry(entry).value();
        const auto read = read_trail_entry(json::parse(bytes_of(fitted)).value());
        ASSERT_TRUE(read) << years << ": " << read.error().text();
        EXPECT_EQ(read->event_time, fitted.event_time);
        if (years > -30'000 && years < 20'001) {
            EXPECT_EQ(read->event_time, entry.event_time) << years;
        }
    }
}

TEST(TrailEntry, BytesThatAreNoTextDoNotSpoilIt) {
    TrailEntry entry = full();
    entry.evidence->object = "CN=\xff\xc3";
    const std::string bytes = bytes_of(entry);
    EXPECT_EQ(read_trail_entry(json::parse(bytes).value())->evidence->object, "CN=\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace rollcall::schema
