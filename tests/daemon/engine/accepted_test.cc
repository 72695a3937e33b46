// What the homeserver says that it did is done when it was seen; until then the trail says "accepted".
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Effects : public testing::Test {
  protected:
    Effects() {
        company.people(6);
        company.room("crew");
        company.room("hall");
        company.open();
        company.sim.homeserver.keep_log = true;
    }
    // The first so many of these are said to be done, and are not.
    void pretend(std::function<bool(const Call&)> which, int times) {
        company.sim.homeserver.hollow = [which = std::move(which), times](const Call& call) mutable {
            return which(call) && times-- > 0;
        };
    }
    static bool removal(const Call& call) {
        return call.kind == CallKind::put_member && call.membership == MembershipState::leave;
    }
    void disable(const std::string& login) { company.sim.directory.disable(login, true); }
    [[nodiscard]] bool out(const std::string& login) const {
        return !company.in(login, "crew") && !company.in(login, "hall");
    }
    // Results and failures about somebody: "action: result", cut at the first colon or comma of the result.
    [[nodiscard]] std::vector<std::string> results(const std::string& login, const std::string& action) {
        std::vector<std::string> found;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.user == Company::id(login) && entry.action == action &&
                (entry.kind == schema::TrailKind::result || entry.kind == schema::TrailKind::failure))
                found.push_back(entry.result);
        return found;
    }
    [[nodiscard]] std::size_t with(const std::vector<std::string>& texts,
                                   const std::string& beginning) const {
        return static_cast<std::size_t>(
            std::count_if(texts.begin(), texts.end(),
                          [&](const std::string& text) { return text.starts_with(beginning); }));
    }
    [[nodiscard]] std::size_t reads() {
        return company.calls(CallKind::read_member) + company.calls(CallKind::read_state);
    }
    Company company;
};

TEST_F(Effects, WhereEventsComeBackNothingIsAskedAndNothingSaidTwice) {
    disable("p2");
    ASSERT_TRUE(company.comes([this] { return out("p2"); }, seconds{5}));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(reads(), 0U);
    EXPECT_EQ(results("p2", "leave"), (std::vector<std::string>{"done", "done"}));
    EXPECT_EQ(results("p2", "sign out"), std::vector<std::string>{"done"});
    EXPECT_EQ(results("p2", "forget"), (std::vector<std::string>{"done", "done"}));
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.action == "leave" && entry.kind == schema::TrailKind::result) {
            EXPECT_NE(entry.event, "");
        }
    EXPECT_EQ(company.sim.engine().way_back().trouble(), "");
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Effects, AKickThatWasOnlySaidToBeDoneIsDoneAgain) {
    pretend(&removal, 3);
    disable("p2");
    ASSERT_TRUE(company.comes([this] { return out("p2"); }, seconds{20}));
    company.sim.run_for(minutes{1});
    const std::vector<std::string> said = results("p2", "leave");
    EXPECT_EQ(with(said, "accepted"), 2U) << "once for each room";
    EXPECT_EQ(with(said, "done"), 2U);
    EXPECT_EQ(company.wrongs(), "");
}

// They were invited when it was sent, and came in before it arrived: its event comes after that.
TEST_F(Effects, AKickThatMetSomebodyOnTheWayInIsKnownByItsEvent) {
    const std::string room = company.sim.room_id("crew");
    company.sim.homeserver.events_a_transaction = 1;
    for (int i = 0; i < 10; ++i) {
        const std::string eve = "@eve" + std::to_string(i) + ":elsewhere.example";
        ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p1"), eve));
        ASSERT_TRUE(company.sim.homeserver.join(room, eve));
        ASSERT_TRUE(company.comes(
            [&] { return company.sim.homeserver.membership(room, eve) == MembershipState::leave; }));
        company.sim.run_for(seconds{30});
    }
    // Where the event came before the answer they are kicked once more, in vain, and that is looked at.
    EXPECT_LE(company.calls(CallKind::read_member), 10U);
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.action == "leave") {
            EXPECT_FALSE(entry.result.starts_with("accepted")) << entry.user;
        }
    EXPECT_EQ(company.wrongs(), "");
}

// Nothing is told for a while, and rooms are read: who came in and was put out again meanwhile was in.
TEST_F(Effects, WhatAnotherDoingHasUndoneSinceIsNotSaidNeverToHaveBeen) {
    company.sim.homeserver.add_account(Company::id("late"));
    company.sim.homeserver.swallows = [](const policy::RoomEvent&) { return true; };
    company.sim.directory.hire("late", {"Staff", "Crew"});
    ASSERT_TRUE(company.comes([this] { return company.in("late", "crew") && company.in("late", "hall"); }));
    disable("late");
    ASSERT_TRUE(company.comes([this] { return out("late"); }));
    EXPECT_TRUE(company.sim.command([](Engine& engine) { engine.verify_rooms(); }));
    company.sim.run_for(minutes{3});
    for (const char* action : {"invite", "join"})
        EXPECT_EQ(results("late", action),
                  std::vector<std::string>(2, "accepted: something else has happened since"))
            << action;
    EXPECT_EQ(with(results("late", "leave"), "done"), 2U);
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Effects, UntilItWasSeenNobodySaysThatTheyAreOut) {
    pretend(&removal, 1'000);
    disable("p2");
    company.sim.run_for(minutes{2});
    EXPECT_FALSE(out("p2"));
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.user == Company::id("p2") && entry.action == "leave") {
            EXPECT_NE(entry.membership, "leave");
        }
    EXPECT_EQ(with(results("p2", "leave"), "done"), 0U);
    const std::vector<Failure> failures = company.sim.engine().failures();
    EXPECT_TRUE(std::any_of(failures.begin(), failures.end(), [](const Failure& failure) {
        return failure.text.find("still not so") != std::string::npos;
    }));
}

TEST_F(Effects, SessionsThatAreThereAllTheSameAreEndedAgain) {
    pretend([](const Call& call) { return call.kind == CallKind::sign_out; }, 2);
    disable("p2");
    const auto sessions = [this] { return company.sessions("p2"); };
    ASSERT_TRUE(company.comes([&] { return sessions() == 0; }, seconds{20}));
    company.sim.run_for(minutes{1});
    const std::vector<std::string> said = results("p2", "sign out");
    EXPECT_EQ(with(said, "accepted"), 1U);
    EXPECT_EQ(with(said, "done"), 1U);
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Effects, APastThatStaysReadableIsSaidToBe) {
    company.sim.homeserver.keeps_the_past = true;
    disable("p2");
    company.sim.run_for(minutes{5});
    const std::vector<std::string> said = results("p2", "forget");
    EXPECT_EQ(with(said, "done"), 0U);
    EXPECT_GE(with(said, "accepted: what they could read"), 2U);
    const std::size_t forgets = company.calls(CallKind::forget);
    company.sim.run_for(minutes{60});
    EXPECT_EQ(company.calls(CallKind::forget), forgets) << "it is not asked for ever";
}

// Only what was accepted and not seen counts as that, not what failed before it.
TEST_F(Effects, APastThatStaysReadableIsNotTakenForOneAfterOtherTroubles) {
    const std::string room = company.sim.room_id("crew");
    const auto forget = [room](const Call& call) {
        return call.kind == CallKind::forget && call.room == room;
    };
    company.sim.homeserver.answer_instead =
        [&, limited = 3](const Call& call) mutable -> std::optional<CallResult> {
        if (!forget(call) || limited-- <= 0) return std::nullopt;
        return said(CallOutcome::retry);
    };
    pretend(forget, 1);
    disable("p2");
    company.sim.run_for(minutes{5});
    EXPECT_FALSE(company.sim.homeserver.rooms.at(room).past_readers.contains(Company::id("p2")));
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Effects, StateThatWasOnlySaidToBeWrittenIsWrittenAgain) {
    pretend(
        [](const Call& call) { return call.kind == CallKind::put_state && call.type == "m.room.join_rules"; },
        1);
    company.sim.homeserver.force_state(company.sim.room_id("crew"), policy::JoinRules{"public", {}});
    EXPECT_TRUE(company.comes([this] { return company.join_rule("crew") == "invite"; }, seconds{30}));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Effects, AHomeserverThatTellsNothingIsAskedAndCounted) {
    company.sim.homeserver.deaf = true;
    disable("p2");
    ASSERT_TRUE(company.comes([this] { return out("p2"); }, seconds{10}));
    company.sim.run_for(seconds{30});
    EXPECT_EQ(company.sim.engine().way_back().state(), WayBack::State::broken);
    const std::vector<std::string> said = results("p2", "leave");
    EXPECT_EQ(with(said, "accepted"), 2U);
    EXPECT_EQ(with(said, "done: found so when asked"), 2U);
}

TEST_F(Effects, ACrashBeforeItWasSeenIsSettled) {
    pretend(&removal, 2);
    disable("p2");
    company.sim.run_for(milliseconds{200});
    company.sim.restart();
    ASSERT_TRUE(company.comes([this] { return out("p2"); }, seconds{20}));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

// What is not as specified may have been carried out or not; an answer to nothing that can be read is not
// asked for without pause.
TEST_F(Effects, AnswersThatSayNothingAreAskedForMoreAndMoreSeldom) {
    company.sim.homeserver.answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::sign_out) return std::nullopt;
        return said(CallOutcome::torn);
    };
    disable("p2");
    company.sim.run_for(minutes{10});
    EXPECT_LT(company.calls(CallKind::sign_out), 60U);
    EXPECT_TRUE(out("p2"));
    company.sim.homeserver.answer_instead = nullptr;
    company.sim.run_for(minutes{6});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Effects, ALeaverWaitsForNoNumberThatAServerNames) {
    int limited = 1;
    company.sim.homeserver.answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (!removal(call) || limited-- <= 0) return std::nullopt;
        return said(CallOutcome::retry, std::chrono::hours{1});
    };
    disable("p2");
    EXPECT_TRUE(company.comes([this] { return out("p2"); }, seconds{15}));
}

// ---------------------------------------------------------------- whom the mask leaves out

class NotCovered : public testing::Test {
  protected:
    NotCovered() {
        company.people(4);
        company.room("crew");
        company.sim.homeserver.not_covered.insert(Company::id("p3"));
        company.open();
    }
    Company company;
};

TEST_F(NotCovered, TheyAreInvitedInAFirstFillAndNotTriedInVain) {
    const std::string& room = company.sim.room_id("crew");
    EXPECT_EQ(company.sim.homeserver.membership(room, Company::id("p3")), MembershipState::invite);
    std::size_t joins = 0;
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.kind == schema::TrailKind::intent && entry.user == Company::id("p3") &&
            entry.action == "join")
            ++joins;
    EXPECT_EQ(joins, 1U);
}

TEST_F(NotCovered, ALeaverIsNamedAndTheirAccountNotTakenForAbsent) {
    const std::string& room = company.sim.room_id("crew");
    ASSERT_TRUE(company.sim.homeserver.join(room, Company::id("p3")));
    const std::string elsewhere = company.sim.homeserver.make_room(Company::id("p3"), "elsewhere");
    company.sim.run_for(seconds{5});
    company.sim.directory.disable("p3", true);
    company.sim.run_for(minutes{2});
    EXPECT_NE(company.sim.homeserver.membership(room, Company::id("p3")), MembershipState::join)
        << "the bot kicks all the same";
    EXPECT_EQ(company.sessions("p3"), 1);
    std::string said;
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.user == Company::id("p3")) said += entry.result + "\n";
    EXPECT_EQ(said.find("no such account"), std::string::npos) << said;
    EXPECT_NE(said.find("the mask registration does not cover them"), std::string::npos) << said;
    const std::vector<Failure> failures = company.sim.engine().failures();
    EXPECT_TRUE(std::any_of(failures.begin(), failures.end(), [](const Failure& failure) {
        return failure.text.starts_with("sessions cannot be ended");
    }));
    const std::size_t asked = company.sim.homeserver.sent;
    company.sim.run_for(minutes{30});
    EXPECT_LT(company.sim.homeserver.sent - asked, 10U);
    // The registration covers them from now on: seen with the next look at everything.
    company.sim.homeserver.not_covered.clear();
    company.sim.restart();
    company.sim.run_for(minutes{2});
    EXPECT_EQ(company.sessions("p3"), 0);
    EXPECT_EQ(company.sim.homeserver.membership(elsewhere, Company::id("p3")), MembershipState::leave);
}

// ---------------------------------------------------------------- an account that appears later

TEST(LateAccounts, OneOfSomebodyDepartedIsSignedOut) {
    Company company;
    company.people(4);
    company.room("crew");
    company.open();
    company.sim.directory.hire("p5", {"Staff", "Crew"});
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("p5", true);
    company.sim.run_for(minutes{1});
    company.sim.homeserver.add_account(Company::id("p5"));
    company.sim.run_for(minutes{6});
    EXPECT_EQ(company.sessions("p5"), 0);
}

// Whoever makes accounts, a script or anybody where registration is open, cannot fill with them the guard
// that then holds somebody who does depart.
TEST(LateAccounts, ManyAtOnceHoldNoDeparture) {
    Company company;
    company.people(4);
    company.room("crew");
    company.open();
    constexpr int kGone = 85;
    const auto login = [](int i) { return "old" + std::to_string(i); };
    for (int i = 0; i < kGone; ++i) company.sim.directory.hire(login(i), {"Staff", "Crew"});
    company.sim.run_for(minutes{10});
    for (int i = 0; i < kGone; ++i) {
        company.sim.directory.disable(login(i), true);
        if (i % 30 == 29) company.sim.run_for(minutes{90});
    }
    company.sim.run_for(minutes{90});
    ASSERT_TRUE(company.sim.engine().guards().holds().empty());
    // Made disabled, and never here: no departure either, now or when an account appears.
    for (int i = 0; i < kGone; ++i) {
        const std::string made = "made" + std::to_string(i);
        company.sim.directory.hire(made, {"Staff"});
        company.sim.directory.disable(made, true);
        company.sim.homeserver.add_account(Company::id(made));
    }
    for (int i = 0; i < kGone; ++i) company.sim.homeserver.add_account(Company::id(login(i)));
    ASSERT_TRUE(company.comes(
        [&] { return company.sim.engine().backlog().users_in(policy::Lane::departure).size() > 0; },
        minutes{10}));
    company.sim.directory.disable("p2", true);
    EXPECT_TRUE(company.comes([&] { return !company.in("p2", "crew"); }, seconds{30}));
    company.sim.run_for(minutes{20});
    EXPECT_TRUE(company.sim.engine().guards().holds().empty());
    for (int i = 0; i < kGone; ++i) EXPECT_EQ(company.sessions(login(i)), 0) << i;
    for (const schema::TrailEntry& entry : company.trail())
        if (entry.action == "departed") {
            EXPECT_FALSE(entry.user.starts_with("@made")) << entry.user;
        }
}

}  // namespace
}  // namespace rollcall::engine
