// A room that a policy gives another key stays the room that it is: nobody is moved, no room is made or let
// go of, and all that names it by its key follows, whenever the process ends.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"
#include "tests/sim/disk_store.h"

namespace rollcall::engine {
namespace {

using schema::TrailKind;
using std::chrono::hours;
using std::chrono::minutes;

class Formerly : public CompanyTest {
  protected:
    Formerly() {
        company.sim.policy.policy.guards.removals = {3, hours{1}};
        company.sim.policy.policy.guards.room_loses = {100, 1'000};
        company.people(12);
        company.room("project-x");
        company.room("hall");
        company.open();
        company.sim.run_for(hours{2});
        room = company.sim.room_id("project-x");
    }
    // In the rules; apply() puts it in force.
    void rename(const std::string& from, const std::string& to) {
        for (sim::Rule& rule : company.sim.rules)
            if (rule.key == from) rule.key = to, rule.formerly = {from};
    }
    void apply() {
        company.sim.apply();
        company.sim.run_for(minutes{2});
    }
    [[nodiscard]] const policy::World& world() { return company.sim.engine().world(); }
    // The Matrix room that the engine knows by that key; "" for none.
    [[nodiscard]] std::string known(const std::string& key) {
        const auto at = world().room_by_key.find(key);
        return at == world().room_by_key.end() ? "" : world().rooms[at->second.index()].id;
    }
    [[nodiscard]] std::vector<schema::TrailEntry> entries(const std::string& action) {
        std::vector<schema::TrailEntry> out;
        for (schema::TrailEntry& entry : company.trail())
            if (entry.action == action) out.push_back(std::move(entry));
        return out;
    }
    [[nodiscard]] std::size_t moves() {
        return company.calls(CallKind::create_room) + company.calls(CallKind::put_member);
    }
    std::string room;
};

TEST_F(Formerly, TheRoomAndWhoeverIsInItStay) {
    const std::size_t before = moves(), members = world().rooms[world().room_by_id.at(room).index()].joined;
    const std::string address = "#project-x:corp.example";
    rename("project-x", "apollo");
    apply();
    EXPECT_EQ(moves(), before) << "nobody is moved, and no room is made";
    EXPECT_EQ(known("apollo"), room);
    EXPECT_EQ(known("project-x"), "");
    EXPECT_EQ(company.sim.room_id("apollo"), room) << "its name follows";
    EXPECT_EQ(world().rooms[world().room_by_id.at(room).index()].joined, members);
    EXPECT_TRUE(entries("release").empty());
    const auto renamed = entries("rename room");
    ASSERT_EQ(renamed.size(), 1U);
    EXPECT_EQ(renamed[0].kind, TrailKind::policy);
    EXPECT_EQ(renamed[0].before, "project-x");
    EXPECT_EQ(renamed[0].after, "apollo");
    EXPECT_EQ(renamed[0].room_key, "apollo");
    EXPECT_EQ(renamed[0].room, room);
    EXPECT_FALSE(renamed[0].caller) << "to be known when nothing is known of the caller any more";
    EXPECT_EQ(homeserver().aliases.at("#apollo:corp.example"), room);
    EXPECT_EQ(homeserver().aliases.at(address), room) << "whoever has it in a link finds the room";
    const policy::RoomEvent* alias = homeserver().state(room, "m.room.canonical_alias");
    EXPECT_EQ(std::get<policy::CanonicalAliasContent>(alias->content).alias, "#apollo:corp.example");
    EXPECT_EQ(company.wrongs(), "");
    company.sim.restart();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(known("apollo"), room);
    EXPECT_EQ(entries("rename room").size(), 1U) << "once";
    EXPECT_EQ(company.sim.engine().key_now("project-x"), "apollo");
    company.sim.directory.leave("Crew", "p5");
    EXPECT_TRUE(company.comes([this] { return !company.in("p5", "apollo"); }));
    company.sim.run_for(minutes{2});
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Formerly, ThereAndBackAgain) {
    rename("project-x", "apollo");
    apply();
    rename("apollo", "project-x");
    apply();
    EXPECT_EQ(known("project-x"), room);
    EXPECT_EQ(known("apollo"), "");
    EXPECT_EQ(company.sim.engine().key_now("apollo"), "project-x");
    EXPECT_EQ(company.sim.engine().key_now("project-x"), "project-x");
    company.sim.restart();
    company.sim.run_for(minutes{2});
    EXPECT_EQ(known("project-x"), room);
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Formerly, TheFormerKeyIsAnotherRoomsLater) {
    rename("project-x", "apollo");
    apply();
    for (sim::Rule& rule : company.sim.rules) rule.formerly.clear();
    company.room("project-x");
    apply();
    EXPECT_EQ(known("apollo"), room);
    EXPECT_NE(known("project-x"), "");
    EXPECT_NE(known("project-x"), room);
    EXPECT_EQ(company.sim.engine().key_now("project-x"), "project-x");
}

// The real store has rooms by their keys: the row goes on with all that refers to it.
TEST(FormerlyOnDisk, TheStoresRowStays) {
    sim::DiskStore store;
    Company company({.store = &store, .restarted = [&store] { store.reopen(); }});
    company.people(5);
    company.room("project-x");
    company.open();
    const std::string room = company.sim.room_id("project-x");
    company.sim.rules[0].key = "apollo";
    company.sim.rules[0].formerly = {"project-x"};
    company.sim.apply();
    company.sim.run_for(minutes{2});
    const std::size_t before = company.calls(CallKind::create_room) + company.calls(CallKind::put_member);
    company.sim.restart();
    company.sim.run_for(minutes{5});
    const policy::World& world = company.sim.engine().world();
    const policy::Room& known = world.rooms[world.room_by_key.at("apollo").index()];
    EXPECT_EQ(known.id, room);
    EXPECT_EQ(known.joined, 5U);
    EXPECT_FALSE(world.room_by_key.contains("project-x"));
    EXPECT_EQ(company.calls(CallKind::create_room) + company.calls(CallKind::put_member), before);
    EXPECT_EQ(company.wrongs(), "");
}

// Before the commit nothing of it is so, after it all of it is.
TEST_F(Formerly, ACrashLeavesOneOrTheOther) {
    for (const bool before : {true, false}) {
        const std::string from = before ? "project-x" : "apollo", to = before ? "apollo" : "artemis";
        bool ended = false;
        const auto end = [&](const store::Turn& turn) {
            if (turn.policy && !std::exchange(ended, true)) throw sim::Crash{};
        };
        (before ? company.sim.memory.before_commit : company.sim.memory.after_commit) = end;
        rename(from, to);
        company.sim.apply();
        company.sim.run_for(minutes{2});
        ASSERT_TRUE(ended);
        EXPECT_EQ(known(before ? from : to), room);
        EXPECT_EQ(known(before ? to : from), "");
        EXPECT_EQ(entries("rename room").size(), before ? 0U : 2U);
        company.sim.memory.before_commit = company.sim.memory.after_commit = nullptr;
        if (before) apply();
        EXPECT_EQ(known(to), room);
        EXPECT_EQ(company.wrongs(), "");
    }
}

TEST_F(Formerly, WhatIsHeldStaysHeldAndIsAnsweredByItsId) {
    for (const char* login : {"p2", "p3", "p4", "p5", "p6"}) company.sim.directory.leave("Crew", login);
    company.sim.run_for(minutes{2});
    ASSERT_EQ(company.sim.engine().guards().holds().size(), 1U);
    const std::string id = company.sim.engine().guards().holds()[0].id;
    const std::size_t told = entries("hold " + id).size();
    rename("project-x", "apollo");
    apply();
    company.sim.restart();
    company.sim.run_for(minutes{2});
    ASSERT_EQ(company.sim.engine().guards().holds().size(), 1U);
    const std::vector<policy::ActionKey> actions = company.sim.engine().guards().holds()[0].actions;
    EXPECT_EQ(std::count_if(actions.begin(), actions.end(),
                            [](const policy::ActionKey& key) { return key.room == "apollo"; }),
              5);
    EXPECT_EQ(std::count_if(actions.begin(), actions.end(),
                            [](const policy::ActionKey& key) { return key.room == "project-x"; }),
              0);
    EXPECT_TRUE(company.in("p2", "apollo"));
    EXPECT_EQ(told, 1U);
    EXPECT_TRUE(company.sim.command([&](Engine& engine) {
        const auto answered = engine.answer(true, id, {0, -1, "alice"}, "a reason");
        ASSERT_TRUE(answered) << answered.error().text();
        EXPECT_EQ(answered->wanted.size(), 10U) << "under the id that somebody may have on their screen";
    }));
    company.sim.run_for(minutes{5});
    EXPECT_FALSE(company.in("p2", "apollo"));
}

// What was asked of the homeserver when the policy came has its result under the new key.
TEST_F(Formerly, WhatIsUnderWayComesToItsEnd) {
    homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind != CallKind::put_member || call.membership != policy::MembershipState::leave)
            return std::nullopt;
        return said(CallOutcome::unreachable);
    };
    company.sim.directory.leave("Crew", "p7");
    company.sim.run_for(minutes{1});
    rename("project-x", "apollo");
    apply();
    company.sim.restart();
    homeserver().answer_instead = nullptr;
    EXPECT_TRUE(company.comes(
        [this] { return homeserver().membership(room, Company::id("p7")) == policy::MembershipState::leave; },
        minutes{30}));
    company.sim.run_for(minutes{5});
    EXPECT_EQ(company.wrongs(), "") << "each intent has one result";
    std::vector<std::string> announced, results;
    for (const schema::TrailEntry& entry : entries("leave"))
        if (entry.user == Company::id("p7") && entry.room == room)
            (entry.kind == TrailKind::intent ? announced : results).push_back(entry.room_key);
    EXPECT_EQ(announced, std::vector<std::string>{"project-x"}) << "what was announced goes on";
    EXPECT_EQ(results, std::vector<std::string>{"apollo"});
}

// What is wrong with the room lasts: it is neither over nor told again.
TEST_F(Formerly, WhatTheAdminsWereToldOfItIsSoStill) {
    const std::string admins = homeserver().make_room(kAdmin, "IT");
    ASSERT_TRUE(homeserver().invite(admins, kAdmin, sim::kBot));
    company.sim.policy.policy.protected_ids.push_back({kAdmin, {}});
    company.sim.settings.admin_room = admins;
    company.sim.restart();
    apply();
    const auto told = [&](const std::string& part) {
        const auto& messages = homeserver().rooms.at(admins).messages;
        return std::count_if(messages.begin(), messages.end(), [&](const auto& message) {
            return message.second.find(part) != std::string::npos;
        });
    };
    homeserver().put_bot_out(room);
    ASSERT_TRUE(company.comes([&] { return told("is not in #project-x") == 1; }, minutes{5}));
    rename("project-x", "apollo");
    apply();
    company.sim.restart();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(told("does not name #project-x"), 0);
    EXPECT_EQ(told("is not in #apollo"), 0) << "they know of it";
    ASSERT_TRUE(homeserver().invite(room, Company::id("p1"), sim::kBot));
    EXPECT_TRUE(company.comes([&] { return told("The bot is in #apollo again.") == 1; }, minutes{10}));
}

TEST_F(Formerly, ARoomThatWasLetGoOfComesBackUnderAnotherKey) {
    const std::vector<sim::Rule> rules = company.sim.rules;
    std::erase_if(company.sim.rules, [](const sim::Rule& rule) { return rule.key == "project-x"; });
    apply();
    ASSERT_EQ(entries("release").size(), 1U);
    company.sim.rules = rules;
    rename("project-x", "apollo");
    apply();
    EXPECT_EQ(known("apollo"), room);
    ASSERT_EQ(entries("manage again").size(), 1U);
    EXPECT_EQ(entries("manage again")[0].room_key, "apollo");
    EXPECT_EQ(company.wrongs(), "");
}

}  // namespace
}  // namespace rollcall::engine
