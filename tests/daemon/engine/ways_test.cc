// Whether events come back and the registrations are known: nothing is taken for working that was not seen.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MemberContent;
using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

class Ways : public testing::Test {
  protected:
    explicit Ways(bool mask = true) : company(sim::Options{.mask = mask}) {
        company.people(6);
        company.room("crew");
        company.room("hall");
    }
    [[nodiscard]] WayBack::State state() { return company.sim.engine().way_back().state(); }
    [[nodiscard]] std::string trouble() { return company.sim.engine().way_back().trouble(); }
    [[nodiscard]] std::size_t reads() { return company.calls(CallKind::read_room); }
    void disable(const std::string& login) { company.sim.directory.disable(login, true); }
    Company company;
};

TEST_F(Ways, APingThatComesAndIsAnsweredIsSeen) {
    company.open();
    EXPECT_EQ(state(), WayBack::State::arrives);
    EXPECT_EQ(company.calls(CallKind::ping), 2U) << "at the start, and after half a minute of silence";
}

TEST_F(Ways, IdlePingsTwiceAMinuteAndAsksForTheMaskEveryFiveMinutesAndNothingElse) {
    company.open();
    company.sim.run_for(minutes{5});
    const std::size_t sent = company.sim.homeserver.sent, pings = company.calls(CallKind::ping),
                      masks = company.calls(CallKind::know_mask);
    company.sim.run_for(minutes{10});
    const std::size_t more = company.calls(CallKind::ping) - pings;
    const std::size_t asked = company.calls(CallKind::know_mask) - masks;
    EXPECT_EQ(company.sim.homeserver.sent, sent + asked);
    EXPECT_LE(asked, 2U);
    EXPECT_LE(more, 21U);
    EXPECT_GE(more, 18U);
}

TEST_F(Ways, AMaskThatIsTakenAwayWhereNobodyIsActedAsIsSeenAllTheSame) {
    company.open();
    company.sim.homeserver.knows_mask = false;
    EXPECT_TRUE(
        company.comes([this] { return company.sim.engine().mask() == Engine::Mask::unknown; }, minutes{20}));
}

// The file was moved, or a backup was put back without it: nothing else would tell.
TEST_F(Ways, AMaskRegistrationThatTheNextStartDoesNotFindIsMissedUntilAPolicyIsApplied) {
    company.open();
    const auto gone = [this] { return company.sim.engine().mask_gone(); };
    EXPECT_FALSE(gone());
    for (int start = 0; start < 2; ++start) {
        company.sim.stop();
        company.sim.settings.abilities.mask = false;
        company.sim.start();
        company.sim.run_for(minutes{1});
        EXPECT_TRUE(gone()) << start;
    }
    company.sim.apply();
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(gone());
    company.sim.restart();
    EXPECT_FALSE(gone());
}

TEST_F(Ways, OnePingThatIsLostSaysNothingAndIsSentAgain) {
    company.open();
    int lost = 0;
    company.sim.homeserver.answer_instead = [&lost](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::ping || lost > 0) return std::nullopt;
        ++lost;
        CallResult result;
        result.outcome = CallOutcome::refused;
        result.text = "the daemon does not answer the homeserver in time";
        return result;
    };
    bool told = false;
    company.sim.after_turn = [&] { told = told || !trouble().empty(); };
    const std::size_t pings = company.calls(CallKind::ping);
    ASSERT_TRUE(company.comes([&] { return lost == 1; }));
    EXPECT_TRUE(company.comes([&] { return company.calls(CallKind::ping) == pings + 2; }, seconds{1}));
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(told);
    EXPECT_EQ(state(), WayBack::State::arrives);
}

// The homeserver had a connection to the process before.
TEST_F(Ways, NorDoesTheFirstOneAfterAStartWhereItIsLostAtOnce) {
    company.open();
    int lost = 0;
    company.sim.homeserver.answer_instead = [&lost](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::ping || ++lost > 1) return std::nullopt;
        CallResult result;
        result.outcome = CallOutcome::refused;
        result.text = "the daemon does not answer the homeserver in time";
        return result;
    };
    bool told = false;
    company.sim.after_turn = [&] { told = told || !trouble().empty(); };
    company.sim.restart();
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::arrives; }, seconds{5}));
    EXPECT_EQ(lost, 2);
    EXPECT_FALSE(told);
    // What is so is said.
    company.sim.stop();
    company.sim.homeserver.answer_instead = {};
    company.sim.homeserver.reaches_us = false;
    company.sim.start();
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, seconds{5}));
}

// Synapse says so while it sends anew what it had kept for us.
TEST(WayBackTest, APingThatCameAndIsSaidToBeLostIsSentThriceMoreBeforeThatIsBelieved) {
    WayBack way;
    CallResult lost;
    lost.outcome = CallOutcome::refused;
    lost.text = "the homeserver cannot reach the daemon";
    Tick tick{};
    const auto ping = [&](const CallResult& result) {
        ASSERT_TRUE(way.ping_due(tick));
        way.ping_arrived(way.begin_ping(tick));
        way.ping_ended(result, {Time{}, tick});
    };
    for (int i = 0; i < 3; ++i, tick += seconds{1}) {
        ping(lost);
        EXPECT_EQ(way.trouble(), "") << i;
        EXPECT_FALSE(way.ping_due(tick)) << "not at once: that is why it was refused";
    }
    ping(lost);
    EXPECT_EQ(way.trouble(), lost.text) << "the answers do not get back";
    tick += minutes{2};
    ping({});
    EXPECT_EQ(way.trouble(), "");
    tick += minutes{1};
    ping(lost);
    EXPECT_EQ(way.trouble(), "") << "counted anew";
}

TEST_F(Ways, AHomeserverThatCannotReachUsIsToldAndRoomsAreReadUntilItCan) {
    company.open();
    company.sim.homeserver.reaches_us = false;
    const std::size_t before = reads();
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, minutes{6}));
    EXPECT_NE(trouble().find("cannot reach"), std::string::npos) << trouble();
    ASSERT_TRUE(company.comes([&] { return reads() >= before + 2; }, seconds{10}));
    // Somebody comes whom nobody let in: found by reading, although no event tells.
    const std::string room = company.sim.room_id("crew"), stranger = "@eve:elsewhere.example";
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p1"), stranger));
    ASSERT_TRUE(company.sim.homeserver.join(room, stranger));
    ASSERT_TRUE(company.comes(
        [&] { return company.sim.homeserver.membership(room, stranger) == MembershipState::leave; },
        minutes{5}));
    company.sim.homeserver.reaches_us = true;
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::arrives; }, minutes{2}));
}

TEST_F(Ways, ReadingWhileNothingComesBecomesSeldom) {
    company.open();
    company.sim.homeserver.reaches_us = false;
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, minutes{6}));
    company.sim.run_for(minutes{1});
    const std::size_t before = reads();
    company.sim.run_for(std::chrono::hours{1});
    EXPECT_GE(reads() - before, 2U * 5U);
    EXPECT_LE(reads() - before, 2U * 12U);
}

// It was put back to a backup, perhaps.
TEST_F(Ways, N2_WhereTransactionsAreCountedAnewAllRoomsAreRead) {
    company.open();
    const std::string room = company.sim.room_id("crew");
    const std::size_t before = reads();
    ASSERT_TRUE(company.sim.homeserver.rename_self(room, Company::id("p2")));
    company.sim.run_for(seconds{5});
    EXPECT_EQ(reads(), before);
    company.sim.homeserver.count_anew();
    ASSERT_TRUE(company.sim.homeserver.rename_self(room, Company::id("p2")));
    company.sim.run_for(seconds{5});
    EXPECT_EQ(reads(), before + 2);
    ASSERT_TRUE(company.sim.homeserver.rename_self(room, Company::id("p2")));
    company.sim.run_for(seconds{5});
    EXPECT_EQ(reads(), before + 2);
}

// The homeserver sends it again, and nothing after it, while its pings come through.
TEST_F(Ways, ATransactionThatCanNeverBeTakenIsToldAndRoomsAreReadUntilOneIs) {
    company.open();
    company.sim.homeserver.deaf = true;
    const std::size_t before = reads();
    company.sim.homeserver.deliver(TransactionRefused{"it is too large"});
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, seconds{1}));
    EXPECT_NE(trouble().find("cannot be taken (it is too large)"), std::string::npos) << trouble();
    const std::string room = company.sim.room_id("crew"), stranger = "@eve:elsewhere.example";
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p1"), stranger));
    ASSERT_TRUE(company.sim.homeserver.join(room, stranger));
    EXPECT_TRUE(company.comes(
        [&] { return company.sim.homeserver.membership(room, stranger) == MembershipState::leave; },
        minutes{1}));
    company.sim.run_for(minutes{10});  // pings come, and do not mean that it was taken
    EXPECT_EQ(state(), WayBack::State::broken);
    EXPECT_GE(reads(), before + 2U * 3U);
    company.sim.homeserver.deaf = false;
    disable("p4");  // whose leave is of the kind that has been missed since, too
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::arrives; }, seconds{30}))
        << trouble();
}

TEST_F(Ways, ADeafWayIsFoundByTheEventOfOurOwnDoingThatDoesNotCome) {
    company.open();
    company.sim.homeserver.deaf = true;  // pings come, events do not
    const std::size_t before = reads();
    disable("p3");
    ASSERT_TRUE(company.comes([&] { return !company.in("p3", "crew"); }, seconds{10}));
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, seconds{40}));
    EXPECT_NE(trouble().find("m.room.member (leave)"), std::string::npos) << trouble();
    EXPECT_TRUE(company.comes([&] { return reads() >= before + 2; }, seconds{10}));
    company.sim.homeserver.deaf = false;
    disable("p4");
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::arrives; }, seconds{30}))
        << trouble();
}

TEST_F(Ways, AWayThatPassesOnOnlyJoinsIsFound) {
    company.open();
    company.sim.homeserver.swallows = [](const policy::RoomEvent& event) {
        const auto* member = std::get_if<MemberContent>(&event.content);
        return member == nullptr || member->membership != MembershipState::join;
    };
    disable("p3");
    // What does come does not hide what does not.
    for (int i = 0; i < 70; ++i) {
        company.sim.run_for(seconds{5});
        static_cast<void>(company.sim.homeserver.rename_self(company.sim.room_id("crew"), Company::id("p2")));
    }
    EXPECT_EQ(state(), WayBack::State::broken);
    EXPECT_NE(trouble().find("leave"), std::string::npos) << trouble();
}

TEST_F(Ways, OneThingThatCameAfterItBuysNoMinutesOfPatience) {
    company.open();
    company.sim.homeserver.swallows = [](const policy::RoomEvent& event) {
        const auto* member = std::get_if<MemberContent>(&event.content);
        return member == nullptr || member->membership != MembershipState::join;
    };
    disable("p3");
    ASSERT_TRUE(company.comes([&] { return !company.in("p3", "crew"); }, seconds{10}));
    company.sim.run_for(seconds{3});
    static_cast<void>(company.sim.homeserver.rename_self(company.sim.room_id("crew"), Company::id("p2")));
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, seconds{40}));
}

// Nothing that did not happen can be told.
TEST_F(Ways, WhatWasOnlySaidToBeDoneIsNoMissingEvent) {
    company.open();
    int hollow = 2;
    company.sim.homeserver.hollow = [&](const Call& call) {
        return call.kind == CallKind::put_member && call.membership == MembershipState::join && hollow-- > 0;
    };
    company.sim.directory.hire("p9", {"Staff", "Crew"});
    company.sim.homeserver.add_account(Company::id("p9"));
    for (int i = 0; i < 90; ++i) {
        company.sim.run_for(seconds{1});
        ASSERT_EQ(trouble(), "");
    }
    EXPECT_LE(hollow, 0);
    EXPECT_TRUE(company.in("p9", "crew"));
    EXPECT_TRUE(company.in("p9", "hall"));
}

// A filter that lets joins through: nothing but an event of the kind that is missing shows that it is gone.
TEST_F(Ways, AKindThatIsMissingIsSeenAgainByTheDaemonsOwnNextEventOfIt) {
    company.open();
    company.sim.homeserver.swallows = [](const policy::RoomEvent& event) {
        const auto* member = std::get_if<MemberContent>(&event.content);
        return member != nullptr && member->membership == MembershipState::leave;
    };
    disable("p3");
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, minutes{1}));
    EXPECT_NE(trouble().find("over with the next event of that kind"), std::string::npos) << trouble();
    company.sim.directory.hire("p9", {"Staff", "Crew"});
    company.sim.homeserver.add_account(Company::id("p9"));
    ASSERT_TRUE(company.comes([this] { return company.in("p9", "crew"); }, seconds{10}));
    company.sim.run_for(minutes{15});
    EXPECT_GE(company.calls(CallKind::ping), 1U);
    EXPECT_EQ(state(), WayBack::State::broken) << "a join and a ping that come say nothing of leaves";
    company.sim.homeserver.swallows = nullptr;
    disable("p4");
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::arrives; }, seconds{10}))
        << trouble();
}

// What is missing is kept in memory only (what the admins were told is not): a start reads all rooms anyway,
// and asks for a ping. What is still so is found by the next doing.
TEST_F(Ways, ARestartAsksAnewWhatArrives) {
    company.open();
    company.sim.homeserver.deaf = true;
    disable("p3");
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, minutes{1}));
    const std::size_t before = reads();
    company.sim.restart();
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::arrives; }, seconds{10}));
    EXPECT_GE(reads() - before, 2U) << "what was not told meanwhile is looked for";
    disable("p4");
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }, minutes{1}));
}

TEST_F(Ways, ABusyWayIsNotTakenForABrokenOne) {
    company.open();
    company.sim.homeserver.latency = seconds{3};
    company.sim.homeserver.events_a_transaction = 1;
    for (int i = 10; i < 40; ++i) {
        const std::string login = "p" + std::to_string(i);
        company.sim.directory.hire(login, {"Staff", "Crew"});
        company.sim.homeserver.add_account(Company::id(login));
    }
    company.sim.run_for(minutes{4});
    EXPECT_EQ(state(), WayBack::State::arrives) << trouble();
}

TEST_F(Ways, WithoutPingNothingIsSeenUntilAnEventComes) {
    company.sim.homeserver.has_ping = false;
    company.sim.start();
    company.sim.run_for(seconds{30});
    EXPECT_EQ(state(), WayBack::State::not_seen);
    company.sim.apply();
    EXPECT_TRUE(company.comes([this] { return state() == WayBack::State::arrives; }));
}

TEST_F(Ways, APingAnsweredBySomethingElseIsNoWay) {
    company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::ping) return std::nullopt;
        CallResult result;
        result.text = "http://127.0.0.1:9009";
        return result;
    };
    company.sim.start();
    ASSERT_TRUE(company.comes([this] { return state() == WayBack::State::broken; }));
    EXPECT_NE(trouble().find("something else answers there"), std::string::npos) << trouble();
}

TEST_F(Ways, AMaskThatTheHomeserverDoesNotKnowIsOneTroubleAndNotOneForEachPerson) {
    company.open();
    company.sim.homeserver.knows_mask = false;
    company.sim.homeserver.keep_log = true;
    disable("p3");
    ASSERT_TRUE(company.comes([&] { return !company.in("p3", "crew") && !company.in("p3", "hall"); }))
        << "the bot itself can still remove";
    ASSERT_TRUE(company.comes([&] { return company.sim.engine().mask() == Engine::Mask::unknown; }));
    company.sim.run_for(seconds{5});
    const auto by_mask = [&] {
        const auto& log = company.sim.homeserver.log;
        return std::count_if(log.begin(), log.end(), [](const auto& e) { return !e.second.as_user.empty(); });
    };
    const auto before = by_mask();
    EXPECT_LE(before, 8) << "those that were on their way";
    company.sim.directory.hire("p9", {"Staff", "Crew"});
    company.sim.homeserver.add_account(Company::id("p9"));
    company.sim.run_for(minutes{10});
    EXPECT_TRUE(company.sim.engine().failures().empty());
    EXPECT_EQ(by_mask(), before) << "nothing is tried that cannot succeed";
    EXPECT_EQ(company.sessions("p3"), 1);
    company.sim.homeserver.knows_mask = true;
    EXPECT_TRUE(company.comes(
        [&] {
            return company.sessions("p3") == 0 && company.in("p9", "crew") &&
                   company.sim.engine().mask() == Engine::Mask::known;
        },
        minutes{2}));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

// What works is believed for a while; what did not is asked anew for whoever asks.
TEST_F(Ways, AMaskThatIsKnownAgainIsSeenByWhoeverAsks) {
    company.open();
    company.sim.homeserver.knows_mask = false;
    const auto looked = [this](Duration waited) {
        bool out = false;
        EXPECT_TRUE(company.sim.command([&](Engine& engine) { out = engine.ways_looked_at(waited); }, true));
        return out;
    };
    ASSERT_TRUE(company.comes([&] { return looked(Duration{}); }));
    company.sim.run_for(seconds{20});
    ASSERT_TRUE(company.comes([&] { return looked(seconds{1}); }));
    ASSERT_EQ(company.sim.engine().mask(), Engine::Mask::unknown);
    company.sim.homeserver.knows_mask = true;
    company.sim.run_for(seconds{3});
    EXPECT_FALSE(looked(Duration{})) << "that it is not known is three seconds old";
    EXPECT_TRUE(
        company.comes([this] { return company.sim.engine().mask() == Engine::Mask::known; }, seconds{1}));
    EXPECT_TRUE(looked(seconds{1}));
}

TEST_F(Ways, AMaskThatIsNotKnownFromTheStartSendsNothingInItsName) {
    company.sim.homeserver.knows_mask = false;
    company.sim.homeserver.keep_log = true;
    company.open();
    const auto& log = company.sim.homeserver.log;
    EXPECT_EQ(std::count_if(log.begin(), log.end(), [](const auto& e) { return !e.second.as_user.empty(); }),
              0);
    EXPECT_TRUE(company.sim.engine().failures().empty());
    company.sim.homeserver.knows_mask = true;
    EXPECT_TRUE(
        company.comes([&] { return company.in("p2", "crew") && company.in("p2", "hall"); }, minutes{3}));
}

}  // namespace
}  // namespace rollcall::engine
