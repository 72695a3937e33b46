// rollcall.yaml: how the daemon reaches its servers and who may do what, as a struct with every default
// filled in.
//
// The text comes from the caller, who has checked the file's owner and mode; nothing here opens a file but
// the system's time zones. All faults of the file are reported, not the first one. Values; any thread. Source
// of the keys: docs/admins.md, "rollcall.yaml". schema/config.schema.json says the same to editors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/base/time.h"
#include "schema/address.h"
#include "schema/signed_note.h"

namespace rollcall::schema {

struct HomeserverConfig {
    std::string server_name;
    std::string url;  // of the client-server API, without a slash at its end
    Duration verify_every = std::chrono::hours{6};
    Duration look_for_accounts_every = std::chrono::minutes{5};
};

struct AppserviceConfig {
    HostPort listen{"127.0.0.1", 9009};
    std::string url;               // as the homeserver reaches it; http:// and `listen` unless given
    std::string bot = "rollcall";  // local part of its Matrix ID
    std::string registrations = "registrations";
    std::string admin_room;  // local part of the alias, or room ID; "" for none
};

enum class DirectoryKind { active_directory };

struct DirectoryConfig {
    Position at;
    std::string name;  // "corp"
    DirectoryKind kind = DirectoryKind::active_directory;
    std::vector<std::string> servers;  // ldaps:// URLs; one in this version
    std::string base;                  // distinguished name
    std::string bind_user;
    std::string password_file;
    std::string ca_file;  // "" for the system's certificate authorities
    Duration verify_every = std::chrono::minutes{15};
};

struct ControlConfig {
    std::string socket = "/run/rollcall/control.sock";
    std::string group = "rollcall";
};

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json, journald };

struct LogConfig {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
};

// A place outside in which signed heads of the log are kept: one of these, the others empty.
struct AnchorConfig {
    Position at;
    std::string name;
    std::string folder;
    std::string room;         // key in the policy
    std::string witness_url;  // the submission prefix of C2SP tlog-witness, without a slash at its end
    VerifierKey witness_key;
    std::string syslog;   // as in CollectorConfig
    std::string ca_file;  // "" for the system's certificate authorities
};

// Where every entry of the trail is sent as a syslog message (RFC 5424), over TLS (RFC 5425).
struct CollectorConfig {
    std::string syslog;   // tls://host:port, or tcp:// to a loopback address
    std::string ca_file;  // "" for the system's certificate authorities
    bool names = false;   // what is said of people too; otherwise pseudonyms
};

struct AuditConfig {
    std::string origin;  // the log's name; `server_name`/rollcall unless given
    std::string folder;  // `state`/audit unless given
    std::string key_file = "secrets/audit-key";
    Duration checkpoint_every = std::chrono::minutes{1};
    std::vector<AnchorConfig> anchors;
    std::optional<CollectorConfig> collector;
    std::optional<Duration> retention;  // of what the trail says of somebody, from their departure on
    Duration promise = std::chrono::minutes{5};  // a leaver is out of every managed room within this
};

// Every path is absolute, or relative to where the program was started if the file's own path is.
struct Config {
    HomeserverConfig homeserver;
    AppserviceConfig appservice;
    std::vector<DirectoryConfig> directories;  // exactly one in this version
    std::string policy = "policy";
    std::string state = "/var/lib/rollcall";
    ControlConfig control;
    std::string auditors;  // group of the directory whose people may sign off: name, DN or guid:…; "" nobody
    std::string time_zone = "UTC";
    std::optional<HostPort> metrics;
    LogConfig log;
    AuditConfig audit;
    std::string hash;  // SHA-256 of the file's text, 64 hex digits
};

// `file` is the path of the text: relative paths in it are resolved against its folder. `credentials` is what
// ${CREDENTIALS_DIRECTORY} stands for; "" where it is not set. nullopt exactly when an error was added to
// `out`.
[[nodiscard]] std::optional<Config> read_config(std::string_view text, const std::string& file,
                                                Diagnostics& out, std::string_view credentials = {});

}  // namespace rollcall::schema
