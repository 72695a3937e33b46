// What every command answers, whatever it is asked: daemon/control/handler.h.
#include <gtest/gtest.h>
#include <algorithm>

#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

std::int64_t exit_of(const json::Value& answer) {
    return answer["exit"].integer_or(-1);
}

TEST(Handler, NamesACommandThatItDoesNotKnow) {
    Daemon daemon;
    for (const char* request : {R"({"command":"dance"})", R"({})", R"([])", R"({"command":7})"}) {
        const json::Value answer = daemon.ask(request);
        EXPECT_EQ(exit_of(answer), 2) << request;
        EXPECT_EQ(answer["error"]["message"].text().substr(0, 16), "unknown command ") << request;
    }
}

TEST(Handler, RefusesAnOrderThatLacksSomething) {
    Daemon daemon;
    const auto before = daemon.sim.engine().store().trail_size();
    for (const char* request :
         {R"({"command":"pause"})", R"({"command":"pause","args":{"reason":7}})",
          R"({"command":"pause","args":[]})", R"({"command":"depart","args":{"reason":"x"}})",
          R"({"command":"depart","args":{"user":"p1"}})",
          R"({"command":"depart","args":{"user":"","reason":"x"}})",
          R"({"command":"approve","args":{"id":"abc"}})", R"({"command":"reject","args":{"id":"abc"}})",
          R"({"command":"approve","args":{"reason":"x"}})", R"({"command":"reject","args":{"reason":"x"}})",
          R"({"command":"why"})", R"({"command":"why","args":{"user":["p1"]}})"}) {
        const json::Value answer = daemon.ask(request);
        EXPECT_EQ(exit_of(answer), 2) << request << json::write(answer);
        EXPECT_FALSE(answer["error"]["message"].text().empty()) << request;
        EXPECT_TRUE(answer["result"].is_null()) << request;
    }
    EXPECT_EQ(*daemon.sim.engine().store().trail_size(), *before) << "nothing has happened";
    const json::Value applied = daemon.ask(R"({"command":"apply"})");
    EXPECT_NE(exit_of(applied), 0) << "no plan was shown";
}

TEST(Handler, AnOrderSaysWhyNotAllOfItIsDoneNow) {
    Daemon daemon;
    const auto order = [&](const char* args) {
        return daemon.ask(std::string(R"({"command":"depart","args":)") + args + "}");
    };
    const json::Value done = order(R"({"user":"p1","reason":"x"})");
    EXPECT_EQ(exit_of(done), 0) << json::write(done);
    EXPECT_TRUE(done["result"]["waits"].array()->empty());
    EXPECT_EQ(exit_of(daemon.ask(R"({"command":"pause","args":{"reason":"x","all":true}})")), 0);
    const json::Value waits = order(R"({"user":"p2","reason":"x"})");
    EXPECT_EQ(exit_of(waits), 1);
    ASSERT_EQ(waits["result"]["waits"].array()->size(), 1U) << json::write(waits);
    EXPECT_TRUE(waits["result"]["waits"].array()->front().text().starts_with("everything is paused"));
    EXPECT_EQ(exit_of(order(R"({"user":"p2","reason":"x","take_back":true})")), 0);
}

TEST(Handler, FindsNobodyWithoutAName) {
    Daemon daemon([](sim::Simulation& sim) { sim.directory.content.people.at("p1").login = ""; });
    EXPECT_EQ(exit_of(daemon.ask(R"({"command":"depart","args":{"reason":"x"}})")), 2)
        << "an account whose login is hidden is not meant";
}

TEST(Handler, AnswersWhatOnlyReads) {
    Daemon daemon;
    for (const char* command : {"status", "holds", "audit.list"}) {
        json::Value request;
        request.set("command", command);
        EXPECT_TRUE(Handler::reads_only(request)) << command;
        const json::Value answer = daemon.ask(json::write(request));
        EXPECT_EQ(exit_of(answer), 0) << json::write(answer);
        EXPECT_NE(answer["result"].object(), nullptr) << command;
    }
    for (const char* command : {"apply", "pause", "resume", "depart", "approve", "reject"}) {
        json::Value request;
        request.set("command", command);
        EXPECT_FALSE(Handler::reads_only(request)) << command;
    }
}

TEST(Handler, APlanPutsNoCanaryInForce) {
    Daemon daemon;
    const std::string text =
        "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
        "rooms: {x: {name: X, members: {attribute: office, is: Berlin}}}\n"
        "guards: {canaries: [p1]}\n";
    json::Value args;
    args.set("files", files_json({{"canary.yaml", text}}));
    const json::Value answer = daemon.ask("plan", std::move(args));
    EXPECT_TRUE(answer.is_null()) << "it waits for the attribute: " << json::write(answer);
    EXPECT_TRUE(daemon.sim.directory.canaries.empty());
}

// `init --exclude` leaves administrators out of the mask: they are invited, and must accept themselves.
TEST(Handler, StatusShowsWhoeverCannotBeJoinedAsInvited) {
    const std::string admin = sim::Simulation::id_of("p1");
    Daemon daemon([&](sim::Simulation& sim) {
        sim.homeserver.add_account(admin);
        sim.without_account.erase("p1");
        sim.homeserver.not_covered.insert(admin);
        sim.rules = {{.key = "all", .members = "employees"}};
    });
    const json::Value status = daemon.ask(R"({"command":"status"})")["result"];
    EXPECT_EQ(status["failures"].array()->size(), 0U) << json::write(status["failures"]);
    ASSERT_EQ(status["invited"].array()->size(), 1U);
    EXPECT_EQ((*status["invited"].array())[0]["action"].text(), "add all " + admin);
    EXPECT_EQ(status["must_accept"]["count"].integer_or(-1), 0) << "named once";
}

TEST(Handler, StatusSaysThatSessionsAreAnotherServices) {
    Daemon daemon;
    const auto text = [&daemon] {
        return daemon.ask(R"({"command":"status"})")["result"]["homeserver"]["sign_in_text"].text();
    };
    EXPECT_EQ(text(), "");
    // The homeserver was configured anew, and restarted.
    daemon.sim.homeserver.sign_in_elsewhere = true;
    daemon.sim.homeserver.down = true;
    daemon.sim.directory.disable("p1", true);
    daemon.sim.run_for(std::chrono::seconds{20});
    daemon.sim.homeserver.down = false;
    daemon.sim.run_for(std::chrono::minutes{1});
    EXPECT_TRUE(text().starts_with("people sign in by another service than the homeserver")) << text();
    daemon.sim.restart();
    daemon.sim.run_for(std::chrono::minutes{1});
    EXPECT_NE(text(), "");
}

std::string messages(const json::Value& diagnostics) {
    std::string out;
    for (const json::Value& one : *diagnostics.array())
        out += one["at"].text() + " " + one["message"].text() + "\n";
    return out;
}

// The files of a policy, and what the daemon says of them once it has looked at all ways.
class Looking : public testing::Test {
  protected:
    json::Value look(const std::string& command, json::Value args = {}) {
        Answer answer;
        json::Value request;
        args.set("files", files_json({{"company.yaml", text_}}));
        request.set("command", command);
        request.set("args", std::move(args));
        const Prepared prepared = daemon_.handler.prepare(std::move(request), own_caller());
        for (int tries = 0; tries < 60 && !answer; ++tries) {
            static_cast<void>(daemon_.sim.command(
                [&](engine::Engine& engine) { answer = daemon_.handler.handle(engine, prepared); }));
            daemon_.sim.run_for(std::chrono::seconds{1});
        }
        EXPECT_TRUE(answer) << command;
        return answer ? *answer : json::Value{};
    }
    // What was not seen, of `check`.
    std::string unseen() {
        const json::Value answer = look("check");
        std::string out;
        for (const json::Value& one : *answer["result"]["seen"].array())
            if (!one["ok"].boolean_or(true)) out += one["what"].text() + " ";
        EXPECT_EQ(exit_of(answer), out.empty() ? 0 : 1) << json::write(answer);
        return out;
    }
    // What `plan` and `audit leavers` say that they do not see, of one kind; both end with 1 for it.
    void expect_unseen(const std::string& beginning, const std::string& part) {
        for (const char* command : {"plan", "audit.leavers"}) {
            const json::Value answer = look(command);
            const json::Array& said = *answer["result"]["unseen"].array();
            ASSERT_EQ(said.size(), 1U) << command << json::write(answer["result"]["unseen"]);
            EXPECT_TRUE(said.front().text().starts_with(beginning)) << command << said.front().text();
            EXPECT_NE(said.front().text().find(part), std::string::npos) << command << said.front().text();
        }
        EXPECT_EQ(exit_of(look("audit.leavers")), 1);
    }
    void put_in_force() {
        json::Value args;
        args.set("plan", look("plan")["result"]["hash"].text());
        args.set("reason", "a room");
        EXPECT_NE(exit_of(look("apply", args)), 1);
        daemon_.sim.run_for(std::chrono::minutes{5});
    }
    void directory_says(policy::DirectoryHealth health) {
        policy::DirectoryStatus status;
        status.directory = "corp";
        status.health = health;
        status.current = health == policy::DirectoryHealth::up;
        daemon_.sim.directory.deliver(engine::Message(status));
        daemon_.sim.run_for(std::chrono::seconds{1});
    }
    Daemon daemon_;
    std::string text_ =
        "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
        "rooms:\n"
        "  x: {name: X, members: {group: Staff}, owners: {user: p1}}\n";
};

TEST_F(Looking, EachLineTurnsRedWhenOnlyThatIsBroken) {
    sim::FakeHomeserver& homeserver = daemon_.sim.homeserver;
    EXPECT_EQ(unseen(), "");
    daemon_.sim.run_for(std::chrono::seconds{11});
    homeserver.reaches_us = false;
    EXPECT_EQ(unseen(), "events ");
    homeserver.reaches_us = true;
    daemon_.sim.run_for(std::chrono::seconds{11});
    homeserver.knows_mask = false;
    EXPECT_EQ(unseen(), "mask registration ");
    homeserver.knows_mask = true;
    daemon_.sim.run_for(std::chrono::minutes{2});
    homeserver.down = true;
    EXPECT_EQ(unseen(), "homeserver mask registration events ") << "of these two that they were not tried";
    homeserver.down = false;
    daemon_.sim.run_for(std::chrono::minutes{2});
    directory_says(policy::DirectoryHealth::unreachable);
    EXPECT_EQ(unseen(), "directory ");
    directory_says(policy::DirectoryHealth::up);
    EXPECT_EQ(unseen(), "");
}

// Nothing ends by a date that is not known: not only `status` says so.
TEST_F(Looking, AClockThatWasSetIsNotSeenToBeRight) {
    put_in_force();
    EXPECT_EQ(unseen(), "");
    daemon_.sim.agenda.wrong_by += std::chrono::hours{24 * 90};
    daemon_.sim.run_for(std::chrono::seconds{1});
    EXPECT_NE(look("status")["result"]["clock"]["text"].text(), "");
    EXPECT_EQ(unseen(), "clock ");
    expect_unseen("clock: ", "it was set while Rollcall ran");
    daemon_.sim.agenda.wrong_by = {};
    daemon_.sim.run_for(std::chrono::seconds{1});
    EXPECT_EQ(unseen(), "");
}

// What was seen some seconds ago says nothing to whoever has just been given no answer.
TEST_F(Looking, WhoeverGotNoAnswerOfTheHomeserverHasItAskedAnew) {
    EXPECT_EQ(unseen(), "");
    daemon_.sim.homeserver.down = true;
    json::Value anew;
    anew.set("anew", true);
    const json::Value answer = look("check", std::move(anew));
    EXPECT_EQ(exit_of(answer), 1);
    const json::Value& first = answer["result"]["seen"].array()->front();
    EXPECT_EQ(first["what"].text(), "homeserver");
    EXPECT_FALSE(first["ok"].boolean_or(true)) << json::write(answer);
    EXPECT_EQ(look("status")["result"]["homeserver"]["health"].text(), "down");
}

// A failure of before is asked anew, and where it is not, it says when it was seen.
TEST_F(Looking, WhatIsMendedIsGreenForWhoeverAsksNext) {
    sim::FakeHomeserver& homeserver = daemon_.sim.homeserver;
    homeserver.down = true;
    daemon_.sim.run_for(std::chrono::minutes{5});
    EXPECT_EQ(unseen(), "homeserver mask registration events ");
    daemon_.sim.run_for(std::chrono::seconds{3});
    homeserver.down = false;
    EXPECT_EQ(unseen(), "");
    daemon_.sim.run_for(std::chrono::seconds{11});
    homeserver.knows_mask = false;
    EXPECT_EQ(unseen(), "mask registration ");
    daemon_.sim.run_for(std::chrono::seconds{3});
    homeserver.knows_mask = true;
    EXPECT_EQ(look("plan")["result"]["unseen"].array()->size(), 0U);
    directory_says(policy::DirectoryHealth::unreachable);
    daemon_.sim.run_for(std::chrono::seconds{10});
    daemon_.sim.directory.on_try = [this] {
        policy::DirectoryStatus status;
        status.current = true;
        daemon_.sim.directory.deliver(engine::Message(status));
        return true;
    };
    EXPECT_EQ(unseen(), "");
    directory_says(policy::DirectoryHealth::wrong_credentials);
    daemon_.sim.run_for(std::chrono::minutes{1});
    daemon_.sim.directory.on_try = nullptr;
    const std::string said = json::write(look("plan")["result"]["unseen"]);
    EXPECT_NE(said.find(", seen last at "), std::string::npos) << said;
}

TEST_F(Looking, APlanDuringAnOutageSaysWhatItDoesNotKnow) {
    EXPECT_EQ(look("plan")["result"]["unseen"].array()->size(), 0U);
    daemon_.sim.run_for(std::chrono::seconds{11});
    daemon_.sim.homeserver.down = true;
    const json::Value during = look("plan")["result"]["unseen"];
    ASSERT_EQ(during.array()->size(), 1U);
    EXPECT_TRUE((*during.array())[0].text().starts_with("homeserver: ")) << json::write(during);
    daemon_.sim.homeserver.down = false;
    daemon_.sim.run_for(std::chrono::minutes{2});
    directory_says(policy::DirectoryHealth::wrong_credentials);
    const json::Value after = look("plan")["result"]["unseen"];
    EXPECT_TRUE((*after.array())[0].text().starts_with("directory: ")) << json::write(after);
}

// That the directory has not spoken yet is nothing wrong with it.
TEST_F(Looking, SoonAfterAStartWhatTheDirectorySaysNowIsWaitedFor) {
    for (const char* command : {"plan", "check"}) {
        daemon_.sim.stop();
        daemon_.sim.directory.latency = std::chrono::seconds{20};
        daemon_.sim.start();
        const json::Value answer = look(command);
        EXPECT_EQ(json::write(answer).find("what it says now is not known yet"), std::string::npos)
            << json::write(answer);
    }
}

TEST_F(Looking, ADirectoryThatTakesRequestsAndSaysNothingIsNotUp) {
    const auto now = [this] { return daemon_.sim.engine().world().tick; };
    daemon_.sim.directory.answered = now() - std::chrono::seconds{20};
    EXPECT_EQ(unseen(), "");
    daemon_.sim.directory.answered = now() - std::chrono::minutes{1};
    EXPECT_EQ(unseen(), "directory ");
}

TEST_F(Looking, ADirectoryThatHasNeverAnsweredIsNotUp) {
    daemon_.sim.stop();
    daemon_.sim.directory.latency = std::chrono::minutes{10};
    daemon_.sim.start();
    EXPECT_EQ(look("status")["result"]["directory"]["health"].text(), "not heard yet");
    EXPECT_EQ(unseen(), "directory ") << "and that is said while somebody waits for it";
    daemon_.sim.run_for(std::chrono::minutes{20});
    EXPECT_EQ(look("status")["result"]["directory"]["health"].text(), "up");
    EXPECT_EQ(unseen(), "");
}

// A line for each way, for somebody who looks whether all is well before anything depends on it.
TEST_F(Looking, CheckHasALineForWhatWasNotTriedToo) {
    daemon_.sim.homeserver.down = true;
    daemon_.sim.run_for(std::chrono::minutes{1});
    const json::Value answer = look("check");
    std::string said;
    for (const json::Value& one : *answer["result"]["seen"].array())
        said += one["what"].text() + ": " + one["text"].text() + "\n";
    for (const char* way :
         {"homeserver: ", "mask registration: not tried", "events: not tried", "directory: "})
        EXPECT_NE(said.find(way), std::string::npos) << way << said;
    EXPECT_EQ(exit_of(answer), 1);
    // Where somebody asks for something else, one cause is one line.
    EXPECT_EQ(json::write(look("plan")).find("not tried"), std::string::npos);
}

TEST_F(Looking, WhatWasSeenOfAHomeserverThatHangsIsNotSeenNow) {
    EXPECT_EQ(unseen(), "");
    daemon_.sim.homeserver.latency = std::chrono::minutes{10};
    daemon_.sim.run_for(std::chrono::seconds{20});
    EXPECT_EQ(unseen(), "homeserver mask registration events ");
}

TEST_F(Looking, WhileTheHomeserverHangsNeitherLeaversNorThePlanAreAllOfIt) {
    put_in_force();
    EXPECT_EQ(exit_of(look("audit.leavers")), 0);
    EXPECT_EQ(look("plan")["result"]["unseen"].array()->size(), 0U);
    daemon_.sim.homeserver.latency = std::chrono::minutes{10};
    daemon_.sim.directory.disable("p2", true);
    daemon_.sim.run_for(std::chrono::seconds{6});
    expect_unseen("requests: ", "for the homeserver's answer, the longest for ");
}

TEST(Handler, WhoIsAskedForByTheNameOfTheirEntryIsNamedByTheirLogin) {
    Daemon daemon([](sim::Simulation& sim) {
        sim.directory.content.people.at("p1").dn = "CN=Smith\\, Ann,OU=People,DC=corp,DC=example";
        sim.directory.content.people.at("p2").dn = "CN=Smith\\, Annabel,OU=People,DC=corp,DC=example";
    });
    const auto hint = [&](const char* name) {
        json::Value args;
        args.set("user", name);
        return daemon.ask("why", std::move(args))["error"]["hint"].text();
    };
    EXPECT_EQ(hint("smith, ann"),
              "give a login name, a Matrix ID, guid:… or a distinguished name; so called: p1");
    EXPECT_EQ(hint("smith"), "give a login name, a Matrix ID, guid:… or a distinguished name");
}

TEST_F(Looking, CheckSaysWhetherTheAdminRoomIsThere) {
    daemon_.sim.stop();
    daemon_.sim.settings.admin_room = "#it:corp.example";
    daemon_.sim.start();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "admin room ");
    sim::FakeHomeserver& homeserver = daemon_.sim.homeserver;
    const std::string p1 = sim::Simulation::id_of("p1"), room = homeserver.make_room(p1, "IT");
    homeserver.aliases["#it:corp.example"] = room;
    ASSERT_TRUE(homeserver.invite(room, p1, sim::kBot));
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "admin room ") << "it is not known to be the admins'";
    const std::string text = look("status")["result"]["admin_room_text"].text();
    EXPECT_NE(text.find(room + ", which " + p1 + " made"), std::string::npos) << text;
    daemon_.sim.stop();
    daemon_.sim.settings.admin_room = room;
    daemon_.sim.start();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "");
    EXPECT_EQ(look("status")["result"]["admin_room_text"].text(), "");
    // By its ID a room of the policy may be the admins' too, and it is said who reads there then.
    daemon_.sim.stop();
    daemon_.sim.settings.admin_room = daemon_.sim.room_id("room0");
    daemon_.sim.start();
    daemon_.sim.run_for(std::chrono::minutes{1});
    const json::Value answer = look("check");
    std::string line;
    for (const json::Value& one : *answer["result"]["seen"].array())
        if (one["what"].text() == "admin room") line = one["text"].text();
    EXPECT_NE(line.find("which is #room0 of the policy: whoever that lets in reads what the admins are told"),
              std::string::npos)
        << line;
}

// Whose room it is can be said once there is a policy. That there is none can be said before.
TEST_F(Looking, BeforeAPolicyTheAdminRoomIsNoFaultUnlessThereIsNone) {
    sim::FakeHomeserver& homeserver = daemon_.sim.homeserver;
    const std::string p1 = sim::Simulation::id_of("p1"), room = homeserver.make_room(p1, "IT");
    for (const std::string& named : {std::string("#it:corp.example"), room}) {
        daemon_.sim.stop();
        daemon_.sim.memory = sim::MemoryStore();
        daemon_.sim.settings.admin_room = named;
        homeserver.aliases.erase("#it:corp.example");
        daemon_.sim.start();
        daemon_.sim.run_for(std::chrono::minutes{1});
        ASSERT_FALSE(daemon_.sim.engine().policy());
        EXPECT_EQ(unseen(), named == room ? "" : "admin room ") << "an address that leads nowhere";
        homeserver.aliases["#it:corp.example"] = room;
        daemon_.sim.run_for(std::chrono::seconds{11});
        EXPECT_EQ(unseen(), "");
        daemon_.sim.run_for(std::chrono::seconds{11});
        homeserver.down = true;
        EXPECT_EQ(unseen(), "homeserver mask registration events ");
        homeserver.down = false;
    }
}

// A room of the admins that the bot is in.
class LookingAtAdmins : public Looking {
  protected:
    LookingAtAdmins() {
        room_ = homeserver().make_room(p1_, "IT");
        EXPECT_TRUE(homeserver().invite(room_, p1_, sim::kBot));
        daemon_.sim.stop();
        daemon_.sim.settings.admin_room = room_;
        daemon_.sim.start();
        daemon_.sim.run_for(std::chrono::minutes{1});
        EXPECT_EQ(unseen(), "");
        daemon_.sim.run_for(std::chrono::minutes{1});
    }
    [[nodiscard]] sim::FakeHomeserver& homeserver() { return daemon_.sim.homeserver; }
    std::string told() { return look("status")["result"]["admin_room_text"].text(); }
    std::string line() {
        const json::Value answer = look("check");
        for (const json::Value& one : *answer["result"]["seen"].array())
            if (one["what"].text() == "admin room") return one["text"].text();
        return {};
    }
    const std::string p1_ = sim::Simulation::id_of("p1");
    std::string room_;
};

// Nothing fails by it: it is looked at, and the admins hear of it without asking.
TEST_F(LookingAtAdmins, ADatabaseThatIsNotUnderItsNameIsRed) {
    const auto told_of_it = [this](const char* part) {
        std::size_t found = 0;
        for (const auto& [marker, text] : homeserver().rooms[room_].messages)
            found += text.find(part) != std::string::npos ? 1U : 0U;
        return found;
    };
    daemon_.sim.memory.misplaced_text = "rollcall.db is not there any more";
    EXPECT_EQ(unseen(), "store ");
    EXPECT_EQ(look("status")["result"]["store_text"].text(), "rollcall.db is not there any more");
    const json::Value plan = look("plan");
    EXPECT_EQ(plan["result"]["unseen"].array()->size(), 1U);
    daemon_.sim.run_for(std::chrono::minutes{2});
    EXPECT_EQ(told_of_it("The database: rollcall.db is not there any more"), 1U);
    daemon_.sim.memory.misplaced_text = "";
    daemon_.sim.run_for(std::chrono::minutes{2});
    EXPECT_EQ(unseen(), "");
    EXPECT_EQ(told_of_it("The database is the one that Rollcall writes again"), 1U);
}

TEST_F(LookingAtAdmins, TheBotIsNotSaidToWriteWhereItWasPutOut) {
    homeserver().put_bot_out(room_);
    daemon_.sim.run_for(std::chrono::seconds{2});
    EXPECT_TRUE(told().starts_with("the bot, @rollcall:corp.example, is not in " + room_)) << told();
    EXPECT_EQ(unseen(), "admin room ");
    ASSERT_TRUE(homeserver().invite(room_, p1_, sim::kBot));
    daemon_.sim.run_for(std::chrono::minutes{2});
    EXPECT_EQ(told(), "");
    EXPECT_EQ(unseen(), "");
}

// Nothing told of it, and nothing is to be written there: it is asked.
TEST_F(LookingAtAdmins, ThatTheBotWasPutOutUntoldIsFoundByWhoeverLooks) {
    homeserver().put_bot_out(room_, false);
    daemon_.sim.restart();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(told(), "") << "nobody knows";
    EXPECT_EQ(unseen(), "admin room ");
    EXPECT_NE(told(), "");
}

TEST_F(LookingAtAdmins, WhereTheHomeserverIsAwayNothingIsSaidToBeWritten) {
    homeserver().down = true;
    EXPECT_EQ(unseen(), "homeserver mask registration events admin room ");
    EXPECT_EQ(line(), "not tried: the homeserver cannot be used");
}

// That the homeserver answered is believed for ten seconds, where an address leads for two.
TEST_F(Looking, AHomeserverThatHasJustStoppedIsNotGreenBesideAnAdminRoomThatCouldNotBeAsked) {
    sim::FakeHomeserver& homeserver = daemon_.sim.homeserver;
    const std::string p1 = sim::Simulation::id_of("p1"), room = homeserver.make_room(p1, "IT");
    homeserver.aliases["#it:corp.example"] = room;
    ASSERT_TRUE(homeserver.invite(room, p1, sim::kBot));
    daemon_.sim.stop();
    daemon_.sim.settings.admin_room = "#it:corp.example";
    daemon_.sim.start();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "admin room ") << "p1 is not named under protected";
    daemon_.sim.run_for(std::chrono::seconds{3});
    homeserver.down = true;
    EXPECT_EQ(unseen(), "homeserver mask registration events admin room ");
    homeserver.down = false;
    daemon_.sim.run_for(std::chrono::minutes{2});
    EXPECT_EQ(unseen(), "admin room ");
    daemon_.sim.run_for(std::chrono::seconds{3});
    int unanswered = 1;
    homeserver.answer_instead = [&](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::find_alias || unanswered-- <= 0) return std::nullopt;
        engine::CallResult none;
        none.outcome = engine::CallOutcome::unreachable;
        none.text = "connection refused";
        return none;
    };
    const json::Value answer = look("check");
    EXPECT_EQ(json::write(answer).find("could not be seen"), std::string::npos)
        << "it is asked once more: " << json::write(answer);
}

TEST_F(LookingAtAdmins, WhatWasRefusedThereIsOneLineWhoeverIsAsked) {
    homeserver().answer_instead = [](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::send_notice) return std::nullopt;
        engine::CallResult refused;
        refused.outcome = engine::CallOutcome::refused;
        refused.text = "M_FORBIDDEN: You don't have permission to post that to the room";
        return refused;
    };
    const std::string crew = daemon_.sim.room_id(daemon_.sim.rules.front().key);
    homeserver().put_bot_out(crew);  // is to be told
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_TRUE(told().starts_with("what is to be told in " + room_ + " is refused: M_FORBIDDEN")) << told();
    EXPECT_EQ(look("status")["result"]["failures"].array()->size(), 0U);
    EXPECT_EQ(line(), "the admins are told nothing: " + told());
    homeserver().answer_instead = nullptr;
    daemon_.sim.run_for(std::chrono::minutes{20});
    EXPECT_EQ(told(), "");
}

TEST_F(LookingAtAdmins, ALostRoomIsToldInTheWordsOfStatus) {
    homeserver().put_bot_out(daemon_.sim.room_id(daemon_.sim.rules.front().key));
    daemon_.sim.run_for(std::chrono::minutes{2});
    const json::Value status = look("status")["result"];
    ASSERT_EQ(status["room_trouble"].array()->size(), 1U) << json::write(status["room_trouble"]);
    const std::string said = (*status["room_trouble"].array())[0].text();
    EXPECT_NE(said.find("make the room anew"), std::string::npos) << said;
    ASSERT_EQ(homeserver().rooms[room_].messages.size(), 1U);
    EXPECT_EQ(homeserver().rooms[room_].messages[0].second, "T" + said.substr(1) + ".");
}

TEST_F(LookingAtAdmins, ABarredBotWritesNothing) {
    homeserver().answer_instead = [](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::put_member) return std::nullopt;
        engine::CallResult refused;
        refused.outcome = engine::CallOutcome::refused;
        refused.text = "M_USER_SUSPENDED: Sending invites while account is suspended is not allowed.";
        return refused;
    };
    daemon_.sim.directory.hire("q1", {"Staff", daemon_.sim.rules.front().members});
    homeserver().add_account(sim::Simulation::id_of("q1"));
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "bot admin room ");
    EXPECT_EQ(line(), "not tried: the bot's account is barred");
    const json::Value status = look("status")["result"];
    const std::string text = status["bot_text"].text();
    EXPECT_NE(text.find("M_USER_SUSPENDED"), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with("Have that undone; `rollcall check --online` has it tried again")) << text;
    ASSERT_GT(status["failures"].array()->size(), 0U);
    EXPECT_TRUE(status["failures"].array()->front()["barred"].boolean_or(false));
}

// A plan that nobody carries out, and ways that nobody uses.
TEST_F(Looking, WhatIsPausedIsSaidToWhoeverPlansOrChecks) {
    put_in_force();
    EXPECT_EQ(unseen(), "");
    EXPECT_EQ(look("plan")["result"]["pause_text"].text(), "");
    EXPECT_EQ(exit_of(daemon_.ask(R"({"command":"pause","args":{"reason":"a move"}})")), 0);
    EXPECT_EQ(unseen(), "pause ");
    const std::string text = look("plan")["result"]["pause_text"].text();
    EXPECT_TRUE(text.starts_with("nothing but departures is carried out until `rollcall resume`: a move"))
        << text;
    EXPECT_EQ(exit_of(daemon_.ask(R"({"command":"pause","args":{"reason":"a move","all":true}})")), 0);
    EXPECT_TRUE(look("plan")["result"]["pause_text"].text().starts_with("nothing, no departure either, is"));
    EXPECT_EQ(exit_of(daemon_.ask(R"({"command":"resume","args":{"reason":"done"}})")), 0);
    EXPECT_EQ(unseen(), "");
}

// Who is in a group that cannot be read is unknown, and not nobody.
TEST_F(Looking, ARoomOfAGroupThatCannotBeReadDoesNotMatchNobody) {
    daemon_.sim.directory.content.group("Ghost");
    daemon_.sim.restart();
    daemon_.sim.run_for(std::chrono::minutes{1});
    text_ =
        "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
        "rooms:\n"
        "  x: {name: X, members: {group: Ghost}, owners: {user: p2}}\n";
    const auto matching_nobody = [this] { return json::write(look("check")["result"]["unreachable"]); };
    EXPECT_EQ(matching_nobody(), R"(["x"])");
    daemon_.sim.directory.hide_members("Ghost", true);
    daemon_.sim.restart();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(matching_nobody(), "[]");
    EXPECT_EQ(unseen(), "groups ");
}

TEST_F(Looking, StatusKnowsWhatTheDirectorysOwnLineSaysAlready) {
    using About = policy::DirectoryRemark::About;
    policy::DirectoryStatus hides;
    hides.health = policy::DirectoryHealth::up;
    hides.text = "deletions cannot be seen";
    const policy::DirectoryRemark groups{About::groups, "`member` of 1 of 9 groups cannot be read"},
        people{About::people, "the state of 1 of 9 people cannot be read"};
    for (const std::vector<policy::DirectoryRemark>& remarks :
         {std::vector{groups}, {people}, {groups, people}, {}}) {
        hides.remarks = remarks;
        daemon_.sim.directory.deliver(engine::Message(hides));
        daemon_.sim.run_for(std::chrono::seconds{1});
        const json::Value said = look("status")["result"]["directory"];
        EXPECT_EQ(said["text"].text(), hides.sentence());
        for (const auto& [name, remark] : {std::pair{"groups", groups}, {"people", people}}) {
            const bool told = std::find(remarks.begin(), remarks.end(), remark) != remarks.end();
            EXPECT_EQ(said["text_says"][name].boolean_or(!told), told) << said["text"].text();
        }
    }
}

TEST_F(Looking, WhySaysThatItWaitsForTheMaskRegistration) {
    daemon_.sim.homeserver.knows_mask = false;
    daemon_.sim.run_for(std::chrono::minutes{10});
    daemon_.sim.directory.hire("q1", {"Staff", daemon_.sim.rules.front().members});
    daemon_.sim.homeserver.add_account(sim::Simulation::id_of("q1"));
    daemon_.sim.run_for(std::chrono::minutes{2});
    json::Value args;
    args.set("user", "q1");
    const auto waits = [&] {
        const json::Value rooms = daemon_.ask("why", args)["result"]["rooms"];
        std::size_t out = 0;
        for (const json::Value& room : *rooms.array())
            for (const json::Value& line : *room["next"].array())
                out += line["mask"].boolean_or(false) ? 1U : 0U;
        return out;
    };
    EXPECT_GT(waits(), 0U) << json::write(daemon_.ask("why", args));
    daemon_.sim.homeserver.knows_mask = true;
    daemon_.sim.run_for(std::chrono::minutes{5});
    EXPECT_EQ(waits(), 0U);
}

TEST_F(Looking, LeaversAreNotAllWhereTheDirectoryIsAway) {
    EXPECT_EQ(exit_of(look("audit.leavers")), 0);
    directory_says(policy::DirectoryHealth::unreachable);
    const json::Value answer = look("audit.leavers");
    EXPECT_EQ(exit_of(answer), 1);
    ASSERT_EQ(answer["result"]["unseen"].array()->size(), 1U) << json::write(answer);
    EXPECT_TRUE(answer["result"]["unseen"].array()->front().text().starts_with("directory: "));
}

TEST_F(Looking, CheckAndPlanSayWhereTheBotIsNot) {
    EXPECT_EQ(unseen(), "");
    daemon_.sim.homeserver.put_bot_out(daemon_.sim.room_id(daemon_.sim.rules.front().key));
    daemon_.sim.run_for(std::chrono::seconds{10});
    EXPECT_EQ(unseen(), "rooms ");
    EXPECT_EQ(look("plan")["result"]["unseen"].array()->size(), 1U);
}

TEST_F(Looking, CheckAndStatusMissAMaskRegistrationThatIsGone) {
    EXPECT_EQ(unseen(), "");
    daemon_.sim.stop();
    daemon_.sim.settings.abilities.mask = false;
    daemon_.sim.start();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "mask registration ");
    const json::Value status = daemon_.ask(R"({"command":"status"})")["result"];
    EXPECT_TRUE(
        status["homeserver"]["mask_text"].text().starts_with("registrations/rollcall-mask.yaml was there"));
    daemon_.sim.apply();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "");
}

TEST_F(Looking, CheckSaysWhoseSessionsCannotBeEnded) {
    put_in_force();
    daemon_.sim.homeserver.not_covered.insert("@p3:corp.example");
    daemon_.sim.directory.disable("p3", true);
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "people ");
    const json::Value answer = look("check");
    EXPECT_EQ(exit_of(answer), 1);
    EXPECT_NE(
        json::write(answer["result"]["seen"])
            .find("@p3:corp.example has departed, and not everything is done: sessions cannot be ended"),
        std::string::npos)
        << json::write(answer["result"]["seen"]);
}

// Refused, although our own file covers them: the homeserver has another one.
TEST_F(Looking, AHomeserverThatReadsANarrowerMaskIsRed) {
    daemon_.sim.stop();
    daemon_.sim.settings.mask_covers = [](const std::string& user) { return user == "@p3:corp.example"; };
    daemon_.sim.start();
    daemon_.sim.run_for(std::chrono::minutes{1});
    put_in_force();
    daemon_.sim.homeserver.not_covered = {"@p2:corp.example", "@p3:corp.example"};
    daemon_.sim.directory.disable("p2", true);
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "people ") << "whom our file leaves out too";
    daemon_.sim.directory.disable("p3", true);
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "mask registration people people ");
    const std::string text = look("status")["result"]["homeserver"]["mask_text"].text();
    EXPECT_TRUE(text.starts_with("the homeserver lets nobody act as @p3:corp.example, whom registrations/"))
        << text;
    daemon_.sim.homeserver.not_covered = {"@p2:corp.example"};
    daemon_.sim.run_for(std::chrono::hours{7});
    EXPECT_EQ(unseen(), "people ");
    EXPECT_EQ(look("status")["result"]["homeserver"]["mask_text"].text(), "");
}

TEST_F(Looking, CheckAndPlanSayWhoCannotBeTakenOutAndWhichRoomIsNoMore) {
    const std::string guest = "@eve:elsewhere.example";
    daemon_.sim.homeserver.room_version = "11";
    put_in_force();
    EXPECT_EQ(unseen(), "");
    policy::World& world = daemon_.sim.engine().world();
    ASSERT_TRUE(world.room_by_key.contains("x"));
    const std::string room = world.rooms[world.room_by_key.at("x").index()].id;
    policy::PowerLevels levels;
    levels.users = {{guest, 100}, {sim::kBot, 100}};
    daemon_.sim.homeserver.force_state(room, levels);
    ASSERT_TRUE(daemon_.sim.homeserver.invite(room, sim::kBot, guest));
    ASSERT_TRUE(daemon_.sim.homeserver.join(room, guest));
    daemon_.sim.run_for(std::chrono::minutes{1});
    const std::string stays = guest + " cannot be taken out of #x: has power 100, and the bot 100";
    EXPECT_EQ(unseen(), "people ");
    EXPECT_NE(json::write(look("check")["result"]["seen"]).find(stays), std::string::npos);
    const json::Value plan = look("plan")["result"];
    ASSERT_EQ(plan["stays"].array()->size(), 1U) << json::write(plan);
    EXPECT_EQ(plan["stays"].array()->front().text(), stays);
    daemon_.sim.homeserver.force_state(room, policy::TombstoneContent{"!new"});
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "rooms people ");
}

TEST_F(Looking, ThePlanSaysWhatAnOutsiderWaitsForWhoseSponsorIsHeld) {
    const std::string guest = "@friend:partner.example";
    text_ =
        "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
        "rooms:\n"
        "  x: {name: X, members: {group: Staff}, owners: {user: p2}, outsiders: approved}\n"
        "outsiders:\n"
        "  friend: {who: \"@friend:partner.example\", rooms: [x], sponsor: p1, reason: Fair, until: "
        "2030-01-01}\n"
        "guards: {grace: 0s, removals: {at_most: 1, within: 1h}}\n";
    put_in_force();
    policy::World& world = daemon_.sim.engine().world();
    ASSERT_TRUE(world.room_by_key.contains("x"));
    const std::string room = world.rooms[world.room_by_key.at("x").index()].id;
    ASSERT_TRUE(daemon_.sim.homeserver.invite(room, sim::kBot, guest));
    ASSERT_TRUE(daemon_.sim.homeserver.join(room, guest));
    daemon_.sim.run_for(std::chrono::minutes{1});
    for (const char* login : {"p1", "p3", "p4"}) daemon_.sim.directory.leave("Staff", login);
    daemon_.sim.run_for(std::chrono::minutes{1});
    const json::Value plan = look("plan")["result"];
    std::string after = "no line of them";
    for (const json::Value& of : *plan["rooms"].array())
        for (const json::Value& line : *of["lines"].array())
            if (line["user"].text() == guest) after = line["after"].text();
    EXPECT_EQ(after, "once the removal of the sponsor p1 is done, which is held (see `rollcall holds`)")
        << json::write(plan);
}

TEST_F(Looking, N4_WhatIsHeldWaitsForAnAnswerAlsoAfterItsRoomWasNotInThePolicy) {
    const std::string others =
        "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
        "guards: {grace: 0s, removals: {at_most: 1, within: 1h}, rooms: {released: 50, within: 1h}}\n"
        "rooms:\n  y: {name: Y, members: {user: p2}, owners: {user: p2}}\n";
    const std::string with = others + "  x: {name: X, members: {group: Staff}, owners: {user: p2}}\n";
    text_ = with;
    put_in_force();
    policy::World& world = daemon_.sim.engine().world();
    const std::string room = world.rooms[world.room_by_key.at("x").index()].id;
    const auto in = [&](const std::string& login) {
        return daemon_.sim.homeserver.membership(room, sim::Simulation::id_of(login)) ==
               policy::MembershipState::join;
    };
    std::vector<std::string> leavers;
    for (int i = 3; i <= 14 && leavers.size() < 3; ++i)
        if (in("p" + std::to_string(i))) leavers.push_back("p" + std::to_string(i));
    ASSERT_EQ(leavers.size(), 3U);
    const auto all_in = [&] { return std::all_of(leavers.begin(), leavers.end(), in); };
    for (const std::string& login : leavers) daemon_.sim.directory.leave("Staff", login);
    daemon_.sim.run_for(std::chrono::minutes{1});
    const auto holds = [this] { return look("holds")["result"]["holds"]; };
    ASSERT_EQ(holds().array()->size(), 1U) << json::write(holds());
    const std::string id = holds().array()->front()["id"].text();
    EXPECT_TRUE(look("plan")["result"]["holds_changed"].array()->empty());
    text_ = others;
    const json::Value without = look("plan")["result"]["holds_changed"];
    ASSERT_EQ(without.array()->size(), 1U);
    const std::string said = without.array()->front().text();
    EXPECT_TRUE(said.starts_with(id)) << said;
    EXPECT_TRUE(
        said.ends_with("all of it rests while the policy does not name #x, and waits for an approval "
                       "again when it does"))
        << said;
    put_in_force();
    EXPECT_TRUE(holds().array()->empty());
    daemon_.sim.run_for(std::chrono::hours{2});  // the guard's window has passed
    text_ = with;
    put_in_force();
    EXPECT_TRUE(all_in());
    ASSERT_EQ(holds().array()->size(), 1U) << json::write(holds());
    EXPECT_EQ(holds().array()->front()["id"].text(), id);
    for (text_ = with; text_.find("{group: Staff}") != std::string::npos;)
        text_.replace(text_.find("{group: Staff}"), 14,
                      "{any: [{group: staff}, {user: " + leavers[0] + "}]}");
    const json::Value ends = look("plan")["result"]["holds_changed"];
    ASSERT_EQ(ends.array()->size(), 1U);
    EXPECT_TRUE(ends.array()->front().text().ends_with(
        "1 of its 3 actions will not be wanted any more, and ends without an answer"))
        << ends.array()->front().text();
}

// A reviewer reads the plan: what moves nobody today stands in it too.
TEST_F(Looking, ThePlanShowsWhatThePolicyItselfChanges) {
    text_ =
        "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
        "rooms:\n"
        "  x: {name: X, members: {group: Staff}, owners: {user: p2}}\n"
        "guards: {canaries: [p4]}\n";
    put_in_force();
    EXPECT_EQ(look("plan")["result"]["policy_changes"], json::Value(json::Array{}));
    text_ =
        "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
        "protected: [\"@mallory:corp.example\"]\n"
        "rooms:\n"
        "  x: {name: X, members: {group: Staff}, owners: {user: p2}}\n"
        "guards: {removals: {at_most: 100000, within: 1h}}\n";
    const json::Value plan = look("plan")["result"];
    std::string told;
    for (const json::Value& one : *plan["policy_changes"].array())
        told += one["path"].text() + ": " + one["before"].text() + " → " + one["after"].text() +
                (one["danger"].text().empty() ? "\n" : " !\n");
    EXPECT_EQ(told,
              "protected:  → @mallory:corp.example !\n"
              "guards.removals: 25 within 1h → 100000 within 1h !\n"
              "guards.canaries: p4 →  !\n");
    EXPECT_FALSE(plan["in_force"].boolean_or(true));
}

// Where the bot is no longer in a room, `status` advises another key.
TEST_F(Looking, AKeyThatIsChangedIsQuestionedUnlessTheRoomIsToBeMadeAnew) {
    put_in_force();
    const policy::World& world = daemon_.sim.engine().world();
    const std::string room = world.rooms[world.room_by_key.at("x").index()].id;
    text_.replace(text_.find("  x: "), 5, "  y: ");
    const auto told = [this] {
        const json::Value plan = look("plan")["result"];
        std::string out;
        for (const json::Value& one : *plan["policy_changes"].array())
            out += one["path"].text() + (one["danger"].text().empty() ? "" : " !") +
                   (one["hint"].text().empty() ? "" : " " + one["hint"].text()) + "\n";
        return out;
    };
    EXPECT_EQ(
        told(),
        "rooms.x !\nrooms.y rooms.x goes: if it is the same room, write formerly: x here, or keep its key\n");
    daemon_.sim.homeserver.put_bot_out(room);
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(told(), "rooms.x !\nrooms.y\n");
}

// What says that it is the same room is no room more and none less: plan, apply, and all that is asked later.
TEST_F(Looking, AKeyThatIsChangedIsARenameWhereThePolicySaysSo) {
    put_in_force();
    const policy::World& world = daemon_.sim.engine().world();
    const RoomId id = world.room_by_key.at("x");
    const std::string room = world.rooms[id.index()].id;
    const std::int64_t managed = look("status")["result"]["rooms"]["managed"].integer_or(0);
    text_.replace(text_.find("  x: {"), 6, "  y: {formerly: [x], ");
    const json::Value plan = look("plan")["result"];
    std::string told;
    for (const json::Value& one : *plan["policy_changes"].array())
        told += one["path"].text() + ": " + one["before"].text() + " → " + one["after"].text() + " " +
                one["renamed_from"].text() + (one["danger"].text().empty() ? "\n" : " !\n");
    EXPECT_EQ(told, "rooms.y: rooms.x → rooms.y x\nrooms.y.alias: x → y \n") << json::write(plan);
    EXPECT_EQ(plan["counts"]["claim_alias"].integer_or(0), 1);
    EXPECT_EQ(plan["counts"].object()->size(), 2U) << json::write(plan["counts"]);
    EXPECT_EQ(plan["counts"]["release"].integer_or(0), 5) << "those of the policy before, which are held";
    for (const json::Value& one : *plan["rooms"].array()) {
        EXPECT_NE(one["key"].text(), "x");
        EXPECT_TRUE(one["exists"].boolean_or(false)) << one["key"].text();
    }
    put_in_force();
    EXPECT_EQ(world.room_by_key.at("y"), id);
    EXPECT_EQ(world.rooms[id.index()].id, room);
    EXPECT_EQ(look("plan")["result"]["policy_changes"], json::Value(json::Array{}));
    EXPECT_EQ(unseen(), "");
    EXPECT_EQ(look("status")["result"]["rooms"]["managed"].integer_or(0), managed);
    for (const char* key : {"y", "x", "#x:corp.example"}) {
        json::Value args;
        args.set("user", "p1");
        args.set("room", key);
        const json::Value why = look("why", args)["result"];
        ASSERT_EQ(why["rooms"].array()->size(), 1U) << key << json::write(why);
        EXPECT_EQ(why["rooms"].array()->front()["key"].text(), "y");
    }
}

// Whoever was approved for it is approved for it still, and nobody is asked to approve them anew.
TEST_F(Looking, AnApprovalGoesOnWithTheRoomThatIsRenamed) {
    const std::string eve = "@eve:partner.example";
    const auto write = [this](const std::string& key, const std::string& formerly) {
        text_ =
            "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: {group: Staff}}\n"
            "rooms:\n  " +
            key + ": {" + formerly +
            "name: X, members: {group: Staff}, owners: {user: p1}, outsiders: approved}\n"
            "outsiders:\n"
            "  eve: {who: \"@eve:partner.example\", rooms: [" +
            key + "], sponsor: p1, reason: Contract, until: 2099-01-01}\n";
    };
    write("x", "");
    put_in_force();
    const policy::World& world = daemon_.sim.engine().world();
    const std::string room = world.rooms[world.room_by_key.at("x").index()].id;
    ASSERT_TRUE(daemon_.sim.homeserver.invite(room, sim::Simulation::id_of("p1"), eve));
    ASSERT_TRUE(daemon_.sim.homeserver.join(room, eve));
    daemon_.sim.run_for(std::chrono::minutes{1});
    write("y", "formerly: x, ");
    const json::Value plan = look("plan")["result"];
    EXPECT_EQ(plan["policy_changes"].array()->size(), 2U)
        << "the key and its address: " << json::write(plan["policy_changes"]);
    put_in_force();
    EXPECT_EQ(daemon_.sim.homeserver.membership(room, eve), policy::MembershipState::join);
    json::Value args;
    args.set("room", "x");
    const json::Value access = look("audit.access", args)["result"];
    bool found = false;
    for (const json::Value& person : *access["people"].array())
        if (person["user"].text() == eve) {
            found = true;
            EXPECT_EQ(person["stays"].array()->back()["approval"]["rule_path"].text(), "outsiders.eve")
                << json::write(person);
        }
    EXPECT_TRUE(found) << json::write(access);
    for (const auto& [action, count] : {std::pair{"approve outsider", 1}, {"end approval", 0}}) {
        json::Value list;
        list.set("action", action);
        std::size_t of_eve = 0;
        const json::Value listed = look("audit.list", list)["result"];
        for (const json::Value& entry : *listed["entries"].array())
            of_eve += entry["rule_path"].text() == "outsiders.eve" ? 1U : 0U;
        EXPECT_EQ(of_eve, static_cast<std::size_t>(count)) << action;
    }
}

TEST_F(Looking, WhileARoomIsBeingMadeItBecomesNoOther) {
    put_in_force();
    text_ += "  y: {name: Y, members: {group: Staff}, owners: {user: p1}}\n";
    daemon_.sim.homeserver.answer_instead =
        [](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::create_room && call.kind != engine::CallKind::find_created)
            return std::nullopt;
        engine::CallResult lost;
        lost.outcome = engine::CallOutcome::torn;
        lost.text = "no answer";
        return lost;
    };
    json::Value args;
    args.set("plan", look("plan")["result"]["hash"].text());
    args.set("reason", "a room");
    (void)look("apply", args);
    text_ = text_.substr(0, text_.find("  x: {"));
    text_ += "  y: {formerly: x, name: X, members: {group: Staff}, owners: {user: p1}}\n";
    const json::Value refused = look("plan");
    EXPECT_EQ(exit_of(refused), 1) << json::write(refused);
    EXPECT_NE(json::write(refused).find("is being made at this moment"), std::string::npos)
        << json::write(refused);
    daemon_.sim.homeserver.answer_instead = nullptr;
    daemon_.sim.run_for(std::chrono::minutes{10});
    EXPECT_NE(exit_of(look("plan")), 1) << "it is made, and formerly is a note about the past";
}

// As Synapse does with a suspended account: it may kick, and may invite nobody.
TEST_F(Looking, CheckSaysThatTheBotsAccountIsBarred) {
    sim::FakeHomeserver& homeserver = daemon_.sim.homeserver;
    homeserver.answer_instead = [](const engine::Call& call) -> std::optional<engine::CallResult> {
        const bool invitation = call.kind == engine::CallKind::put_member && call.as_user.empty() &&
                                call.membership == policy::MembershipState::invite;
        if (!invitation) return std::nullopt;
        engine::CallResult refused;
        refused.outcome = engine::CallOutcome::refused;
        refused.text = "M_USER_SUSPENDED: Sending invites while account is suspended is not allowed.";
        return refused;
    };
    EXPECT_EQ(unseen(), "") << "nothing was refused yet";
    daemon_.sim.directory.hire("q1", {"Staff", daemon_.sim.rules.front().members});
    homeserver.add_account(sim::Simulation::id_of("q1"));
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "bot ");
    daemon_.sim.restart();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "bot ") << "known from before";
    homeserver.answer_instead = nullptr;
    daemon_.sim.run_for(std::chrono::seconds{5});
    EXPECT_EQ(unseen(), "") << "tried because somebody asks";
    daemon_.sim.run_for(std::chrono::minutes{20});
    EXPECT_EQ(unseen(), "");
}

// The way is tried, and the line says what was seen to come again.
TEST_F(Looking, EventsThatWereSwallowedAreSeenToComeAgainByWhoeverAsks) {
    put_in_force();
    daemon_.sim.homeserver.swallows = [](const policy::RoomEvent&) { return true; };
    daemon_.sim.directory.disable("p1", true);
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "events ");
    daemon_.sim.homeserver.swallows = nullptr;
    daemon_.sim.run_for(std::chrono::seconds{5});
    const json::Value answer = look("check");
    EXPECT_EQ(exit_of(answer), 0) << json::write(answer["result"]["seen"]);
    std::string text;
    for (const json::Value& one : *answer["result"]["seen"].array())
        if (one["what"].text() == "events") text = one["text"].text();
    EXPECT_NE(text.find(", and tells again of what was missing: m.room.member (leave)"), std::string::npos)
        << text;
    EXPECT_NE(text.find(", last at "), std::string::npos) << text;
}

// The files are wrong, and what is wrong with a server is said all the same.
TEST_F(Looking, CheckOfAMisspeltGroupSaysWhatWasSeenOfTheServers) {
    text_ += "  y: {name: Y, members: {group: Stafff}}\n";
    daemon_.sim.homeserver.knows_mask = false;
    const json::Value answer = look("check");
    EXPECT_EQ(exit_of(answer), 2) << json::write(answer);
    EXPECT_NE(messages(answer["diagnostics"]).find("Stafff"), std::string::npos) << json::write(answer);
    std::string seen;
    for (const json::Value& one : *answer["result"]["seen"].array())
        seen += one["what"].text() + (one["ok"].boolean_or(false) ? " " : "! ");
    EXPECT_EQ(seen, "homeserver mask registration! events directory ");
}

TEST_F(Looking, StatusSaysWhichFileOfAnEditedPolicyIsBroken) {
    put_in_force();
    const auto fault = [this] { return look("status")["result"]["policy"]["fault"].text(); };
    const std::string whole = text_;
    EXPECT_EQ(fault(), "");
    text_ = whole + "  y: {name: Y, members: {group: Staff}}\n";
    EXPECT_EQ(fault(), "") << "edited, and good";
    text_ = whole + "  y: {name: Y, members: {group: Stafff}}\n  z: {name: Z, members: {group: Staphf}}\n";
    EXPECT_TRUE(fault().starts_with("company.yaml:4:")) << fault();
    EXPECT_NE(fault().find("Stafff"), std::string::npos) << fault();
    EXPECT_TRUE(fault().ends_with(" (and 1 more)")) << fault();
    text_ = whole + "  y: [\n";
    EXPECT_TRUE(fault().starts_with("company.yaml:")) << fault();
}

TEST_F(Looking, CheckNamesWhatNobodyFulfilsAndWhoHasDeparted) {
    text_ += "  y: {name: Y, members: {attribute: titel, is: Boss}}\n";
    daemon_.sim.directory.disable("p1", true);
    daemon_.sim.run_for(std::chrono::seconds{5});
    const std::string said = messages(look("check")["result"]["diagnostics"]);
    EXPECT_NE(said.find(":3:"), std::string::npos) << said;
    EXPECT_NE(said.find("p1 has departed"), std::string::npos) << said;
    EXPECT_NE(said.find(":4:"), std::string::npos) << said;
    EXPECT_NE(said.find("nobody in the directory has a value for 'titel'"), std::string::npos) << said;
}

TEST_F(Looking, BeforeARoomIsMadeItIsSaidThatItsAddressLeadsElsewhere) {
    sim::FakeHomeserver& homeserver = daemon_.sim.homeserver;
    text_ += "  y: {name: Y, alias: why, members: {group: Staff}}\n";
    homeserver.take_alias("#why:corp.example");
    for (const char* command : {"plan", "check"}) {
        const std::string said = messages(look(command)["result"]["diagnostics"]);
        EXPECT_NE(said.find(":4:"), std::string::npos) << said;
        EXPECT_NE(said.find("the address #why:corp.example leads to another room already: !elsewhere, which "
                            "this policy does not manage; y would be made as a second room, without an "
                            "address"),
                  std::string::npos)
            << said;
        EXPECT_EQ(said.find("#x:"), std::string::npos) << said;
    }
    // What was shown is what is applied: not after it has changed.
    json::Value args;
    args.set("plan", look("plan")["result"]["hash"].text());
    args.set("reason", "a new room");
    homeserver.aliases.erase("#why:corp.example");
    daemon_.sim.run_for(std::chrono::seconds{11});
    EXPECT_EQ(exit_of(look("apply", args)), 1);
    homeserver.take_alias("#why:corp.example");
    daemon_.sim.run_for(std::chrono::seconds{11});
    EXPECT_NE(exit_of(look("apply", args)), 1);
    daemon_.sim.run_for(std::chrono::minutes{2});
    const std::string still = messages(look("plan")["result"]["diagnostics"]);
    EXPECT_NE(still.find("y stays without an address"), std::string::npos) << still;
    // Given up there, it is found so by whoever looks, and claimed.
    homeserver.aliases.erase("#why:corp.example");
    daemon_.sim.run_for(std::chrono::seconds{11});
    EXPECT_EQ(messages(look("plan")["result"]["diagnostics"]), "");
    daemon_.sim.run_for(std::chrono::seconds{11});
    EXPECT_TRUE(homeserver.aliases.contains("#why:corp.example"));
    const std::size_t asked = homeserver.calls[engine::CallKind::find_alias];
    daemon_.sim.run_for(std::chrono::seconds{11});
    static_cast<void>(look("plan"));
    EXPECT_EQ(homeserver.calls[engine::CallKind::find_alias], asked) << "there is nothing to ask";
}

class TwoAddresses : public Looking {
  protected:
    TwoAddresses() { put("a", "b"); }
    // The addresses of x and y: planned, and put in force.
    void put(const std::string& x, const std::string& y) {
        text_ = people_ + "  x: {name: X, alias: " + x + ", members: {group: Staff}}\n" +
                "  y: {name: Y, alias: " + y + ", members: {group: Staff}}\n";
        EXPECT_EQ(messages(look("plan")["result"]["diagnostics"]), "") << "they lead to no room but ours";
        put_in_force();
    }
    // By its key: the address is what changes.
    std::string room(const std::string& key) {
        const policy::World& world = daemon_.sim.engine().world();
        const auto at = world.room_by_key.find(key);
        return at == world.room_by_key.end() ? "" : world.rooms[at->second.index()].id;
    }
    std::string leads(const std::string& alias) {
        const auto& all = daemon_.sim.homeserver.aliases;
        const auto at = all.find("#" + alias + ":corp.example");
        return at == all.end() ? "" : at->second;
    }
    std::string canonical(const std::string& key) {
        const policy::RoomEvent* event = daemon_.sim.homeserver.state(room(key), "m.room.canonical_alias");
        return event == nullptr ? "" : std::get<policy::CanonicalAliasContent>(event->content).alias;
    }
    void expect(const std::string& x, const std::string& y) {
        EXPECT_EQ(leads(x), room("x"));
        EXPECT_EQ(leads(y), room("y"));
        EXPECT_EQ(canonical("x"), "#" + x + ":corp.example");
        EXPECT_EQ(canonical("y"), "#" + y + ":corp.example");
        const json::Value answer = look("status");
        EXPECT_TRUE(answer["result"]["alias_conflicts"].array()->empty())
            << json::write(answer["result"]["alias_conflicts"]);
    }
    std::string people_ = text_.substr(0, text_.find("  x:"));
};

TEST_F(TwoAddresses, ChangePlacesAndChangeBack) {
    expect("a", "b");
    for (int times = 0; times < 2; ++times) {
        put("b", "a");
        expect("b", "a");
        put("a", "b");
        expect("a", "b");
    }
}

// What another room gives up may be somebody else's by the time that it is taken.
TEST_F(TwoAddresses, OfSomebodyElseAreNotTaken) {
    bool theirs = false;
    daemon_.sim.homeserver.answer_instead =
        [&](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind == engine::CallKind::claim_alias && call.alias == "#b:corp.example" &&
            !call.from.empty() && !std::exchange(theirs, true))
            daemon_.sim.homeserver.aliases[call.alias] = "!elsewhere";
        return std::nullopt;
    };
    put("b", "a");
    EXPECT_TRUE(theirs) << "the other room's address is not taken without a look";
    EXPECT_EQ(leads("b"), "!elsewhere");
    EXPECT_EQ(leads("a"), room("y"));
    const json::Value answer = look("status");
    EXPECT_EQ(answer["result"]["alias_conflicts"].array()->front().text(),
              "#b:corp.example leads to somebody else's room");
    // Wanted no more, it is no trouble.
    put("c", "a");
    expect("c", "a");
}

TEST_F(Looking, WhatTheHomeserverDoesNotSayOfAnAddressIsNotTakenForFree) {
    daemon_.sim.homeserver.answer_instead =
        [](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::find_alias) return std::nullopt;
        engine::CallResult result;
        result.outcome = engine::CallOutcome::refused;
        result.text = "M_FORBIDDEN: no";
        return result;
    };
    const std::string said = messages(look("plan")["result"]["diagnostics"]);
    EXPECT_NE(said.find("whether 1 of the rooms' addresses are free could not be seen: M_FORBIDDEN: no"),
              std::string::npos)
        << said;
}

TEST_F(Looking, WhatWasShownAsHeldIsNotCarriedOutOnceAGuardWouldLetItPass) {
    text_ += "guards: {grace: 0s, removals: {at_most: 2, within: 1h}}\n";
    const auto applied = [this](const json::Value& plan) {
        json::Value args;
        args.set("plan", plan["result"]["hash"].text());
        args.set("reason", "a test");
        return look("apply", args);
    };
    EXPECT_NE(exit_of(applied(look("plan"))), 1);
    daemon_.sim.run_for(std::chrono::minutes{5});
    policy::World& world = daemon_.sim.engine().world();
    ASSERT_TRUE(world.room_by_key.contains("x"));
    const std::string room = world.rooms[world.room_by_key.at("x").index()].id;
    const auto in = [&](const std::string& login) {
        return daemon_.sim.homeserver.membership(room, sim::Simulation::id_of(login)) ==
               policy::MembershipState::join;
    };
    std::vector<std::string> members;
    for (int i = 2; i <= 14; ++i)
        if (in("p" + std::to_string(i))) members.push_back("p" + std::to_string(i));
    ASSERT_GE(members.size(), 4U);
    for (int i = 0; i < 2; ++i) daemon_.sim.directory.leave("Staff", members[static_cast<std::size_t>(i)]);
    daemon_.sim.run_for(std::chrono::minutes{5});
    ASSERT_FALSE(in(members[0]) || in(members[1])) << "as many as the guard lets pass";
    const std::string third = members[2];
    text_.replace(text_.find("members: {group: Staff}"), 23,
                  "members: {group: Staff, except: {user: " + third + "}}");
    const json::Value shown = look("plan");
    const auto held = [](const json::Value& plan) {
        const json::Array& holds = *plan["result"]["holds"].array();
        return std::any_of(holds.begin(), holds.end(),
                           [](const json::Value& hold) { return hold["guard"].text() == "removals"; });
    };
    ASSERT_TRUE(held(shown)) << json::write(shown["result"]["holds"]);
    daemon_.sim.run_for(std::chrono::minutes{65});
    EXPECT_FALSE(held(look("plan"))) << "it would pass now";
    const json::Value refused = applied(shown);
    EXPECT_EQ(exit_of(refused), 1);
    EXPECT_TRUE(refused["error"]["message"].text().starts_with("the plan is not the one that was shown"))
        << json::write(refused["error"]);
    EXPECT_FALSE(refused["error"]["hint"].text().empty());
    daemon_.sim.run_for(std::chrono::minutes{5});
    EXPECT_TRUE(in(third));
}

TEST_F(Looking, PlanAndCheckSayWhichServerAclIsTooLarge) {
    text_ +=
        "  fair: {name: Fair, members: {group: Staff}, owners: {user: p1}, outsiders: "
        "approved}\noutsiders:\n";
    for (int i = 0; i < 2'500; ++i)
        text_ += "  a" + std::to_string(i) + ": {who: \"@a:partner-" + std::to_string(i) +
                 ".example.org\", rooms: [fair], sponsor: p1, reason: Fair, until: 2030-01-01}\n";
    for (const char* command : {"plan", "check"}) {
        const std::string said = messages(look(command)["result"]["diagnostics"]);
        EXPECT_NE(said.find("fair lets in 2501 servers: its server ACL is too large for one event"),
                  std::string::npos)
            << said.substr(0, 1'000);
        EXPECT_EQ(said.find("x lets in"), std::string::npos);
    }
}

TEST_F(Looking, CheckNamesThePeopleOfWhomItCannotBeKnownWhetherTheyDeparted) {
    EXPECT_EQ(look("check")["result"]["unreadable_people"]["count"].integer_or(-1), 0);
    daemon_.sim.directory.content.people.at("p3").account_control.reset();
    daemon_.sim.directory.content.wrote("p3");
    daemon_.sim.directory.request_sweep();
    daemon_.sim.run_for(std::chrono::minutes{1});
    const json::Value checked = look("check"), people = checked["result"]["unreadable_people"];
    EXPECT_EQ(people["count"].integer_or(0), 1);
    EXPECT_EQ(people["logins"].array()->front().text(), "p3");
    EXPECT_EQ(exit_of(checked), 1) << "nobody can see whether they have left";
    EXPECT_EQ(unseen(), "people ");
    expect_unseen("people: Whether 1 person has departed cannot be read", ": p3; let the bind account read");
}

// Moved to where the bind account may not look, in one go with the end of their groups, so that nothing was
// read of it but that.
TEST_F(Looking, WhoIsNotShownAnyMoreIsNamedAsLongAsTheirSessionsGoOn) {
    sim::FakeDirectory& directory = daemon_.sim.directory;
    const policy::World& world = daemon_.sim.engine().world();
    const auto known = std::find_if(world.people.begin(), world.people.end(),
                                    [](const policy::Person& one) { return one.kept.valid(); });
    ASSERT_NE(known, world.people.end());
    const std::string login = known->login.text();
    const policy::PersonEntry gone = directory.content.people.at(login);
    EXPECT_EQ(unseen(), "");
    directory.content.people.erase(login);
    for (auto& [name, group] : directory.content.groups) std::erase(group.members, gone.guid);
    directory.request_sweep();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "people ");
    expect_unseen("people: 1 person is not shown any more",
                  "their sessions go on: " + login + "; let the bind account");
    EXPECT_EQ(exit_of(look("check")), 1);
    static_cast<void>(daemon_.sim.command([&gone](engine::Engine& engine) {
        engine.depart(engine.world().person(gone.guid), false, {0, -1, "tester"}, "has left");
    }));
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "");
}

TEST_F(Looking, AGroupThatCannotBeReadIsNotSeen) {
    EXPECT_EQ(unseen(), "");
    daemon_.sim.directory.hide_members("Staff", true);
    daemon_.sim.directory.request_sweep();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "groups ");
    EXPECT_EQ(look("status")["result"]["unreadable_groups"].array()->front().text(), "Staff");
    expect_unseen("groups: 1 group cannot be read", "Staff");
    daemon_.sim.directory.hide_members("Staff", false);
    daemon_.sim.directory.request_sweep();
    daemon_.sim.run_for(std::chrono::minutes{1});
    EXPECT_EQ(unseen(), "");
}

TEST_F(Looking, AControllerThatIsBehindIsNotSeenToBeCurrent) {
    const policy::test::Directory before = daemon_.sim.directory.content;
    daemon_.sim.directory.disable("p4", true);
    daemon_.sim.run_for(std::chrono::minutes{5});
    EXPECT_EQ(unseen(), "");
    daemon_.sim.directory.become(before, "db-2");
    daemon_.sim.run_for(std::chrono::minutes{5});
    EXPECT_EQ(unseen(), "directory ");
    expect_unseen("directory: ", look("status")["result"]["directory"]["doubt"].text());
}

}  // namespace
}  // namespace rollcall::control
