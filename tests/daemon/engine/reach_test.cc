// What one request runs into keeps nobody else waiting: the homeserver is away only where it does not answer
// at all, and other homeservers have places of their own.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "daemon/engine/reach.h"
#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kPartner = ":partner.example";

class OneTrouble : public testing::Test {
  protected:
    OneTrouble() {
        company.people(8);
        company.room("crew");
        company.room("hall");
        company.open();
        company.sim.homeserver.keep_log = true;
    }
    [[nodiscard]] bool is_out(const std::string& login) const {
        return !company.in(login, "crew") && !company.in(login, "hall") && company.sessions(login) == 0;
    }
    [[nodiscard]] std::size_t about(CallKind kind, const std::string& as_user) const {
        const auto& log = company.sim.homeserver.log;
        return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const auto& entry) {
            return entry.second.kind == kind && entry.second.as_user == as_user;
        }));
    }
    // Somebody of a partner's homeserver asks them into rooms there.
    void invite_elsewhere(const std::string& login, int rooms) {
        const std::string host = "@bob" + std::string(kPartner);
        for (int i = 0; i < rooms; ++i) {
            const std::string room = company.sim.homeserver.make_room(host, fmt::format("theirs {}", i));
            ASSERT_TRUE(company.sim.homeserver.invite(room, host, Company::id(login)));
        }
    }
    Company company;
};

// Nobody asks it for anything, and all the same it is known within half a minute.
TEST_F(OneTrouble, AnIdleDaemonNoticesSoonThatTheHomeserverIsGone) {
    company.sim.run_for(minutes{10});
    for (int i = 0; i < 3; ++i) {
        company.sim.homeserver.down = true;
        EXPECT_TRUE(company.comes([this] { return company.sim.engine().reach().away(); }, seconds{33}));
        company.sim.homeserver.down = false;
        EXPECT_TRUE(company.comes([this] { return !company.sim.engine().reach().away(); }, seconds{20}));
        company.sim.run_for(minutes{2});
    }
}

// It is back, and the next question is put off for seconds: whoever asks is not told of before.
TEST_F(OneTrouble, WhoeverAsksHasAHomeserverThatIsAwayTriedNow) {
    company.sim.homeserver.down = true;
    ASSERT_TRUE(company.comes([this] { return company.sim.engine().reach().away(); }, minutes{1}));
    company.sim.run_for(minutes{5});
    const auto looked = [this](Duration waited) {
        bool out = false;
        EXPECT_TRUE(company.sim.command([&](Engine& engine) { out = engine.ways_looked_at(waited); }, true));
        return out;
    };
    const auto asked_anew = [this] {
        const Reach& reach = company.sim.engine().reach();
        return company.sim.engine().world().tick - reach.asked_in_vain_at() < seconds{2};
    };
    ASSERT_TRUE(company.comes([&] { return !asked_anew(); }, seconds{20}));
    const std::size_t before = company.calls(CallKind::answers);
    EXPECT_FALSE(looked(Duration{})) << "what it said before is old";
    ASSERT_TRUE(company.comes(asked_anew, seconds{1}));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(looked(Duration{})) << "just now";
    EXPECT_LE(company.calls(CallKind::answers), before + 2)
        << "nobody has it asked oftener than once a second";
    ASSERT_TRUE(company.comes([&] { return !asked_anew(); }, seconds{20}));
    EXPECT_TRUE(looked(seconds{10})) << "what hangs keeps no command waiting";
    company.sim.homeserver.down = false;
    EXPECT_FALSE(looked(Duration{}));
    EXPECT_TRUE(company.comes([this] { return !company.sim.engine().reach().away(); }, seconds{1}));
}

TEST_F(OneTrouble, WhoeverAsksHasADirectoryThatIsAwayTriedNow) {
    const auto looked = [this](Duration waited) {
        bool out = false;
        EXPECT_TRUE(
            company.sim.command([&](Engine& engine) { out = engine.directory_looked_at(waited); }, true));
        return out;
    };
    const auto told = [this](policy::DirectoryHealth health, const std::string& text) {
        company.sim.directory.deliver(policy::DirectoryStatus{"corp", health, "dc1", text, false});
    };
    int tries = 0;
    company.sim.directory.on_try = [&tries] { return ++tries > 0; };
    EXPECT_TRUE(looked(Duration{}));
    EXPECT_EQ(tries, 0) << "it can be read";
    told(policy::DirectoryHealth::unreachable, "it is away");
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(looked(Duration{})) << "that was a minute ago";
    EXPECT_FALSE(looked(Duration{}));
    EXPECT_EQ(tries, 1) << "not oftener than once a second";
    EXPECT_TRUE(looked(seconds{5})) << "what hangs keeps no command waiting";
    told(policy::DirectoryHealth::unreachable, "it is away");
    company.sim.run_for(std::chrono::milliseconds{10});
    EXPECT_TRUE(looked(Duration{})) << "just now";
    company.sim.run_for(minutes{1});
    company.sim.directory.on_try = [&tries] { return ++tries < 0; };
    EXPECT_TRUE(looked(Duration{})) << "nothing would be told: a wrong password is not tried for anybody";
    EXPECT_EQ(tries, 2);
    told(policy::DirectoryHealth::up, "`member` of 1 of 68 groups cannot be read");
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(looked(Duration{}));
    EXPECT_EQ(tries, 3) << "a complete read says whether that is still so";
}

TEST_F(OneTrouble, N2_ASignOutThatFailsKeepsNobodyElseIn) {
    company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::sign_out || call.as_user != Company::id("p2")) return std::nullopt;
        return said(CallOutcome::unreachable);
    };
    company.sim.directory.disable("p2", true);
    company.sim.run_for(minutes{2});
    EXPECT_FALSE(company.in("p2", "crew")) << "out of the rooms all the same";
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([this] { return is_out("p3"); }, seconds{1}));
    EXPECT_TRUE(company.sim.engine().reach().trouble().empty()) << company.sim.engine().reach().trouble();
    EXPECT_EQ(company.sim.engine().failures().size(), 1U);
    const std::size_t tried = about(CallKind::sign_out, Company::id("p2"));
    company.sim.run_for(minutes{2});
    EXPECT_GE(about(CallKind::sign_out, Company::id("p2")), tried + 3)
        << "whoever has to be out waits no minutes";
}

TEST_F(OneTrouble, N2_ARoomWhoseStateCannotBeReadKeepsNobodyIn) {
    company.sim.homeserver.answer_instead = [this](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::read_room || call.room != company.sim.room_id("hall")) return std::nullopt;
        return said(CallOutcome::unreachable);
    };
    company.sim.restart();
    company.sim.run_for(minutes{1});
    company.sim.homeserver.log.clear();
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([this] { return is_out("p3"); }, seconds{1}));
}

TEST_F(OneTrouble, N2_AHomeserverElsewhereThatHangsKeepsNobodyIn) {
    invite_elsewhere("p2", 20);
    company.sim.homeserver.hangs = [](const Call& call) { return call.kind == CallKind::leave_elsewhere; };
    company.sim.directory.disable("p2", true);
    ASSERT_TRUE(company.comes([this] { return is_out("p2"); }, seconds{2}));
    company.sim.run_for(seconds{3});
    EXPECT_EQ(company.sim.homeserver.elsewhere_in_flight, 2U) << "of one person two at a time";
    for (const char* next : {"p3", "p4", "p5"}) {
        company.sim.directory.disable(next, true);
        EXPECT_TRUE(company.comes([&] { return is_out(next); }, seconds{1})) << next;
    }
    const std::string room = company.sim.room_id("crew"), guest = "@guest:elsewhere.example";
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p6"), guest));
    ASSERT_TRUE(company.sim.homeserver.join(room, guest));
    EXPECT_TRUE(company.comes(
        [&] { return company.sim.homeserver.membership(room, guest) == policy::MembershipState::leave; },
        seconds{1}));
    EXPECT_TRUE(company.sim.engine().reach().trouble().empty());
}

TEST_F(OneTrouble, N2_SlowSignOutsOfManyKeepNobodyIn) {
    company.sim.homeserver.hangs = [](const Call& call) { return call.kind == CallKind::sign_out; };
    const std::string room = company.sim.room_id("crew"), guest = "@guest:elsewhere.example";
    for (int i = 2; i <= 8; ++i) company.sim.directory.disable(fmt::format("p{}", i), true);
    EXPECT_TRUE(company.comes(
        [&] {
            for (int i = 2; i <= 8; ++i)
                if (company.in(fmt::format("p{}", i), "crew") || company.in(fmt::format("p{}", i), "hall"))
                    return false;
            return true;
        },
        seconds{2}));
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p1"), guest));
    ASSERT_TRUE(company.sim.homeserver.join(room, guest));
    EXPECT_TRUE(company.comes(
        [&] { return company.sim.homeserver.membership(room, guest) == policy::MembershipState::leave; },
        seconds{1}));
}

TEST_F(OneTrouble, N2_AGuestsHomeserverThatHangsKeepsNoDoorOpen) {
    company.sim.homeserver.hangs = [](const Call& call) {
        return call.kind == CallKind::put_member && call.membership == policy::MembershipState::invite &&
               call.user.ends_with(kPartner);
    };
    const std::string guest = "@friend:partner.example";
    company.room("room0");  // for which the simulation has approved that guest
    company.sim.apply();
    company.sim.run_for(minutes{2});
    const std::string room = company.sim.room_id("room0");
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p2"), guest));
    ASSERT_TRUE(company.sim.homeserver.join(room, guest));
    ASSERT_TRUE(company.sim.homeserver.leave(room, guest));
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(company.sim.command([&](Engine& engine) {
        const auto room0 = static_cast<std::uint32_t>(engine.decider()->program().room_index("room0"));
        EXPECT_TRUE(engine.readmit(engine.world().user(guest), room0, {0, -1, "alice"}, "by mistake"));
    }));
    ASSERT_TRUE(company.comes([this] { return company.sim.homeserver.elsewhere_in_flight == 1; }));
    ASSERT_TRUE(company.comes([this] { return company.in("p3", "room0"); }, seconds{10}));
    company.sim.homeserver.force_state(room, policy::JoinRules{"public", {}});
    EXPECT_TRUE(company.comes([this] { return company.join_rule("room0") != "public"; }, seconds{1}));
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([this] { return !company.in("p3", "room0"); }, seconds{1}));
    EXPECT_EQ(company.sim.homeserver.elsewhere_in_flight, 1U) << "it must still hang";
}

TEST_F(OneTrouble, N2_InvitationsThatCannotBeListedKeepNobodyInOtherRooms) {
    const std::string theirs = company.sim.homeserver.make_room(Company::id("p5"), "lunch");
    ASSERT_TRUE(company.sim.homeserver.invite(theirs, Company::id("p5"), Company::id("p2")));
    ASSERT_TRUE(company.sim.homeserver.join(theirs, Company::id("p2")));
    bool too_large = true;
    company.sim.homeserver.answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::list_rooms || !too_large) return std::nullopt;
        CallResult result = said(CallOutcome::retry);
        result.partly = true;
        result.rooms = company.sim.homeserver.rooms_of(call.as_user, false);
        return result;
    };
    company.sim.directory.disable("p2", true);
    EXPECT_TRUE(company.comes(
        [&] {
            return company.sim.homeserver.membership(theirs, Company::id("p2")) ==
                   policy::MembershipState::leave;
        },
        seconds{1}));
    EXPECT_EQ(company.sim.engine().failures().size(), 1U) << "the list is still owed";
    too_large = false;
    EXPECT_TRUE(company.comes([this] { return company.sim.engine().failures().empty(); }));
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(OneTrouble, WhileItIsAwayOnlyThatIsAsked) {
    company.sim.homeserver.down = true;
    company.sim.directory.disable("p3", true);
    company.sim.run_for(seconds{20});
    EXPECT_TRUE(company.sim.engine().reach().away());
    EXPECT_FALSE(company.sim.engine().reach().trouble().empty());
    company.sim.homeserver.log.clear();
    company.sim.run_for(minutes{2});
    for (const auto& [time, call] : company.sim.homeserver.log)
        EXPECT_EQ(call.kind, CallKind::answers) << to_text(call.kind);
    EXPECT_GE(company.sim.homeserver.log.size(), 7U);
    EXPECT_LE(company.sim.homeserver.log.size(), 10U) << "each quarter of a minute";
    company.sim.homeserver.down = false;
    EXPECT_TRUE(company.comes([this] { return is_out("p3"); }, seconds{17}))
        << "no wait of its own after that";
}

TEST_F(OneTrouble, N2_AFloodOfInvitationsHidesNobodyWhoIsIn) {
    company.sim.homeserver.latency = Duration{40};
    company.sim.homeserver.events_a_transaction = 1'000;
    const std::string room = company.sim.room_id("crew"), stranger = "@stranger:partner.example";
    for (int i = 0; i < 300; ++i)
        ASSERT_TRUE(
            company.sim.homeserver.invite(room, Company::id("p2"), fmt::format("@nobody{}{}", i, kPartner)));
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p2"), stranger));
    ASSERT_TRUE(company.sim.homeserver.join(room, stranger));
    EXPECT_TRUE(company.comes(
        [&] { return company.sim.homeserver.membership(room, stranger) == policy::MembershipState::leave; },
        seconds{1}));
    EXPECT_FALSE(company.sim.engine().quiet()) << "the invitations must still be waiting";
}

TEST_F(OneTrouble, N2_WhoeverIsSignedOutNextWaitsForNobodysRooms) {
    company.sim.homeserver.latency = Duration{100};
    for (int i = 0; i < 30; ++i) company.room(fmt::format("more{}", i));
    company.sim.apply();
    company.sim.run_for(minutes{10});
    company.sim.directory.disable("p2", true);
    company.sim.run_for(Duration{400});
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([this] { return company.sessions("p3") == 0; }, seconds{1}));
    EXPECT_FALSE(company.sim.engine().quiet()) << "rooms must still be waiting";
}

TEST(Reach, OnlyItsOwnQuestionSaysThatItIsAway) {
    Reach reach;
    Tick now{};
    for (int i = 0; i < 5; ++i) reach.missed("502", false, now);
    EXPECT_TRUE(reach.in_doubt());
    EXPECT_FALSE(reach.away());
    ASSERT_TRUE(reach.ask_due(now));
    reach.asked();
    EXPECT_FALSE(reach.ask_due(now)) << "one question at a time";
    EXPECT_EQ(reach.found(true, "", now), Reach::Change::none);
    EXPECT_FALSE(reach.in_doubt());
    reach.missed("502", false, now);
    reach.asked();
    EXPECT_EQ(reach.found(false, "nobody there", now), Reach::Change::away);
    EXPECT_EQ(reach.trouble(), "nobody there");
    EXPECT_FALSE(reach.ask_due(now));
    EXPECT_EQ(reach.next(), now + Duration{500});
    now += Duration{500};
    ASSERT_TRUE(reach.ask_due(now));
    reach.asked();
    EXPECT_EQ(reach.found(false, "nobody there", now), Reach::Change::none);
    EXPECT_EQ(reach.next(), now + Duration{1'000});
    EXPECT_EQ(reach.answered(now), Reach::Change::back) << "an answer late is an answer";
    EXPECT_EQ(reach.trouble(), "");
}

TEST(Reach, WhereNothingSucceedsWhatIsNotUrgentGoesOnSlowly) {
    Reach reach;
    const Tick now{};
    for (int i = 1; i < Reach::kFailing; ++i) reach.missed("500", false, now);
    EXPECT_FALSE(reach.slow(now));
    for (int i = 0; i < 20; ++i) reach.missed("500", true, now);
    EXPECT_FALSE(reach.slow(now)) << "what other homeservers keep waiting says nothing of this one";
    reach.missed("500", false, now);
    EXPECT_TRUE(reach.slow(now));
    EXPECT_EQ(reach.trouble(), "it answers, and the last 8 requests failed: 500");
    EXPECT_EQ(reach.answered(now), Reach::Change::none);
    EXPECT_FALSE(reach.slow(now));
    EXPECT_EQ(reach.trouble(), "");
}

}  // namespace
}  // namespace rollcall::engine
