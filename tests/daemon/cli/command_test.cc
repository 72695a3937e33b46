// The commands from words typed to exit status, against a transport that answers from fixtures.
#include <sys/stat.h>

#include "tests/daemon/cli/fakes.h"

namespace rollcall::cli {
namespace {

class Commands : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(bench.init(), 0) << bench.terminal.complained;
        bench.clear();
    }
    void answer(const std::string& command, json::Value value) {
        bench.script.answers[command].push_back(std::move(value));
    }
    void can_apply(int exit = 0) {
        json::Value result;
        result.set("version", "3f2a91c04d5e77aa10bb");
        result.set("applied", 30);
        result.set("held", exit == 4 ? 1'377 : 0);
        result.set("holds", exit == 4 ? fixture("plan_mixed")["holds"] : json::Value{json::Array{}});
        answer("apply", answered(std::move(result), exit));
    }
    [[nodiscard]] std::string& out() { return bench.terminal.written; }
    [[nodiscard]] std::string& err() { return bench.terminal.complained; }
    Bench bench;
};

TEST_F(Commands, PlanShowsAndExitCodesSayWhatItFound) {
    answer("plan", answered(fixture("plan_mixed")));
    EXPECT_EQ(bench.run({"plan"}), 0);
    EXPECT_TRUE(has(out(), "Plan: 1 room to create"));
    EXPECT_EQ(bench.run({"plan", "--exit-code"}), 4);
    answer("plan", answered(fixture("plan_long")));
    EXPECT_EQ(bench.run({"plan", "--exit-code"}), 4);
    EXPECT_EQ(bench.run({"plan", "--exit-code"}), 3);
    bench.script.answers["plan"] = {answered(fixture("plan_empty"))};
    EXPECT_EQ(bench.run({"plan", "--exit-code"}), 0);
}

TEST_F(Commands, ADaemonThatIsStartingIsAskedOnceItListens) {
    answer("plan", answered(fixture("plan_empty")));
    bench.daemon = false;
    bench.starting = true;
    EXPECT_EQ(bench.run({"plan"}), 0) << err();
    EXPECT_EQ(err(), "");
    EXPECT_NE(bench.script.last("plan"), nullptr);
    EXPECT_TRUE(bench.daemon);
}

// The daemon opens nothing that a caller names: what they can read themselves is sent.
TEST_F(Commands, PlanSendsTheFilesThatTheCallerReads) {
    answer("plan", answered(fixture("plan_empty")));
    const std::string own = bench.folder / "new";
    std::filesystem::create_directories(own);
    std::ofstream(own + "/own.yaml") << "people: {}\n";
    EXPECT_EQ(bench.run({"plan", "--policy", bench.folder / "proposals/../new"}), 0) << err();
    const json::Value sent = (*bench.script.last("plan"))["args"];
    ASSERT_EQ(sent["files"].array()->size(), 1U);
    EXPECT_EQ((*sent["files"].array())[0]["name"].text(), own + "/own.yaml");
    EXPECT_EQ((*sent["files"].array())[0]["text"].text(), "people: {}\n");
    EXPECT_TRUE(sent["policy"].is_null());
    EXPECT_EQ(bench.run({"plan", "--policy", bench.folder / "nowhere"}), 2);
    EXPECT_NE(err().find("nowhere"), std::string::npos);
}

TEST_F(Commands, PlanInJsonIsTheAnswer) {
    answer("plan", answered(fixture("plan_mixed")));
    EXPECT_EQ(bench.run({"plan", "--json"}), 0);
    const auto parsed = json::parse(out());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, fixture("plan_mixed"));
}

TEST_F(Commands, FaultsOfThePolicyAreShownAndEndWithTwo) {
    json::Value answer_ =
        refused("the policy has errors; the one in force stays in force", "correct them and try again", 2);
    auto diagnostics = json::parse(
        R"([{"at":"policy/company.yaml:3:5","message":"no group 'Enginering'","suggestion":"did you mean 'Engineering'?","severity":"error"}])");
    answer_.set("diagnostics", *diagnostics);
    answer("plan", std::move(answer_));
    EXPECT_EQ(bench.run({"plan"}), 2);
    EXPECT_EQ(err(),
              "policy/company.yaml:3:5: error: no group 'Enginering'\n  did you mean 'Engineering'?\n"
              "rollcall: the policy has errors; the one in force stays in force\n  what to do: correct them "
              "and try again\n");
    EXPECT_EQ(out(), "");
}

TEST_F(Commands, ASavedPlanIsSecretAndApplied) {
    const std::string file = bench.folder / "saved";
    answer("plan", answered(fixture("plan_mixed")));
    EXPECT_EQ(bench.run({"plan", "--out", file}), 0);
    struct stat there {};
    ASSERT_EQ(stat(file.c_str(), &there), 0);
    EXPECT_EQ(there.st_mode & 0777U, 0600U);
    const auto saved = json::parse(read_all(file));
    ASSERT_TRUE(saved);
    EXPECT_EQ((*saved)["hash"].text(), "0123456789abcdef0123456789abcdef");
    can_apply(4);
    EXPECT_EQ(bench.run({"apply", file, "--yes", "--reason", "Monday"}), 4);
    const json::Value& args = (*bench.script.last("apply"))["args"];
    EXPECT_EQ(args["plan"].text(), "0123456789abcdef0123456789abcdef");
    EXPECT_EQ(args["reason"].text(), "Monday");
    EXPECT_TRUE(has(out(), "1 hold waits for an answer"));
    EXPECT_TRUE(has(out(), "The daemon carries out 30 actions now;")) << out();
    EXPECT_TRUE(has(out(), "1,377 actions are held: not done unless somebody approves it.")) << out();
}

TEST_F(Commands, APlanOfThePolicyAloneIsNotNothing) {
    answer("plan", answered(fixture("plan_policy")));
    EXPECT_EQ(bench.run({"plan", "--exit-code"}), 3);
    EXPECT_TRUE(has(out(), "POLICY  9 changes, 7 to look at twice (!)")) << out();
    EXPECT_TRUE(has(out(), "guards.removals")) << out();
    EXPECT_FALSE(has(out(), "Nothing to do")) << out();
    EXPECT_TRUE(has(out(), "Plan: 9 settings of the policy to change (7 to look at twice)")) << out();
}

TEST_F(Commands, ApplyWaitsUntilTheDaemonHasDoneWhatItCan) {
    const auto status = [](int left, bool quiet) {
        json::Value value = fixture("status_well");
        json::Value backlog;
        backlog.set("actions", left);
        backlog.set("in_flight", quiet ? 0 : 8);
        backlog.set("quiet", quiet);
        value.set("backlog", std::move(backlog));
        return value;
    };
    answer("plan", answered(fixture("plan_long")));
    can_apply();
    bench.terminal.there = true;
    for (const int left : {30, 12, 12}) answer("status", answered(status(left, false)));
    answer("status", answered(status(0, true)));
    EXPECT_EQ(bench.run({"apply", "--yes", "--wait"}), 0) << err();
    EXPECT_TRUE(has(err(), "30 actions left, 8 of them on their way …\n12 actions left")) << err();
    EXPECT_EQ(err().find("12 actions left"), err().rfind("12 actions left")) << "said once: " << err();
    EXPECT_TRUE(has(out(), "The daemon has done all that it can do now.")) << out();
    json::Value paused = status(30, true);
    paused.set("pause_text", "Move (alice)");
    bench.script.answers["status"] = {answered(paused)};
    bench.clear();
    EXPECT_EQ(bench.run({"apply", "--yes", "--wait"}), 1);
    EXPECT_TRUE(has(err(), "nothing is carried out: paused")) << err();
    EXPECT_FALSE(has(out(), "has done all")) << "nothing of it: " << out();
    json::Value trouble = fixture("status_trouble");
    trouble.set("backlog", status(2, true)["backlog"]);
    bench.script.answers["status"] = {answered(trouble)};
    bench.clear();
    EXPECT_EQ(bench.run({"apply", "--yes", "--wait"}), 1);
}

// In a pause nothing is carried out, with --wait or without.
TEST_F(Commands, ApplyInAPauseSaysThatNothingIsDone) {
    answer("plan", answered(fixture("plan_long")));
    json::Value applied;
    applied.set("version", "3f2a91c04d5e77aa10bb");
    applied.set("applied", 30);
    applied.set("paused", "everything but departures is paused until `rollcall resume`");
    answer("apply", answered(applied));
    for (const bool wait : {false, true}) {
        bench.clear();
        EXPECT_EQ(wait ? bench.run({"apply", "--yes", "--wait"}) : bench.run({"apply", "--yes"}), 1);
        EXPECT_TRUE(
            has(out(), "are to be done: everything but departures is paused until `rollcall resume`."))
            << out();
        EXPECT_FALSE(has(out(), "carries out")) << out();
        EXPECT_TRUE(has(out(), "is in force")) << out();
    }
}

TEST_F(Commands, ASavedPlanThatIsNoLongerThePlanIsRefusedWithTheDifference) {
    const std::string file = bench.folder / "saved";
    answer("plan", answered(fixture("plan_mixed")));
    ASSERT_EQ(bench.run({"plan", "--out", file}), 0);
    bench.clear();
    bench.script.answers["plan"] = {answered(fixture("plan_long"))};
    can_apply();
    EXPECT_EQ(bench.run({"apply", file, "--yes"}), 1);
    EXPECT_TRUE(has(err(), "Only in the saved plan:"));
    EXPECT_TRUE(has(err(), "remove @mvisser:corp.example.com from #operations"));
    EXPECT_TRUE(has(err(), "Only in the plan as it is now:"));
    EXPECT_TRUE(has(err(), "is no longer the plan"));
    EXPECT_EQ(bench.script.last("apply"), nullptr);
}

TEST_F(Commands, WhatIsNoSavedPlanIsNotApplied) {
    answer("plan", answered(fixture("plan_mixed")));
    EXPECT_EQ(bench.run({"apply", bench.folder / "rollcall.yaml", "--yes"}), 2);
    EXPECT_EQ(bench.run({"apply", bench.folder / "missing", "--yes"}), 2);
    EXPECT_EQ(bench.script.last("apply"), nullptr);
}

TEST_F(Commands, ApplyAsks) {
    answer("plan", answered(fixture("plan_long")));
    can_apply();
    EXPECT_EQ(bench.run({"apply"}), 2) << "nobody is there, and --yes was not said";
    EXPECT_TRUE(has(err(), "--yes"));
    bench.terminal.there = true;
    bench.terminal.lines = {"n"};
    EXPECT_EQ(bench.run({"apply"}), 1);
    EXPECT_EQ(bench.script.last("apply"), nullptr);
    bench.terminal.lines = {"y"};
    EXPECT_EQ(bench.run({"apply"}), 0);
    EXPECT_EQ((*bench.script.last("apply"))["args"]["plan"].text(), "h");
    EXPECT_TRUE(has(out(), "The daemon carries out 30 actions now"));
    EXPECT_EQ(bench.converged, 0);
}

TEST_F(Commands, ApplyOfWhatWasNotSeenEndsAsItsPlanDoes) {
    json::Value plan = fixture("plan_long");
    plan.set("unseen", json::Value{json::Array{"directory: it is away"}});
    answer("plan", answered(plan));
    can_apply();
    EXPECT_EQ(bench.run({"apply", "--yes"}), 1);
    EXPECT_TRUE(has(out(), "is in force"));
    EXPECT_FALSE(has(out(), "The daemon carries out")) << out();
    EXPECT_TRUE(has(out(), "Not everything could be looked at (see ✗ above): what depends on it waits"))
        << out();
    plan = fixture("plan_empty");
    plan.set("unseen", json::Value{json::Array{"directory: it is away"}});
    bench.script.answers["plan"] = {answered(plan)};
    EXPECT_EQ(bench.run({"apply", "--yes"}), 1) << "nothing to do, as far as is known";
}

// Right after a mend: the daemon may see in a moment that all is well.
TEST_F(Commands, ApplyLooksWhetherAllIsSeenWhereThereIsNothingToDo) {
    json::Value plan = fixture("plan_empty");
    plan.set("unseen", json::Value{json::Array{"directory: it is away"}});
    for (int look = 0; look < 3; ++look) answer("plan", answered(plan));
    answer("plan", answered(fixture("plan_empty")));
    EXPECT_EQ(bench.run({"apply"}), 0) << out();
    EXPECT_TRUE(out().ends_with("Nothing to do: rooms are as the policy wants them.\n")) << out();
    EXPECT_EQ(bench.script.last("apply"), nullptr);
    bench.script.answers["plan"] = {answered(plan), answered(fixture("plan_empty"))};
    bench.clear();
    EXPECT_EQ(bench.run({"apply", "--json"}), 0);
    EXPECT_EQ(out(), json::write_pretty(fixture("plan_empty")) + "\n") << "one document";
    bench.script.asked.clear();
    bench.waited = 0;
    bench.script.answers["plan"] = {answered(plan)};
    EXPECT_EQ(bench.run({"apply"}), 1);
    EXPECT_EQ(bench.waited, 10);
    EXPECT_EQ(bench.script.asked.size(), 5U) << "each look is a whole plan";
    bench.script.asked.clear();
    bench.daemon = false;
    EXPECT_EQ(bench.run({"apply"}), 1);
    EXPECT_EQ(bench.script.asked.size(), 1U) << "without a daemon nobody looks meanwhile";
}

TEST_F(Commands, ApplyWithNothingToDoWaitsForTheDaemonToo) {
    json::Value plan = fixture("plan_empty");
    plan.set("unseen", json::Value{json::Array{"homeserver: it is away"}});
    answer("plan", answered(plan));
    answer("plan", answered(fixture("plan_long")));
    json::Value status = fixture("status_trouble"), backlog;
    backlog.set("quiet", true);
    status.set("backlog", std::move(backlog));
    answer("status", answered(std::move(status), 4));
    EXPECT_EQ(bench.run({"apply", "--wait", "--yes"}), 1) << "what could not be done is said";
    EXPECT_NE(bench.script.last("status"), nullptr);
}

TEST_F(Commands, ApplyWaitsForNoStatusThatIsRefused) {
    answer("plan", answered(fixture("plan_long")));
    answer("apply", answered(fixture("plan_long")));
    answer("status", refused("you may not ask for the status", "ask somebody who may", 3));
    EXPECT_EQ(bench.run({"apply", "--wait", "--yes"}), 3);
    EXPECT_TRUE(has(err(), "you may not ask for the status")) << err();
}

TEST_F(Commands, AnErrorIsFoldedAtTheTerminalsWidth) {
    bench.terminal.look = {true, 40};
    answer("holds", refused("the homeserver cannot be used: Failed to connect to 127.0.0.1 port 8008",
                            "the daemon goes on once it can; `rollcall status` shows it", 1));
    EXPECT_EQ(bench.run({"holds"}), 1);
    EXPECT_EQ(
        err(),
        "\x1b[1;31mrollcall:\x1b[0m the homeserver cannot be used:\nFailed to connect to 127.0.0.1 port "
        "8008\n  \x1b[1mwhat to do:\x1b[0m the daemon goes on once it\n  can; `rollcall status` shows "
        "it\n");
}

TEST_F(Commands, AFaultOfAFileIsFoldedToo) {
    bench.terminal.look = {true, 40};
    json::Value answer_ = refused("the policy has errors", "correct them", 2);
    answer_.set(
        "diagnostics",
        *json::parse(R"([{"at":"policy/a.yaml:3:5","message":"there is no group 'Enginering' below it",
                                  "suggestion":"did you mean 'Engineering'?","severity":"error"}])"));
    answer("plan", std::move(answer_));
    EXPECT_EQ(bench.run({"plan"}), 2);
    EXPECT_TRUE(
        err().starts_with("\x1b[1mpolicy/a.yaml:3:5\x1b[0m: \x1b[1;31merror\x1b[0m: there is no\n"
                          "group 'Enginering' below it\n  did you mean 'Engineering'?\n"))
        << err();
}

// Nobody can answer that one, so nobody is told to.
TEST_F(Commands, AnApplyWhileRemovalsAreFrozenAsksNobodyForAnAnswer) {
    answer("plan", answered(fixture("plan_mixed")));
    json::Value result;
    result.set("version", "3f2a91c04d5e77aa10bb");
    result.set("held", 3);
    result.set("holds", fixture("plan_canaries")["holds"]);
    answer("apply", answered(std::move(result), 4));
    EXPECT_EQ(bench.run({"apply", "--yes", "--reason", "Monday"}), 4);
    EXPECT_TRUE(has(out(), "or the directory can be believed again.")) << out();
    EXPECT_TRUE(has(out(), "1 hold waits:")) << out();
    EXPECT_FALSE(has(out(), "for an answer")) << out();
}

TEST_F(Commands, ProgressIsWipedWithoutControlSequences) {
    wipe_progress(bench.terminal);
    EXPECT_EQ(err(), "") << "nobody looks";
    bench.terminal.there = true;
    wipe_progress(bench.terminal);
    EXPECT_EQ(err().find('\x1b'), std::string::npos);
    EXPECT_TRUE(err().starts_with("\r  ") && err().ends_with(" \r")) << err();
}

// First what is likely, and only then what would hide it for good.
TEST_F(Commands, WhoeverHasAHoldOfACanaryIsToldOfRightsBeforeTheCanary) {
    json::Value result;
    result.set("holds", fixture("plan_canaries")["holds"]);
    json::Value hold = (*result["holds"].array())[0];
    hold.set("cause", "12 of 405 people are not shown any more: ldaps://dc1 does not show the canary 'gina'");
    result.set("holds", json::Value{json::Array{hold}});
    answer("holds", answered(result, 4));
    EXPECT_EQ(bench.run({"holds"}), 4);
    const std::size_t count = out().find("12 of 405 people"),
                      rights = out().find("Let the bind account read again"),
                      canary = out().find("Only if the canary is gone for good");
    ASSERT_NE(canary, std::string::npos) << out();
    EXPECT_LT(count, rights) << out();
    EXPECT_LT(rights, canary) << out();
}

// What was rejected is not to be done.
TEST_F(Commands, StatusCountsWhatWasRejectedApart) {
    json::Value status = fixture("status_well"), backlog = status["backlog"];
    backlog.set("actions", 41);
    status.set("backlog", backlog);
    const auto actions = [](const char* guard, int count) {
        json::Value list, row{*json::parse(R"({"id":"0a1b","hold":"0a1b","by":"alice","reason":"no"})")};
        for (int i = 0; i < count; ++i) list.push("remove x @p" + std::to_string(i) + ":corp.example.com");
        row.set("guard", guard);
        row.set("actions", std::move(list));
        return json::Value{json::Array{std::move(row)}};
    };
    status.set("holds", actions("removals", 11));
    status.set("rejected", actions("", 30));
    answer("status", answered(status, 4));
    EXPECT_EQ(bench.run({"status"}), 4);
    EXPECT_TRUE(has(out(),
                    "11 actions to do (all of them held by a guard: see `rollcall holds`), 30 "
                    "rejected"))
        << out();
    backlog.set("actions", 30);
    status.set("backlog", backlog);
    status.set("holds", json::Array{});
    bench.script.answers["status"] = {answered(status)};
    bench.clear();
    EXPECT_EQ(bench.run({"status"}), 0);
    EXPECT_TRUE(has(out(), "nothing to do, 30 rejected")) << out();
}

// The bot's account is barred: what is refused to it comes of that, and a daemon that runs tries again.
TEST_F(Commands, OfABarredBotThereIsOneLineWithWhatToDo) {
    const std::string cause =
        "the homeserver's administrator has barred the account @rollcall:corp.example.com: M_USER_SUSPENDED: "
        "no. "
        "Have that undone, then `rollcall apply`";
    json::Value status = fixture("status_well");
    status.set("bot_text", cause);
    status.set("admin_room_text", "what is to be told is refused");
    status.set(
        "failures",
        *json::parse(
            R"([{"action":"add x @p1:corp.example.com","text":"M_USER_SUSPENDED: no","attempts":1,"refused":true,"barred":true},
            {"action":"add x @p2:corp.example.com","text":"M_USER_SUSPENDED: no","attempts":1,"refused":true,"barred":true}])"));
    answer("status", answered(status));
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(has(out(), "1 thing needs attention\n  ! The bot: " + cause)) << out();
    answer("plan", answered(fixture("plan_long")));
    can_apply();
    bench.clear();
    EXPECT_EQ(bench.run({"apply", "--wait", "--yes"}), 1);
    EXPECT_TRUE(has(err(), "not everything could be carried out: " + cause)) << err();
    EXPECT_TRUE(has(err(), "the daemon tries again by itself")) << err();
    EXPECT_FALSE(has(err(), "`rollcall run`")) << err();
}

TEST_F(Commands, WithoutADaemonStatusSaysOnceThatNobodyLooks) {
    bench.daemon = false;
    json::Value status = fixture("status_well"), directory = status["directory"], clock;
    directory.set("health", "not asked");
    directory.set("current", false);
    clock.set("text", "this machine's clock says …, and no other clock has been heard since the start");
    clock.set("waits", true);
    status.set("directory", std::move(directory));
    status.set("clock", std::move(clock));
    answer("status", answered(status));
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(has(out(), "1 thing needs attention\n  ! No daemon is running")) << out();
    bench.daemon = true;
    bench.clear();
    EXPECT_EQ(bench.run({"status"}), 0);
    EXPECT_TRUE(has(out(), "2 things need attention")) << out();
}

TEST_F(Commands, WhatTheDirectoryHidesIsOneThing) {
    json::Value status = fixture("status_well"), directory = status["directory"];
    directory.set("text", "`member` of 1 of 68 groups cannot be read");
    directory.set("text_says", *json::parse(R"({"groups":true,"people":false})"));
    status.set("directory", std::move(directory));
    status.set("unreadable_groups", json::Value{json::Array{"Engineering"}});
    answer("status", answered(status));
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(has(out(), "1 thing needs attention\n  ! The directory answers, but: `member` of 1 of 68"))
        << out();
    EXPECT_TRUE(has(out(), "Groups that cannot be read\n  ! Engineering")) << out();
    status.set("unreadable_people", *json::parse(R"({"count":1,"logins":["gus"]})"));
    bench.script.answers["status"] = {answered(status)};
    bench.clear();
    EXPECT_EQ(bench.run({"status"}), 0);
    EXPECT_TRUE(has(out(), "2 things need attention")) << out();
}

// The policy may be the cure of what was not seen.
TEST_F(Commands, ApplyLooksWhetherAllIsSeenOnceItIsInForce) {
    json::Value plan = fixture("plan_long");
    plan.set("unseen", json::Value{json::Array{"rooms: the bot is not in #operations"}});
    for (int look = 0; look < 3; ++look) answer("plan", answered(plan));
    answer("plan", answered(fixture("plan_long")));
    can_apply();
    EXPECT_EQ(bench.run({"apply", "--yes"}), 0) << out();
    EXPECT_TRUE(has(out(), "The daemon carries out 30 actions now")) << out();
    EXPECT_FALSE(has(out(), "could not be looked at")) << out();
    EXPECT_FALSE(has(out(), "Not everything")) << out();
    const json::Value& looked = (*bench.script.last("plan"))["args"];
    EXPECT_FALSE(looked["files"].is_null());
    EXPECT_TRUE(looked["plan"].is_null());
}

TEST_F(Commands, ApplyWithNothingToDoAsksNothing) {
    answer("plan", answered(fixture("plan_empty")));
    EXPECT_EQ(bench.run({"apply"}), 0);
    EXPECT_TRUE(has(out(), "Nothing to do: rooms are as the policy wants them."));
    EXPECT_EQ(bench.script.last("apply"), nullptr);
}

TEST_F(Commands, ApplyWithoutADaemonConvergesOnce) {
    bench.daemon = false;
    bench.terminal.there = true;
    answer("plan", answered(fixture("plan_long")));
    answer("status", answered(fixture("status_well")));
    can_apply();
    EXPECT_EQ(bench.run({"apply", "--yes"}), 0);
    EXPECT_EQ(bench.converged, 1);
    EXPECT_TRUE(has(err(), "12 of 30 actions"));
    EXPECT_TRUE(has(out(), "until `rollcall run`"));
    bench.script.answers["status"] = {answered(fixture("status_trouble"), 4)};
    EXPECT_EQ(bench.run({"apply", "--yes"}), 1);
    EXPECT_TRUE(has(err(), "3 actions could not be done"));
}

TEST_F(Commands, AChangeBetweenPlanAndApplyIsRefusedWithTheDifference) {
    answer("plan", answered(fixture("plan_empty")));
    json::Value draft = fixture("plan_empty");
    draft.set("in_force", false);
    bench.script.answers["plan"] = {answered(std::move(draft))};
    json::Value no =
        refused("the plan is not the one that was shown", "look at the new plan and apply that", 1);
    no.set("result", fixture("plan_mixed"));
    answer("apply", std::move(no));
    EXPECT_EQ(bench.run({"apply", "--yes"}), 1);
    EXPECT_TRUE(has(err(), "remove @mvisser:corp.example.com from #operations"));
    EXPECT_TRUE(
        has(err(), "rollcall: the plan is not the one that was shown\n  what to do: look at the new plan"));
}

TEST_F(Commands, OrdersSendWhatWasTyped) {
    answer("pause", answered(*json::parse(R"({"pause":"all"})")));
    EXPECT_EQ(bench.run({"pause", "--reason", "Move", "--all"}), 0);
    EXPECT_EQ(json::write(*bench.script.last("pause")),
              R"({"args":{"all":true,"reason":"Move"},"command":"pause"})");
    EXPECT_TRUE(has(out(), "departures wait too"));
    answer("resume", answered(*json::parse(R"({"pause":"none"})")));
    EXPECT_EQ(bench.run({"resume"}), 0);
    answer("depart", answered(*json::parse(R"({"login":"mvisser","departed":true})")));
    EXPECT_EQ(bench.run({"depart", "mvisser", "--reason", "Dismissed"}), 0);
    EXPECT_TRUE(has(out(), "mvisser counts as departed"));
    answer(
        "approve",
        answered(*json::parse(
            R"({"id":"9d1c5b7703fe","wanted":["remove operations @p1:corp.example.com"],"unwanted":["add operations @p2:corp.example.com"]})")));
    EXPECT_EQ(bench.run({"approve", "9d1c", "--reason", "Real"}), 0);
    EXPECT_TRUE(
        has(out(),
            "Approved 9d1c5b7703fe: 1 action is done now, and `rollcall status` shows how far it is.\n"
            "  · remove @p1:corp.example.com from #operations\nNo longer wanted"))
        << out();
    bench.clear();
    bench.script.answers["approve"] = {answered(
        *json::parse(
            R"({"id":"9d1c5b7703fe","wanted":["remove operations @p1:corp.example.com"],"unwanted":[],"waits":["all is paused"]})"),
        1)};
    EXPECT_EQ(bench.run({"approve", "9d1c5b7703fe", "--reason", "Real"}), 1);
    EXPECT_TRUE(has(out(), "Approved 9d1c5b7703fe: 1 action is done, but not now:\n  ! all is paused\n"))
        << out();
    answer("reject", refused("no hold 9d1c5b7703fe", "`rollcall holds` lists them", 2));
    EXPECT_EQ(bench.run({"reject", "9d1c5b7703fe", "--reason", "Wrong"}), 2);
    EXPECT_TRUE(has(err(), "rollcall: no hold 9d1c5b7703fe\n  what to do: `rollcall holds` lists them\n"));
}

TEST_F(Commands, StatusHoldsAndWhyPassTheExitStatusOn) {
    answer("status", answered(fixture("status_well")));
    EXPECT_EQ(bench.run({"status"}), 0);
    EXPECT_EQ(out().substr(0, 12), "All is well\n");
    bench.clear();
    bench.daemon = false;
    EXPECT_EQ(bench.run({"status"}), 0);
    EXPECT_TRUE(has(out(), "No daemon is running"));
    answer("holds", answered(fixture("holds"), 4));
    EXPECT_EQ(bench.run({"holds"}), 4);
    answer("why", answered(fixture("why_member")));
    EXPECT_EQ(bench.run({"why", "jdoe", "engineering"}), 0);
    EXPECT_EQ(json::write((*bench.script.last("why"))["args"]), R"({"room":"engineering","user":"jdoe"})");
}

TEST_F(Commands, WithoutADaemonWhatOnlyAsksIsOpenedToRead) {
    bench.daemon = false;
    bench.terminal.there = true;
    answer("status", answered(fixture("status_well")));
    answer("holds", answered(fixture("holds"), 4));
    answer("plan", answered(fixture("plan_long")));
    answer("audit.list", answered(fixture("audit")));
    answer("audit.review", answered(fixture("review")));
    answer("pause", answered("{}"));
    can_apply();
    struct Case {
        std::vector<std::string> words;
        bool reads;
    };
    for (const Case& one : {Case{{"status"}, true},
                            {{"holds"}, true},
                            {{"plan"}, true},
                            {{"audit", "list"}, true},
                            {{"audit", "review", "all"}, true},
                            {{"pause", "--reason", "x"}, false},
                            {{"apply", "--yes"}, false}}) {
        bench.opened_to_read.reset();
        static_cast<void>(bench.run(one.words));
        EXPECT_EQ(bench.opened_to_read, std::optional(one.reads)) << one.words.back();
    }
}

TEST_F(Commands, AuditListAndFollow) {
    answer("audit.list", answered(fixture("audit")));
    EXPECT_EQ(bench.run({"audit", "list", "--user", "mvisser", "--most", "4"}), 0);
    EXPECT_EQ(json::write((*bench.script.last("audit.list"))["args"]), R"({"most":4,"user":"mvisser"})");
    bench.clear();
    answer("audit.list", refused("the daemon stops", "", 1));
    EXPECT_EQ(bench.run({"audit", "list", "--follow"}), 1);
    EXPECT_EQ((*bench.script.last("audit.list"))["args"]["after"].integer_or(0), 815);
    EXPECT_TRUE(has(out(), "2026-11-22 10:00:00 CET"));
}

TEST_F(Commands, CheckOnlineAsksTheServers) {
    answer(
        "check",
        answered(*json::parse(
            R"({"diagnostics":[],"unreachable":["apollo"],"besides":[{"room":"engineering","people":3}],"conflicts":[],"seen":[{"what":"homeserver","ok":true,"text":"it answers"},{"what":"events","ok":true,"text":"they come"},{"what":"people","ok":false,"text":"admin1, admin2 and 1 more"}],"unreadable_people":{"count":3,"logins":["admin1","admin2"]}})")));
    EXPECT_EQ(bench.run({"check", "--online"}), 0) << err();
    EXPECT_TRUE(has(out(), "! apollo"));
    EXPECT_TRUE(has(out(), "#engineering: 3 people"));
    EXPECT_TRUE(has(out(), "✓ homeserver: it answers")) << out();
    EXPECT_TRUE(has(out(), "✓ events: they come"));
    EXPECT_TRUE(has(out(), "admin1, admin2 and 1 more"));
    EXPECT_EQ(out().find("admin1"), out().rfind("admin1")) << "said once: " << out();
    EXPECT_FALSE(has(out(), "No daemon is running"));
    bench.daemon = false;
    bench.clear();
    EXPECT_EQ(bench.run({"check", "--online"}), 0) << err();
    EXPECT_TRUE(has(out(), "No daemon is running: this command has tried the ways itself.")) << out();
}

TEST_F(Commands, WithoutAPasswordCheckOnlineTriesTheOtherWays) {
    answer(
        "check",
        answered(
            *json::parse(
                R"({"diagnostics":[],"seen":[{"what":"homeserver","ok":true,"text":"it answers"},{"what":"directory","ok":false,"text":"bind-password is empty"}]})"),
            1));
    std::filesystem::remove(bench.folder / "secrets/bind-password");
    EXPECT_EQ(bench.run({"check", "--online"}), 2);
    EXPECT_TRUE(has(err(), "bind-password: error: ")) << err();
    EXPECT_TRUE(has(out(), "✓ homeserver: it answers")) << out();
    std::filesystem::remove(bench.folder / "registrations/rollcall.yaml");
    bench.clear();
    EXPECT_EQ(bench.run({"check", "--online"}), 2);
    EXPECT_FALSE(has(out(), "✓ homeserver")) << "whose homeserver it is cannot be told";
    EXPECT_TRUE(has(out(), "Nothing was asked of the servers: mend the files first.")) << out();
}

// What `run` would refuse.
TEST_F(Commands, CheckLooksWhetherTheFoldersCanBeMade) {
    const auto names_state = [this](const std::string& state) {
        std::string text = read_all(bench.folder / "rollcall.yaml");
        const std::size_t at = text.find("\nstate: "), end = text.find('\n', at + 1);
        ASSERT_NE(at, std::string::npos) << text;
        text.replace(at, end - at, "\nstate: " + state);
        std::ofstream(bench.folder / "rollcall.yaml") << text;
        bench.clear();
    };
    EXPECT_EQ(bench.run({"check"}), 0) << err();
    names_state(bench.folder / "nowhere/state");
    EXPECT_EQ(bench.run({"check"}), 2);
    EXPECT_TRUE(has(err(), (bench.folder / "nowhere/state") + ": error: " + (bench.folder / "nowhere") +
                               ", in which it is to be made, is not there"))
        << err();
    std::ofstream(bench.folder / "taken") << "x";
    for (const char* state : {"taken", "taken/state"}) {
        names_state(bench.folder / state);
        EXPECT_EQ(bench.run({"check"}), 2) << state;
        EXPECT_TRUE(has(err(), (bench.folder / "taken") + ": error: is not a folder")) << err();
    }
    names_state(bench.folder / "fresh");
    EXPECT_EQ(bench.run({"check"}), 0) << err();
}

// What is wrong in the files of what the directory has hides nothing of the servers.
TEST_F(Commands, CheckOnlineSaysWhatWasSeenOfTheServersBesideAFaultOfTheFiles) {
    json::Value wrong = answered(*json::parse(R"({"seen":[{"what":"homeserver","ok":true,"text":"it answers"},
                                 {"what":"events","ok":false,"text":"none since 2026-11-22T09:00:00.000Z"}]})"),
                                 2);
    wrong.set("error", *json::parse(R"({"message":"the policy has errors","hint":"correct them"})"));
    wrong.set("diagnostics", *json::parse(R"([{"at":"a.yaml:3:1","message":"no group 'Stafff'",
                                               "suggestion":"Staff","severity":"error"}])"));
    answer("check", wrong);
    EXPECT_EQ(bench.run({"check", "--online"}), 2);
    EXPECT_TRUE(has(err(), "a.yaml:3:1: error: no group 'Stafff'")) << err();
    EXPECT_TRUE(has(out(), "✓ homeserver: it answers")) << out();
    EXPECT_TRUE(has(out(), "✗ events: none since 2026-11-22 ")) << out();
}

TEST_F(Commands, CheckOnlineFailsForWhatWasNotSeen) {
    answer(
        "check",
        answered(
            *json::parse(
                R"({"diagnostics":[],"seen":[{"what":"homeserver","ok":true,"text":"it answers"},{"what":"events","ok":false,"text":"the homeserver cannot reach the daemon"}]})"),
            1));
    EXPECT_EQ(bench.run({"check", "--online"}), 1);
    EXPECT_TRUE(has(out(), "✗ events: the homeserver cannot reach the daemon")) << out();
}

TEST_F(Commands, PlanSaysFirstWhatWasNotSeen) {
    json::Value plan = fixture("plan_empty");
    plan.set("unseen", json::Value{json::Array{"directory: it is away"}});
    answer("plan", answered(plan));
    for (const bool exit_code : {false, true}) {
        bench.clear();
        std::vector<std::string> words{"plan"};
        if (exit_code) words.emplace_back("--exit-code");
        EXPECT_EQ(bench.run(words), 1);
        EXPECT_TRUE(out().starts_with("Not seen: this plan is of what was known before")) << out();
        EXPECT_TRUE(has(out(), "✗ directory: it is away"));
        EXPECT_TRUE(has(out(), "Nothing to do, as far as is known.")) << out();
    }
}

TEST_F(Commands, PlanSaysWhatBecomesOfHolds) {
    json::Value plan = fixture("plan_empty");
    plan.set("holds_changed", json::Value{json::Array{"7f3a: all of it rests"}});
    answer("plan", answered(plan));
    EXPECT_EQ(bench.run({"plan"}), 0);
    EXPECT_TRUE(has(out(), "What becomes of holds\n  ! 7f3a: all of it rests")) << out();
}

TEST_F(Commands, PlanFailsForWhatCannotBeDone) {
    for (const char* list : {"room_trouble", "stays"}) {
        json::Value plan = fixture("plan_empty");
        plan.set(list, json::Value{json::Array{"@eve:elsewhere.example cannot be taken out of #board"}});
        bench.script.answers["plan"] = {answered(plan)};
        bench.clear();
        EXPECT_EQ(bench.run({"plan"}), 1) << list;
        EXPECT_EQ(bench.run({"plan", "--exit-code"}), 1) << list;
        EXPECT_TRUE(has(out(), "! @eve:elsewhere.example cannot be taken out of #board")) << out();
        EXPECT_TRUE(has(out(), "Nothing else to do.")) << out();
    }
}

TEST_F(Commands, StatusExitCodeTellsWhetherAllIsWell) {
    bench.script.answers["status"] = {answered(fixture("status_well"))};
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 0) << out();
    bench.script.answers["status"] = {answered(fixture("status_trouble"))};
    EXPECT_EQ(bench.run({"status"}), 0);
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    json::Value stays = fixture("status_well");
    stays.set("stays", fixture("status_rooms")["stays"]);
    bench.script.answers["status"] = {answered(stays)};
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1) << "somebody who must be out cannot be taken out";
    json::Value away = fixture("status_well"), directory = away["directory"], clock;
    clock.set("text", "no other clock has been heard since the start");
    clock.set("waits", true);
    directory.set("health", "certificate not trusted");
    directory.set("text", "it is not signed");
    directory.set("current", false);
    away.set("directory", directory);
    away.set("clock", clock);
    bench.script.answers["status"] = {answered(away)};
    bench.clear();
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(has(out(), "1 thing needs attention\n  ! The directory: certificate not trusted")) << out();
    EXPECT_TRUE(has(out(), "no account and no approval ends")) << out();
    const std::string missing = "ldaps://dc1 does not show the canary 'gina'";
    directory.set("health", "read incomplete");
    directory.set("text", missing);
    directory.set("frozen", missing);
    away = fixture("status_well");
    away.set("directory", directory);
    away.set("holds", fixture("plan_canaries")["holds"]);
    bench.script.answers["status"] = {answered(away, 4)};
    bench.clear();
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(
        has(out(), "1 thing needs attention\n  ! The directory: read incomplete, and nobody is removed"))
        << out();
    json::Value broken = fixture("status_well"), policy = broken["policy"];
    policy.set("edited", true);
    policy.set("edited_text", "edited, not applied");
    policy.set("fault", "policy/b.yaml:3:1: a mapping ends here");
    broken.set("policy", policy);
    bench.script.answers["status"] = {answered(broken)};
    bench.clear();
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(has(out(), "what is in force stays: policy/b.yaml:3:1:")) << out();
    EXPECT_FALSE(has(out(), "see `rollcall plan`")) << "one cause is one line: " << out();
    json::Value unknown = fixture("status_well");
    unknown.set("unreadable_people", *json::parse(R"({"count":1,"logins":["gus"]})"));
    bench.script.answers["status"] = {answered(unknown)};
    bench.clear();
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1) << "nobody can see whether gus has left";
    EXPECT_TRUE(has(out(), "Of 1 person it is not known whether they have departed")) << out();
    unknown.set("unreadable_people",
                *json::parse(R"j({"count":0,"logins":[],"odd_dates":{"count":1,"people":["cas (1)"]}})j"));
    bench.script.answers["status"] = {answered(unknown)};
    bench.clear();
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(has(out(), "cas (1)")) << out();
    EXPECT_FALSE(has(out(), "bind account")) << "more rights are no cure for a date";
    unknown.set("unreadable_people",
                *json::parse(R"j({"count":0,"logins":[],"not_shown":{"count":1,"logins":["ivo"]}})j"));
    bench.script.answers["status"] = {answered(unknown)};
    bench.clear();
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1);
    EXPECT_TRUE(has(out(), "1 person is not shown by the directory any more")) << out();
    EXPECT_TRUE(has(out(), "their sessions go on: ivo")) << out();
    json::Value slow = fixture("status_well");
    slow.set(
        "overdue",
        *json::parse(
            R"({"requests":{"count":3,"longest":"12s"},"departed":{"count":6,"first":[{"user":"@gus:corp.example.com","since":"14s"}]}})"));
    bench.script.answers["status"] = {answered(slow)};
    bench.clear();
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1) << "green is what does not hang";
    EXPECT_TRUE(has(out(), "3 requests wait for the homeserver's answer, the longest for 12s")) << out();
    EXPECT_TRUE(has(out(), "@gus:corp.example.com since 14s and 5 more")) << out();
    json::Value held = fixture("status_well");
    held.set("holds", fixture("status_held")["holds"]);
    bench.script.answers["status"] = {answered(held, 4)};
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 4) << "only a hold waits";
    held.set("failures", fixture("status_trouble")["failures"]);
    bench.script.answers["status"] = {answered(held, 4)};
    EXPECT_EQ(bench.run({"status", "--exit-code"}), 1) << "more than a hold needs attention";
}

TEST_F(Commands, CheckOnlineRefusesToJoinPeopleWhereAnybodyCanTakeTheirName) {
    answer("check", answered(*json::parse(
                        R"({"diagnostics":[],"unreachable":[],"besides":[],"conflicts":[],"seen":[]})")));
    bench.sign_up = matrix::SignUp::open;
    EXPECT_EQ(bench.run({"check", "--online"}), 2);
    EXPECT_TRUE(has(err(), "company.yaml:")) << err();
    EXPECT_TRUE(has(err(), "error: people are joined to this room and")) << err();
    EXPECT_TRUE(has(err(), "enable_registration: false")) << err();
    EXPECT_EQ(bench.asked_sign_up, "https://matrix.corp.example.com");
    bench.clear();
    EXPECT_EQ(bench.run({"check", "--online", "--json"}), 2);
    EXPECT_TRUE(has(out(), "anybody can make an account")) << out();
    for (const auto sign_up : {matrix::SignUp::by_address, matrix::SignUp::unknown}) {
        bench.clear();
        bench.sign_up = sign_up;
        EXPECT_EQ(bench.run({"check", "--online"}), 0);
        EXPECT_TRUE(has(err(), "warning: people are joined")) << err();
    }
    for (const auto sign_up : {matrix::SignUp::by_token, matrix::SignUp::closed}) {
        bench.clear();
        bench.sign_up = sign_up;
        EXPECT_EQ(bench.run({"check", "--online"}), 0);
        EXPECT_FALSE(has(err(), "people are joined")) << err();
    }
    std::filesystem::remove(bench.folder / "registrations/rollcall-mask.yaml");
    bench.clear();
    bench.sign_up = matrix::SignUp::open;
    EXPECT_EQ(bench.run({"check", "--online"}), 0) << "without the mask everybody is invited";
}

TEST_F(Commands, CheckOnlineAsksAnewWhereTheHomeserverGaveItNoAnswer) {
    const auto seen = [](bool ok) {
        json::Value result = *json::parse(
            R"({"diagnostics":[],"unreachable":[],"besides":[],"conflicts":[],"seen":[{"what":"homeserver"}]})");
        json::Value row, list{json::Array{}};
        row.set("what", "homeserver");
        row.set("ok", ok);
        row.set("text", ok ? "it answers" : "connection refused");
        list.push(std::move(row));
        result.set("seen", std::move(list));
        return answered(result, ok ? 0 : 1);
    };
    bench.sign_up = matrix::SignUp::no_answer;
    bench.script.answers["check"] = {seen(true), seen(false)};
    EXPECT_EQ(bench.run({"check", "--online"}), 1);
    EXPECT_TRUE(has(out(), "✗ homeserver: connection refused")) << out();
    EXPECT_FALSE(has(out(), "it answers")) << out();
    EXPECT_FALSE(has(err(), "does not say who can make an account")) << "that has a cause: " << err();
    EXPECT_TRUE((*bench.script.last("check"))["args"]["anew"].boolean_or(false));
    bench.clear();
    bench.script.answers["check"] = {seen(true)};
    EXPECT_EQ(bench.run({"check", "--online"}), 0) << "it is there again";
    EXPECT_TRUE(has(err(), "does not say who can make an account")) << err();
    bench.clear();
    bench.script.asked.clear();
    bench.sign_up = matrix::SignUp::unknown;
    EXPECT_EQ(bench.run({"check", "--online"}), 0);
    EXPECT_FALSE((*bench.script.last("check"))["args"]["anew"].boolean_or(false)) << "that was an answer";
}

TEST_F(Commands, CheckOnlineSaysWhereSessionsCannotBeEnded) {
    answer("check",
           answered(*json::parse(
               R"({"diagnostics":[],"unreachable":[],"besides":[],"conflicts":[],"homeserver":""})")));
    for (const auto sign_in : {matrix::SignIn::own, matrix::SignIn::unknown}) {
        bench.clear();
        bench.sign_in = sign_in;
        EXPECT_EQ(bench.run({"check", "--online"}), 0);
        EXPECT_FALSE(has(err(), "sign in by another service")) << err();
    }
    bench.clear();
    bench.sign_in = matrix::SignIn::delegated;
    EXPECT_EQ(bench.run({"check", "--online"}), 0);
    EXPECT_TRUE(has(err(), "people sign in by another service than the homeserver")) << err();
}

TEST_F(Commands, RecoverySaysWhatWasLostAndWhatToOrderAgain) {
    std::filesystem::create_directories(bench.folder / "state/audit");
    EXPECT_EQ(bench.run({"audit", "recover", "--reason", "the disk died"}), 0) << err();
    EXPECT_TRUE(has(out(), "nothing was recovered")) << out();
    EXPECT_EQ(bench.recovered_for, "the disk died");
    bench.clear();
    bench.recovered = audit::Recovered{
        1'041, 1'094, 3, 0, 1, {{1'057, *parse_rfc3339("2026-03-03T08:12:44Z"), "pause", ""}}};
    EXPECT_EQ(bench.run({"audit", "recover", "--reason", "the disk died"}), 0) << err();
    EXPECT_TRUE(has(out(),
                    "Recovered from the log: 54 entries, 1,041 to 1,094.\n"
                    "  not known any more  3 pseudonyms\n"
                    "  end not known       1 request\n"))
        << out();
    EXPECT_TRUE(has(out(), "\n  1,057  2026-03-03 09:12:44 CET  pause\n")) << out();
    bench.clear();
    bench.recovered = fail(ErrorKind::conflict, "the log is not whole: tile/0/000: gone");
    EXPECT_EQ(bench.run({"audit", "recover", "--reason", "the disk died"}), 1);
    EXPECT_TRUE(has(err(), "not whole")) << err();
}

TEST_F(Commands, ATransportThatFailsIsReported) {
    EXPECT_EQ(bench.run({"status"}), 1);
    EXPECT_EQ(err(), "rollcall: the daemon has gone\n  what to do: start it again\n");
}

TEST(Command, WithoutAConfigurationItSaysHowToGetOne) {
    Bench bench;
    EXPECT_EQ(bench.run({"status"}), 2);
    EXPECT_TRUE(has(bench.terminal.complained, "rollcall init")) << bench.terminal.complained;
}

}  // namespace
}  // namespace rollcall::cli
