// init writes what check accepts, with modes that keep secrets, and overwrites nothing unasked.
#include <sys/stat.h>

#include "bridges/matrix/covers.h"
#include "bridges/matrix/registration.h"
#include "daemon/cli/check_files.h"
#include "daemon/cli/files.h"
#include "daemon/cli/init_files.h"
#include "daemon/cli/init_questions.h"
#include "daemon/cli/self_written.h"
#include "schema/signed_note.h"
#include "tests/daemon/cli/fakes.h"

namespace rollcall::cli {
namespace {

mode_t mode_of(const std::string& path) {
    struct stat there {};
    EXPECT_EQ(stat(path.c_str(), &there), 0) << path;
    return there.st_mode & 07777U;
}

matrix::Registration registration(const std::string& path) {
    Diagnostics faults;
    auto read = matrix::read_registration(read_all(path), path, faults);
    EXPECT_TRUE(read && faults.empty());
    return read.value_or(matrix::Registration{});
}

TEST(Init, WhatItWritesPassesCheck) {
    Bench bench;
    ASSERT_EQ(bench.init({"--exclude", "admin,@root:corp.example.com"}), 0) << bench.terminal.complained;
    EXPECT_NE(bench.terminal.written.find("app_service_config_files"), std::string::npos);
    const Checked checked = check_files(bench.folder / "rollcall.yaml");
    ASSERT_TRUE(checked.config);
    // The password is for the admin to put in; nothing else is left to say.
    ASSERT_EQ(checked.diagnostics.size(), 1U);
    EXPECT_EQ(checked.diagnostics[0].severity, Severity::warning);
    EXPECT_NE(checked.diagnostics[0].message.find("bind-password is empty"), std::string::npos);
    EXPECT_EQ(checked.config->directories.front().base, "DC=corp,DC=example,DC=com");
    EXPECT_EQ(checked.config->directories.front().bind_user, "svc-rollcall@corp.example.com");
    EXPECT_EQ(checked.config->time_zone, "Europe/Amsterdam");
    EXPECT_EQ(checked.config->appservice.url, "http://127.0.0.1:9009");
    EXPECT_EQ(registration(bench.folder / "registrations/rollcall.yaml").url, "http://127.0.0.1:9009");
    bench.clear();
    EXPECT_EQ(bench.run({"check"}), 0);
    EXPECT_NE(bench.terminal.written.find("The files are good, 1 warning: 1 policy file, 1 space, 1 room."),
              std::string::npos)
        << bench.terminal.written;
}

TEST(Init, AnotherPortThanTheDaemonListensOnIsWarnedOf) {
    Bench bench;
    ASSERT_EQ(bench.init({"--listen", "127.0.0.1:9009", "--appservice-url", "http://127.0.0.1:9008"}), 0)
        << bench.terminal.complained;
    bench.clear();
    EXPECT_EQ(bench.run({"check"}), 0);
    EXPECT_TRUE(has(bench.terminal.complained,
                    "registrations/rollcall.yaml: warning: the homeserver is told to send to port 9008, and "
                    "the daemon listens on 9009: right only with a proxy in between"))
        << bench.terminal.complained;
}

TEST(Init, ACertificateThatIsNoneIsSaid) {
    Bench bench;
    ASSERT_EQ(bench.init({"--ca-file", bench.folder / "ca.pem"}), 0) << bench.terminal.complained;
    std::ofstream(bench.folder / "ca.pem") << "not a certificate\n";
    EXPECT_EQ(bench.run({"check"}), 2);
    EXPECT_TRUE(has(bench.terminal.complained, "ca.pem: error: there is no certificate in it"))
        << bench.terminal.complained;
}

TEST(Init, ModesKeepSecrets) {
    Bench bench;
    ASSERT_EQ(bench.init(), 0);
    EXPECT_EQ(mode_of(bench.folder / "secrets"), 0700U);
    EXPECT_EQ(mode_of(bench.folder / "secrets/bind-password"), 0600U);
    EXPECT_EQ(mode_of(bench.folder / "secrets/audit-key"), 0600U);
    EXPECT_EQ(mode_of(bench.folder / "registrations"), 0700U);
    EXPECT_EQ(mode_of(bench.folder / "registrations/rollcall.yaml"), 0600U);
    EXPECT_EQ(mode_of(bench.folder / "registrations/rollcall-mask.yaml"), 0600U);
    EXPECT_EQ(mode_of(bench.folder / "policy"), 0750U);
    EXPECT_EQ(mode_of(bench.folder / "rollcall.yaml"), 0640U);
}

TEST(Init, MakesTheAuditKeyOnceAndShowsItsPublicPart) {
    Bench bench;
    ASSERT_EQ(bench.init(), 0);
    const std::string secret = read_all(bench.folder / "secrets/audit-key");
    const auto key = schema::SignerKey::read(std::string_view(secret).substr(0, secret.size() - 1));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->verifier().name, "corp.example.com/rollcall");
    EXPECT_NE(bench.terminal.written.find(key->verifier().text()), std::string::npos);
    EXPECT_EQ(bench.terminal.written.find("PRIVATE"), std::string::npos);
    bench.clear();
    std::filesystem::remove(bench.folder / "secrets/audit-key");
    bench.terminal.look.width = 60;  // narrower than the key, which stays whole, and has no blanks before it
    EXPECT_EQ(bench.run({"init", "--audit-key"}), 0);
    EXPECT_NE(bench.terminal.written.find("\ncorp.example.com/rollcall+"), std::string::npos)
        << bench.terminal.written;
    bench.terminal.look.width = 0;
    std::ofstream(bench.folder / "secrets/audit-key") << secret;
    bench.clear();
    ASSERT_EQ(bench.init({"--force"}), 0);
    EXPECT_EQ(read_all(bench.folder / "secrets/audit-key"), secret) << "the log was begun with it";
    EXPECT_EQ(bench.run({"init", "--audit-key"}), 1) << "it is there";
    std::filesystem::remove(bench.folder / "secrets/audit-key");
    EXPECT_EQ(bench.run({"check"}), 2);
    EXPECT_NE(bench.terminal.complained.find("rollcall init --audit-key"), std::string::npos)
        << bench.terminal.complained;
    bench.clear();
    EXPECT_EQ(bench.run({"init", "--audit-key"}), 0) << bench.terminal.complained;
    EXPECT_EQ(mode_of(bench.folder / "secrets/audit-key"), 0600U);
    EXPECT_NE(read_all(bench.folder / "secrets/audit-key"), secret);
}

TEST(Init, EveryFlagGetsWhereItBelongs) {
    Bench bench;
    ASSERT_EQ(bench.init({"--homeserver-url",
                          "https://hs.corp.example.com",
                          "--listen",
                          "127.0.0.1:9100",
                          "--appservice-url",
                          "http://10.0.0.5:9100",
                          "--bot",
                          "usher",
                          "--directory-name",
                          "main",
                          "--base",
                          "OU=All People,DC=corp,DC=example,DC=com",
                          "--bind-user",
                          "CORP\\svc: roll \"call\"",
                          "--bind-password-file",
                          bench.folder / "pw",
                          "--ca-file",
                          bench.folder / "ca.pem",
                          "--employees",
                          "All: Staff, #1",
                          "--no-mask"}),
              0)
        << bench.terminal.complained;
    std::ofstream(bench.folder / "pw") << "secret\n";
    std::filesystem::permissions(bench.folder / "pw", std::filesystem::perms::owner_read);
    std::ofstream(bench.folder / "ca.pem") << "-----BEGIN CERTIFICATE-----\n";
    const Checked checked = check_files(bench.folder / "rollcall.yaml");
    ASSERT_TRUE(checked.config);
    EXPECT_FALSE(has_errors(checked.diagnostics));
    const schema::DirectoryConfig& directory = checked.config->directories.front();
    EXPECT_EQ(checked.config->homeserver.url, "https://hs.corp.example.com");
    EXPECT_EQ(checked.config->appservice.listen.text(), "127.0.0.1:9100");
    EXPECT_EQ(checked.config->appservice.bot, "usher");
    EXPECT_EQ(directory.name, "main");
    EXPECT_EQ(directory.base, "OU=All People,DC=corp,DC=example,DC=com");
    EXPECT_EQ(directory.bind_user, "CORP\\svc: roll \"call\"");
    EXPECT_EQ(directory.password_file, bench.folder / "pw");
    EXPECT_EQ(directory.ca_file, bench.folder / "ca.pem");
    EXPECT_FALSE(exists(bench.folder / "registrations/rollcall-mask.yaml"));
    EXPECT_FALSE(exists(bench.folder / "secrets/bind-password"));
}

TEST(Init, NeverOverwritesUnasked) {
    Bench bench;
    ASSERT_EQ(bench.init(), 0);
    const std::string before = read_all(bench.folder / "registrations/rollcall.yaml");
    std::ofstream(bench.folder / "secrets/bind-password") << "secret\n";
    bench.clear();
    EXPECT_EQ(bench.init(), 2);
    EXPECT_NE(bench.terminal.complained.find("already there"), std::string::npos);
    EXPECT_EQ(read_all(bench.folder / "registrations/rollcall.yaml"), before);
    EXPECT_EQ(bench.init({"--force"}), 0);
    EXPECT_NE(read_all(bench.folder / "registrations/rollcall.yaml"), before);
    EXPECT_EQ(read_all(bench.folder / "secrets/bind-password"), "secret\n");
}

TEST(Init, RotatesTokensAndNothingElse) {
    Bench bench;
    ASSERT_EQ(bench.init(), 0);
    const std::string path = bench.folder / "registrations/rollcall.yaml";
    std::ofstream(path, std::ios::app) << "# a comment of ours\norg.matrix.msc3202: true\n";
    const std::string config = read_all(bench.folder / "rollcall.yaml");
    const matrix::Registration before = registration(path),
                               mask_before = registration(bench.folder / "registrations/rollcall-mask.yaml");
    bench.clear();
    ASSERT_EQ(bench.run({"init", "--rotate-tokens"}), 0) << bench.terminal.complained;
    matrix::Registration after = registration(path);
    EXPECT_NE(after.as_token, before.as_token);
    EXPECT_NE(after.hs_token, before.hs_token);
    EXPECT_NE(registration(bench.folder / "registrations/rollcall-mask.yaml").as_token, mask_before.as_token);
    after.as_token = before.as_token, after.hs_token = before.hs_token;
    EXPECT_EQ(after, before);
    EXPECT_NE(read_all(path).find("# a comment of ours"), std::string::npos);
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(read_all(bench.folder / "rollcall.yaml"), config);
}

TEST(Init, WithoutATerminalItNamesTheMissingFlags) {
    Bench bench;
    EXPECT_EQ(bench.run({"init"}), 2);
    EXPECT_NE(bench.terminal.complained.find("--server-name"), std::string::npos);
    EXPECT_NE(bench.terminal.complained.find("--directory-url"), std::string::npos);
    EXPECT_FALSE(exists(bench.folder / "rollcall.yaml"));
}

TEST(Init, AsksOnATerminal) {
    Bench bench;
    bench.terminal.there = true;
    //                      server name         homeserver  directory                      base bind user
    //                      employees    zone exclude
    bench.terminal.lines = {
        "corp.example.com", "", "ldaps://dc2.ad.corp.example.com", "", "svc@corp", "All Staff", "UTC",
        "admin, boss"};
    ASSERT_EQ(bench.run({"init"}), 0) << bench.terminal.complained;
    const Checked checked = check_files(bench.folder / "rollcall.yaml");
    ASSERT_TRUE(checked.config);
    EXPECT_EQ(checked.config->homeserver.url, "https://matrix.corp.example.com");
    EXPECT_EQ(checked.config->directories.front().base, "DC=ad,DC=corp,DC=example,DC=com");
    EXPECT_EQ(checked.config->directories.front().bind_user, "svc@corp");
    EXPECT_NE(read_all(bench.folder / "policy/company.yaml")
                  .find("protected: [\"@admin:corp.example.com\", \"@boss:corp.example.com\"]"),
              std::string::npos);
    EXPECT_NE(bench.terminal.questions.find("[https://matrix.corp.example.com]"), std::string::npos);
}

TEST(Init, WritesNothingWhereTheAnswersMakeABadFile) {
    Bench bench;
    EXPECT_EQ(bench.init({"--homeserver-url", "matrix.corp.example.com"}), 2);
    EXPECT_NE(bench.terminal.complained.find("nothing was written"), std::string::npos);
    EXPECT_FALSE(exists(bench.folder / "rollcall.yaml"));
    EXPECT_EQ(bench.init({"--exclude", "not a name*"}), 2);
}

TEST(Init, Defaults) {
    EXPECT_EQ(domain_of("dc1.corp.example.com"), "corp.example.com");
    EXPECT_EQ(domain_of("example.com"), "example.com");
    EXPECT_EQ(domain_of("10.1.2.3"), "");
    EXPECT_EQ(domain_of("[::1]"), "");
    EXPECT_EQ(base_of("corp.example.com"), "DC=corp,DC=example,DC=com");
    EXPECT_EQ(base_of("localhost:8448"), "DC=localhost");
    EXPECT_EQ(yaml_text("ldaps://dc1.corp"), "ldaps://dc1.corp");
    EXPECT_EQ(yaml_text("@a:b"), "\"@a:b\"");
    EXPECT_EQ(yaml_text("a, \"b\"\n"), "\"a, \\\"b\\\"\\x0a\"");
}

TEST(Check, FindsWhatTheFilesOfAnInstallationHaveWrong) {
    Bench bench;
    ASSERT_EQ(bench.init({"--exclude", "admin"}), 0);
    std::ofstream(bench.folder / "policy/more.yaml")
        << "protected: [\"@boss:corp.example.com\"]\nrooms:\n  extra: {nam: x}\n";
    std::filesystem::permissions(bench.folder / "registrations/rollcall.yaml",
                                 std::filesystem::perms::others_read, std::filesystem::perm_options::add);
    bench.clear();
    EXPECT_EQ(bench.run({"check"}), 2);
    EXPECT_NE(bench.terminal.complained.find("policy/more.yaml:3:"), std::string::npos)
        << bench.terminal.complained;
    EXPECT_NE(bench.terminal.complained.find("can be read by anybody"), std::string::npos);
    bench.clear();
    EXPECT_EQ(bench.run({"check", "--json"}), 2);
    const auto parsed = json::parse(bench.terminal.written);
    ASSERT_TRUE(parsed);
    EXPECT_FALSE((*parsed)["diagnostics"].array()->empty());
}

TEST(Init, NamesFilesAsOneWouldTypeThem) {
    for (const char* config : {"rollcall.yaml", "./rollcall.yaml"}) {
        const InitLayout layout = init_layout({}, config);
        EXPECT_EQ(layout.files.at(1).path, "policy/company.yaml");
        EXPECT_EQ(layout.folders.at(2).path, "registrations");
    }
    EXPECT_EQ(init_layout({}, "/etc/rollcall/rollcall.yaml").files.at(1).path,
              "/etc/rollcall/policy/company.yaml");
}

TEST(Check, WarnsOfAttributesThatPeopleWriteThemselves) {
    Bench bench;
    ASSERT_EQ(bench.init({}), 0);
    std::ofstream(bench.folder / "policy/more.yaml")
        << "rooms:\n"
           "  berlin:\n"
           "    name: Berlin\n"
           "    members: {attribute: L, is: Berlin}\n"
           "  sales:\n"
           "    name: Sales\n"
           "    members: {attribute: department, is: Sales}\n"
           "    owners:\n"
           "      any: [{group: A, except: {attribute: info, is: x}}]\n";
    bench.clear();
    EXPECT_EQ(bench.run({"check"}), 0) << bench.terminal.complained;
    const std::string& said = bench.terminal.complained;
    EXPECT_NE(said.find("more.yaml:4:26: warning: people can write L"), std::string::npos) << said;
    EXPECT_NE(said.find("warning: people can write info"), std::string::npos) << said;
    EXPECT_EQ(said.find("department of"), std::string::npos) << said;
}

TEST(Check, KnowsWhatPeopleWriteThemselves) {
    for (const char* name : {"l", "ST", "street", "physicalDeliveryOfficeName", "telephoneNumber", "info",
                             "wWWHomePage", "msDS-cloudExtensionAttribute7"})
        EXPECT_TRUE(self_written(name)) << name;
    for (const char* name :
         {"department", "title", "employeeType", "sAMAccountName", "mail", "company", "manager", "memberOf",
          "extensionAttribute1", "description", "displayName", "co"})
        EXPECT_FALSE(self_written(name)) << name;
    policy::PolicyFile file;
    file.people.emplace().matrix_id.value = "@{sAMAccountName|lower}.{info}:corp.example.com";
    ASSERT_EQ(self_written(file).size(), 1U);
    EXPECT_NE(self_written(file)[0].message.find("take somebody else's Matrix ID"), std::string::npos);
}

TEST(Check, SaysWhenTheMaskCoversAProtectedAccount) {
    Bench bench;
    ASSERT_EQ(bench.init({"--exclude", "admin"}), 0);
    std::string text = read_all(bench.folder / "policy/company.yaml");
    const std::string list = "protected: [\"@admin:corp.example.com\"";
    text.insert(text.find(list) + list.size(), ", \"@boss:corp.example.com\"");
    std::ofstream(bench.folder / "policy/company.yaml") << text;
    bench.clear();
    EXPECT_EQ(bench.run({"check"}), 0) << bench.terminal.complained;
    EXPECT_NE(bench.terminal.complained.find("@boss:corp.example.com is protected, but"), std::string::npos)
        << bench.terminal.complained;
    EXPECT_EQ(bench.terminal.complained.find("@admin:corp.example.com is protected"), std::string::npos);
}

TEST(Check, UnderstandsThePatternsOfRegistrations) {
    const std::string made =
        matrix::make_mask({"corp.example.com", "http://x", "rollcall", true, {"admin"}}).users[0].regex;
    EXPECT_EQ(matrix::pattern_covers(made, "@jdoe:corp.example.com"), true);
    EXPECT_EQ(matrix::pattern_covers(made, "@admin:corp.example.com"), false);
    EXPECT_EQ(matrix::pattern_covers(made, "@rollcall:corp.example.com"), false);
    EXPECT_EQ(matrix::pattern_covers(made, "@administrator:corp.example.com"), true);
    EXPECT_EQ(matrix::pattern_covers(made, "@jdoe:elsewhere.example.org"), false);
    EXPECT_EQ(matrix::pattern_covers("^@p-.*:corp$", "@p-x:corp"), true);
    EXPECT_EQ(matrix::pattern_covers("^@(?!broken", "@p-x:corp"), std::nullopt);
    EXPECT_EQ(matrix::pattern_covers("(?<=x)y", "@p-x:corp"), std::nullopt);
}

}  // namespace
}  // namespace rollcall::cli
