// schema/config_file: what the values become; what is refused is told by the case files.
#include "schema/config_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace rollcall::schema {
namespace {

constexpr const char* kLeast = R"(
homeserver: {server_name: corp.example.com, url: "https://matrix.corp.example.com/"}
directories:
  corp:
    kind: active_directory
    servers: ["ldaps://dc1.corp.example.com:3269"]
    base: DC=corp,DC=example,DC=com
    bind: {user: u, password_file: "${CREDENTIALS_DIRECTORY}/bind"}
)";

TEST(Config, FillsInDefaults) {
    Diagnostics found;
    const auto config = read_config(kLeast, "/etc/rollcall/rollcall.yaml", found, "/run/credentials/x");
    ASSERT_TRUE(config) << found.front().text();
    EXPECT_EQ(config->homeserver.url, "https://matrix.corp.example.com");
    EXPECT_EQ(config->homeserver.verify_every, std::chrono::hours{6});
    EXPECT_EQ(config->homeserver.look_for_accounts_every, std::chrono::minutes{5});
    EXPECT_EQ(config->appservice.listen, (HostPort{"127.0.0.1", 9009}));
    EXPECT_EQ(config->appservice.url, "http://127.0.0.1:9009");
    EXPECT_EQ(config->appservice.bot, "rollcall");
    EXPECT_EQ(config->appservice.registrations, "/etc/rollcall/registrations");
    EXPECT_EQ(config->appservice.admin_room, "");
    ASSERT_EQ(config->directories.size(), 1U);
    EXPECT_EQ(config->directories[0].name, "corp");
    EXPECT_EQ(config->directories[0].servers, std::vector<std::string>{"ldaps://dc1.corp.example.com:3269"});
    EXPECT_EQ(config->directories[0].password_file, "/run/credentials/x/bind");
    EXPECT_EQ(config->directories[0].ca_file, "");
    EXPECT_EQ(config->directories[0].verify_every, std::chrono::minutes{15});
    EXPECT_EQ(config->policy, "/etc/rollcall/policy");
    EXPECT_EQ(config->state, "/var/lib/rollcall");
    EXPECT_EQ(config->control.socket, "/run/rollcall/control.sock");
    EXPECT_EQ(config->control.group, "rollcall");
    EXPECT_EQ(config->auditors, "");
    EXPECT_EQ(config->audit.promise, std::chrono::minutes{5});
    EXPECT_EQ(config->time_zone, "UTC");
    EXPECT_FALSE(config->metrics);
    EXPECT_EQ(config->log.level, LogLevel::info);
    EXPECT_EQ(config->log.format, LogFormat::text);
    EXPECT_EQ(config->audit.origin, "corp.example.com/rollcall");
    EXPECT_EQ(config->audit.folder, "/var/lib/rollcall/audit");
    EXPECT_EQ(config->audit.key_file, "/etc/rollcall/secrets/audit-key");
    EXPECT_EQ(config->audit.checkpoint_every, std::chrono::minutes{1});
    EXPECT_FALSE(config->audit.retention) << "nobody is erased by time unless it is asked for";
    Diagnostics none;
    const auto kept = read_config(std::string(kLeast) + "audit: {retention: 7y}\n",
                                  "/etc/rollcall/rollcall.yaml", none, "/run/credentials/x");
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->audit.retention, std::chrono::hours{std::int64_t{24} * 365 * 7});
    EXPECT_FALSE(config->audit.collector);
}

TEST(Config, ACollectorHasItsPortAndGetsNoNamesUnlessAskedTo) {
    Diagnostics found;
    const auto read = [&found](const std::string& collector) {
        return read_config(std::string(kLeast) + "audit: {collector: {" + collector + "}}\n",
                           "/etc/rollcall.yaml", found, "/c")
            ->audit.collector.value();
    };
    const CollectorConfig least = read("syslog: \"tls://siem.corp.example.com\"");
    EXPECT_EQ(least.syslog, "tls://siem.corp.example.com:6514");
    EXPECT_EQ(least.ca_file, "");
    EXPECT_FALSE(least.names);
    const CollectorConfig most = read("syslog: \"tls://[::1]:514/\", ca_file: siem.pem, names: true");
    EXPECT_EQ(most.syslog, "tls://[::1]:514");
    EXPECT_EQ(most.ca_file, "/etc/siem.pem");
    EXPECT_TRUE(most.names);
    EXPECT_EQ(read("syslog: \"tcp://127.0.0.1:514\"").syslog, "tcp://127.0.0.1:514");
}

TEST(Config, PathsAreRelativeToTheFileThatNamesThem) {
    const std::string text =
        std::string(kLeast) +
        "    ca_file: secrets/../ca.pem\n"
        "policy: ../policy\nstate: /srv/state\nappservice: {registrations: ./r, admin_room: admins}\n"
        "control: {socket: s.sock}\nmetrics: \"[::1]:9010\"\nlog: {level: debug, format: journald}\n";
    Diagnostics found;
    const auto config = read_config(text, "etc/rollcall.yaml", found, "/c");
    ASSERT_TRUE(config) << found.front().text();
    EXPECT_EQ(config->directories[0].ca_file, "etc/ca.pem");
    EXPECT_EQ(config->policy, "policy");
    EXPECT_EQ(config->state, "/srv/state");
    EXPECT_EQ(config->appservice.registrations, "etc/r");
    EXPECT_EQ(config->appservice.admin_room, "admins");
    EXPECT_EQ(config->control.socket, "etc/s.sock");
    EXPECT_EQ(config->metrics, (HostPort{"[::1]", 9010}));
    EXPECT_EQ(config->log.level, LogLevel::debug);
    EXPECT_EQ(config->log.format, LogFormat::journald);
    const auto here = read_config(kLeast, "rollcall.yaml", found, "/c");
    EXPECT_EQ(here->policy, "policy");
}

TEST(Config, TheAdminRoomIsNamedByItsIDOrItsAlias) {
    Diagnostics found;
    for (const char* room : {"!abc:corp.example", "!abc", "admins"}) {
        const auto config =
            read_config(std::string(kLeast) + fmt::format("appservice: {{admin_room: \"{}\"}}\n", room),
                        "r.yaml", found, "/c");
        ASSERT_TRUE(config) << found.front().text();
        EXPECT_EQ(config->appservice.admin_room, room);
    }
}

TEST(Config, MetricsAreNotServedWhereTheHomeserverIsHeard) {
    for (const char* metrics : {"127.0.0.1:9009", "0.0.0.0:9009"}) {
        Diagnostics found;
        (void)read_config(std::string(kLeast) + fmt::format("metrics: {}\n", metrics), "r.yaml", found, "/c");
        ASSERT_EQ(found.size(), 1U) << metrics;
        EXPECT_EQ(found.front().at.text(), "r.yaml:9:10");
        EXPECT_EQ(found.front().message, "appservice.listen has that port already: 127.0.0.1:9009");
    }
    Diagnostics found;
    (void)read_config(std::string(kLeast) + "metrics: 127.0.0.1:9010\n", "r.yaml", found, "/c");
    (void)read_config(std::string(kLeast) + "metrics: 127.0.0.2:9009\n", "r.yaml", found, "/c");
    EXPECT_TRUE(found.empty()) << found.front().text();
}

TEST(Config, NoReportRepeatsASecret) {
    Diagnostics found;
    (void)read_config(
        "homeserver: {server_name: x, url: \"https://u:hunter2@x\"}\nappservice: {url: "
        "\"https://x/?t=hunter2\"}\n"
        "directories: {d: {kind: active_directory, servers: [\"ldaps://u:hunter2@x\"], base: DC=x,\n"
        "  bind: {user: u, password: hunter2}}}\n",
        "f.yaml", found);
    EXPECT_EQ(found.size(), 5U);
    for (const Diagnostic& diagnostic : found)
        EXPECT_EQ(diagnostic.text().find("hunter2"), std::string::npos) << diagnostic.text();
}

}  // namespace
}  // namespace rollcall::schema
