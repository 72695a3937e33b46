// The rooms in which people are written to, when the bot or the person is not in them any more.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using schema::TrailKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class DirectRooms : public CompanyTest {
  protected:
    DirectRooms() {
        company.people(4);
        company.room("crew");
        company.open();
    }
    [[nodiscard]] Engine& engine() { return company.sim.engine(); }
    // p2 invites somebody who may not come, of which they are told.
    void invite_somebody() {
        ASSERT_TRUE(homeserver().invite(company.sim.room_id("crew"), Company::id("p2"),
                                        "@guest" + std::to_string(++guests) + ":elsewhere.example"));
    }
    void invite_and_wait() {
        invite_somebody();
        company.sim.run_for(minutes{1});
    }
    [[nodiscard]] std::vector<std::string> direct_rooms() {
        std::vector<std::string> out;
        for (const auto& [id, room] : homeserver().rooms)
            if (room.direct) out.push_back(id);
        return out;
    }
    // Messages about the newest guest, in all rooms.
    [[nodiscard]] std::size_t told() {
        std::size_t found = 0;
        for (const auto& [id, room] : homeserver().rooms)
            for (const auto& [marker, text] : room.messages)
                found += text.starts_with("@guest" + std::to_string(guests) + ":") ? 1U : 0U;
        return found;
    }
    void put_the_bot_out_of_each(bool told_of = false) {
        for (const std::string& room : direct_rooms())
            if (homeserver().membership(room, sim::kBot) == MembershipState::join)
                homeserver().put_bot_out(room, told_of);
    }
    [[nodiscard]] std::vector<std::string> given_up() {
        std::vector<std::string> out;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.kind == TrailKind::failure && entry.user == Company::id("p2") &&
                entry.result.starts_with("given up: "))
                out.push_back(entry.result);
        return out;
    }
    int guests = 0;
};

// What is not so yet is told to nobody.
TEST_F(DirectRooms, WhoeverInvitedHearsOfARemovalOnceItWasSeen) {
    homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind == CallKind::put_member && call.membership == MembershipState::leave)
            return said(CallOutcome::retry, seconds{5});
        return std::nullopt;
    };
    invite_somebody();
    company.sim.run_for(minutes{10});
    EXPECT_EQ(told(), 0U) << "they are invited still";
    EXPECT_EQ(engine().notices_owed(), 1U);
    homeserver().answer_instead = nullptr;
    homeserver().swallows = [](const policy::RoomEvent& event) {
        const auto* member = std::get_if<policy::MemberContent>(&event.content);
        return member != nullptr && member->membership == MembershipState::leave;
    };
    ASSERT_TRUE(company.comes([&] { return told() == 1; }, minutes{20}));
    EXPECT_TRUE(engine().world().before_answer.empty())
        << "that the homeserver says so is not enough: it was looked at";
}

TEST_F(DirectRooms, NobodyHearsOfARemovalThatWasNone) {
    company.sim.homeserver.add_account(Company::id("q1"));
    company.sim.directory.hire("q1", {"Staff"});
    company.sim.run_for(minutes{1});
    homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind == CallKind::put_member && call.membership == MembershipState::leave)
            return said(CallOutcome::retry, seconds{5});
        return std::nullopt;
    };
    ASSERT_TRUE(homeserver().invite(company.sim.room_id("crew"), Company::id("p2"), Company::id("q1")));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(engine().notices_owed(), 1U);
    company.sim.directory.join("Crew", "q1");
    EXPECT_TRUE(company.comes([&] { return company.in("q1", "crew"); }, minutes{5}));
    homeserver().answer_instead = nullptr;
    company.sim.run_for(minutes{10});
    EXPECT_EQ(engine().notices_owed(), 0U);
    for (const auto& [id, room] : homeserver().rooms)
        for (const auto& [marker, text] : room.messages)
            EXPECT_EQ(text.find("q1"), std::string::npos) << text;
}

TEST_F(DirectRooms, AnotherOneIsMadeWhereTheBotIsNotInItAnyMore) {
    invite_and_wait();
    ASSERT_EQ(direct_rooms().size(), 1U);
    put_the_bot_out_of_each();
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(direct_rooms().size(), 2U);
    EXPECT_EQ(engine().notices_owed(), 0U);
    EXPECT_TRUE(engine().failures().empty());
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(direct_rooms().size(), 2U) << "which is kept";
}

TEST_F(DirectRooms, AnotherOneIsMadeWhereTheHomeserversAdministratorDeletedIt) {
    invite_and_wait();
    ASSERT_EQ(direct_rooms().size(), 1U);
    const std::string gone = direct_rooms().front();
    homeserver().put_bot_out(gone, false);
    homeserver().purged.insert(gone);
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(direct_rooms().size(), 2U);
}

TEST_F(DirectRooms, WhereItIsToldThatTheBotWasPutOutNothingHasToBeRefused) {
    invite_and_wait();
    put_the_bot_out_of_each(true);
    const std::size_t sent = company.calls(CallKind::send_notice);
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(company.calls(CallKind::send_notice), sent + 1);
}

TEST_F(DirectRooms, ForAMessageOneIsMadeAndThenItIsGivenUpAndSaid) {
    invite_and_wait();
    put_the_bot_out_of_each();
    homeserver().on_carried_out = [this](const Call& call) {
        if (call.kind == CallKind::create_room) put_the_bot_out_of_each();
    };
    invite_and_wait();
    EXPECT_EQ(told(), 0U);
    EXPECT_EQ(direct_rooms().size(), 2U);
    EXPECT_EQ(engine().notices_owed(), 0U);
    ASSERT_EQ(given_up().size(), 1U);
    EXPECT_EQ(given_up().front(), "given up: M_FORBIDDEN: not in the room");
    const auto said = [this] {
        const std::vector<Failure> failures = engine().failures();
        return failures.size() == 1 && failures[0].action == "notify - @p2:corp.example" &&
               failures[0].text == "M_FORBIDDEN: not in the room" && failures[0].next == Time{};
    };
    EXPECT_TRUE(said());
    company.sim.restart();
    company.sim.run_for(minutes{30});
    EXPECT_TRUE(said()) << "over a restart";
    EXPECT_EQ(direct_rooms().size(), 2U);
    homeserver().on_carried_out = {};
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
    EXPECT_TRUE(engine().failures().empty()) << "they can be told again";
}

TEST_F(DirectRooms, WhatCouldNotBeToldIsSaidForADay) {
    homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind == CallKind::create_room) return said(CallOutcome::refused);
        return std::nullopt;
    };
    invite_and_wait();
    ASSERT_EQ(given_up().size(), 1U);
    EXPECT_EQ(given_up().front(), "given up: so says the test");
    company.sim.restart();
    company.sim.run_for(hours{23});
    EXPECT_EQ(engine().failures().size(), 1U);
    company.sim.run_for(hours{2});
    EXPECT_TRUE(engine().failures().empty());
    EXPECT_EQ(company.calls(CallKind::create_room), 2U) << "the crew, and one try";
}

// Of whoever has the bot out of each room at once.
TEST_F(DirectRooms, NobodyIsMadeMoreThanSoManyInADay) {
    homeserver().on_carried_out = [this](const Call& call) {
        if (call.kind == CallKind::create_room || call.kind == CallKind::send_notice)
            put_the_bot_out_of_each(guests % 2 == 0);
    };
    for (int i = 0; i < 10; ++i) {
        invite_and_wait();
        if (i == 7) company.sim.restart();
    }
    EXPECT_EQ(direct_rooms().size(), 5U);
    EXPECT_EQ(given_up().size(), 10U);
    EXPECT_NE(given_up().back().find("5 rooms were made for them within a day"), std::string::npos)
        << given_up().back();
    EXPECT_EQ(engine().notices_owed(), 0U);
    company.sim.run_for(hours{25});
    homeserver().on_carried_out = {};
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
}

// Likewise of whoever leaves each room.
TEST_F(DirectRooms, WhoLeavesEachOneIsMadeNoMoreOfThem) {
    for (int i = 0; i < 10; ++i) {
        invite_and_wait();
        for (const std::string& room : direct_rooms()) homeserver().leave(room, Company::id("p2"));
        company.sim.run_for(seconds{10});
    }
    EXPECT_EQ(direct_rooms().size(), 5U);
    EXPECT_EQ(given_up().size(), 5U);
}

// The answer to its making is lost, and it is found: whoever it is for may have declined by then.
class AFoundDirectRoom : public DirectRooms {
  protected:
    // What they do once it is there; once.
    void when_it_is_there(std::function<void(const std::string& room)> what) {
        homeserver().answer_instead = [this](const Call& call) -> std::optional<CallResult> {
            const bool first = call.kind == CallKind::create_room && direct_rooms().empty();
            homeserver().faults.torn_after = first ? 100 : 0;
            return std::nullopt;
        };
        homeserver().on_carried_out = [this, what = std::move(what)](const Call& call) {
            if (call.kind == CallKind::create_room && direct_rooms().size() == 1)
                what(direct_rooms().front());
        };
    }
    void expect_it_is_given_up(const std::string& why) {
        EXPECT_EQ(told(), 0U);
        EXPECT_EQ(engine().notices_owed(), 0U);
        EXPECT_EQ(given_up(), std::vector<std::string>{"given up: " + why});
        EXPECT_EQ(engine().failures().size(), 1U);
        company.sim.restart();
        invite_and_wait();
        EXPECT_EQ(told(), 1U);
        EXPECT_EQ(direct_rooms().size(), 2U);
        EXPECT_TRUE(engine().failures().empty());
    }
};

TEST_F(AFoundDirectRoom, IsWrittenInWhereTheyAreInIt) {
    when_it_is_there([](const std::string&) {});
    invite_and_wait();
    EXPECT_GE(company.calls(CallKind::find_created), 1U);
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(direct_rooms().size(), 1U);
    const std::size_t looks = company.calls(CallKind::read_member);
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(company.calls(CallKind::read_member), looks) << "only where it was found";
}

TEST_F(AFoundDirectRoom, IsNotWrittenInWhereTheyHaveDeclined) {
    when_it_is_there([this](const std::string& room) { homeserver().leave(room, Company::id("p2")); });
    invite_and_wait();
    expect_it_is_given_up("they have left the room that was made for it");
}

TEST_F(AFoundDirectRoom, NorWhereThatIsNotTold) {
    when_it_is_there([this](const std::string& room) {
        homeserver().deaf = true;
        homeserver().leave(room, Company::id("p2"));
        homeserver().deaf = false;
    });
    invite_and_wait();
    expect_it_is_given_up("they have left the room that was made for it");
}

TEST_F(AFoundDirectRoom, IsLookedAtAgainWhereNobodySaysWhetherTheyAreInIt) {
    int unsaid = 0;
    when_it_is_there([this, &unsaid](const std::string& room) {
        homeserver().leave(room, Company::id("p2"));
        homeserver().answer_instead = [&unsaid](const Call& call) -> std::optional<CallResult> {
            if (call.kind != CallKind::read_member || ++unsaid > 3) return std::nullopt;
            return said(unsaid == 1 ? CallOutcome::torn : CallOutcome::retry);
        };
        homeserver().faults.torn_after = 0;
    });
    invite_and_wait();
    EXPECT_EQ(unsaid, 4);
    expect_it_is_given_up("they have left the room that was made for it");
}

// What happens in a room may be told before the answer to its making comes.
TEST_F(DirectRooms, WhoDeclinesBeforeTheAnswerIsNotWrittenTo) {
    homeserver().on_carried_out = [this](const Call& call) {
        if (call.kind == CallKind::create_room && direct_rooms().size() == 1)
            homeserver().leave(direct_rooms().front(), Company::id("p2"));
    };
    const auto left = [this](const TransactionIn& transaction) {
        return std::any_of(transaction.events.begin(), transaction.events.end(), [this](const auto& event) {
            const auto* member = std::get_if<policy::MemberContent>(&event.content);
            return member != nullptr && member->user == Company::id("p2") &&
                   member->membership == MembershipState::leave && event.room == direct_rooms().front();
        });
    };
    std::optional<Message> kept;
    homeserver().deliver = [&, pass = homeserver().deliver](Message message) {
        const auto* answer = std::get_if<CallDone>(&message);
        const auto* transaction = std::get_if<TransactionIn>(&message);
        if (answer != nullptr && direct_rooms().size() == 1 &&
            answer->result.room == direct_rooms().front() && !kept) {
            kept = std::move(message);
            return;
        }
        const bool now = transaction != nullptr && left(*transaction);
        pass(std::move(message));
        if (now) pass(std::move(*kept));
    };
    invite_and_wait();
    ASSERT_TRUE(kept);
    EXPECT_EQ(told(), 0U);
    EXPECT_EQ(engine().notices_owed(), 0U);
    EXPECT_EQ(given_up(), std::vector<std::string>{"given up: they have left the room that was made for it"});
    invite_and_wait();
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(direct_rooms().size(), 2U);
}

// The process ends between any two steps of it.
class DirectRoomsAndACrash : public DirectRooms, public testing::WithParamInterface<int> {};

TEST_P(DirectRoomsAndACrash, TheMessageIsToldOnceInOneRoomMore) {
    invite_and_wait();
    ASSERT_EQ(direct_rooms().size(), 1U);
    put_the_bot_out_of_each();
    int left = GetParam();
    const auto crossed = [&](const Call* call) {
        const bool counts = call == nullptr || call->kind == CallKind::create_room ||
                            call->kind == CallKind::send_notice || call->kind == CallKind::find_created ||
                            call->kind == CallKind::find_notice;
        return counts && --left == 0;
    };
    company.sim.memory.before_commit = [&](const store::Turn& turn) {
        if (!turn.marks.empty() && crossed(nullptr)) throw sim::Crash{};
    };
    company.sim.memory.after_commit = company.sim.memory.before_commit;
    homeserver().on_send = [&](std::uint64_t, const Call& call) {
        if (crossed(&call)) throw sim::Crash{};
    };
    homeserver().on_carried_out = [&](const Call& call) {
        if (crossed(&call)) company.sim.stop();
    };
    invite_somebody();
    company.sim.run_for(minutes{5});
    ASSERT_LT(left, 1) << "fewer boundaries than the test thinks";
    ASSERT_TRUE(company.sim.running());
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(direct_rooms().size(), 2U);
    EXPECT_EQ(engine().notices_owed(), 0U);
    EXPECT_TRUE(engine().failures().empty());
    EXPECT_TRUE(given_up().empty());
}

INSTANTIATE_TEST_SUITE_P(, DirectRoomsAndACrash, testing::Range(1, 17));

// Whether a message stands in a room that was deleted meanwhile can never be seen.
TEST_F(DirectRooms, AMessageWhoseAnswerWasLostIsToldInAnotherRoomWhereItsOwnIsGone) {
    invite_and_wait();
    const std::string gone = direct_rooms().front();
    homeserver().on_send = [&](std::uint64_t, const Call& call) {
        if (call.kind == CallKind::send_notice) throw sim::Crash{};
    };
    invite_somebody();
    ASSERT_TRUE(
        company.comes([&] { return company.calls(CallKind::find_notice) > 0 || !company.sim.running(); }));
    homeserver().on_send = {};
    homeserver().put_bot_out(gone, false);
    homeserver().purged.insert(gone);
    company.sim.run_for(minutes{5});
    EXPECT_EQ(told(), 1U);
    EXPECT_EQ(engine().notices_owed(), 0U);
}

}  // namespace
}  // namespace rollcall::engine
