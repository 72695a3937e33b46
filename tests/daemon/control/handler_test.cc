// What every command answers, whatever it is asked: daemon/control/handler.h.
#include <gtest/gtest.h>

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
    json::Value request, args;
    args.set("files", files_json({{"canary.yaml", text}}));
    request.set("command", "plan");
    request.set("args", std::move(args));
    const json::Value answer = daemon.ask(json::write(request));
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
}

// The files of a policy, and what the daemon says of them once it has looked at all ways.
class Looking : public testing::Test {
  protected:
    json::Value look(const std::string& command) {
        Answer answer;
        json::Value request, args;
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
    EXPECT_EQ(unseen(), "homeserver ");
    homeserver.down = false;
    daemon_.sim.run_for(std::chrono::minutes{2});
    directory_says(policy::DirectoryHealth::unreachable);
    EXPECT_EQ(unseen(), "directory ");
    directory_says(policy::DirectoryHealth::up);
    EXPECT_EQ(unseen(), "");
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

TEST_F(Looking, CheckNamesWhatNobodyFulfilsAndWhoHasDeparted) {
    text_ += "  y: {name: Y, members: {attribute: titel, is: Boss}}\n";
    daemon_.sim.directory.disable("p1", true);
    daemon_.sim.run_for(std::chrono::seconds{5});
    std::string said;
    const json::Value answer = look("check");
    for (const json::Value& one : *answer["result"]["diagnostics"].array())
        said += one["at"].text() + " " + one["message"].text() + "\n";
    EXPECT_NE(said.find(":3:"), std::string::npos) << said;
    EXPECT_NE(said.find("p1 has departed"), std::string::npos) << said;
    EXPECT_NE(said.find(":4:"), std::string::npos) << said;
    EXPECT_NE(said.find("nobody in the directory has a value for 'titel'"), std::string::npos) << said;
}

}  // namespace
}  // namespace rollcall::control
