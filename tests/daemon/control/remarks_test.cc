// What status and plan say of rooms and people beside what is to be done: daemon/control/room_remarks.h,
// people_remarks.h; and readmit, the way back, with each of its refusals.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <algorithm>

#include "daemon/control/kept_back.h"
#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

void crew(sim::Simulation& sim) {
    sim.directory.content.group("Crew");
    sim.directory.content.group("Leads");
    for (const char* login : {"alice", "bob", "carol", "dave", "erin", "fred", "gina"}) {
        sim.directory.content.person(login, {"Staff"});
        sim.directory.content.join("Crew", login);
        sim.homeserver.add_account(sim::Simulation::id_of(login));
    }
    sim.directory.content.join("Leads", "alice");
    sim.rules = {{.key = "crew", .members = "Crew", .owners = "Leads", .everyone_invites = true}};
    sim.policy.policy.guards.grace = seconds{10};
}

class Remarks : public testing::Test {
  protected:
    [[nodiscard]] static std::string id(const std::string& login) { return sim::Simulation::id_of(login); }
    void after(Duration time) { daemon.sim.run_for(time); }
    json::Value status() { return daemon.ask(R"({"command":"status"})")["result"]; }
    json::Value readmit(const std::string& user, const std::string& in = "crew",
                        const std::string& reason = "by mistake") {
        json::Value args;
        args.set("user", user);
        args.set("room", in);
        args.set("reason", reason);
        return daemon.ask("readmit", std::move(args));
    }
    void kick_twice(const std::string& login) {
        for (int i = 0; i < 2; ++i) {
            ASSERT_TRUE(homeserver().kick(room, id("alice"), id(login)));
            after(seconds{30});
        }
    }
    void expect_refused(const json::Value& answer, std::int64_t exit, const std::string& part) {
        EXPECT_EQ(answer["exit"].integer_or(-1), exit) << json::write(answer);
        EXPECT_NE(answer["error"]["message"].text().find(part), std::string::npos) << json::write(answer);
        EXPECT_FALSE(answer["error"]["hint"].text().empty()) << json::write(answer);
    }
    [[nodiscard]] sim::FakeHomeserver& homeserver() { return daemon.sim.homeserver; }
    [[nodiscard]] static std::string first(const json::Value& list) {
        return list.array() == nullptr || list.array()->empty() ? "" : list.array()->front().text();
    }

    Daemon daemon{crew};
    std::string room = daemon.sim.room_id("crew");
};

TEST_F(Remarks, WhoBelongsAndIsOutByHandIsNamedAndPutBack) {
    kick_twice("bob");
    ASSERT_TRUE(homeserver().leave(room, id("carol")));
    after(minutes{1});
    const json::Value out = status()["out_by_hand"];
    EXPECT_EQ(out["kicked"]["count"].integer_or(0), 1);
    EXPECT_EQ(out["kicked"]["first"].array()->front()["user"].text(), id("bob"));
    EXPECT_EQ(out["kicked"]["first"].array()->front()["room"].text(), "crew");
    EXPECT_EQ(out["left"]["count"].integer_or(0), 1);
    const json::Value back = readmit("bob");
    EXPECT_EQ(back["exit"].integer_or(-1), 0) << json::write(back);
    EXPECT_EQ(back["result"]["done"].text(), "put back");
    EXPECT_EQ(readmit(id("carol"), "#crew:corp.example")["result"]["done"].text(), "invited");
    after(minutes{1});
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::join);
    EXPECT_EQ(homeserver().membership(room, id("carol")), MembershipState::invite);
    const json::Value asked = status()["must_accept"];
    EXPECT_EQ(asked["count"].integer_or(0), 1) << "and bob is there";
    EXPECT_EQ(asked["first"].array()->front()["user"].text(), id("carol"));
    EXPECT_EQ(status()["out_by_hand"]["kicked"]["count"].integer_or(-1), 0);
    EXPECT_EQ(status()["out_by_hand"]["left"]["count"].integer_or(-1), 0);
}

TEST_F(Remarks, WhoeverDepartedAndIsNotOutIsNamedUnlessAGuardHoldsThem) {
    homeserver().latency = seconds{25};
    daemon.sim.directory.disable("gina", true);
    after(seconds{12});
    const json::Value slow = status()["overdue"];
    EXPECT_GT(slow["requests"]["count"].integer_or(0), 0);
    EXPECT_EQ(slow["departed"]["count"].integer_or(0), 1);
    EXPECT_EQ(slow["departed"]["first"].array()->front()["user"].text(), id("gina"));
    homeserver().latency = Duration{10};
    after(minutes{5});
    EXPECT_EQ(status()["overdue"]["departed"]["count"].integer_or(-1), 0);
    daemon.sim.policy.policy.guards.departures = {1, std::chrono::hours{1}};
    daemon.sim.apply();
    after(minutes{1});
    for (const char* login : {"dave", "erin", "fred"}) daemon.sim.directory.disable(login, true);
    after(minutes{1});
    EXPECT_EQ(status()["holds"].array()->size(), 1U);
    EXPECT_EQ(status()["overdue"]["departed"]["count"].integer_or(-1), 0) << "that is a hold";
}

TEST_F(Remarks, ReadmitSaysWhyItWaits) {
    kick_twice("bob");
    EXPECT_EQ(daemon.ask(R"({"command":"pause","args":{"reason":"move"}})")["exit"].integer_or(-1), 0);
    EXPECT_EQ(readmit("bob")["result"]["waits"].text(),
              "everything but departures is paused until `rollcall resume`");
    const json::Value why = daemon.ask(R"({"command":"why","args":{"user":"bob","room":"crew"}})");
    EXPECT_TRUE(why["result"]["rooms"].array()->front()["next"].array()->front()["paused"].boolean_or(false))
        << json::write(why);
    EXPECT_EQ(daemon.ask(R"({"command":"resume","args":{}})")["exit"].integer_or(-1), 0);
    after(minutes{1});
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::join);
    kick_twice("carol");
    homeserver().down = true;
    ASSERT_TRUE(homeserver().rename_self(room, id("dave")));
    after(minutes{6});
    EXPECT_NE(readmit("carol")["result"]["waits"].text(), "") << "nobody answers";
    homeserver().down = false;
    after(minutes{5});
    EXPECT_EQ(homeserver().membership(room, id("carol")), MembershipState::join);
}

TEST_F(Remarks, WhoIsBannedByAnOwnerIsNamedAndWaitsForAnOwner) {
    ASSERT_TRUE(homeserver().ban(room, id("alice"), id("erin")));
    after(minutes{1});
    const json::Value bans = status()["bans"];
    ASSERT_EQ(bans.array()->size(), 1U) << json::write(bans);
    EXPECT_EQ(first(bans), id("erin") + " in crew");
    EXPECT_EQ(status()["banned"].integer_or(-1), 1);
    for (const char* args : {R"({"user":"erin","room":"crew"})", R"({"user":"erin"})"}) {
        const json::Value why = daemon.ask("why", *json::parse(args))["result"]["rooms"];
        EXPECT_EQ(why.array()->front()["advice"].text(),
                  "is banned: the ban of an owner stands until an owner lifts it")
            << json::write(why);
    }
    // Whoever does not belong there waits for nobody.
    daemon.sim.directory.leave("Crew", "erin");
    after(minutes{1});
    EXPECT_EQ(status()["bans"].array()->size(), 0U);
    EXPECT_EQ(status()["banned"].integer_or(-1), 0);
    const json::Value why = daemon.ask(R"({"command":"why","args":{"user":"erin","room":"crew"}})");
    EXPECT_TRUE(why["result"]["rooms"].array()->front()["advice"].is_null()) << json::write(why);
}

TEST_F(Remarks, ReadmitRefusesWhomItMayNotLetIn) {
    kick_twice("bob");
    expect_refused(readmit("nobody"), 2, "nobody");
    expect_refused(readmit("bob", "hall"), 2, "hall");
    expect_refused(readmit("dave"), 1, "is not out of #crew by a kick or by their own leave");
    expect_refused(readmit("@eve:elsewhere.example"), 2, "eve");
    EXPECT_EQ(readmit("bob", "crew", "")["exit"].integer_or(-1), 2);
    ASSERT_TRUE(homeserver().ban(room, id("alice"), id("erin")));
    daemon.sim.directory.leave("Crew", "fred");
    daemon.sim.directory.disable("gina", true);
    after(minutes{1});
    expect_refused(readmit("erin"), 1, "is banned from #crew");
    expect_refused(readmit("fred"), 1, "does not belong in #crew");
    expect_refused(readmit("gina"), 1, "does not belong in #crew");
    // What the directory says now must be known.
    policy::DirectoryStatus away;
    away.directory = "corp";
    away.health = policy::DirectoryHealth::unreachable;
    daemon.sim.directory.deliver(engine::Message(away));
    after(seconds{1});
    expect_refused(readmit("bob"), 1, "the directory has not been read to its present state");
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::leave);
}

TEST_F(Remarks, WhoWaitsForTheGraceIsNamedUntilItIsOver) {
    daemon.sim.directory.leave("Crew", "bob");
    ASSERT_TRUE([&] {
        daemon.sim.run_until([&] { return status()["grace"]["count"].integer_or(0) == 1; }, minutes{1});
        return status()["grace"]["count"].integer_or(0) == 1;
    }());
    const json::Value waits = status()["grace"]["first"].array()->front();
    EXPECT_EQ(waits["user"].text(), id("bob"));
    EXPECT_EQ(waits["room"].text(), "crew");
    EXPECT_FALSE(waits["left"].text().empty());
    after(minutes{1});
    EXPECT_EQ(status()["grace"]["count"].integer_or(-1), 0);
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::leave);
}

TEST_F(Remarks, ARoomThatTheBotLostIsNamedWithWhoWaitsAndWhoStays) {
    ASSERT_TRUE(homeserver().invite(room, id("dave"), "@eve:elsewhere.example"));
    ASSERT_TRUE(homeserver().join(room, "@eve:elsewhere.example"));
    homeserver().put_bot_out(room);
    after(minutes{2});
    const json::Value said = status();
    EXPECT_EQ(said["rooms"]["lost"].integer_or(0), 1);
    EXPECT_NE(first(said["room_trouble"]).find("the bot is not in #crew: nobody is added there"),
              std::string::npos)
        << json::write(said["room_trouble"]);
    EXPECT_EQ(first(said["stays"]),
              "@eve:elsewhere.example cannot be taken out of #crew: the bot is not in it");
    EXPECT_NE(first(said["room_trouble"]).find("anybody in it can invite the bot; or"), std::string::npos)
        << json::write(said["room_trouble"]);
}

// Owners have power 50, and where only Rollcall lets people in inviting takes 100.
TEST_F(Remarks, WhereNobodyCanInviteTheBotTheRoomHasToBeMadeAnew) {
    daemon.sim.rules[0].everyone_invites = false;
    daemon.sim.apply();
    after(minutes{1});
    homeserver().put_bot_out(room);
    after(minutes{1});
    const std::string said = first(status()["room_trouble"]);
    EXPECT_NE(said.find("Nobody who is there has the power to invite the bot: make the room anew"),
              std::string::npos)
        << said;
}

TEST_F(Remarks, WhoCanInviteTheBotBackIsNamed) {
    policy::PowerLevels levels;
    levels.invite = 50;
    levels.users = {{id("alice"), 50}, {id("nobody"), 100}, {sim::kBot, 100}};
    homeserver().force_state(room, levels);
    homeserver().put_bot_out(room);
    after(minutes{1});
    const std::string said = first(status()["room_trouble"]);
    EXPECT_NE(said.find(id("alice") + " can invite the bot; or make the room anew"), std::string::npos)
        << said;
}

// Of a departure that somebody or something stops it is said what, and nothing is green.
class KeptBack : public Remarks {
  protected:
    // What stops it; and of how many, by `audit leavers`, which ends with 1 for it as `check` does.
    std::string said(const std::string& login) {
        const std::map<std::string, std::string> kept = kept_back(daemon.sim.engine());
        const std::optional<Seen> seen = departures_seen(daemon.sim.engine());
        const json::Value leavers = daemon.ask(R"({"command":"audit.leavers","args":{}})");
        EXPECT_EQ(seen.has_value(), !kept.empty());
        EXPECT_EQ(leavers["result"]["kept_back"].integer_or(-1), static_cast<std::int64_t>(kept.size()))
            << json::write(leavers);
        if (seen) {
            EXPECT_FALSE(seen->ok);
            EXPECT_EQ(leavers["exit"].integer_or(-1), 1);
        }
        const auto at = kept.find(id(login));
        if (at == kept.end()) return "";
        EXPECT_NE(seen->text.find(fmt::format("{} ({})", id(login), at->second)), std::string::npos)
            << seen->text;
        for (const json::Value& one : *leavers["result"]["departures"].array())
            if (one["user"].text() == id(login)) {
                EXPECT_EQ(one["kept_back"].text(), at->second);
            }
        return at->second;
    }
    void answer(const char* command) {
        json::Value args;
        args.set("id", daemon.ask(R"({"command":"holds"})")["result"]["holds"].array()->front()["id"].text());
        args.set("reason", "they went");
        EXPECT_EQ(daemon.ask(command, std::move(args))["exit"].integer_or(-1), 0);
    }
};

TEST_F(KeptBack, ByAGuardAndByARejection) {
    daemon.sim.policy.policy.guards.departures = {1, std::chrono::hours{1}};
    daemon.sim.apply();
    after(minutes{1});
    EXPECT_EQ(said("dave"), "");
    for (const char* login : {"dave", "erin", "fred"}) daemon.sim.directory.disable(login, true);
    after(minutes{10});
    const std::string hold =
        daemon.ask(R"({"command":"holds"})")["result"]["holds"].array()->front()["id"].text();
    EXPECT_EQ(said("dave"), "held as " + hold + ": `rollcall holds` says what and why");
    answer("reject");
    after(minutes{1});
    EXPECT_TRUE(said("dave").starts_with("rejected by ")) << said("dave");
    daemon.sim.restart();
    after(minutes{1});
    EXPECT_TRUE(said("dave").starts_with("rejected by ")) << said("dave");
}

TEST_F(KeptBack, ByAPauseOfEverythingAndNotByOneOfTheRest) {
    EXPECT_EQ(daemon.ask(R"({"command":"pause","args":{"reason":"move","all":true}})")["exit"].integer_or(-1),
              0);
    daemon.sim.directory.disable("bob", true);
    after(minutes{10});
    EXPECT_EQ(said("bob"), "everything is paused, departures too, until `rollcall resume`");
    EXPECT_EQ(daemon.ask(R"({"command":"pause","args":{"reason":"move"}})")["exit"].integer_or(-1), 0);
    after(minutes{1});
    EXPECT_EQ(said("bob"), "");
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::leave);
}

TEST_F(KeptBack, ByThePolicyThatProtectsThem) {
    daemon.sim.policy.policy.protected_ids.push_back({id("bob"), {}});
    daemon.sim.apply();
    daemon.sim.directory.disable("bob", true);
    after(minutes{10});
    EXPECT_EQ(said("bob"), "protected by the policy, which takes them out of nothing");
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::join);
    EXPECT_EQ(first(status()["protected_departed"]), id("bob"));
}

TEST_F(Remarks, AnApprovalDuringAPauseSaysThatNothingIsDoneNow) {
    daemon.sim.policy.policy.guards.removals = {1, std::chrono::hours{1}};
    daemon.sim.policy.policy.guards.grace = Duration{};
    daemon.sim.apply();
    after(minutes{1});
    for (const char* login : {"dave", "erin", "fred"}) daemon.sim.directory.leave("Crew", login);
    after(minutes{1});
    EXPECT_EQ(daemon.ask(R"({"command":"pause","args":{"reason":"move"}})")["exit"].integer_or(-1), 0);
    const auto approve = [this] {
        json::Value args;
        args.set("id", daemon.ask(R"({"command":"holds"})")["result"]["holds"].array()->front()["id"].text());
        args.set("reason", "they moved");
        return daemon.ask("approve", std::move(args));
    };
    const json::Value later = approve();
    EXPECT_EQ(later["exit"].integer_or(-1), 1) << json::write(later);
    EXPECT_EQ(first(later["result"]["waits"]), "everything but departures is paused until `rollcall resume`");
    after(minutes{1});
    EXPECT_EQ(homeserver().membership(room, id("dave")), MembershipState::join);
    EXPECT_EQ(daemon.ask(R"({"command":"resume","args":{}})")["exit"].integer_or(-1), 0);
    after(minutes{1});
    EXPECT_EQ(homeserver().membership(room, id("dave")), MembershipState::leave);
    for (const char* login : {"bob", "carol", "gina"}) daemon.sim.directory.leave("Crew", login);
    after(minutes{1});
    const json::Value now = approve();
    EXPECT_EQ(now["exit"].integer_or(-1), 0) << json::write(now);
    EXPECT_EQ(now["result"]["waits"].array()->size(), 0U);
}

TEST_F(Remarks, OfARoomThatTheBotLostNobodyIsSaidToBeInItNow) {
    const auto why = [this] {
        return daemon.ask(R"({"command":"why","args":{"user":"dave","room":"crew"}})")["result"]["rooms"]
            .array()
            ->front();
    };
    EXPECT_TRUE(why()["remarks"].is_null() && why()["stale"].is_null()) << json::write(why());
    for (const auto& [user, account] : homeserver().accounts) homeserver().not_covered.insert(user);
    homeserver().put_bot_out(room);
    after(minutes{2});
    EXPECT_NE(
        first(status()["room_trouble"]).find("in their own name, and nobody sees who comes in; it looks"),
        std::string::npos)
        << first(status()["room_trouble"]);
    const json::Value lost = why();
    EXPECT_TRUE(lost["stale"].boolean_or(false)) << json::write(lost);
    EXPECT_TRUE(first(lost["remarks"]).starts_with("the bot is not in this room")) << json::write(lost);
}

// Where somebody who belongs there can be acted as, who comes in is named.
TEST_F(Remarks, OfARoomThatTheBotLostItIsSaidWhoIsThereAsAMemberSeesIt) {
    const std::string eve = "@eve:elsewhere.example", stranger = id("stranger");
    homeserver().add_account(stranger);
    homeserver().not_covered.insert(stranger);
    homeserver().put_bot_out(room);
    after(minutes{1});
    for (const std::string& user : {eve, stranger}) {
        ASSERT_TRUE(homeserver().invite(room, id("bob"), user));
        ASSERT_TRUE(homeserver().join(room, user));
    }
    after(minutes{2});
    const json::Value now = status();
    EXPECT_NE(first(now["room_trouble"]).find("and who comes in is seen in the name of " + id("alice")),
              std::string::npos)
        << first(now["room_trouble"]);
    for (const std::string& user : {eve, stranger})
        EXPECT_NE(
            json::write(now["stays"]).find(user + " cannot be taken out of #crew: the bot is not in it"),
            std::string::npos)
            << json::write(now["stays"]);
    const json::Value why = daemon.ask(R"({"command":"why","args":{"user":"dave","room":"crew"}})");
    const json::Value& row = why["result"]["rooms"].array()->front();
    EXPECT_TRUE(row["stale"].is_null()) << json::write(row);
    EXPECT_TRUE(first(row["remarks"])
                    .starts_with("the bot is not in this room: who is in it is seen in the name of @alice:"))
        << json::write(row);
}

TEST_F(Remarks, WhatIsChangedByHandAgainAndAgainIsListedWithWhoAndHowOften) {
    EXPECT_EQ(status()["changed_again"]["count"].integer_or(-1), 0);
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(homeserver().set_state(room, id("alice"), policy::NameContent{"ours"}));
        homeserver().force_state(room, policy::JoinRules{"public", {}});
        after(seconds{10});
    }
    const json::Value again = status()["changed_again"];
    ASSERT_EQ(again["count"].integer_or(-1), 2) << json::write(again);
    const json::Array& rows = *again["first"].array();
    const json::Value &name = rows[0], &rule = rows[1];
    EXPECT_EQ(rule["setting"].text(), "set_join_rule");
    EXPECT_EQ(rule["put_back"].integer_or(0), 5);
    EXPECT_TRUE(rule["at_once"].boolean_or(false));
    EXPECT_TRUE(rule["next"].is_null());
    EXPECT_EQ(json::write(rule["by"]), R"(["@admin:corp.example"])");
    EXPECT_EQ(name["setting"].text(), "set_name");
    EXPECT_EQ(name["room"].text(), "crew");
    EXPECT_EQ(name["changes"].integer_or(0), 5);
    EXPECT_EQ(name["put_back"].integer_or(0), 3);
    EXPECT_FALSE(name["at_once"].boolean_or(true));
    EXPECT_EQ(json::write(name["by"]), R"([")" + id("alice") + R"("])");
    EXPECT_GT(name["next"].text(), status()["now"].text());
}

TEST_F(Remarks, WhoLeavesAgainAndAgainIsToldWhenTheyArePutBack) {
    daemon.sim.rules.push_back({.key = "news", .members = "Crew", .owners = "Leads", .rejoin = true});
    daemon.sim.apply();
    after(minutes{2});
    const std::string news = daemon.sim.room_id("news");
    const auto next = [this] {
        const json::Value why = daemon.ask(R"({"command":"why","args":{"user":"bob","room":"news"}})");
        const json::Array& lines = *why["result"]["rooms"].array()->front()["next"].array();
        return lines.empty() ? json::Value{} : lines.front();
    };
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(homeserver().leave(news, id("bob"))) << i;
        homeserver().rooms.at(news).left_by_choice.erase(id("bob"));
        after(seconds{10});
    }
    EXPECT_EQ(next()["kind"].text(), "add");
    EXPECT_TRUE(next()["left_again"].text().ends_with("s")) << json::write(next());
    const json::Value again = status()["changed_again"]["first"].array()->front();
    EXPECT_EQ(again["user"].text(), id("bob"));
    EXPECT_EQ(again["room"].text(), "news");
    EXPECT_EQ(again["changes"].integer_or(0), 4);
    after(minutes{1});
    EXPECT_EQ(homeserver().membership(news, id("bob")), MembershipState::join);
    EXPECT_TRUE(next().is_null());
}

TEST_F(Remarks, ARoomThatWasUpgradedIsNamedWithWherePeopleAreLed) {
    homeserver().force_state(room, policy::TombstoneContent{"!new"});
    after(minutes{1});
    const std::string said = first(status()["room_trouble"]);
    EXPECT_NE(said.find("#crew was upgraded: people are led on to !new, which nobody manages"),
              std::string::npos)
        << said;
}

TEST_F(Remarks, AnEventThatCannotBeUsedIsNamedWithItsRoomAndWhomItIsAbout) {
    homeserver().spoil(room, "m.room.member", id("dave"));
    ASSERT_TRUE(homeserver().rename_self(room, id("dave")));
    after(minutes{1});
    const std::string said = first(status()["not_understood"]);
    EXPECT_NE(said.find("in #crew (" + room + "), about " + id("dave")), std::string::npos) << said;
}

TEST_F(Remarks, ADirectoryThatIsBehindIsNamed) {
    const policy::test::Directory before = daemon.sim.directory.content;
    daemon.sim.directory.disable("dave", true);
    after(minutes{5});
    EXPECT_EQ(status()["directory"]["doubt"].text(), "");
    daemon.sim.directory.become(before, "db-2");
    after(minutes{5});
    EXPECT_FALSE(status()["directory"]["doubt"].text().empty());
    EXPECT_EQ(homeserver().membership(room, id("dave")), MembershipState::leave);
}

// What never was, and is wanted no more, is nothing that is still to be made.
TEST_F(Remarks, ARoomThatWasNeverMadeAndLeftThePolicyIsNotStillToBeMade) {
    homeserver().answer_instead = [](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::create_room) return std::nullopt;
        engine::CallResult refused;
        refused.outcome = engine::CallOutcome::refused;
        refused.text = "M_FORBIDDEN: not here";
        return refused;
    };
    daemon.sim.rules.push_back({.key = "hall", .members = "Crew"});
    daemon.sim.apply();
    after(minutes{1});
    EXPECT_EQ(status()["rooms"]["managed"].integer_or(0), 2);
    EXPECT_EQ(status()["rooms"]["created"].integer_or(0), 1);
    daemon.sim.rules.pop_back();
    daemon.sim.apply();
    after(minutes{1});
    EXPECT_EQ(status()["rooms"]["managed"].integer_or(0), 1);
    EXPECT_EQ(status()["rooms"]["created"].integer_or(0), 1);
    EXPECT_EQ(status()["failures"].array()->size(), 0U);
}

// Whom the directory hides with its canary is held, as many as the words say, and nobody can say yes to it.
TEST_F(Remarks, AHoldOfCanariesCountsWhatItHoldsAndTakesNoAnswer) {
    daemon.sim.policy.policy.guards.canaries.push_back({"gina", {}});
    daemon.sim.policy.policy.guards.grace = {};
    daemon.sim.apply();
    after(minutes{1});
    daemon.sim.directory.content.people.erase("gina");
    daemon.sim.directory.request_sweep();
    after(minutes{1});
    for (const char* login : {"bob", "carol"}) daemon.sim.directory.leave("Crew", login);
    after(minutes{1});
    const json::Value holds = daemon.ask(R"({"command":"holds"})")["result"]["holds"];
    ASSERT_EQ(holds.array()->size(), 1U) << json::write(holds);
    const json::Value& hold = holds.array()->front();
    EXPECT_EQ(hold["guard"].text(), "canaries");
    EXPECT_GT(hold["actions"].array()->size(), 0U) << json::write(hold);
    EXPECT_TRUE(hold["cause"].text().starts_with("a complete read of corp lacks the canary 'gina'"));
    // Of one alone it may be gone; where more are not shown, their places are hidden.
    const std::size_t known = daemon.sim.directory.content.people.size() + 1;
    for (const std::size_t missing : {std::size_t{1}, std::size_t{4}}) {
        daemon.sim.directory.shown = known - missing;
        const std::string text =
            missing == 1 ? "" : fmt::format("4 of {} people are not shown any more: ", known);
        const std::string lacks = text + "a complete read of corp lacks the canary 'gina'";
        const json::Value again = daemon.ask(R"({"command":"holds"})")["result"]["holds"];
        EXPECT_TRUE((*again.array())[0]["cause"].text().starts_with(lacks)) << json::write(again);
        EXPECT_TRUE(status()["directory"]["frozen"].text().starts_with(lacks)) << json::write(status());
    }
    for (const char* command : {"approve", "reject"}) {
        json::Value args;
        args.set("id", hold["id"].text());
        args.set("reason", "go on");
        expect_refused(daemon.ask(command, std::move(args)), 1, "");
    }
    after(minutes{1});
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::join);
}

// What a policy lets the daemon believe was in no plan: a restart between changes nothing of that.
TEST_F(Remarks, WhatComesToLightWhereAPolicyGivesUpACanaryWaitsForAnAnswer) {
    daemon.sim.policy.policy.guards.canaries.push_back({"gina", {}});
    daemon.sim.policy.policy.guards.grace = {};
    daemon.sim.apply();
    after(minutes{1});
    const Guid gina = daemon.sim.directory.content.people.at("gina").guid;
    daemon.sim.directory.content.people.erase("gina");
    daemon.sim.directory.request_sweep();
    after(minutes{1});
    ASSERT_FALSE(status()["directory"]["frozen"].text().empty());
    const auto remarks = [this] {
        const json::Value why = daemon.ask(R"({"command":"why","args":{"user":"bob","room":"crew"}})");
        return json::write((*why["result"]["rooms"].array())[0]["remarks"]);
    };
    EXPECT_NE(remarks().find("still counts as in it: a complete read of corp lacks"), std::string::npos);
    policy::test::Directory& content = daemon.sim.directory.content;
    for (auto& [name, group] : content.groups) std::erase(group.members, gina);
    const Guid bob = content.people.at("bob").guid;
    std::erase(content.groups.at("Crew").members, bob);  // of which only a whole read tells
    daemon.sim.policy.policy.guards.canaries.clear();
    daemon.sim.apply();
    daemon.sim.restart();
    daemon.sim.directory.request_sweep();
    after(minutes{2});
    EXPECT_EQ(status()["directory"]["frozen"].text(), "");
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::join);
    const json::Value holds = daemon.ask(R"({"command":"holds"})")["result"]["holds"];
    ASSERT_EQ(holds.array()->size(), 1U) << json::write(holds);
    EXPECT_EQ((*holds.array())[0]["guard"].text(), "removals");
    json::Value args;
    args.set("id", (*holds.array())[0]["id"].text());
    args.set("reason", "he did leave it");
    EXPECT_EQ(daemon.ask("approve", std::move(args))["error"]["message"].text(), "");
    after(minutes{1});
    EXPECT_EQ(homeserver().membership(room, id("bob")), MembershipState::leave);
    EXPECT_EQ(remarks(), "null");
}

// Whoever signs for a room must know that it is not all of it; what they sign is another text then.
TEST_F(Remarks, WhileTheHomeserverIsAwayNobodyIsSaidToBeInARoomNow) {
    const auto not_read = [this] {
        const json::Value review = daemon.ask(R"({"command":"audit.review","args":{"room":"crew"}})");
        return first((*review["result"]["rooms"].array())[0]["not_read"]);
    };
    const auto why = [this] {
        const json::Value answer = daemon.ask(R"({"command":"why","args":{"user":"bob","room":"crew"}})");
        return (*answer["result"]["rooms"].array())[0];
    };
    const auto access = [this] {
        return first(daemon.ask(R"({"command":"audit.access","args":{"room":"crew"}})")["result"]["remarks"]);
    };
    EXPECT_EQ(not_read() + access(), "");
    EXPECT_FALSE(why()["stale"].boolean_or(false));
    homeserver().down = true;
    daemon.sim.directory.hire("eva", {"Staff", "Crew"});  // so that something is sent
    after(std::chrono::minutes{1});
    EXPECT_TRUE(not_read().starts_with("the homeserver cannot be used (")) << not_read();
    EXPECT_TRUE(access().ends_with(": this is what was known before")) << access();
    EXPECT_TRUE(why()["stale"].boolean_or(false));
}

TEST_F(Remarks, AReviewAndTheQuestionWhoHadAccessSayWhereNotAllIsKnown) {
    const auto review = [this] {
        return daemon.ask(R"({"command":"audit.review","args":{"room":"crew"}})")["result"]["rooms"]
            .array()
            ->front();
    };
    const auto access = [this] {
        return daemon.ask(R"({"command":"audit.access","args":{"room":"crew"}})")["result"]["remarks"];
    };
    const json::Value before = review();
    EXPECT_TRUE(before["content"]["remarks"].is_null());
    EXPECT_EQ(access().array()->size(), 0U);
    homeserver().force_state(room, policy::TombstoneContent{"!new"});
    after(minutes{1});
    const json::Value upgraded = review();
    EXPECT_TRUE(first(upgraded["content"]["remarks"])
                    .starts_with("the room was upgraded: people are led on to !new, which nobody manages"))
        << json::write(upgraded["content"]);
    EXPECT_NE(upgraded["hash"].text(), before["hash"].text());
    EXPECT_EQ(access().array()->size(), 1U);
    homeserver().put_bot_out(room);
    after(minutes{2});
    EXPECT_TRUE(first(review()["content"]["remarks"]).starts_with("the bot is not in this room"));
    EXPECT_EQ(access().array()->size(), 2U);
    const json::Value still = review();
    after(minutes{5});
    EXPECT_EQ(review()["hash"].text(), still["hash"].text()) << "not by time alone";
}

TEST_F(Remarks, WhatHasNoTimeIsNotSaidToBeOf1970) {
    static_cast<void>(
        daemon.sim.command([](engine::Engine& engine) { engine.world().cursor.time = Time{}; }));
    const json::Value why = daemon.ask(R"({"command":"why","args":{"user":"alice"}})");
    EXPECT_EQ(why["result"]["evidence"]["time"].text("none"), "") << json::write(why);
}

TEST_F(Remarks, AHoldSaysOfEachActionWhyItWouldBeDone) {
    daemon.sim.policy.policy.guards.removals = {1, std::chrono::hours{1}};
    daemon.sim.policy.policy.guards.grace = Duration{};
    daemon.sim.apply();
    after(minutes{1});
    for (const char* login : {"dave", "erin", "fred"}) daemon.sim.directory.leave("Crew", login);
    after(minutes{1});
    const json::Value answer = daemon.ask(R"({"command":"holds"})");
    EXPECT_EQ(answer["exit"].integer_or(-1), 4);
    const json::Array* holds = answer["result"]["holds"].array();
    ASSERT_TRUE(holds != nullptr && holds->size() == 1U) << json::write(answer);
    const json::Array *actions = holds->front()["actions"].array(), *lines = holds->front()["lines"].array();
    ASSERT_TRUE(lines != nullptr && lines->size() == actions->size()) << json::write(answer);
    for (const json::Value& line : *lines) EXPECT_EQ(line["reason"].text(), "not in group Crew");
}

// Somebody from outside, with an approval: of room0, by p1.
class Outsider : public testing::Test {
  protected:
    static constexpr const char* kFriend = "@friend:partner.example";
    static void project(sim::Simulation& sim) {
        crew(sim);
        sim.directory.content.person("p1", {"Staff"});
        sim.rules[0].key = "room0";
        sim.rules.push_back({.key = "hall", .members = "employees"});
    }
    json::Value why(const std::string& user, const std::string& in) {
        json::Value args;
        args.set("user", user);
        if (!in.empty()) args.set("room", in);
        return daemon.ask("why", std::move(args));
    }
    Daemon daemon{project};
    std::string room = daemon.sim.room_id("room0");
    const std::string alice = sim::Simulation::id_of("alice");
};

TEST_F(Outsider, WhoIsApprovedAndWasNeverSeenIsNotMisspelt) {
    for (const char* in : {"room0", ""}) {
        const json::Value result = why(kFriend, in)["result"];
        ASSERT_TRUE(result["not_seen"].boolean_or(false)) << json::write(result);
        const json::Value& row = result["rooms"].array()->front();
        EXPECT_EQ(row["verdict"].text(), "may stay");
        EXPECT_NE(row["advice"].text().find("nobody has invited them yet"), std::string::npos);
        EXPECT_NE(row["reasons"].array()->front()["text"].text().find("approved until"), std::string::npos);
        EXPECT_EQ(row["owners"].array()->front().text(), alice);
    }
    const json::Value hall = why(kFriend, "hall")["result"];
    EXPECT_EQ(hall["rooms"].array()->front()["verdict"].text(), "out") << json::write(hall);
    EXPECT_EQ(why("@fiend:partner.example", "room0")["error"]["hint"].text(), "check the spelling");
    EXPECT_EQ(why(kFriend, "nowhere")["exit"].integer_or(-1), 2);
}

// Whom p1 answers for stays as long as nobody has said whether p1 is really out.
TEST_F(Outsider, WhoWaitsForTheirSponsorsHoldIsNotSaidToBeRemoved) {
    daemon.sim.homeserver.add_account(kFriend);
    daemon.sim.policy.policy.guards.removals = {1, std::chrono::hours{1}};
    daemon.sim.policy.policy.guards.grace = seconds{0};
    daemon.sim.apply();
    ASSERT_TRUE(daemon.sim.homeserver.invite(room, alice, kFriend));
    ASSERT_TRUE(daemon.sim.homeserver.join(room, kFriend));
    daemon.sim.run_for(minutes{1});
    for (const char* login : {"p1", "bob", "carol"}) daemon.sim.directory.leave("Staff", login);
    daemon.sim.run_for(minutes{1});
    ASSERT_EQ(daemon.sim.homeserver.membership(room, kFriend), MembershipState::join);
    const json::Value row = why(kFriend, "room0")["result"]["rooms"].array()->front();
    ASSERT_EQ(row["next"].array()->size(), 1U) << json::write(row);
    EXPECT_EQ(row["next"].array()->front()["after"].text(),
              "once the removal of the sponsor p1 is done, which is held (see `rollcall holds`)");
}

// An owner's ban goes before an approval, which lets nobody in: it is named, and nobody has to do anything.
TEST_F(Outsider, WhoIsBannedAlthoughApprovedIsNamedAndCountsForNothing) {
    daemon.sim.homeserver.add_account(kFriend);
    ASSERT_TRUE(daemon.sim.homeserver.invite(room, alice, kFriend));
    ASSERT_TRUE(daemon.sim.homeserver.join(room, kFriend));
    ASSERT_TRUE(daemon.sim.homeserver.ban(room, alice, kFriend));
    ASSERT_TRUE(daemon.sim.homeserver.ban(room, alice, "@eve:elsewhere.example"));
    daemon.sim.run_for(minutes{1});
    const json::Value status = daemon.ask(R"({"command":"status"})")["result"];
    EXPECT_EQ(status["banned"].integer_or(-1), 0);
    EXPECT_EQ(json::write(status["bans"]), "[]");
    EXPECT_EQ(json::write(status["bans_of_approved"]), R"(["@friend:partner.example in room0"])");
}

TEST_F(Outsider, WhomRollcallPutOutIsInvitedAndHadNotLeft) {
    daemon.sim.homeserver.add_account(kFriend);
    ASSERT_TRUE(daemon.sim.homeserver.invite(room, alice, kFriend));
    ASSERT_TRUE(daemon.sim.homeserver.join(room, kFriend));
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(daemon.sim.homeserver.membership(room, kFriend), MembershipState::join);
    daemon.sim.directory.disable("p1", true);
    daemon.sim.run_for(minutes{1});
    ASSERT_EQ(daemon.sim.homeserver.membership(room, kFriend), MembershipState::leave);
    daemon.sim.directory.disable("p1", false);
    daemon.sim.run_for(minutes{1});
    const json::Value back = daemon.ask(
        R"({"command":"readmit","args":{"user":"@friend:partner.example","room":"room0","reason":"sponsor is back"}})");
    EXPECT_EQ(back["result"]["done"].text(), "invited") << json::write(back);
    EXPECT_TRUE(back["result"]["outside"].boolean_or(false));
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(daemon.sim.homeserver.membership(room, kFriend), MembershipState::invite);
    const json::Value asked = daemon.ask(R"({"command":"status"})")["result"]["must_accept"];
    EXPECT_EQ(asked["count"].integer_or(0), 1) << "they have to accept, and it is said";
    EXPECT_EQ(asked["first"].array()->front()["user"].text(), kFriend);
}

}  // namespace
}  // namespace rollcall::control
