// A room that the bot is not in: the homeserver shows it what was when it left, and whoever may be in the
// room themselves what is.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

class LostRoom : public CompanyTest {
  protected:
    LostRoom() {
        company.people(5);
        company.room("crew");
        company.open();
        room = company.sim.room_id("crew");
        homeserver().keep_log = true;
    }
    void lose() {
        homeserver().put_bot_out(room);
        ASSERT_TRUE(company.comes([this] { return !known().bot_joined; }));
    }
    [[nodiscard]] const policy::Room& known() {
        policy::World& world = company.sim.engine().world();
        return world.rooms[world.room_by_key.at("crew").index()];
    }
    [[nodiscard]] MembershipState believed(const std::string& login) {
        policy::World& world = company.sim.engine().world();
        return world.state_of(world.users.find(Company::id(login)), world.room_by_key.at("crew"));
    }
    [[nodiscard]] bool in(const std::string& login) {
        return homeserver().membership(room, Company::id(login)) == MembershipState::join;
    }
    static bool own_leave(const Call& call) {
        return call.kind == CallKind::put_member && call.membership == MembershipState::leave &&
               !call.as_user.empty();
    }
    // Looks at one member, by whom: the bot, or they themselves.
    [[nodiscard]] std::size_t looks(bool as_themselves) {
        std::size_t found = 0;
        for (const auto& [time, call] : homeserver().log)
            if (call.kind == CallKind::read_member && call.as_user.empty() != as_themselves) ++found;
        return found;
    }
    [[nodiscard]] std::vector<std::string> results(const std::string& login, const std::string& action) {
        std::vector<std::string> found;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.user == Company::id(login) && entry.action == action &&
                (entry.kind == schema::TrailKind::result || entry.kind == schema::TrailKind::failure))
                found.push_back(entry.result);
        return found;
    }
    // The answer to the first leave in somebody's own name is lost.
    void lose_answer(bool carried_out) {
        homeserver().answer_instead = [this, carried_out,
                                       first = true](const Call& call) mutable -> std::optional<CallResult> {
            if (!own_leave(call) || !std::exchange(first, false)) return std::nullopt;
            if (carried_out) homeserver().leave(call.room, call.user);
            return said(CallOutcome::torn);
        };
    }
    std::string room;
};

TEST_F(LostRoom, WhoHasLeftIsAskedWhetherTheyHave) {
    lose();
    lose_answer(true);
    company.sim.directory.leave("Crew", "p3");
    company.sim.run_for(minutes{1});
    EXPECT_EQ(looks(true), 1U);
    EXPECT_EQ(looks(false), 0U);
    EXPECT_EQ(results("p3", "leave"), std::vector<std::string>{"done: found so when asked"});
    EXPECT_EQ(believed("p3"), MembershipState::leave);
    EXPECT_FALSE(homeserver().rooms.at(room).past_readers.contains(Company::id("p3")));
}

TEST_F(LostRoom, WhoIsInItAllTheSameIsTakenOut) {
    lose();
    lose_answer(false);
    company.sim.directory.leave("Crew", "p3");
    EXPECT_TRUE(company.comes([this] { return !in("p3"); }));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(believed("p3"), MembershipState::leave);
    EXPECT_FALSE(homeserver().rooms.at(room).past_readers.contains(Company::id("p3")));
}

// What the bot is shown there is older than what was done since.
TEST_F(LostRoom, WhatItShowsTheBotIsNotWhatIs) {
    lose();
    homeserver().answer_instead = [first = true](const Call& call) mutable -> std::optional<CallResult> {
        if (call.kind != CallKind::forget || !std::exchange(first, false)) return std::nullopt;
        return said(CallOutcome::refused);  // "they are in the room": looked at
    };
    std::size_t back = 0;
    bool out = false;
    company.sim.after_turn = [&] {
        const MembershipState now = believed("p3");
        out |= now == MembershipState::leave;
        if (out && now != MembershipState::leave) ++back;
    };
    company.sim.directory.leave("Crew", "p3");
    company.sim.run_for(minutes{20});
    EXPECT_TRUE(out);
    EXPECT_EQ(back, 0U) << "nobody came back";
    EXPECT_EQ(looks(false), 0U);
    EXPECT_FALSE(homeserver().rooms.at(room).past_readers.contains(Company::id("p3"))) << "tried again";
}

// That nobody may act as them is no answer to where they are.
TEST_F(LostRoom, WhomTheMaskLeavesOutIsNotTakenForOut) {
    bool lost = false;
    homeserver().answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind == CallKind::put_member && call.user == Company::id("p3")) {
            homeserver().not_covered.insert(Company::id("p3"));
            if (!std::exchange(lost, true)) homeserver().put_bot_out(room);
            return said(CallOutcome::torn);
        }
        if (call.kind == CallKind::read_member && call.as_user.empty() && known().bot_joined)
            return said(CallOutcome::retry);
        return std::nullopt;
    };
    company.sim.directory.leave("Crew", "p3");
    company.sim.run_for(minutes{5});
    ASSERT_TRUE(lost);
    EXPECT_GE(looks(true), 1U);
    EXPECT_TRUE(in("p3"));
    EXPECT_EQ(believed("p3"), MembershipState::join);
    for (const std::string& result : results("p3", "leave"))
        EXPECT_FALSE(result.starts_with("done")) << result;
}

// Anybody may invite a name that no account has; where the bot is not, nobody can take that back.
TEST_F(LostRoom, WhoHasNoAccountIsTriedSeldomAndTold) {
    const std::string nobody = Company::id("made-up");
    company.pause(Engine::Pause::all);
    ASSERT_TRUE(homeserver().invite(room, Company::id("p2"), nobody));
    company.sim.run_for(minutes{1});
    lose();
    homeserver().log.clear();
    company.pause(Engine::Pause::none);
    company.sim.run_for(minutes{30});
    const auto about = [&](const auto& sent) { return sent.second.user == nobody && own_leave(sent.second); };
    const auto tries = std::count_if(homeserver().log.begin(), homeserver().log.end(), about);
    EXPECT_GE(tries, 1);
    EXPECT_LE(tries, 4);
    const std::vector<std::string> said = results("made-up", "leave");
    ASSERT_FALSE(said.empty());
    for (const std::string& result : said)
        EXPECT_NE(result.find("no account has this name"), std::string::npos) << result;
    EXPECT_EQ(homeserver().membership(room, nobody), MembershipState::invite);
    homeserver().add_account(nobody);
    EXPECT_TRUE(company.comes([&] { return homeserver().membership(room, nobody) == MembershipState::leave; },
                              minutes{30}));
}

constexpr const char* kStranger = "@stranger:corp.example";

class SeenThrough : public LostRoom {
  protected:
    [[nodiscard]] RoomId id() { return company.sim.engine().world().room_by_key.at("crew"); }
    [[nodiscard]] std::string seen_by() { return company.sim.engine().seen_through(id()); }
    void comes_in(const std::string& user) {
        ASSERT_TRUE(homeserver().invite(room, Company::id("p2"), user));
        ASSERT_TRUE(homeserver().join(room, user));
    }
    // In whose names the whole room was asked for; "" is the bot's.
    [[nodiscard]] std::vector<std::string> askers() {
        std::vector<std::string> out;
        for (const auto& [time, call] : homeserver().log)
            if (call.kind == CallKind::read_room) out.push_back(call.as_user);
        return out;
    }
};

TEST_F(SeenThrough, WhoComesInMeanwhileIsSeenByWhoeverBelongsThereAndLeaves) {
    homeserver().add_account(kStranger);
    lose();
    comes_in(kStranger);
    EXPECT_TRUE(company.comes(
        [&] { return homeserver().membership(room, kStranger) == MembershipState::leave; }, minutes{2}));
    EXPECT_EQ(seen_by(), Company::id("p1"));
    EXPECT_FALSE(known().bot_joined) << "the bot is not in it for that";
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(homeserver().rooms.at(room).past_readers.contains(kStranger));
    ASSERT_TRUE(homeserver().invite(room, Company::id("p1"), sim::kBot));
    ASSERT_TRUE(company.comes([this] { return known().bot_joined; }, minutes{2}));
    EXPECT_EQ(seen_by(), "") << "it sees by itself";
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(SeenThrough, WhoCannotBeTakenOutIsKnownToBeThere) {
    const std::string eve = "@eve:elsewhere.example";
    lose();
    comes_in(eve);
    company.sim.run_for(minutes{2});
    policy::World& world = company.sim.engine().world();
    ASSERT_TRUE(world.users.find(eve).valid());
    EXPECT_EQ(world.state_of(world.users.find(eve), id()), MembershipState::join);
    EXPECT_EQ(homeserver().membership(room, eve), MembershipState::join);
}

// A start knows nothing of what came about while nobody looked.
TEST_F(SeenThrough, AStartLooksAtOnce) {
    lose();
    homeserver().add_account(kStranger);
    company.sim.stop();
    comes_in(kStranger);
    company.sim.start();
    EXPECT_TRUE(company.comes(
        [&] { return homeserver().membership(room, kStranger) == MembershipState::leave; }, seconds{10}));
}

TEST_F(SeenThrough, WhoIsOutOrCannotBeActedAsIsReplacedByTheNext) {
    lose();
    company.sim.run_for(minutes{2});
    ASSERT_EQ(seen_by(), Company::id("p1"));
    homeserver().not_covered.insert(Company::id("p1"));
    EXPECT_TRUE(company.comes([this] { return seen_by() == Company::id("p2"); }, minutes{2}));
    ASSERT_TRUE(homeserver().leave(room, Company::id("p2")));
    EXPECT_TRUE(company.comes([this] { return seen_by() == Company::id("p3"); }, minutes{2}));
    EXPECT_EQ(believed("p2"), MembershipState::leave);
    company.sim.directory.disable("p3", true);
    EXPECT_TRUE(company.comes([this] { return seen_by() == Company::id("p4"); }, minutes{2}));
}

TEST_F(SeenThrough, WhereNobodyCanLookFewAreTriedAndNobodyIsTakenForOut) {
    for (int i = 1; i <= 5; ++i) homeserver().not_covered.insert(Company::id("p" + std::to_string(i)));
    lose();
    homeserver().log.clear();
    company.sim.run_for(minutes{10});
    EXPECT_EQ(seen_by(), "");
    EXPECT_LE(askers().size(), 30U) << "of which those by the bot are half";
    for (const char* login : {"p1", "p2", "p3", "p4", "p5"})
        EXPECT_EQ(believed(login), MembershipState::join) << login;
}

// Whoever was shown the room as it was when they left shows nothing of what is.
TEST_F(SeenThrough, OnlyWhoIsInTheRoomIsBelieved) {
    lose();
    homeserver().answer_instead = [&](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::read_room || call.as_user.empty()) return std::nullopt;
        CallResult result;
        result.read = policy::RoomRead{room, false, {}, {}, call.as_user};
        return result;
    };
    company.sim.run_for(minutes{5});
    EXPECT_EQ(seen_by(), "");
    for (const char* login : {"p1", "p2", "p3", "p4", "p5"})
        EXPECT_EQ(believed(login), MembershipState::join) << login;
    EXPECT_FALSE(known().bot_joined);
}

TEST(SeenThroughNobody, WithoutTheMaskNobodyIsActedAs) {
    Company company({.mask = false});
    company.people(3);
    company.room("crew");
    company.open();
    for (const char* login : {"p1", "p2", "p3"})
        company.sim.homeserver.join(company.sim.room_id("crew"), Company::id(login));
    company.sim.run_for(minutes{1});
    company.sim.homeserver.keep_log = true;
    company.sim.homeserver.put_bot_out(company.sim.room_id("crew"));
    company.sim.run_for(minutes{5});
    for (const auto& [time, call] : company.sim.homeserver.log) EXPECT_EQ(call.as_user, "");
}

}  // namespace
}  // namespace rollcall::engine
