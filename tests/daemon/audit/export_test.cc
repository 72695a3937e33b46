// daemon/audit/export_format: entries in the forms of other programs.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <regex>
#include <vector>

#include "daemon/audit/csv.h"

#include "daemon/audit/export_format.h"

namespace rollcall::audit {
namespace {

const char* const kLeave =
    R"({"index":71,"v":1,"time":"2026-02-01T08:00:00.130Z","kind":"result","intent":41,"action":"leave",)"
    R"("user":"@jdoe:corp.example.com","person":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9","room":"!abc",)"
    R"("room_key":"engineering","membership":"leave","result":"done","rule":"policy/company.yaml:20",)"
    R"("rule_path":"departed","policy":"6bee"})";
const char* const kWild =
    R"({"index":72,"time":"2026-02-01T08:00:00.130Z","kind":"failure","action":"a|b=c\\d","user":"@x y:z",)"
    R"("result":"line\nbreak = \"quoted\" | bar","reason":"=1+1","caller":{"text":"alice","uid":1000,"login_uid":1000}})";
const char* const kPower =
    R"({"index":75,"time":"2026-02-01T08:00:00.130Z","kind":"intent","intent":42,"action":"power levels",)"
    R"("user":"@jdoe:corp.example.com","room":"!abc","room_key":"engineering"})";

std::string line(ExportFormat format, const char* entry) {
    return export_line(format, json::parse(entry).value(), "corp.example.com");
}

TEST(Export, EachFormHasItsName) {
    for (const char* name : {"jsonl", "csv", "ocsf", "cef", "syslog"})
        EXPECT_TRUE(export_format(name)) << name;
    EXPECT_FALSE(export_format("xml"));
}

TEST(Export, EveryFormIsOneLineAnEntry) {
    for (const char* name : {"jsonl", "csv", "ocsf", "cef", "syslog"})
        for (const char* entry : {kLeave, kWild}) {
            const std::string text = line(*export_format(name), entry);
            if (*export_format(name) == ExportFormat::csv && entry == kWild) continue;  // quoted line breaks
            EXPECT_EQ(text.find('\n'), text.size() - 1) << name << ": " << text;
        }
}

TEST(Export, OcsfHasWhatItsSchemaRequires) {
    const json::Value event = json::parse(line(ExportFormat::ocsf, kLeave)).value();
    EXPECT_EQ(event["class_uid"].integer_or(0), 3006);
    EXPECT_EQ(event["category_uid"].integer_or(0), 3);
    EXPECT_EQ(event["activity_id"].integer_or(0), 4) << "remove user";
    EXPECT_EQ(event["type_uid"].integer_or(0), 300604);
    EXPECT_EQ(event["time"].integer_or(0), 1769932800130);
    EXPECT_EQ(event["severity_id"].integer_or(0), 1);
    EXPECT_EQ(event["metadata"]["product"]["name"].text(), "Rollcall");
    EXPECT_EQ(event["group"]["name"].text(), "engineering");
    EXPECT_EQ(event["user"]["name"].text(), "@jdoe:corp.example.com");
    EXPECT_EQ(event["policy"]["name"].text(), "policy/company.yaml:20");
    EXPECT_EQ(json::write(event["metadata"]["profiles"]), R"(["security_control"])") << "that has `policy`";
    EXPECT_EQ(event["unmapped"]["rollcall"]["index"].integer_or(0), 71) << "nothing is lost";
    const json::Value wild = json::parse(line(ExportFormat::ocsf, kWild)).value();
    EXPECT_EQ(wild["class_uid"].integer_or(-1), 0);
    EXPECT_EQ(wild["status_id"].integer_or(0), 2);
    EXPECT_EQ(wild["actor"]["user"]["name"].text(), "alice");
    EXPECT_EQ(json::write(wild["metadata"]["profiles"]), R"(["host"])") << "that has `actor`";
    EXPECT_TRUE(wild["user"].is_null()) << "a base event has none";
    EXPECT_EQ(wild["unmapped"]["rollcall"]["user"].text(), "@x y:z");
    const json::Value power = json::parse(line(ExportFormat::ocsf, kPower)).value();
    EXPECT_EQ(power["class_uid"].integer_or(0), 3005);
    EXPECT_EQ(json::write(power["privileges"]), R"(["power level"])") << "required";
    EXPECT_EQ(power["resources"].array()->at(0)["name"].text(), "engineering");
    EXPECT_EQ(power["user"]["name"].text(), "@jdoe:corp.example.com");
}

TEST(Export, NothingThatATerminalOrASpreadsheetObeys) {
    const char* const entry =
        "{\"index\":74,\"time\":\"2026-02-01T08:00:00.130Z\",\"kind\":\"command\",\"action\":\"pause\","
        "\"reason\":\"\\u001b[2J red \\u202egpj.exe \\u2066x\\u0007 \\u009b1m \\u007f caf\xC3\xA9\"}";
    for (const ExportFormat format : {ExportFormat::csv, ExportFormat::cef}) {
        const std::string text = line(format, entry);
        EXPECT_NE(text.find("\xEF\xBF\xBD[2J red \xEF\xBF\xBDgpj.exe \xEF\xBF\xBDx\xEF\xBF\xBD \xEF\xBF\xBD"
                            "1m \xEF\xBF\xBD caf\xC3\xA9"),
                  std::string::npos)
            << text;
    }
}

TEST(Export, WhoeverWasErasedIsAPseudonym) {
    const char* const entry =
        R"({"index":73,"time":"2026-02-01T08:00:00.130Z","kind":"command","action":"depart",)"
        R"("erased":"75f1c3a0","erased_caller":"0c1d2e3f"})";
    for (const char* name : {"jsonl", "csv", "ocsf", "cef", "syslog"}) {
        const std::string text = line(*export_format(name), entry);
        EXPECT_NE(text.find("75f1c3a0"), std::string::npos) << text;
        EXPECT_NE(text.find("0c1d2e3f"), std::string::npos) << text;
    }
    const json::Value event = json::parse(line(ExportFormat::ocsf, entry)).value();
    EXPECT_EQ(event["actor"]["user"]["name"].text(), "0c1d2e3f");
    EXPECT_TRUE(event["actor"]["user"]["uid"].is_null());
    EXPECT_NE(line(ExportFormat::cef, entry).find(" duser=75f1c3a0 "), std::string::npos);
}

TEST(Export, CefEscapesWhatItMustAndNoMore) {
    const std::string text = line(ExportFormat::cef, kWild);
    EXPECT_TRUE(
        text.starts_with(R"(CEF:0|Rollcall|Rollcall|1|failure|a\|b=c\\d|6|rt=1769932800130 externalId=72 )"))
        << text;
    EXPECT_NE(text.find(R"(act=a|b\=c\\d )"), std::string::npos) << text;
    EXPECT_NE(text.find(R"(outcome=line\nbreak \= "quoted" | bar )"), std::string::npos) << text;
}

TEST(Export, SyslogIsAsItsRfcSays) {
    const std::regex form(
        R"(<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [!-~]+ rollcall - [!-~]{1,32} - \xEF\xBB\xBF\{.*\}\n)");
    std::smatch match;
    std::string text = line(ExportFormat::syslog, kLeave);
    ASSERT_TRUE(std::regex_match(text, match, form)) << text;
    EXPECT_EQ(match[1].str(), "109") << "log audit, notice";
    text = line(ExportFormat::syslog, kWild);
    ASSERT_TRUE(std::regex_match(text, match, form)) << text;
    EXPECT_EQ(match[1].str(), "108") << "log audit, warning";
}

// What some spreadsheet was seen to calculate, or looks past before it does.
TEST(Csv, AFormulaIsTextWhateverStandsBeforeIt) {
    const std::vector<std::string> signs{"=1+1",
                                         "+1",
                                         "-1",
                                         "@SUM(1)",
                                         "\xEF\xBC\x9D"
                                         "1+1",
                                         "\xEF\xBC\x8B"
                                         "1",
                                         "\xEF\xBC\x8D"
                                         "1",
                                         "\xE2\x88\x92"
                                         "1",
                                         "\xEF\xB9\xA6"
                                         "1",
                                         "\xEF\xBC\xA0SUM(1)",
                                         "@SUM\xEF\xBC\x88"
                                         "1)"};
    const std::vector<std::string> blanks{"",
                                          " ",
                                          "\t",
                                          "\r\n",
                                          "\xC2\xA0",
                                          "\xE3\x80\x80",
                                          "\xE2\x80\x83 \xE2\x80\x8B",
                                          "\xE2\x80\xAF",
                                          "\xE2\x81\xA0",
                                          "\xEF\xBB\xBF",
                                          "\xE2\x80\xAE",
                                          std::string("\0", 1),
                                          "\xC2\x85"};
    for (const std::string& sign : signs)
        for (const std::string& blank : blanks)
            EXPECT_TRUE(csv_field(blank + sign).starts_with("\"'")) << csv_field(blank + sign);
    for (const char* plain :
         {"@anna:corp.example.com", "anna", "", "a=b", "1+1", " @anna:corp.example.com", "caf\xC3\xA9",
          "\xE2\x82\xAC"
          "5",
          "\xE2\x80\x94 so"})
        EXPECT_EQ(csv_field(plain), fmt::format("\"{}\"", plain));
}

TEST(Export, CsvIsNoFormula) {
    const std::string text = line(ExportFormat::csv, kWild);
    EXPECT_NE(text.find(R"("'=1+1")"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("line
break = ""quoted"" | bar")"),
              std::string::npos)
        << text;
    const std::string head = export_header(ExportFormat::csv);
    EXPECT_TRUE(head.starts_with("\xEF\xBB\xBF\"index\",")) << "or Excel takes it for Windows-1252: " << head;
    EXPECT_EQ(std::count(head.begin(), head.end(), ','), 23);
    EXPECT_TRUE(head.ends_with(
        ",\"caller\",\"object\",\"room\",\"sponsor\",\"until\",\"before\",\"after\",\"danger\"\r\n"))
        << "later columns stand at the end: " << head;
    const std::string leave = line(ExportFormat::csv, kLeave);
    EXPECT_EQ(std::count(leave.begin(), leave.end(), ','), 23);
}

}  // namespace
}  // namespace rollcall::audit
