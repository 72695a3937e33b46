#include "daemon/cli/arguments.h"

#include <gtest/gtest.h>
#include <sstream>

#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

using Words = std::vector<std::string>;

Arguments good(const Words& words) {
    const Parsed parsed = parse_arguments(words);
    EXPECT_TRUE(parsed.arguments) << parsed.err;
    return parsed.arguments.value_or(Arguments{});
}

TEST(Arguments, EveryCommand) {
    struct Case {
        Words words;
        Command command;
    };
    const Case cases[] = {
        {{"init"}, Command::init},
        {{"check"}, Command::check},
        {{"plan"}, Command::plan},
        {{"apply"}, Command::apply},
        {{"run"}, Command::run},
        {{"pause", "--reason", "x"}, Command::pause},
        {{"resume"}, Command::resume},
        {{"status"}, Command::status},
        {{"why", "jdoe"}, Command::why},
        {{"depart", "jdoe", "--reason", "x"}, Command::depart},
        {{"readmit", "jdoe", "apollo", "--reason", "x"}, Command::readmit},
        {{"holds"}, Command::holds},
        {{"approve", "ab12", "--reason", "x"}, Command::approve},
        {{"reject", "ab12", "--reason", "x"}, Command::reject},
        {{"audit", "list"}, Command::audit_list},
        {{"audit", "show", "7"}, Command::audit_show},
        {{"audit", "access", "hall"}, Command::audit_access},
        {{"audit", "leavers"}, Command::audit_leavers},
        {{"audit", "review", "all"}, Command::audit_review},
        {{"audit", "sign-off", "hall", "--review", "3f2a91c0", "--reason", "x"}, Command::audit_sign_off},
        {{"audit", "erase", "jdoe", "--reason", "x"}, Command::audit_erase},
        {{"audit", "hold", "jdoe", "--reason", "x"}, Command::audit_hold},
        {{"audit", "release", "jdoe", "--reason", "x"}, Command::audit_release},
        {{"audit", "rotate-key", "--reason", "x"}, Command::audit_rotate_key},
        {{"audit", "export"}, Command::audit_export},
    };
    for (const Case& c : cases) EXPECT_EQ(good(c.words).command, c.command) << c.words[0];
}

TEST(Arguments, GlobalOptionsStandAnywhere) {
    for (const Words& words :
         {Words{"-c", "x.yaml", "--json", "status"}, Words{"status", "-c", "x.yaml", "--json"}}) {
        const Arguments arguments = good(words);
        EXPECT_EQ(arguments.config, "x.yaml");
        EXPECT_TRUE(arguments.json);
    }
    EXPECT_TRUE(good({"audit", "list", "--json"}).json);
    EXPECT_TRUE(good({"plan", "--no-color"}).no_color);
    EXPECT_EQ(good({"plan"}).config, "/etc/rollcall/rollcall.yaml");
}

TEST(Arguments, Values) {
    const Arguments plan = good({"plan", "--policy", "p", "--out", "f", "--exit-code", "--all"});
    EXPECT_EQ(plan.policy, "p");
    EXPECT_EQ(plan.out, "f");
    EXPECT_TRUE(plan.exit_code && plan.all);
    const Arguments apply = good({"apply", "f", "--yes", "--reason", "because"});
    EXPECT_EQ(apply.file, "f");
    EXPECT_EQ(apply.reason, "because");
    const Arguments why = good({"why", "@jdoe:corp.example.com", "#engineering:corp.example.com"});
    EXPECT_EQ(why.user, "@jdoe:corp.example.com");
    EXPECT_EQ(why.room, "#engineering:corp.example.com");
    EXPECT_EQ(good({"init", "--exclude", "admin,root"}).init.exclude, (Words{"admin", "root"}));
    EXPECT_TRUE(good({"depart", "jdoe", "--reason", "x", "--take-back"}).take_back);
    EXPECT_EQ(good({"audit", "list", "--most", "7"}).most, 7);
    const Arguments list =
        good({"audit", "list", "--person", "jdoe", "--action", "sign out", "--rule", "rooms.hall", "--result",
              "done", "--from", "2026-01-01", "--to", "2026-02-01"});
    EXPECT_EQ(list.user, "jdoe");
    EXPECT_EQ(list.action, "sign out");
    EXPECT_EQ(list.rule, "rooms.hall");
    EXPECT_EQ(list.result, "done");
    EXPECT_EQ(list.from + list.to, "2026-01-012026-02-01");
    EXPECT_EQ(good({"audit", "show", "353"}).number, 353);
    EXPECT_EQ(good({"audit", "access", "hall", "--at", "2026-03-03 14:05"}).at, "2026-03-03 14:05");
    EXPECT_EQ(good({"audit", "access", "--person", "jdoe"}).user, "jdoe");
    EXPECT_EQ(good({"audit", "leavers", "--promise", "1h"}).promise, "1h");
    EXPECT_EQ(good({"audit", "review", "hall", "--format", "html", "--out", "x.html"}).format, "html");
    EXPECT_TRUE(good({"audit", "review", "all", "--ask", "--reason", "Q1"}).ask);
    EXPECT_EQ(good({"audit", "review", "all", "--ask", "--reason", "Q1"}).reason, "Q1");
    EXPECT_EQ(good({"audit", "sign-off", "hall", "--review", "3f2a91c0", "--reason", "x"}).review,
              "3f2a91c0");
}

TEST(Arguments, WhatIsWrongEndsWithTwoAndASuggestion) {
    struct Case {
        Words words;
        const char* says;
    };
    const Case cases[] = {
        {{"plam"}, "unknown command 'plam'; did you mean 'plan'?"},
        {{"-c", "plan", "statsu"}, "unknown command 'statsu'; did you mean 'status'?"},
        {{"frobnicate"}, "unknown command 'frobnicate'\n"},
        {{"audit", "lst"}, "unknown command 'lst'; did you mean 'list'?"},
        {{"audit"}, "rollcall audit --help"},
        {{"plan", "--exit-cod"}, "unknown option '--exit-cod'; did you mean '--exit-code'?"},
        {{"status", "--jsn"}, "unknown option '--jsn'; did you mean '--json'?"},
        {{"init", "--server-nam=x"}, "did you mean '--server-name'?"},
        {{"pause"}, "--reason"},
        {{"depart", "--reason", "x"}, "USER"},
        {{"approve", "ab12"}, "rollcall approve --help"},
        {{"audit", "list", "--most", "many"}, "--most"},
        {{"audit", "list", "--most", "0"}, "--most"},
        {{"audit", "show", "0"}, "N"},
        {{"audit", "show", "last"}, "N"},
        {{"audit", "review"}, "ROOM"},
        {{"audit", "review", "all", "--format", "pdf"}, "--format"},
        {{"audit", "review", "all", "--ask"}, "--reason"},
        {{"audit", "review", "all", "--reason", "Q1"}, "--ask"},
        {{"audit", "review", "all", "--ask", "--reason", "Q1", "--out", "x.html"}, "--out"},
        {{"audit", "review", "all", "--ask", "--reason", "Q1", "--format", "csv"}, "--format"},
        {{"audit", "sign-off", "hall", "--review", "3f2a91c0"}, "--reason"},
        {{"audit", "sign-off", "hall", "--reason", "x"}, "--review"},
        {{"audit", "erase", "jdoe"}, "--reason"},
        {{"audit", "acces"}, "did you mean 'access'?"},
        {{"audit", "export", "--format", "xml"}, "--format"},
        {{"why", "a", "b", "c"}, "c"},
        {{"sta\x1b[2Jtus"}, "unknown command 'sta\xEF\xBF\xBD[2Jtus'"},
    };
    for (const Case& c : cases) {
        const Parsed parsed = parse_arguments(c.words);
        EXPECT_FALSE(parsed.arguments);
        EXPECT_EQ(parsed.exit, 2);
        EXPECT_EQ(parsed.out, "");
        EXPECT_NE(parsed.err.find(c.says), std::string::npos) << parsed.err;
    }
}

TEST(Arguments, HelpAndVersion) {
    EXPECT_EQ(parse_arguments({"--version"}).out.substr(0, 9), "rollcall ");
    const Parsed help = parse_arguments({"--help"});
    EXPECT_EQ(help.exit, 0);
    for (const char* command : {"init", "check", "plan", "apply", "run", "pause", "resume", "status", "why",
                                "depart", "readmit", "holds", "approve", "reject", "audit"}) {
        EXPECT_NE(help.out.find(command), std::string::npos) << command;
        const Parsed one = parse_arguments({command, "--help"});
        EXPECT_EQ(one.exit, 0);
        EXPECT_NE(one.out.find("Example:\n  rollcall " + std::string(command)), std::string::npos) << one.out;
    }
    const std::string narrow = folded_help(parse_arguments({"init", "--help"}).out, 80);
    EXPECT_NE(narrow.find("  --base DN               Distinguished name under which people and groups lie\n"
                          "                          (default from the host of --directory-url)\n"),
              std::string::npos)
        << narrow;
    const Parsed nothing = parse_arguments({});
    EXPECT_EQ(nothing.exit, 2);
    EXPECT_NE(nothing.err.find("rollcall init"), std::string::npos);
}

TEST(Arguments, HelpIsNoWiderThanTheTerminal) {
    const std::vector<std::vector<std::string>> all{{"init"},
                                                    {"check"},
                                                    {"plan"},
                                                    {"apply"},
                                                    {"run"},
                                                    {"status"},
                                                    {"why"},
                                                    {"holds"},
                                                    {"approve"},
                                                    {"reject"},
                                                    {"pause"},
                                                    {"resume"},
                                                    {"depart"},
                                                    {"readmit"},
                                                    {"audit"},
                                                    {"audit", "list"},
                                                    {"audit", "verify"},
                                                    {"audit", "prove"},
                                                    {"audit", "check-proof"},
                                                    {"audit", "show"},
                                                    {"audit", "access"},
                                                    {"audit", "leavers"},
                                                    {"audit", "export"},
                                                    {"audit", "review"},
                                                    {"audit", "sign-off"},
                                                    {"audit", "erase"},
                                                    {"audit", "rotate-key"},
                                                    {"audit", "recover"},
                                                    {}};
    for (std::vector<std::string> words : all) {
        words.emplace_back("--help");
        const std::string help = parse_arguments(words).out;
        EXPECT_EQ(folded_help(help, 0), help);
        std::istringstream lines(folded_help(help, 80));
        for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80U) << line;
    }
}

}  // namespace
}  // namespace rollcall::cli
