#include "schema/config_file.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <filesystem>

#include "schema/distinguished_name.h"
#include "schema/fields.h"
#include "schema/matrix_id.h"
#include "schema/sha256.h"
#include "schema/signed_note.h"
#include "schema/time_zone.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {
namespace {

constexpr std::string_view kCredentials = "${CREDENTIALS_DIRECTORY}";
constexpr std::size_t kLongestName = 64, kMostAnchors = 32;  // one entry of the trail names all of them
constexpr const char* kWitness = "write the witness's key, as its operator publishes it: name+id+key";

constexpr std::array<Choice<DirectoryKind>, 1> kDirectoryKinds{
    {{"active_directory", DirectoryKind::active_directory}}};
constexpr std::array<Choice<LogLevel>, 4> kLevels{{{"debug", LogLevel::debug},
                                                   {"info", LogLevel::info},
                                                   {"warning", LogLevel::warning},
                                                   {"error", LogLevel::error}}};
constexpr std::array<Choice<LogFormat>, 3> kFormats{
    {{"text", LogFormat::text}, {"json", LogFormat::json}, {"journald", LogFormat::journald}}};

class ConfigReader {
  public:
    ConfigReader(const std::string& file, std::string_view credentials, Diagnostics& out)
        : folder_(std::filesystem::path(file).parent_path()), credentials_(credentials), out_(out) {}

    Config read(const Node& root) {
        Config config;
        resolve(config.policy);
        resolve(config.appservice.registrations);
        resolve(config.audit.key_file);
        Fields fields(root, "the configuration", out_);
        if (const Node* node = fields.need("homeserver", "write homeserver: {server_name: …, url: …}"))
            homeserver(*node, config.homeserver);
        if (const Node* node = fields.take("appservice")) appservice(*node, config.appservice);
        if (const Node* node = fields.need("directories", "name one directory and how to reach it"))
            directories(*node, config.directories);
        path(fields.take("policy"), config.policy);
        path(fields.take("state"), config.state);
        if (const Node* node = fields.take("control")) control(*node, config.control);
        if (const Node* node = fields.take("auditors")) auditors(*node, config.auditors);
        if (const Node* node = fields.take("time_zone")) time_zone(*node, config.time_zone);
        if (const Node* node = fields.take("metrics")) {
            host_port(*node, config.metrics.emplace());
            two_listeners(*node, *config.metrics, config.appservice.listen);
        }
        if (const Node* node = fields.take("log")) log(*node, config.log);
        if (const Node* node = fields.take("audit")) audit(*node, config.audit);
        fields.not_yet("admins");
        fields.finish();
        if (config.audit.origin.empty()) config.audit.origin = config.homeserver.server_name + "/rollcall";
        if (config.audit.folder.empty()) config.audit.folder = config.state + "/audit";
        if (config.appservice.url.empty())
            config.appservice.url = "http://" + config.appservice.listen.text();
        return config;
    }

  private:
    // One address takes one listener, and so does one port of all addresses.
    void two_listeners(const Node& node, const HostPort& metrics, const HostPort& listen) {
        const auto all = [](const std::string& host) { return host == "0.0.0.0" || host == "::"; };
        if (metrics.port == 0 || metrics.port != listen.port ||
            (metrics.host != listen.host && !all(metrics.host) && !all(listen.host)))
            return;
        report(out_, node.at, fmt::format("appservice.listen has that port already: {}", listen.text()),
               "write another port for one of them");
    }

    void homeserver(const Node& node, HomeserverConfig& into) {
        Fields fields(node, "homeserver", out_);
        if (const Node* name = fields.need("server_name")) {
            fields.text(name, into.server_name);
            if (!into.server_name.empty() && !is_server_name(into.server_name))
                report(out_, name->at, fmt::format("{} is not a server name", kind_name(*name)),
                       "write what stands behind the colon of a Matrix ID: corp.example.com");
        }
        if (const Node* url = fields.need("url")) web_url(*url, into.url);
        fields.duration(fields.take("verify_every"), into.verify_every);
        fields.duration(fields.take("look_for_accounts_every"), into.look_for_accounts_every);
        fields.not_yet("admin_token_file");
        fields.finish();
    }

    void appservice(const Node& node, AppserviceConfig& into) {
        Fields fields(node, "appservice", out_);
        if (const Node* listen = fields.take("listen")) host_port(*listen, into.listen);
        if (const Node* url = fields.take("url")) web_url(*url, into.url);
        if (const Node* bot = fields.take("bot")) {
            fields.text(bot, into.bot);
            if (!is_user_id(fmt::format("@{}:localhost", into.bot)))
                report(out_, bot->at, fmt::format("{} is not a user's name", kind_name(*bot)),
                       "write the part between @ and the colon: rollcall");
        }
        path(fields.take("registrations"), into.registrations);
        if (const Node* room = fields.take("admin_room")) {
            fields.text(room, into.admin_room);
            const bool is_id = is_opaque_id(into.admin_room, '!');
            if (!into.admin_room.empty() && !is_id && !is_alias_localpart(into.admin_room))
                report(
                    out_, room->at,
                    fmt::format("{} is neither a room's ID nor the local part of an alias", kind_name(*room)),
                    "write the part between # and the colon, rollcall-admins, or the room's ID, in quotes: "
                    "\"!abc:corp.example.com\"");
        }
        fields.finish();
    }

    void directories(const Node& node, std::vector<DirectoryConfig>& into) {
        if (node.kind != Node::Kind::mapping || node.entries.empty()) {
            report(out_, node.at,
                   "directories must be a mapping from a name to how that directory is reached",
                   "write a name, such as corp:, and its keys below, indented");
            return;
        }
        for (const Entry& entry : node.entries) {
            if (!into.empty()) report_not_yet(out_, entry.key_at, "a second directory");
            DirectoryConfig& made = into.emplace_back();
            made.at = entry.key_at;
            made.name = entry.key;
            if (made.name.empty() || made.name.size() > kLongestName)
                report(out_, made.at, fmt::format("the name of a directory has 1 to {} bytes", kLongestName));
            directory(entry.value, made);
        }
    }

    void directory(const Node& node, DirectoryConfig& into) {
        Fields fields(node, "a directory", out_);
        if (const Node* kind = fields.need("kind", "write kind: active_directory"))
            into.kind = read_choice(*kind, kDirectoryKinds, out_).value_or(into.kind);
        fields.not_yet("discover", "write servers: [ldaps://…]");
        if (node.find("discover") != nullptr)
            (void)fields.take("servers");
        else if (const Node* servers =
                     fields.need("servers", "write servers: [ldaps://dc1.corp.example.com]"))
            ldap_servers(*servers, into.servers);
        if (const Node* base =
                fields.need("base", "write the DN below which everything is: DC=corp,DC=example,DC=com")) {
            fields.text(base, into.base);
            if (!into.base.empty() && !is_distinguished_name(into.base))
                report(out_, base->at, fmt::format("{} is not a distinguished name", kind_name(*base)),
                       "write DC=corp,DC=example,DC=com");
        }
        if (const Node* bind = fields.need("bind", "write bind: {user: …, password_file: …}"))
            credentials(*bind, into);
        path(fields.take("ca_file"), into.ca_file);
        fields.duration(fields.take("verify_every"), into.verify_every);
        fields.finish();
    }

    void ldap_servers(const Node& node, std::vector<std::string>& into) {
        const auto& items = read_list(node, out_, 16);
        if (node.kind == Node::Kind::list && items.empty())
            report(out_, node.at, "the list of servers is empty");
        for (const Node& item : items) {
            if (!into.empty()) report_not_yet(out_, item.at, "more than one server", "keep one of them");
            const auto text = read_text(item, out_);
            if (!text) continue;
            const auto url = read_url(*text);
            if (url && url->scheme == "ldaps" && url->path.empty()) {
                into.push_back(url->text());
            } else {
                report(out_, item.at, "this is not the URL of a directory server",
                       "write ldaps://dc1.corp.example.com, with or without a port; ldap:// would send the "
                       "password in clear");
            }
        }
    }

    void credentials(const Node& node, DirectoryConfig& into) {
        Fields fields(node, "bind", out_);
        fields.not_yet("principal", "write user and password_file");
        fields.not_yet("keytab_file", "write user and password_file");
        if (node.find("principal") != nullptr || node.find("keytab_file") != nullptr) {
            (void)fields.take("user");
            (void)fields.take("password_file");
        } else {
            fields.text(fields.need("user", "write user: svc-rollcall@corp.example.com"), into.bind_user);
            path(fields.need("password_file",
                             "write the path of a file that holds the password and nothing else"),
                 into.password_file);
        }
        fields.finish();
    }

    void control(const Node& node, ControlConfig& into) {
        Fields fields(node, "control", out_);
        const Node* const socket = fields.take("socket");
        path(socket, into.socket);
        // sockaddr_un has room for 108 bytes with the final NUL (unix(7)).
        if (into.socket.size() > 107 && socket != nullptr)
            report(out_, socket->at, "the path of a socket has at most 107 bytes", "choose a shorter one");
        fields.text(fields.take("group"), into.group, 64);
        fields.finish();
    }

    void auditors(const Node& node, std::string& into) {
        Fields fields(node, "auditors", out_);
        fields.text(fields.need("group", "write the name of a group: auditors: {group: Compliance}"), into);
        fields.finish();
    }

    void time_zone(const Node& node, std::string& into) {
        const auto zone = read_text(node, out_, 64);
        if (!zone) return;
        if (!is_time_zone(*zone))
            report(out_, node.at, fmt::format("there is no time zone {} on this machine", kind_name(node)),
                   "write a name of the IANA database such as Europe/Amsterdam, or install tzdata");
        else
            into = *zone;
    }

    void log(const Node& node, LogConfig& into) {
        Fields fields(node, "log", out_);
        if (const Node* level = fields.take("level"))
            into.level = read_choice(*level, kLevels, out_).value_or(into.level);
        if (const Node* format = fields.take("format"))
            into.format = read_choice(*format, kFormats, out_).value_or(into.format);
        fields.finish();
    }

    void audit(const Node& node, AuditConfig& into) {
        Fields fields(node, "audit", out_);
        if (const Node* origin = fields.take("origin")) {
            fields.text(origin, into.origin, 250);
            if (!into.origin.empty() && !is_key_name(into.origin))
                report(out_, origin->at, fmt::format("{} is not the name of a log", kind_name(*origin)),
                       "write corp.example.com/rollcall: no blanks, no plus sign");
        }
        path(fields.take("folder"), into.folder);
        path(fields.take("key_file"), into.key_file);
        fields.duration(fields.take("checkpoint_every"), into.checkpoint_every);
        if (const Node* named = fields.take("anchors")) anchors(*named, into.anchors);
        if (const Node* to = fields.take("collector")) collector(*to, into.collector.emplace());
        fields.duration(fields.take("promise"), into.promise);
        if (const Node* retention = fields.take("retention"); retention != nullptr)
            fields.duration(retention, into.retention.emplace());
        fields.finish();
    }

    void anchors(const Node& node, std::vector<AnchorConfig>& into) {
        if (node.kind != Node::Kind::mapping)
            return report(out_, node.at, "anchors must be a mapping from a name to where checkpoints go",
                          "write a name, such as worm:, and {folder: /mnt/worm/rollcall} behind it");
        if (node.entries.size() > kMostAnchors)
            report(out_, node.at, fmt::format("there are more than {} anchors", kMostAnchors));
        for (const Entry& entry : node.entries) {
            AnchorConfig& made = into.emplace_back();
            made.at = entry.key_at;
            made.name = entry.key;
            if (made.name.empty() || made.name.size() > kLongestName)
                report(out_, made.at, fmt::format("the name of an anchor has 1 to {} bytes", kLongestName));
            anchor(entry.value, made);
        }
    }

    void anchor(const Node& node, AnchorConfig& into) {
        Fields fields(node, "an anchor", out_);
        const Node* const folder = fields.take("folder");
        const Node* const room = fields.take("room");
        const Node* const url = fields.take("url");
        const Node* const key = url != nullptr ? fields.need("key", kWitness) : fields.take("key");
        const Node* const syslog = fields.take("syslog");
        const Node* const ca_file = syslog != nullptr ? fields.take("ca_file") : nullptr;
        const std::array<const Node*, 4> all{folder, room, url, syslog};
        const auto places =
            all.size() - static_cast<std::size_t>(std::count(all.begin(), all.end(), nullptr));
        if (node.kind == Node::Kind::mapping && places != 1)
            report(
                out_, node.at,
                places == 0 ? "this anchor says no place" : "this anchor says more than one place",
                "write one of {folder: /mnt/worm/rollcall}, {room: a room of the policy}, {url: …, key: …}, "
                "{syslog: \"tls://…\"}");
        path(folder, into.folder);
        fields.text(room, into.room, 255);
        if (url != nullptr) web_url(*url, into.witness_url);
        if (key != nullptr) witness_key(*key, into.witness_key);
        if (syslog != nullptr) syslog_url(*syslog, into.syslog);
        path(ca_file, into.ca_file);
        fields.finish();
    }

    void witness_key(const Node& node, VerifierKey& into) {
        const auto text = read_text(node, out_);
        if (!text) return;
        if (Result<VerifierKey> read = read_verifier_key(*text, KeyType::witness); read)
            into = std::move(*read);
        else
            report(out_, node.at, "this is no key of a witness",
                   "copy the line that its operator publishes: name+id+key, for cosignatures (Ed25519)");
    }

    void collector(const Node& node, CollectorConfig& into) {
        Fields fields(node, "collector", out_);
        if (const Node* syslog = fields.need("syslog", "write tls://siem.corp.example.com:6514"))
            syslog_url(*syslog, into.syslog);
        path(fields.take("ca_file"), into.ca_file);
        fields.boolean(fields.take("names"), into.names);
        fields.finish();
    }

    void syslog_url(const Node& node, std::string& into) {
        const auto text = read_text(node, out_);
        if (!text) return;
        const auto url = read_syslog_url(*text);
        if (!url)
            return report(out_, node.at, "this is not the address of a syslog collector",
                          "write tls://siem.corp.example.com:6514");
        if (url->scheme == "tcp" && !is_loopback(url->host))
            return report(out_, node.at, "this would go in clear",
                          "write tls://; tcp:// is for a collector on this machine");
        into = url->text();
    }

    void host_port(const Node& node, HostPort& into) {
        const auto text = read_text(node, out_);
        if (!text) return;
        if (auto read = read_host_port(*text))
            into = std::move(*read);
        else
            report(out_, node.at, fmt::format("{} is not a host and a port", kind_name(node)),
                   "write 127.0.0.1:9009");
    }

    void web_url(const Node& node, std::string& into) {
        const auto text = read_text(node, out_);
        if (!text) return;
        const auto url = read_url(*text);
        if (!url || (url->scheme != "https" && url->scheme != "http")) {
            // Not repeated in the report: people put passwords and tokens into addresses.
            report(out_, node.at, "this is not a web address",
                   "write https:// and a host, a port if need be, without user, password or question mark");
            return;
        }
        if (url->scheme == "http" && !is_loopback(url->host))
            report(out_, node.at, "tokens go in clear to this address",
                   "write https:// unless that network is yours alone", Severity::warning);
        into = url->text();
    }

    void path(const Node* node, std::string& into) {
        if (node == nullptr) return;
        auto text = read_text(*node, out_, 4096);
        if (!text) return;
        if (text->starts_with(kCredentials)) {
            if (credentials_.empty())
                report(out_, node->at, "CREDENTIALS_DIRECTORY is not set",
                       "start with systemd's LoadCredential=, or write a path");
            text->replace(0, kCredentials.size(), credentials_);
        }
        if (text->find("${") != std::string::npos)
            report(out_, node->at, "only ${CREDENTIALS_DIRECTORY} is replaced, at the start of a path",
                   "write the path out");
        into = std::move(*text);
        resolve(into);
    }

    void resolve(std::string& path) const { path = (folder_ / path).lexically_normal().string(); }

    std::filesystem::path folder_;
    std::string_view credentials_;
    Diagnostics& out_;
};

}  // namespace

std::optional<Config> read_config(std::string_view text, const std::string& file, Diagnostics& out,
                                  std::string_view credentials) {
    Diagnostics found;
    std::optional<Config> config;
    if (const auto root = read_yaml(text, file, found))
        config = ConfigReader(file, credentials, found).read(*root);
    if (has_errors(found)) config.reset();
    if (config) config->hash = sha256_hex(text);
    std::stable_sort(found.begin(), found.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
    out.insert(out.end(), found.begin(), found.end());
    return config;
}

}  // namespace rollcall::schema
