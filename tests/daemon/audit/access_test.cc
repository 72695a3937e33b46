// daemon/audit/access: who could read what, when. Histories made at random are judged by a replay of its own
// that asks of each single message.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <optional>
#include <random>

#include "daemon/audit/access.h"

namespace rollcall::audit {
namespace {

using schema::TrailEntry;
using schema::TrailKind;

constexpr const char* kBot = "@rollcall:corp.example";

Time at(int minute) {
    return from_ms(1'800'000'000'000) + std::chrono::minutes{minute};
}

TrailEntry entry(TrailKind kind, int minute, const std::string& user) {
    TrailEntry made;
    made.kind = kind;
    made.time = at(minute);
    made.room_key = "crew";
    made.user = user;
    return made;
}

// One thing that happened, as the replay keeps it.
struct Happening {
    int minute = 0;
    std::string user, what;  // user "": the history visibility becomes `what`
};

// Asks of one message at a time, going through everything from the beginning.
class Replay {
  public:
    std::vector<Happening> all;

    [[nodiscard]] std::string membership(const std::string& user, int minute) const {
        std::string state = "none";
        for (const Happening& one : all)
            if (one.user == user && one.minute <= minute && one.what != "forget") state = one.what;
        return state;
    }
    [[nodiscard]] std::string history(int minute) const {
        std::string value, first;
        for (const Happening& one : all) {
            if (!one.user.empty()) continue;
            if (first.empty()) first = one.what;
            if (one.minute <= minute) value = one.what;
        }
        return value.empty() ? first : value;
    }
    // When the user was put out of the room, if they were in it and nobody took the past from them; else -1.
    [[nodiscard]] int reads_until(const std::string& user, int minute) const {
        if (!user.ends_with(":corp.example")) return -1;
        int left = -1;
        std::string before = "none";
        for (const Happening& one : all) {
            if (one.user != user || one.minute > minute) continue;
            if (one.what == "forget" || one.what == "join") left = -1;
            if (one.what == "forget") continue;
            const bool was_in = before == "join" || before == "invite";
            if (was_in && one.what != "join" && one.what != "invite") left = one.minute;
            before = one.what;
        }
        return before == "join" || before == "invite" ? -1 : left;
    }
    [[nodiscard]] bool reads(const std::string& user, int message, int minute) const {
        const bool in = membership(user, minute) == "join";
        const int until = in ? minute : reads_until(user, minute);
        if (message >= until) return false;
        const std::string then = history(message), stood = membership(user, message);
        return then.empty() || then == "shared" || then == "world_readable" || stood == "join" ||
               (then == "invited" && stood == "invite");
    }
};

// The same happening as the trail may tell of it: the result of a request, an event, or what a read found.
TrailEntry told(std::mt19937& random, const Happening& one) {
    const bool ours = random() % 2 == 0;
    TrailEntry made = entry(ours ? TrailKind::result : TrailKind::membership, one.minute, one.user);
    if (one.user.empty()) {
        made.kind = TrailKind::membership;
        made.history = one.what;
    } else if (one.what == "forget") {
        made.kind = TrailKind::result;
        made.action = "forget";
        made.result = random() % 2 == 0 ? "done" : "done: found so when asked";
    } else {
        made.membership = one.what;
        if (!ours) made.sender = random() % 2 == 0 ? one.user : kBot;
        if (!ours && random() % 4 == 0) made.source = "read";
    }
    return made;
}

// Several changes of one user that nobody was told of in time: the last one is read, where it makes a
// difference, and then all of them are told late, in their order.
void tell_late(std::mt19937& random, const std::vector<Happening>& missed, const std::string& before, int now,
               Access& into, std::uint64_t& index) {
    TrailEntry entry_of_last = entry(TrailKind::membership, now, missed.back().user);
    entry_of_last.sender = kBot;
    entry_of_last.event_time = at(missed.back().minute);
    entry_of_last.source = "read";
    entry_of_last.membership = missed.back().what;
    if (missed.back().what != before || random() % 2 == 0) into.take(++index, entry_of_last);
    for (const Happening& one : missed) {
        TrailEntry made = entry(TrailKind::membership, now, one.user);
        made.sender = random() % 2 == 0 ? one.user : kBot;
        made.source = "late";
        made.was = one.what;
        made.event_time = at(one.minute);
        into.take(++index, made);
    }
}

TEST(Access, IsWhatAReplayOfEverySingleMessageSays) {
    const std::vector<std::string> users{"@anna:corp.example", "@ben:corp.example", "@guest:partner.example"};
    const std::vector<std::string> steps{"invite", "join", "join", "leave", "leave", "ban", "forget", "none"};
    const std::vector<std::string> values{"shared", "joined", "invited", "world_readable"};
    int readable = 0, asked = 0;
    for (unsigned seed = 1; seed <= 400; ++seed) {
        std::mt19937 random(seed);
        Access access("crew", kBot);
        Replay replay;
        std::uint64_t index = 0;
        for (int minute = 10; minute < 60; minute += 1 + static_cast<int>(random() % 4)) {
            Happening one{minute, users[random() % users.size()], steps[random() % steps.size()]};
            if (random() % 6 == 0) one = {minute, "", values[random() % values.size()]};
            if (random() % 8 == 0 && !one.user.empty()) {
                const std::string before = replay.membership(one.user, minute);
                std::vector<Happening> missed;
                for (std::size_t n = 1 + random() % 4; n > 0; --n)
                    missed.push_back({minute++, one.user, steps[random() % 6]});
                replay.all.insert(replay.all.end(), missed.begin(), missed.end());
                tell_late(random, missed, before, minute, access, index);
                continue;
            }
            if (one.what == "forget" && (replay.membership(one.user, minute) == "join" ||
                                         replay.membership(one.user, minute) == "invite"))
                continue;  // a homeserver refuses that
            replay.all.push_back(one);
            access.take(++index, told(random, one));
            TrailEntry elsewhere = told(random, one);  // says nothing here
            elsewhere.room_key = "hall";
            access.take(++index, elsewhere);
        }
        for (const std::string& user : users)
            for (int minute = 9; minute < 62; minute += 1 + static_cast<int>(random() % 3)) {
                const auto known = access.members().find(user);
                const std::vector<Period> periods = known == access.members().end()
                                                        ? std::vector<Period>{}
                                                        : access.readable(known->second, at(minute));
                for (int message = 5; message < 62; ++message) {
                    const bool says = std::any_of(periods.begin(), periods.end(), [&](const Period& period) {
                        return period.from <= at(message) && at(message) < period.to;
                    });
                    ASSERT_EQ(says, replay.reads(user, message, minute))
                        << "seed " << seed << ": " << user << ", a message of minute " << message
                        << ", read in minute " << minute;
                    readable += says ? 1 : 0, ++asked;
                }
                for (std::size_t i = 1; i < periods.size(); ++i)
                    ASSERT_LT(periods[i - 1].to, periods[i].from) << "in order, and apart";
            }
    }
    EXPECT_GT(readable, asked / 20) << "a test of nothing";
    EXPECT_LT(readable, asked * 19 / 20);
}

TEST(Access, SaysOnWhoseAuthority) {
    Access access("crew", kBot);
    TrailEntry intent = entry(TrailKind::intent, 1, "@anna:corp.example");
    intent.action = "join";
    intent.reason = "group Crew";
    intent.rule = "policy/company.yaml:9";
    access.take(7, intent);
    TrailEntry result = entry(TrailKind::result, 2, intent.user);
    result.membership = "join";
    access.take(8, result);
    // Invited by a colleague, and in by themselves.
    TrailEntry invited = entry(TrailKind::membership, 3, "@guest:partner.example");
    invited.membership = "invite";
    invited.sender = intent.user;
    access.take(9, invited);
    TrailEntry came = invited;
    came.time = at(4);
    came.membership = "join";
    came.sender = came.user;
    access.take(10, came);

    const Stay* anna = access.members().at(intent.user).at(at(2));
    ASSERT_NE(anna, nullptr);
    EXPECT_EQ(anna->began.entry, 7U);
    EXPECT_EQ(anna->began.rule, "policy/company.yaml:9");
    EXPECT_EQ(anna->began.by, "");
    const Stay* guest = access.members().at(came.user).at(at(5));
    ASSERT_NE(guest, nullptr);
    EXPECT_EQ(guest->standing, Standing::joined);
    EXPECT_EQ(guest->began.by, intent.user);
    EXPECT_EQ(guest->began.entry, 9U);
    EXPECT_EQ(access.known_since(), at(1));
}

TEST(Access, SaysWhenNoPolicyNamedTheRoom) {
    Access access("crew", kBot);
    TrailEntry release = entry(TrailKind::result, 5, "");
    release.action = "release";
    TrailEntry again = entry(TrailKind::result, 9, "");
    again.action = "manage again";
    TrailEntry joined = entry(TrailKind::membership, 1, "@ada:corp.example");
    joined.membership = "join";
    access.take(1, joined);
    EXPECT_TRUE(access.unmanaged().empty());
    access.take(2, release);
    EXPECT_EQ(access.unmanaged(), (std::vector<Period>{{at(5), kNever}}));
    EXPECT_NE(access.members().at("@ada:corp.example").at(at(7)), nullptr) << "members stay";
    access.take(3, again);
    EXPECT_EQ(access.unmanaged(), (std::vector<Period>{{at(5), at(9)}}));
}

TEST(Access, WhatCameToNothingIsNoAuthorityForLater) {
    Access access("crew", kBot);
    TrailEntry intent = entry(TrailKind::intent, 1, "@anna:corp.example");
    intent.intent = 5;
    intent.action = "join";
    intent.rule = "policy/company.yaml:9";
    access.take(7, intent);
    TrailEntry dropped = entry(TrailKind::result, 2, intent.user);
    dropped.intent = 5;
    dropped.action = "join";
    dropped.result = "no longer wanted";
    access.take(8, dropped);
    EXPECT_TRUE(Access::may_concern("result", json::write(schema::to_json(dropped))));
    TrailEntry came = entry(TrailKind::membership, 9, intent.user);
    came.membership = "join";
    came.sender = intent.user;
    access.take(9, came);
    const Stay* stay = access.members().at(intent.user).at(at(10));
    ASSERT_NE(stay, nullptr);
    EXPECT_EQ(stay->began.entry, 9U);
    EXPECT_EQ(stay->began.rule, "");
}

// The answer to a leave may be looked for while the past is taken away already.
TEST(Access, WhosePastWasTakenBeforeTheLeaveWasToldReadsNothing) {
    const std::string user = "@anna:corp.example";
    Access access("crew", kBot);
    std::uint64_t index = 0;
    const auto add = [&](TrailKind kind, int minute, std::uint64_t intent, const char* action,
                         const char* result, const char* membership, std::optional<int> told = {}) {
        TrailEntry made = entry(kind, minute, user);
        made.intent = intent;
        made.action = action;
        made.result = result;
        made.membership = membership;
        if (told) made.event_time = at(*told);
        if (kind == TrailKind::intent) made.reason = "departed";
        access.take(++index, made);
    };
    add(TrailKind::membership, 1, 0, "", "", "join");
    add(TrailKind::intent, 4, 7, "leave", "", "");
    add(TrailKind::intent, 6, 8, "forget", "", "");
    add(TrailKind::result, 6, 8, "forget", "done", "");
    add(TrailKind::result, 7, 7, "leave", "accepted: the homeserver said so", "");
    add(TrailKind::result, 8, 7, "leave", "done: found so when asked", "leave", 5);
    const Member& member = access.members().at(user);
    ASSERT_EQ(member.stays.size(), 2U);
    EXPECT_EQ(member.stays[0].time.to, at(5)) << "when they were out, not when it was told";
    EXPECT_EQ(member.stays[0].ended.reason, "departed") << "what was accepted is still its authority";
    EXPECT_EQ(member.stays[1].standing, Standing::left);
    EXPECT_EQ(member.stays[1].time.from, at(5));
    EXPECT_EQ(member.stays[1].time.to, at(6)) << "nobody who left and reads on";
    EXPECT_TRUE(access.readable(member, at(9)).empty());

    add(TrailKind::membership, 20, 0, "", "", "join");
    add(TrailKind::intent, 21, 9, "leave", "", "");
    add(TrailKind::intent, 22, 10, "forget", "", "");
    add(TrailKind::result, 22, 10, "forget", "done", "");
    add(TrailKind::result, 23, 9, "leave", "done", "leave");
    ASSERT_EQ(member.stays.size(), 4U);
    EXPECT_EQ(member.stays[2].time.to, at(22)) << "only who is out can forget a room";
    EXPECT_EQ(member.stays[3].time.to, at(22));
    EXPECT_TRUE(access.readable(member, at(24)).empty());
}

// A ban and its end let an account of the homeserver read anew, also one that never was in the room.
TEST(Access, WhoIsPutOutAgainReadsThePastUntilItIsTakenAgain) {
    for (const bool was_in : {true, false}) {
        const std::string user = "@anna:corp.example";
        Access access("crew", kBot);
        std::uint64_t index = 0;
        const auto add = [&](TrailKind kind, int minute, const char* action, const char* membership,
                             const char* sender) {
            TrailEntry made = entry(kind, minute, user);
            made.action = action;
            made.membership = membership;
            made.sender = sender;
            if (kind == TrailKind::result) made.result = "done";
            access.take(++index, made);
        };
        if (was_in) {
            add(TrailKind::membership, 1, "", "join", "@anna:corp.example");
            add(TrailKind::membership, 5, "", "leave", kBot);
            add(TrailKind::result, 6, "forget", "", "");
        }
        add(TrailKind::membership, 20, "", "ban", "@lead:corp.example");
        add(TrailKind::membership, 21, "", "leave", "@lead:corp.example");
        const Member& member = access.members().at(user);
        EXPECT_EQ(member.at(at(22))->standing, Standing::left);
        EXPECT_EQ(member.at(at(22))->began.by, "@lead:corp.example");
        ASSERT_FALSE(access.readable(member, at(22)).empty());
        EXPECT_EQ(access.readable(member, at(22)).back().to, at(21))
            << "what was sent after they were out too";
        add(TrailKind::result, 23, "forget", "", "");
        EXPECT_TRUE(access.readable(member, at(24)).empty());
        EXPECT_EQ(member.at(at(24)), nullptr);
    }
}

TEST(Access, AnApprovalHoldsUntilItEndsOrIsTakenBack) {
    Access access("crew", kBot);
    TrailEntry given = entry(TrailKind::policy, 1, "@*:partner.example");
    given.room_key.clear();
    given.action = "approve outsider";
    given.rooms = {"crew", "hall"};
    given.rule_path = "outsiders.partner";
    given.sponsor = "anna";
    given.until = at(10);
    given.caller = schema::TrailCaller{1000, 1000, "ben"};
    access.take(3, given);
    ASSERT_NE(access.approval("@guest:partner.example", at(9)), nullptr);
    EXPECT_EQ(access.approval("@guest:partner.example", at(9))->given_by, "ben");
    EXPECT_EQ(access.approval("@guest:partner.example", at(10)), nullptr);
    EXPECT_EQ(access.approval("@guest:elsewhere.example", at(9)), nullptr);
    given.time = at(5);
    given.action = "end approval";
    access.take(4, given);
    EXPECT_EQ(access.approval("@guest:partner.example", at(6)), nullptr);
    EXPECT_NE(access.approval("@guest:partner.example", at(4)), nullptr);
}

TEST(Access, WhatWasFoundBeganWhenTheHomeserverSays) {
    Access access("crew", kBot);
    TrailEntry found = entry(TrailKind::membership, 20, "@anna:corp.example");
    found.membership = "join";
    found.sender = found.user;
    found.source = "read";
    found.event_time = at(3);
    access.take(1, found);
    const Stay* stay = access.members().at(found.user).at(at(20));
    ASSERT_NE(stay, nullptr);
    EXPECT_TRUE(stay->found);
    EXPECT_EQ(stay->time.from, at(3));
    EXPECT_EQ(access.known_since(), at(20));
}

TEST(Access, ASinceWhenThatNobodyKnowsIsTheWidest) {
    Access access("crew", kBot);
    TrailEntry history = entry(TrailKind::membership, 20, "");
    history.history = "joined";
    history.source = "before";
    access.take(1, history);
    TrailEntry was = entry(TrailKind::membership, 20, "@anna:corp.example");
    was.membership = "join";
    was.source = "before";
    access.take(2, was);
    const Member& anna = access.members().at(was.user);
    ASSERT_EQ(anna.stays.size(), 1U);
    EXPECT_EQ(anna.stays[0].time, (Period{at(20), kNever})) << "certain from then on";
    EXPECT_EQ(anna.stays[0].earliest, kEver);
    EXPECT_NE(anna.at(at(3)), nullptr) << "perhaps";
    EXPECT_EQ(access.readable(anna, at(30)), (std::vector<Period>{{kEver, at(30)}}));

    // Out since they were seen last, and in again: not before that.
    TrailEntry left = entry(TrailKind::membership, 40, was.user);
    left.membership = "leave";
    access.take(3, left);
    TrailEntry forgotten = entry(TrailKind::result, 41, was.user);
    forgotten.action = "forget";
    forgotten.result = "done";
    access.take(4, forgotten);
    was.time = at(60);
    was.event_time = at(50);
    access.take(5, was);
    const Stay& back = access.members().at(was.user).stays.back();
    EXPECT_EQ(back.time.from, at(50));
    EXPECT_EQ(back.earliest, at(41));
    EXPECT_EQ(access.readable(anna, at(60)), (std::vector<Period>{{kEver, at(40)}, {at(41), at(60)}}));
}

TEST(Access, WhoeverWasRemovedBeforeTheTrailMayReadOn) {
    Access access("crew", kBot);
    TrailEntry was = entry(TrailKind::membership, 20, "@anna:corp.example");
    was.membership = "leave";
    was.source = "before";
    access.take(1, was);
    const Member& anna = access.members().at(was.user);
    EXPECT_EQ(anna.at(at(3))->standing, Standing::joined);
    EXPECT_EQ(anna.at(at(30))->standing, Standing::left);
    EXPECT_EQ(access.readable(anna, at(30)), (std::vector<Period>{{kEver, at(20)}}));
    TrailEntry forgotten = entry(TrailKind::result, 41, was.user);
    forgotten.action = "forget";
    forgotten.result = "done";
    access.take(2, forgotten);
    EXPECT_EQ(anna.at(at(42)), nullptr);
    was.user = "@guest:partner.example";  // of another server: nothing is taken from it, nor known
    access.take(3, was);
    EXPECT_TRUE(access.members().at(was.user).stays.empty());
}

// Came and went while nobody told of it: what is known first is that they are out, as before.
TEST(Access, WhoCameAndWentUnseenIsNamedOnceItIsToldOf) {
    Access access("crew", kBot);
    const std::string guest = "@guest:partner.example", anna = "@anna:corp.example";
    const auto tell = [&](int minute, const char* was, const std::string& sender) {
        TrailEntry late = entry(TrailKind::membership, 30, guest);
        late.was = was;
        late.source = "late";
        late.sender = sender;
        late.event_time = at(minute);
        EXPECT_TRUE(Access::may_concern("membership", json::write(schema::to_json(late))));
        access.take(static_cast<std::uint64_t>(minute), late);
    };
    tell(9, "invite", anna);
    tell(10, "join", guest);
    EXPECT_EQ(access.members().at(guest).at(at(29))->standing, Standing::joined)
        << "until it was told of at the latest, as long as nothing says when they left";
    EXPECT_EQ(access.members().at(guest).at(at(30)), nullptr);
    tell(20, "leave", guest);
    EXPECT_EQ(access.members().at(guest).at(at(20)), nullptr);
    const Stay* stay = access.members().at(guest).at(at(19));
    ASSERT_NE(stay, nullptr);
    EXPECT_EQ(stay->standing, Standing::joined);
    EXPECT_TRUE(stay->found);
    EXPECT_EQ(stay->began.by, anna) << "on the authority of the invitation";
    EXPECT_EQ(access.members().at(guest).stays.size(), 2U);
}

TEST(Access, ARoomThatWasOpenForATimeIsToldOfLate) {
    Access access("crew", kBot);
    TrailEntry now = entry(TrailKind::membership, 1, "");
    now.history = "joined";
    access.take(1, now);
    TrailEntry late = entry(TrailKind::membership, 30, "");
    late.source = "late";
    late.was = "world_readable";
    late.event_time = at(10);
    access.take(2, late);
    EXPECT_EQ(access.history_at(at(9)), "joined");
    EXPECT_EQ(access.history_at(at(29)), "world_readable");
    EXPECT_EQ(access.history_at(at(30)), "joined");
}

TEST(Access, AnEventThatWasDelayedBeganWhenTheHomeserverSays) {
    Access access("crew", kBot);
    TrailEntry came = entry(TrailKind::membership, 20, "@anna:corp.example");
    came.membership = "join";
    came.sender = came.user;
    came.source = "event";
    came.event_time = at(3);
    access.take(1, came);
    EXPECT_EQ(access.members().at(came.user).stays.front().time.from, at(3));
    EXPECT_TRUE(access.members().at(came.user).stays.front().found);
    TrailEntry prompt = came;
    prompt.user = prompt.sender = "@ben:corp.example";
    prompt.event_time = prompt.time - std::chrono::seconds{1};
    access.take(2, prompt);
    EXPECT_EQ(access.members().at(prompt.user).stays.front().time.from, at(20));
}

TEST(Access, LooksOnlyAtWhatMayConcernIt) {
    for (const TrailKind kind : {TrailKind::intent, TrailKind::result, TrailKind::membership,
                                 TrailKind::failure, TrailKind::policy, TrailKind::directory}) {
        TrailEntry made = entry(kind, 1, "@anna:corp.example");
        made.action = kind == TrailKind::intent ? "join" : "";
        if (kind != TrailKind::intent && kind != TrailKind::policy) made.membership = "join";
        if (kind == TrailKind::policy) made.rooms = {"crew"};
        EXPECT_TRUE(Access::may_concern(schema::to_text(kind), json::write(schema::to_json(made))));
    }
    TrailEntry power = entry(TrailKind::intent, 1, "@anna:corp.example");
    power.action = "power levels";
    EXPECT_FALSE(Access::may_concern("intent", json::write(schema::to_json(power))));
}

}  // namespace
}  // namespace rollcall::audit
