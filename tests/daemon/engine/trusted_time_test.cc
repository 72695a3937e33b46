// What is believed of the date, by itself: from the clocks alone.
#include "daemon/engine/trusted_time.h"

#include <gtest/gtest.h>

#include "daemon/engine/witnesses.h"

namespace rollcall::engine {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using State = TrustedTime::State;

// True time, and clocks that are wrong by so much.
class Clocks : public testing::Test {
  protected:
    [[nodiscard]] Moment moment() const { return {now + wrong_by, tick()}; }
    [[nodiscard]] Tick tick() const { return Tick{now - start + hours{3}}; }
    void begin(std::optional<Time> alive) { time.begin(moment(), alive); }
    void pass(Duration length) {
        now += length;
        time.pass(moment());
    }
    void set_by(Duration ahead) {
        wrong_by = ahead;
        pass(Duration{10});
    }
    void hear(Duration wrong = {}, const char* whose = "the domain controller") {
        time.hear({whose, now + wrong, tick()});
    }
    const Time start = *parse_rfc3339("2026-11-22T09:00:00Z");
    Time now = start;
    Duration wrong_by{};
    TrustedTime time;
};

TEST_F(Clocks, AStartBelievesNothingButThatTimeWentOn) {
    begin(start - hours{2});
    EXPECT_EQ(time.state(), State::unwitnessed);
    EXPECT_EQ(time.earliest(), start - hours{2});
    EXPECT_EQ(time.latest(), kNever);
    EXPECT_EQ(time.shown(), start);
    pass(minutes{10});
    EXPECT_EQ(time.earliest(), start - hours{2} + minutes{10});
    EXPECT_FALSE(time.known());
    EXPECT_NE(time.text(), "");
}

// What a certificate is judged by, before any other clock can be heard.
TEST_F(Clocks, OneThatIsBehindWhatWasBelievedIsSaidAsLongAsNoOtherIsHeard) {
    begin(start - hours{2});
    EXPECT_FALSE(time.is_behind());
    time = {};
    wrong_by = -days{365};
    begin(start - hours{2});
    EXPECT_TRUE(time.is_behind());
    EXPECT_TRUE(
        time.text().starts_with("this machine's clock says 2025-11-22T09:00:00.000Z, which is before "
                                "2026-11-22T07:00:00.000Z, when Rollcall was running last: set it"))
        << time.text();
    pass(minutes{10});
    EXPECT_TRUE(time.is_behind());
    hear();
    EXPECT_FALSE(time.is_behind());
}

TEST_F(Clocks, AnotherClockThatAgreesConfirms) {
    begin(start - hours{2});
    hear(minutes{4});
    EXPECT_EQ(time.state(), State::confirmed);
    EXPECT_EQ(time.earliest(), now);
    EXPECT_TRUE(time.known());
    EXPECT_EQ(time.text(), "");
    pass(days{3});
    EXPECT_EQ(time.earliest(), now);
    EXPECT_TRUE(time.known());
}

TEST_F(Clocks, WithoutAnythingKeptNothingIsKnownUntilThen) {
    begin(std::nullopt);
    EXPECT_EQ(time.earliest(), Time{});
    EXPECT_EQ(time.shown(), start);
    hear();
    EXPECT_EQ(time.earliest(), start);
}

TEST_F(Clocks, OneThatSaysOtherwiseAfterAStartLeavesItBetweenTheTwo) {
    wrong_by = days{400};
    begin(start - hours{2});
    hear();
    EXPECT_EQ(time.state(), State::contradicted);
    EXPECT_EQ(time.earliest(), start);
    EXPECT_EQ(time.latest(), start + days{400});
    EXPECT_NE(time.text().find("the domain controller says 2026-11-22T09:00:00.000Z"), std::string::npos);
    EXPECT_NE(time.text().find("this machine's clock says 2027-12-27"), std::string::npos);
}

TEST_F(Clocks, ItIsNeverEarlierThanWhenTheProcessBeforeRan) {
    wrong_by = -days{365};
    begin(start - hours{2});
    EXPECT_EQ(time.shown(), start - hours{2});
    hear();
    EXPECT_EQ(time.earliest(), start - hours{2});
    EXPECT_EQ(time.latest(), start);
}

class Jumps : public Clocks, public testing::WithParamInterface<Duration> {};

TEST_P(Jumps, WhatWasConfirmedIsCarriedOnWhenTheClockIsSet) {
    begin(std::nullopt);
    hear();
    pass(minutes{1});
    set_by(GetParam());
    EXPECT_EQ(time.state(), State::set);
    EXPECT_EQ(time.earliest(), now);
    EXPECT_EQ(time.shown(), now);
    EXPECT_EQ(time.latest(), std::max(now, now + GetParam()));
    ASSERT_TRUE(time.last_set());
    EXPECT_EQ(time.last_set()->to - time.last_set()->from, GetParam());
    pass(minutes{30});
    EXPECT_EQ(time.earliest(), now) << "time goes on";
    hear();
    EXPECT_EQ(time.latest(), now) << "another clock says what was carried on";
    EXPECT_NE(time.text().find("the domain controller says"), std::string::npos);
    set_by({});
    EXPECT_EQ(time.state(), State::confirmed);
    EXPECT_EQ(time.earliest(), now);
    EXPECT_EQ(time.text(), "");
}

TEST_P(Jumps, AMachineThatSleptIsBelievedOnceAnotherClockSaysTheSame) {
    if (GetParam() < Duration{}) return;  // nobody sleeps backwards
    begin(std::nullopt);
    hear();
    const Tick asleep = tick();
    now += GetParam();
    time.pass({now, asleep + Duration{5}});
    EXPECT_EQ(time.state(), State::set);
    EXPECT_EQ(time.text().find("the domain controller"), std::string::npos) << "it was not asked since";
    time.hear({"the domain controller", now, asleep + Duration{9}});
    EXPECT_EQ(time.state(), State::confirmed);
    EXPECT_EQ(time.earliest(), now);
}

INSTANTIATE_TEST_SUITE_P(, Jumps,
                         testing::Values(-days{365}, -hours{2}, -minutes{12}, minutes{12}, days{90},
                                         days{400}));

TEST_F(Clocks, ASmallCorrectionIsFollowedAndNothingGoesBack) {
    begin(std::nullopt);
    hear();
    set_by(seconds{20});
    EXPECT_EQ(time.state(), State::confirmed);
    const Time before = time.earliest();
    set_by({});
    EXPECT_EQ(time.state(), State::confirmed);
    EXPECT_GE(time.earliest(), before);
    pass(minutes{1});
    EXPECT_EQ(time.earliest(), now);
    EXPECT_FALSE(time.last_set());
}

// In many steps each of which is small.
TEST_F(Clocks, AClockCannotCreepAway) {
    begin(std::nullopt);
    hear();
    for (int i = 0; i < 100; ++i) set_by(wrong_by + seconds{20});
    EXPECT_NE(time.state(), State::confirmed);
    EXPECT_LE(time.earliest() - now, kClocksAgree + kSmallStep);
}

TEST_F(Clocks, OneOtherClockThatIsWrongIsSaidAndChangesNothing) {
    begin(std::nullopt);
    hear();
    hear(-hours{1}, "the homeserver");
    EXPECT_EQ(time.state(), State::confirmed);
    EXPECT_TRUE(time.known());
    EXPECT_NE(time.text().find("the homeserver says 2026-11-22T08:00:00.000Z"), std::string::npos);
    EXPECT_EQ(time.text().find("controller"), std::string::npos);
}

// All clocks were wrong together: what ended by them has ended, and what is begun now still ends.
TEST_F(Clocks, WhatTwoClocksAgreedOnIsNotTakenBackAndTimeGoesOn) {
    wrong_by = hours{5};
    begin(std::nullopt);
    hear(hours{5});
    const Time believed = time.earliest();
    set_by({});
    hear();
    EXPECT_EQ(time.state(), State::confirmed);
    pass(minutes{10});
    EXPECT_GE(time.earliest(), believed + minutes{10});
    EXPECT_EQ(time.shown(), now);
    EXPECT_NE(time.text(), "");
}

// ---------------------------------------------------------------- on the way to the engine

TEST(WitnessesTest, TellsNowAndThenAndWhenAClockMoves) {
    Mailbox mailbox;
    Witnesses witnesses(mailbox);
    const Time date = *parse_rfc3339("2026-11-22T09:00:00Z");
    const Tick tick{hours{3}};
    const auto told = [&](const char* whose, Duration says, Duration at) {
        witnesses.heard(whose, date + says, tick + at);
        return mailbox.take().size();
    };
    EXPECT_EQ(told("one", {}, {}), 1U);
    EXPECT_EQ(told("one", seconds{10}, seconds{10}), 0U);
    EXPECT_EQ(told("another", seconds{10}, seconds{10}), 1U);
    EXPECT_EQ(told("one", seconds{18}, seconds{20}), 0U) << "its dates have whole seconds";
    EXPECT_EQ(told("one", minutes{12}, seconds{21}), 1U);
    EXPECT_EQ(told("one", minutes{12} + seconds{30}, seconds{51}), 1U);
}

}  // namespace
}  // namespace rollcall::engine
