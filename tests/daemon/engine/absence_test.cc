// What cannot be understood is neither absence nor consent: identifiers with any characters, events that
// cannot be used, answers that are none; and rooms that the bot is not in, or that people were led away from.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MemberContent;
using policy::MembershipState;
using schema::TrailKind;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kGuest = "@guest:elsewhere.example";

class Absence : public CompanyTest {
  protected:
    explicit Absence(sim::Options options = {}) : CompanyTest(options) {
        company.people(6);
        company.room("crew");
        company.sim.settings.admin_room = "#it:corp.example";
        company.sim.policy.policy.protected_ids.push_back({kAdmin, {}});
        company.open();
        room = company.sim.room_id("crew");
    }
    [[nodiscard]] MembershipState membership(const std::string& user) {
        return homeserver().membership(room, user);
    }
    [[nodiscard]] bool out(const std::string& user) { return membership(user) == MembershipState::leave; }
    // Somebody from outside is in the room.
    void bring(const std::string& user) {
        ASSERT_TRUE(homeserver().invite(room, Company::id("p2"), user));
        ASSERT_TRUE(homeserver().join(room, user));
    }
    [[nodiscard]] const policy::Room& known() {
        policy::World& world = company.sim.engine().world();
        return world.rooms[world.room_by_key.at("crew").index()];
    }
    [[nodiscard]] std::size_t entries(const std::string& action) {
        const auto trail = company.trail();
        return static_cast<std::size_t>(std::count_if(
            trail.begin(), trail.end(), [&](const auto& entry) { return entry.action == action; }));
    }
    [[nodiscard]] std::size_t told_admins(const std::string& part) {
        std::size_t found = 0;
        for (const auto& [id, chat] : homeserver().rooms)
            for (const auto& [marker, text] : chat.messages)
                found += text.find(part) == std::string::npos ? 0U : 1U;
        return found;
    }
    void admin_room() {
        const std::string it = homeserver().make_room(kAdmin, "IT");
        homeserver().aliases["#it:corp.example"] = it;
        ASSERT_TRUE(homeserver().invite(it, kAdmin, sim::kBot));
    }
    void verify() {
        static_cast<void>(company.sim.command([](Engine& engine) { engine.verify_rooms(); }));
    }

    std::string room;
};

// What a homeserver calls a user is one, and no other.
TEST_F(Absence, AUserIsOneWhateverTheirCharacters) {
    const std::vector<std::string> ids{
        std::string("@\x07y:elsewhere.example"),
        std::string("@a b\nremove crew @p3:elsewhere.example"),
        std::string("@n\0l:elsewhere.example", 22),
        "@-:elsewhere.example",
        "@x\\sy/%2F?#\"'<b>:elsewhere.example",
        "@\xE2\x80\xAE"
        "evil\xE2\x80\x8B:elsewhere.example",
        "@:elsewhere.example",
        "@" + std::string(900, 'l') + ":elsewhere.example",
    };
    for (const std::string& id : ids) {
        bring(id);
        EXPECT_TRUE(company.comes([&] { return out(id); })) << id;
        company.sim.run_for(seconds{5});  // … and until the answer is in
        const auto trail = company.trail();
        EXPECT_TRUE(std::any_of(trail.begin(), trail.end(), [&](const auto& entry) {
            return entry.user == id && entry.kind == TrailKind::result && entry.action == "leave";
        })) << id;
    }
    company.sim.restart();
    company.sim.run_for(minutes{2});
    for (const std::string& id : ids) EXPECT_TRUE(company.sim.engine().world().users.find(id).valid()) << id;
    EXPECT_EQ(company.wrongs(), "");
}

// … also where what is to be done about them is kept over a restart.
TEST_F(Absence, WhatWaitsAboutSuchAUserIsKnownAfterARestart) {
    const std::string id = "@a b\n\x07:elsewhere.example";
    bool refuses = true;
    homeserver().answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (!refuses || call.kind != CallKind::put_member || call.user != id) return std::nullopt;
        return said(CallOutcome::refused);
    };
    bring(id);
    ASSERT_TRUE(company.comes([&] { return !company.sim.engine().failures().empty(); }));
    company.sim.restart();
    const auto failures = company.sim.engine().failures();
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_EQ(failures[0].action, "remove crew " + id);
    EXPECT_TRUE(policy::ActionKey::from_text(failures[0].action)->user == id);
    refuses = false;
    EXPECT_TRUE(company.comes([&] { return out(id); }, minutes{20}));
}

TEST_F(Absence, N12_AnAnswerThatIsNoneLosesNoRoom) {
    company.sim.stop();
    homeserver().deaf = true;
    bring(kGuest);
    homeserver().deaf = false;
    homeserver().rooms[room].garbled_reads = 2;
    company.sim.start();
    EXPECT_TRUE(company.comes([&] { return out(kGuest); }, seconds{10}));
    EXPECT_TRUE(known().bot_joined);
    EXPECT_EQ(entries("lose room"), 0U);
    EXPECT_TRUE(company.sim.engine().unread().all().empty());
}

TEST_F(Absence, WhatCannotBeReadForLongIsSaidAndNothingIsConcluded) {
    homeserver().rooms[room].garbled_reads = 1'000'000;
    verify();
    company.sim.run_for(minutes{3});
    EXPECT_TRUE(known().bot_joined);
    ASSERT_EQ(company.sim.engine().unread().all().size(), 1U);
    EXPECT_GE(company.sim.engine().unread().all().begin()->second.attempts, ReadAgain::kTold);
    EXPECT_EQ(entries("read room"), 1U) << "said once";
    EXPECT_LT(company.calls(CallKind::read_room), 20U) << "more and more seldom";
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([&] { return out(Company::id("p3")); })) << "the rest goes on";
    homeserver().rooms[room].garbled_reads = 0;
    EXPECT_TRUE(company.comes([&] { return company.sim.engine().unread().all().empty(); }, minutes{2}));
}

TEST_F(Absence, N12_AnElementThatCannotBeUsedLosesItselfAlone) {
    homeserver().deaf = true;
    bring(kGuest);
    homeserver().deaf = false;
    homeserver().spoil(room, "m.room.member", Company::id("p4"));
    verify();
    EXPECT_TRUE(company.comes([&] { return out(kGuest); }, seconds{10})) << "the others are seen";
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(known().bot_joined);
    policy::World& world = company.sim.engine().world();
    EXPECT_EQ(world.state_of(world.user(Company::id("p4")), world.room_by_key.at("crew")),
              MembershipState::join)
        << "nobody is taken for absent";
    ASSERT_EQ(company.sim.engine().unreadable().named().size(), 1U);
    const policy::UnreadableEvent& event = company.sim.engine().unreadable().named()[0].what;
    EXPECT_EQ(event.room, room);
    EXPECT_EQ(event.event, homeserver().state(room, "m.room.member", Company::id("p4"))->event);
    EXPECT_EQ(event.user, Company::id("p4"));
    EXPECT_EQ(entries("read event"), 1U);
    company.sim.directory.leave("Crew", "p4");
    EXPECT_TRUE(company.comes([&] { return out(Company::id("p4")); })) << "they are known to be in";
    homeserver().spoil(room, "m.room.member", Company::id("p4"), false);
    EXPECT_TRUE(company.comes([&] { return company.sim.engine().unreadable().named().empty(); }, minutes{3}));
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Absence, AnEventThatSaysNothingOfWhoItIsAboutMakesNobodyAbsent) {
    homeserver().answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::read_room) return std::nullopt;
        CallResult result;
        result.read = policy::RoomRead{room, true, {}, {}};
        for (const auto& [slot, event] : homeserver().rooms[room].state)
            if (slot.second != Company::id("p5")) result.read->state.push_back(event);
        result.read->unreadable.push_back({room, "$what", "", "", "no usable type"});
        return result;
    };
    verify();
    company.sim.run_for(minutes{1});
    policy::World& world = company.sim.engine().world();
    EXPECT_EQ(world.state_of(world.user(Company::id("p5")), world.room_by_key.at("crew")),
              MembershipState::join);
    EXPECT_TRUE(company.in("p5", "crew"));
}

TEST_F(Absence, AnEventOfATransactionThatCannotBeUsedIsCountedAndLookedAt) {
    const std::size_t looks = company.calls(CallKind::read_member);
    homeserver().deaf = true;
    bring(kGuest);
    homeserver().deaf = false;
    homeserver().deliver(TransactionIn{
        "spoilt", {}, [](bool) {}, {{room, "$e", "m.room.member", kGuest, "no usable membership"}}, 3});
    EXPECT_TRUE(company.comes([&] { return out(kGuest); }, seconds{10}));
    EXPECT_GT(company.calls(CallKind::read_member), looks);
    EXPECT_EQ(company.sim.engine().counters().events_unreadable, 3U);
    EXPECT_EQ(entries("read event"), 1U);
    EXPECT_TRUE(company.sim.engine().unreadable().named().empty()) << "it was read, and is known";
}

TEST_F(Absence, ALostRoomIsSaidAndLeftByWhomTheMaskCovers) {
    admin_room();
    bring(kGuest);
    homeserver().put_bot_out(room);  // with its own token
    ASSERT_TRUE(company.comes([&] { return !known().bot_joined; }));
    EXPECT_EQ(entries("lose room"), 1U);
    company.sim.directory.disable("p3", true);
    company.sim.directory.leave("Crew", "p4");
    EXPECT_TRUE(company.comes([&] { return out(Company::id("p3")) && out(Company::id("p4")); }));
    EXPECT_TRUE(company.comes([&] { return told_admins("The bot is not in #crew") == 1; }, minutes{5}));
    company.sim.directory.hire("q1", {"Staff", "Crew"});
    homeserver().add_account(Company::id("q1"));
    const std::size_t looks = company.calls(CallKind::read_room);
    company.sim.run_for(minutes{5});
    EXPECT_GE(company.calls(CallKind::read_room) - looks, 5U) << "it is looked at again every minute";
    EXPECT_NE(membership(Company::id("q1")), MembershipState::join);
    for (const policy::PlanLine& line :
         policy::whole_plan(*company.sim.engine().decider(), company.sim.settings.abilities))
        EXPECT_NE(line.kind, policy::ActionKind::add) << line.user;
    EXPECT_EQ(entries("lose room"), 1U);
}

// As an administrator of the homeserver can: it knows of nobody there any more, and refuses what it is asked.
TEST_F(Absence, WhoDepartsWasInARoomThatIsNoMoreAndIsOutOfIt) {
    homeserver().put_bot_out(room);
    homeserver().purged.insert(room);
    ASSERT_TRUE(company.comes([&] { return !known().bot_joined; }));
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([&] {
        return company.sim.engine().world().state_of(
                   company.sim.engine().world().users.find(Company::id("p3")),
                   company.sim.engine().world().room_by_id.at(room)) == MembershipState::leave;
    }));
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(company.sim.engine().failures().empty());
    EXPECT_EQ(entries("leave"), 2U) << "what was meant, and what became of it";
    EXPECT_EQ(entries("forget"), 2U);
}

TEST_F(Absence, TheBotGoesBackWhereItIsInvitedAndFindsWhatHasHappened) {
    admin_room();
    homeserver().put_bot_out(room, false);  // nobody tells
    bring(kGuest);
    verify();
    ASSERT_TRUE(company.comes([&] { return !known().bot_joined; }));
    ASSERT_TRUE(homeserver().invite(room, Company::id("p1"), sim::kBot));
    EXPECT_TRUE(company.comes([&] { return membership(sim::kBot) == MembershipState::join; }, minutes{2}));
    EXPECT_TRUE(company.comes([&] { return out(kGuest); }, minutes{1}));
    EXPECT_TRUE(known().bot_joined);
    EXPECT_EQ(entries("regain room"), 1U);
    EXPECT_TRUE(company.sim.engine().failures().empty());
}

TEST_F(Absence, ARoomThatPeopleWereLedAwayFromTakesNobodyInAndLetsPeopleOut) {
    homeserver().force_state(room, policy::TombstoneContent{"!new:corp.example"});
    company.sim.run_for(minutes{1});
    company.sim.directory.hire("q1", {"Staff", "Crew"});
    homeserver().add_account(Company::id("q1"));
    company.sim.directory.leave("Crew", "p4");
    EXPECT_TRUE(company.comes([&] { return out(Company::id("p4")); }));
    company.sim.run_for(minutes{2});
    EXPECT_EQ(membership(Company::id("q1")), MembershipState::none);
}

// Below room version 12 somebody may have as much power as the bot.
class AbsenceOfOldRooms : public Absence {
  protected:
    AbsenceOfOldRooms() : Absence({.room_version = "11"}) {}
};

TEST_F(AbsenceOfOldRooms, WhoHasAsMuchPowerAsTheBotAndMustBeOutIsSaid) {
    admin_room();
    homeserver().force_state(room, [&] {
        policy::PowerLevels levels;
        levels.users = {{kGuest, 100}, {sim::kBot, 100}};
        return levels;
    }());
    bring(kGuest);
    policy::World& world = company.sim.engine().world();
    const auto above = [&] {
        return policy::not_below_bot(world, world.room_by_key.at("crew"), world.user(kGuest));
    };
    ASSERT_TRUE(company.comes(above));
    EXPECT_TRUE(company.comes([&] { return told_admins("cannot be taken out of #crew: has power 100") == 1; },
                              minutes{5}));
    EXPECT_EQ(membership(kGuest), MembershipState::join);
}

// What was asked before something happened does not undo it.
TEST_F(Absence, AnOlderReadIsNoNewerThanAnEvent) {
    homeserver().answer_instead = [&, first = true](const Call& call) mutable -> std::optional<CallResult> {
        if (call.kind != CallKind::read_room || !std::exchange(first, false)) return std::nullopt;
        CallResult old;
        old.read = policy::RoomRead{room, true, {}, {}};
        for (const auto& [slot, event] : homeserver().rooms[room].state) old.read->state.push_back(event);
        homeserver().force_state(room, policy::HistoryVisibilityContent{"world_readable"});
        policy::RoomEvent news = *homeserver().state(room, "m.room.history_visibility");
        homeserver().deliver(TransactionIn{"news", {news}, [](bool) {}});
        return old;
    };
    std::vector<std::string> seen;
    company.sim.after_turn = [&] {
        const std::string now = known().state.history.text();
        if (seen.empty() || seen.back() != now) seen.push_back(now);
    };
    verify();
    company.sim.run_for(seconds{20});
    company.sim.after_turn = {};
    EXPECT_EQ(seen, (std::vector<std::string>{"shared", "world_readable", "shared"}))
        << "it was opened by hand, and closed again by a write";
}

TEST_F(Absence, RefusalsLookAtARoomOnceInAWhile) {
    for (int i = 0; i < 4; ++i) {
        const std::string login = "q" + std::to_string(i);
        company.sim.directory.hire(login, {"Staff", "Crew"});
        homeserver().add_account(Company::id(login));
    }
    homeserver().answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::put_member || call.membership == MembershipState::leave)
            return std::nullopt;
        return said(CallOutcome::refused);
    };
    const std::size_t looks = company.calls(CallKind::read_room), asked = company.calls(CallKind::put_member);
    company.sim.run_for(minutes{1});
    EXPECT_GE(company.calls(CallKind::put_member) - asked, 16U) << "each four times";
    EXPECT_LE(company.calls(CallKind::read_room) - looks, 4U);
    EXPECT_GT(company.calls(CallKind::read_room), looks);
}

}  // namespace
}  // namespace rollcall::engine
