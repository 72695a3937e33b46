// What a plan says that a command makes without a daemon: of people who departed since the last one ended.
#include <gtest/gtest.h>

#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

void company_of_one_room(sim::Simulation& sim) {
    sim.directory.content.group("Crew");
    for (const char* login : {"alice", "zoe"}) {
        sim.directory.content.person(login, {"Staff"});
        sim.homeserver.add_account(sim::Simulation::id_of(login));
    }
    sim.directory.content.join("Crew", "alice");
    sim.rules = {{.key = "crew", .members = "Crew"}};
}

class WithoutDaemon : public testing::Test {
  protected:
    // Zoe is in no managed room, and nobody has asked yet whether there is an account of that name.
    WithoutDaemon() {
        sim::FakeDirectory& directory = daemon_.sim.directory;
        daemon_.sim.stop();
        daemon_.sim.settings.one_shot = true;
        directory.latency = std::chrono::seconds{5};  // all else was looked at before it has answered
        daemon_.sim.start();
        directory.request_sweep();
        daemon_.sim.run_for(std::chrono::seconds{4});
        directory.latency = std::chrono::minutes{1};  // it is the complete read that shows it
        directory.disable("zoe", true);
        directory.latency = std::chrono::seconds{5};
    }
    json::Value plan() {
        json::Value request, args;
        args.set("files",
                 files_json({{"company.yaml",
                              "people: {matrix_id: \"@{sAMAccountName|lower}:corp.example\", employees: "
                              "{group: Staff}}\n"
                              "rooms: {crew: {name: Crew, members: {group: Crew}}}\n"}}));
        request.set("command", "plan");
        request.set("args", std::move(args));
        json::Value answer;
        daemon_.sim.send(make_command(daemon_.handler, std::move(request), own_caller(),
                                      [&answer](json::Value said) { answer = std::move(said); }));
        daemon_.sim.run_until([&answer] { return !answer.is_null(); }, std::chrono::minutes{5});
        return answer;
    }
    [[nodiscard]] static std::string zoe() { return sim::Simulation::id_of("zoe"); }
    Daemon daemon_{company_of_one_room};
};

TEST_F(WithoutDaemon, APlanWaitsForTheAccountsOfWhoDeparted) {
    const json::Value answer = plan();
    ASSERT_FALSE(answer.is_null());
    EXPECT_NE(json::write(answer["result"]["elsewhere"]).find(zoe()), std::string::npos)
        << json::write(answer);
    EXPECT_EQ(answer["result"]["unseen"].array()->size(), 0U) << json::write(answer);
}

TEST_F(WithoutDaemon, APlanNamesAnAccountOfWhichNothingIsSaid) {
    int asked = 0;
    daemon_.sim.homeserver.answer_instead =
        [&asked](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::find_account || call.user != zoe()) return std::nullopt;
        ++asked;
        engine::CallResult none;
        none.outcome = engine::CallOutcome::retry;
        none.text = "too many requests";
        return none;
    };
    const json::Value answer = plan();
    ASSERT_FALSE(answer.is_null()) << "it does not wait for ever";
    EXPECT_GE(asked, 1);
    const json::Value& unseen = answer["result"]["unseen"];
    ASSERT_EQ(unseen.array()->size(), 1U) << json::write(answer);
    EXPECT_NE(unseen.array()->front().text().find("an account of whoever has departed: " + zoe()),
              std::string::npos)
        << json::write(unseen);
}

}  // namespace
}  // namespace rollcall::control
