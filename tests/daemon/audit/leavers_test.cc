// daemon/audit/leavers: what became of departures, from entries about one person.
#include <gtest/gtest.h>

#include "daemon/audit/leavers.h"

namespace rollcall::audit {
namespace {

using schema::TrailEntry;
using schema::TrailKind;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kUser = "@jdoe:corp.example";
const Time kStart = from_ms(1'800'000'000'000);

TrailEntry entry(TrailKind kind, Duration after, const std::string& action = {}) {
    TrailEntry made;
    made.kind = kind;
    made.time = kStart + after;
    made.user = kUser;
    made.action = action;
    return made;
}

TrailEntry membership(Duration after, const std::string& room, const std::string& state) {
    TrailEntry made = entry(TrailKind::result, after);
    made.room_key = room;
    made.membership = state;
    return made;
}

TrailEntry done(Duration after, const std::string& action, const std::string& room = {}) {
    TrailEntry made = entry(TrailKind::result, after, action);
    made.room_key = room;
    made.result = "done";
    return made;
}

TrailEntry departed(Duration after, Duration said, const std::string& attribute) {
    TrailEntry made = entry(TrailKind::directory, after, "departed");
    made.result = "jdoe: account disabled";
    made.evidence.emplace();
    made.evidence->time = kStart + said;
    made.evidence->attribute = attribute;
    return made;
}

Leavers told(const std::vector<TrailEntry>& entries) {
    Leavers leavers;
    std::uint64_t index = 0;
    for (const TrailEntry& one : entries) leavers.take(++index, one);
    return leavers;
}

// The homeserver was put back to a backup: what had been done is not done any more.
TEST(Leavers, WhatWasUndoneCountsFromWhenItWasDoneOnceMore) {
    TrailEntry listed = done(seconds{2}, "list rooms");
    listed.result = "in 0 rooms outside";
    std::vector<TrailEntry> entries = {departed(seconds{1}, seconds{0}, "userAccountControl"),
                                       done(seconds{2}, "sign out"), listed};
    entries.front().evidence->written = kStart;
    const auto is = [&entries](Part part, Duration now) {
        return told(entries).departures().front().kept(part, minutes{5}, kStart + now, {});
    };
    EXPECT_EQ(is(Part::sessions, minutes{10}), Kept::kept);
    EXPECT_EQ(is(Part::elsewhere, minutes{10}), Kept::kept);
    TrailEntry undone = entry(TrailKind::failure, minutes{60}, "sign out");
    undone.result = "undone: 1 of their sessions are there all the same";
    entries.push_back(undone);
    EXPECT_EQ(is(Part::sessions, minutes{61}), Kept::not_done);
    EXPECT_EQ(is(Part::elsewhere, minutes{61}), Kept::not_done);
    entries.push_back(done(minutes{61}, "sign out"));
    listed.time = kStart + minutes{61};
    entries.push_back(listed);
    EXPECT_EQ(is(Part::sessions, minutes{62}), Kept::late);
    EXPECT_EQ(is(Part::elsewhere, minutes{62}), Kept::late);
}

TEST(Leavers, WhoeverHadTwoMatrixIdsIsOutOnlyAsBoth) {
    const auto former = [](TrailEntry entry) {
        entry.user = "@doe.former:corp.example";
        return entry;
    };
    std::vector<TrailEntry> entries{
        former(membership(minutes{-9}, "hall", "join")), former(membership(minutes{-9}, "crew", "join")),
        membership(minutes{-5}, "hall", "join"), departed(seconds{1}, seconds{0}, "userAccountControl"),
        membership(seconds{3}, "hall", "leave")};
    const auto remains = [&] { return told(entries).departures().front().remains; };
    EXPECT_EQ(remains(), (std::set<std::string>{"crew", "hall"}));
    entries.push_back(former(membership(seconds{5}, "hall", "leave")));
    EXPECT_EQ(remains(), std::set<std::string>{"crew"});
    entries.push_back(former(membership(seconds{9}, "crew", "leave")));
    EXPECT_EQ(remains(), std::set<std::string>{});
    EXPECT_EQ(told(entries).departures().front().took(), seconds{9});
    EXPECT_EQ(told(entries).departures().front().rooms, 2U);
}

TEST(Leavers, TheTimeRunsFromTheDirectorysWordToTheLastRoom) {
    const Leavers leavers =
        told({membership(minutes{-9}, "hall", "join"), membership(minutes{-8}, "crew", "join"),
              membership(minutes{-7}, "club", "invite"), membership(minutes{-6}, "old", "join"),
              membership(minutes{-5}, "old", "leave"), departed(seconds{2}, seconds{0}, "userAccountControl"),
              done(seconds{3}, "sign out"), membership(seconds{4}, "hall", "leave"),
              membership(seconds{5}, "club", "leave"), membership(seconds{9}, "crew", "leave"),
              done(seconds{10}, "leave"), done(seconds{11}, "forget", "hall")});
    ASSERT_EQ(leavers.departures().size(), 1U);
    const Departure& departure = leavers.departures().front();
    EXPECT_EQ(departure.entry, 6U);
    EXPECT_EQ(departure.said, kStart);
    EXPECT_EQ(departure.noticed, kStart + seconds{2});
    EXPECT_EQ(departure.signed_out, kStart + seconds{3});
    EXPECT_EQ(departure.last_left, kStart + seconds{9});
    EXPECT_EQ(departure.rooms, 3U);
    EXPECT_EQ(departure.elsewhere, 1U);
    EXPECT_EQ(departure.took(), seconds{9});
    EXPECT_TRUE(departure.remains.empty());
    EXPECT_EQ(departure.unforgotten, std::set<std::string>{"crew"});
    EXPECT_EQ(departure.promise(seconds{9}, kStart + minutes{1}), Promise::kept);
    EXPECT_EQ(departure.promise(seconds{8}, kStart + minutes{1}), Promise::missed);
}

TEST(Leavers, ARoomThatNoPolicyNamesIsNotPromised) {
    Leavers leavers;
    leavers.take(1, membership(minutes{-9}, "hall", "join"));
    leavers.take(2, membership(minutes{-8}, "crew", "join"));
    leavers.managed("crew", false);
    leavers.take(4, departed(seconds{2}, seconds{0}, "userAccountControl"));
    leavers.take(5, membership(seconds{3}, "hall", "leave"));
    const Departure& departure = leavers.departures().front();
    EXPECT_EQ(departure.let_go, std::set<std::string>{"crew"});
    EXPECT_TRUE(departure.remains.empty());
    EXPECT_EQ(departure.promise(minutes{5}, kStart + minutes{60}), Promise::kept);
    leavers.managed("crew", true);
    EXPECT_EQ(departure.remains, std::set<std::string>{"crew"});
    EXPECT_EQ(departure.promise(minutes{5}, kStart + minutes{60}), Promise::missed);
    leavers.managed("crew", false);
    leavers.take(8, membership(minutes{9}, "crew", "leave"));  // by somebody else, and nothing was promised
    EXPECT_EQ(departure.rooms, 1U);
    EXPECT_EQ(departure.took(), seconds{3});
    EXPECT_TRUE(departure.let_go.empty());
}

TEST(Leavers, ARoomThatIsLetGoOfBeforeTheyAreOutOfItIsOwed) {
    Leavers leavers;
    leavers.take(1, membership(minutes{-8}, "crew", "join"));
    leavers.take(2, departed(seconds{2}, seconds{0}, ""));
    leavers.managed("crew", false);
    const Departure& departure = leavers.departures().front();
    EXPECT_EQ(departure.kept(Part::rooms, minutes{5}, kStart + minutes{1}, {}), Kept::open);
    EXPECT_EQ(departure.kept(Part::rooms, minutes{5}, kStart + minutes{60}, {}), Kept::not_done);
    TrailEntry left = membership(minutes{2}, "crew", "leave");
    left.action = "leave";
    left.result = schema::kLeftAndForgotten;
    leavers.take(4, left);
    EXPECT_EQ(departure.kept(Part::rooms, minutes{5}, kStart + minutes{60}, {}), Kept::kept);
}

TEST(Leavers, WhatRemainsIsUnderWayUntilThePromiseIsMissed) {
    const Leavers leavers =
        told({membership(minutes{-9}, "hall", "join"), departed(seconds{0}, seconds{0}, "isDeleted")});
    const Departure& departure = leavers.departures().front();
    EXPECT_EQ(departure.remains, std::set<std::string>{"hall"});
    EXPECT_EQ(departure.took(), std::nullopt);
    EXPECT_EQ(departure.promise(minutes{5}, kStart + minutes{5}), Promise::open);
    EXPECT_EQ(departure.promise(minutes{5}, kStart + minutes{6}), Promise::missed);
}

TEST(Leavers, WhoComesBackInTimeIsNoBrokenPromise) {
    const TrailEntry back = entry(TrailKind::directory, minutes{1}, "returned");
    const Leavers leavers =
        told({membership(minutes{-9}, "hall", "join"), departed(seconds{0}, seconds{0}, ""), back,
              departed(minutes{9}, minutes{9}, ""), membership(minutes{10}, "hall", "leave")});
    ASSERT_EQ(leavers.departures().size(), 2U);
    EXPECT_EQ(leavers.departures()[0].promise(minutes{5}, kStart + minutes{60}), Promise::taken_back);
    EXPECT_EQ(leavers.departures()[0].promise(seconds{30}, kStart + minutes{60}), Promise::missed);
    EXPECT_EQ(leavers.departures()[1].promise(minutes{5}, kStart + minutes{60}), Promise::kept);
}

TEST(Leavers, AnAccountThatRunsOutDoesSoAtThatMoment) {
    const Leavers leavers = told({departed(minutes{30}, seconds{0}, "accountExpires")});
    EXPECT_EQ(leavers.departures().front().said, kStart + minutes{30}) << "the last news is no news of this";
    EXPECT_EQ(leavers.departures().front().promise(seconds{1}, kStart + minutes{31}), Promise::kept)
        << "they were in no room";
}

// ---------------------------------------------------------------- part by part

TrailEntry came_of(Duration after, const std::string& action, const std::string& result,
                   TrailKind kind = TrailKind::result) {
    TrailEntry made = entry(kind, after, action);
    made.result = result;
    return made;
}

std::vector<std::string> parts(const std::vector<TrailEntry>& entries, Duration within = minutes{5},
                               Duration now = minutes{60}, DepartureWanted wanted = {}) {
    const Leavers leavers = told(entries);
    std::vector<std::string> out;
    for (const Part part : {Part::sessions, Part::rooms, Part::elsewhere, Part::past})
        out.emplace_back(to_text(leavers.departures().back().kept(part, within, kStart + now, wanted)));
    out.emplace_back(to_text(leavers.departures().back().whole(within, kStart + now, wanted)));
    return out;
}

std::vector<TrailEntry> left(Duration said = {}) {
    TrailEntry departure = departed(seconds{1}, seconds{0}, "userAccountControl");
    departure.evidence->written = kStart + said;
    return {membership(minutes{-9}, "hall", "join"), departure, membership(seconds{4}, "hall", "leave")};
}

std::vector<TrailEntry> with(std::vector<TrailEntry> entries, const std::vector<TrailEntry>& more) {
    entries.insert(entries.end(), more.begin(), more.end());
    return entries;
}

using Words = std::vector<std::string>;

TEST(Leavers, EachPartIsKeptOrNot) {
    const std::vector<TrailEntry> all{came_of(seconds{2}, "sign out", "done"),
                                      came_of(seconds{3}, "list rooms", "in 1 rooms outside the policy"),
                                      came_of(seconds{5}, "leave", "done"),
                                      done(seconds{6}, "forget", "hall")};
    EXPECT_EQ(parts(with(left(), all)), (Words{"kept", "kept", "kept", "kept", "kept"}));
    EXPECT_EQ(parts(with(left(), all), seconds{3}), (Words{"kept", "late", "late", "late", "missed"}));
    EXPECT_EQ(parts(left()), (Words{"not done", "kept", "not done", "not done", "missed"}));
    EXPECT_EQ(parts(left(), minutes{5}, minutes{1}), (Words{"open", "kept", "open", "open", "open"}));
    EXPECT_EQ(
        parts(with(left(), {done(seconds{6}, "forget", "hall")}), minutes{5}, minutes{60}, {false, false}),
        (Words{"not asked", "kept", "not asked", "kept", "kept"}));
}

TEST(Leavers, WhatWasOnlyAcceptedIsNotProven) {
    std::vector<TrailEntry> entries = with(
        left(), {came_of(seconds{2}, "sign out", "accepted: whether a session is left could not be seen"),
                 came_of(seconds{3}, "list rooms", "in 1 rooms outside the policy"),
                 came_of(seconds{5}, "leave", "accepted: they can read it still")});
    TrailEntry forgotten = done(seconds{6}, "forget", "hall");
    forgotten.result = "accepted: what they could read of the room they can read still";
    entries.push_back(forgotten);
    for (TrailEntry& one : entries)
        if (one.action == "leave") one.room = "!elsewhere";
    EXPECT_EQ(parts(entries), (Words{"not proven", "kept", "not proven", "not proven", "not proven"}));
    TrailEntry gone = came_of(seconds{9}, "leave", "done");
    gone.room = "!elsewhere";
    EXPECT_EQ(parts(with(entries, {came_of(seconds{8}, "sign out", "done"), gone,
                                   done(seconds{9}, "forget", "hall")})),
              (Words{"kept", "kept", "kept", "kept", "kept"}))
        << "seen in the end";
}

TEST(Leavers, WhoHasNoAccountHasNothingToEnd) {
    EXPECT_EQ(parts(with(left(), {came_of(seconds{2}, "sign out", "no such account"),
                                  came_of(seconds{2}, "list rooms", "no such account"),
                                  done(seconds{6}, "forget", "hall")})),
              (Words{"kept", "kept", "kept", "kept", "kept"}));
}

TEST(Leavers, AnAccountThatAppearsLaterIsNoReturn) {
    const std::vector<TrailEntry> never_missed = {departed({}, {}, "userAccountControl"),
                                                  departed(seconds{2}, seconds{2}, ""),
                                                  done(seconds{3}, "sign out")};
    ASSERT_EQ(told(never_missed).departures().size(), 1U);
    EXPECT_EQ(told(never_missed).departures().front().said, kStart + seconds{2});
    EXPECT_FALSE(told(never_missed).departures().front().over);

    const std::vector<TrailEntry> missed = with(
        left(), {came_of(seconds{2}, "sign out", "no such account"),
                 came_of(seconds{2}, "list rooms", "no such account"), done(seconds{6}, "forget", "hall"),
                 departed(minutes{9}, minutes{9}, ""), done(minutes{9} + seconds{1}, "sign out")});
    ASSERT_EQ(told(missed).departures().size(), 2U);
    EXPECT_FALSE(told(missed).departures().front().over) << "they never came back";
    EXPECT_EQ(told(missed).departures().front().said, kStart);
    EXPECT_TRUE(told(missed).departures().back().signed_out);

    const std::vector<TrailEntry> told_again =
        with(left(), {done(seconds{2}, "sign out"), departed(minutes{9}, minutes{9}, "userAccountControl")});
    ASSERT_EQ(told(told_again).departures().size(), 1U);
    EXPECT_EQ(told(told_again).departures().front().said, kStart);
}

TEST(Leavers, WhomTheMaskLeavesOutIsNotDone) {
    const std::string why = "the mask registration does not cover them: M_FORBIDDEN";
    const std::vector<TrailEntry> entries =
        with(left(), {came_of(seconds{2}, "sign out", why, TrailKind::failure),
                      came_of(seconds{2}, "list rooms", why, TrailKind::failure),
                      done(seconds{6}, "forget", "hall")});
    EXPECT_EQ(parts(entries), (Words{"not done", "kept", "not done", "kept", "missed"}));
    EXPECT_TRUE(told(entries).departures().front().not_covered);
}

TEST(Leavers, TheTimeRunsFromTheChangeItselfOrFromTheLastMomentBeforeIt) {
    TrailEntry departure = departed(minutes{2}, minutes{2}, "userAccountControl");
    const auto said = [&] { return told({departure}).departures().front().said; };
    EXPECT_EQ(said(), kStart + minutes{2}) << "an entry of an earlier version";
    EXPECT_FALSE(told({departure}).departures().front().dated);
    departure.evidence->otherwise = kStart + minutes{1};
    EXPECT_EQ(said(), kStart + minutes{1});
    EXPECT_TRUE(told({departure}).departures().front().dated);
    departure.evidence->written = kStart - minutes{3};
    EXPECT_EQ(said(), kStart - minutes{3});
    departure.evidence->written = kStart + minutes{30};
    EXPECT_EQ(said(), kStart + minutes{2}) << "a controller's clock may be ahead";
}

TEST(Leavers, ARoomThatTheyAreLetIntoAgainMustBeLeftToo) {
    const Leavers leavers =
        told({membership(minutes{-9}, "hall", "join"), departed(seconds{0}, seconds{0}, ""),
              membership(seconds{1}, "hall", "leave"), membership(seconds{2}, "hall", "invite"),
              membership(minutes{7}, "hall", "leave")});
    EXPECT_EQ(leavers.departures().front().promise(minutes{5}, kStart + minutes{9}), Promise::missed);
}

TEST(Leavers, ALeaveMayBeSeenAfterThePastWasSeenToBeGone) {
    const std::vector<TrailEntry> entries{
        membership(minutes{-9}, "hall", "join"), departed(seconds{0}, seconds{0}, ""),
        done(seconds{1}, "forget", "hall"), membership(seconds{2}, "hall", "leave")};
    EXPECT_TRUE(told(entries).departures().front().unforgotten.empty());
    std::vector<TrailEntry> again = entries;
    again.push_back(membership(seconds{3}, "hall", "join"));
    again.push_back(membership(seconds{4}, "hall", "leave"));
    EXPECT_EQ(told(again).departures().front().unforgotten.size(), 1U) << "they were in it once more";
}

TEST(Leavers, WhoIsPutOutAgainBySomebodyElseReadsThePastAgain) {
    std::vector<TrailEntry> entries{
        membership(minutes{-9}, "hall", "join"), departed(seconds{0}, seconds{0}, ""),
        membership(seconds{1}, "hall", "leave"), done(seconds{2}, "forget", "hall")};
    const auto told_by = [](Duration after, const char* state) {
        TrailEntry made = membership(after, "hall", state);
        made.kind = TrailKind::membership;
        made.sender = "@lead:corp.example";
        return made;
    };
    entries.push_back(told_by(minutes{60}, "ban"));
    entries.push_back(told_by(minutes{61}, "leave"));
    const Departure open = told(entries).departures().front();
    EXPECT_EQ(open.unforgotten, std::set<std::string>{"hall"});
    EXPECT_EQ(open.kept(Part::past, minutes{5}, kStart + minutes{62}, {}), Kept::open);
    EXPECT_EQ(open.kept(Part::past, minutes{5}, kStart + minutes{90}, {}), Kept::not_done);
    entries.push_back(done(minutes{61} + seconds{1}, "forget", "hall"));
    const Departure closed = told(entries).departures().front();
    EXPECT_EQ(closed.kept(Part::past, minutes{5}, kStart + minutes{90}, {}), Kept::kept);
    EXPECT_EQ(closed.kept(Part::rooms, minutes{5}, kStart + minutes{90}, {}), Kept::kept);
}

}  // namespace
}  // namespace rollcall::audit
