#include "daemon/cli/init_files.h"

#include <fmt/format.h>
#include <filesystem>

#include "bridges/matrix/registration.h"
#include "daemon/cli/files.h"
#include "schema/signed_note.h"

namespace rollcall::cli {
namespace {

// Of `@name:server` or `name`.
std::string user_id(const std::string& name, const std::string& server) {
    return name.starts_with('@') ? name : "@" + name + ":" + server;
}

std::string password_file(const InitOptions& options) {
    return options.bind_password_file.empty() ? "secrets/bind-password"
                                              : absolute(options.bind_password_file);
}

std::string config_text(const InitOptions& o) {
    std::string text =
        fmt::format("# yaml-language-server: $schema={}/config.schema.json\n", ROLLCALL_SCHEMAS);
    text += "# How the daemon reaches its servers. Written once; the policy folder is what changes daily.\n";
    text += fmt::format("homeserver:\n  server_name: {}\n  url: {}   # the client-server API\n\n",
                        yaml_text(o.server_name), yaml_text(o.homeserver_url));
    text += fmt::format(
        "appservice:\n  listen: {}\n  url: {}   # as the homeserver reaches it; stands in "
        "registrations/rollcall.yaml too\n",
        yaml_text(o.listen), yaml_text(o.appservice_url));
    text += fmt::format(
        "  bot: {}\n  registrations: registrations   # folder of the two files for the homeserver\n",
        yaml_text(o.bot));
    text += "  # admin_room: rollcall-admins   # alias of a room in which the bot reports\n\n";
    text += fmt::format("directories:\n  {}:\n    kind: active_directory\n    servers: [{}]\n    base: {}\n",
                        o.directory_name, yaml_text(o.directory_url), yaml_text(o.base));
    text += fmt::format("    bind: {{user: {}, password_file: {}}}\n", yaml_text(o.bind_user),
                        yaml_text(password_file(o)));
    if (o.ca_file.empty())
        text +=
            "    # ca_file: corp-ca.pem   # where the directory's certificate is not signed by a "
            "public authority\n";
    else
        text += fmt::format("    ca_file: {}\n", yaml_text(absolute(o.ca_file)));
    text += fmt::format("\npolicy: policy   # a folder of .yaml files, read as one policy\nstate: {}\n",
                        yaml_text(o.state));
    text += fmt::format("control: {{socket: {}, group: rollcall}}   # unix group that may use it\n",
                        yaml_text(o.socket));
    text += fmt::format("time_zone: {}   # for days in policies and for what people read\n",
                        yaml_text(o.time_zone));
    text += fmt::format(
        "audit:   # the evidence trail's log\n  origin: {}   # its name, and its key's: never to be "
        "changed\n",
        yaml_text(o.server_name + "/rollcall"));
    text += "  key_file: secrets/audit-key\n";
    return text;
}

constexpr const char* kPolicyEnd = R"(spaces:
  company: {{name: {company}, members: employees}}

rooms:
  announcements:
    name: Announcements
    space: company
    members: employees
    # owners: {{group: Communications}}   # answerable for the room, moderators in it, named by `rollcall why`
    # who_posts: owners                 # everyone | owners
  # engineering:                        # the key: the room's identity, and its address #engineering:{server}
  #   name: Engineering
  #   topic: Build, ship, run
  #   space: company
  #   members:
  #     any:
  #       - {{group: Engineering}}
  #       - {{user: jdoe}}
  #     except: {{group: Contractors}}
  #   owners: {{group: Engineering Leads}}
  #   outsiders: none                   # none | approved

# What may happen unasked; more waits for `rollcall approve`. These figures are the defaults.
guards:
  removals: {{at_most: 25, within: 1h}}        # people who lose a room without having departed
  departures: {{at_most: 50, within: 1h}}      # people who depart
  room_loses: {{percent: 50, at_least: 5}}     # of one room's people within an hour
  room_gains: {{percent: 100, at_least: 25}}   # after its first fill
  rooms: {{created: 20, released: 3, within: 1h}}
  grace: 10s                                 # how long a removal waits that the directory brings about
  # canaries: [rollcall-canary]              # accounts that every complete read must contain
)";

std::string policy_text(const InitOptions& o) {
    std::string text =
        fmt::format("# yaml-language-server: $schema={}/policy.schema.json\n", ROLLCALL_SCHEMAS);
    text +=
        "# Who belongs where. `rollcall check` reads it, `rollcall plan` shows what it would do, and "
        "`rollcall apply` puts it in\n"
        "# force: until then the policy that was applied last stays in force.\n";
    text += fmt::format("people:\n  matrix_id: {}   # from directory attributes; kept for life once seen\n",
                        yaml_text("@{sAMAccountName|lower}:" + o.server_name));
    text += fmt::format("  employees: {{group: {}}}   # only employees become members or owners\n",
                        yaml_text(o.employees));
    if (o.employees == "Domain Users")
        text += "  # That group has every account, service accounts too: one of people alone is better.\n";
    text += "\n";
    text +=
        "# Matrix IDs that are never removed from any room: administrators, an account for emergencies.\n";
    std::string list;
    for (const std::string& name : o.exclude)
        list += (list.empty() ? "" : ", ") + yaml_text(user_id(name, o.server_name));
    text += list.empty() ? fmt::format("# protected: [{}]\n\n", yaml_text("@admin:" + o.server_name))
                         : fmt::format("protected: [{}]\n\n", list);
    return text + fmt::format(kPolicyEnd, fmt::arg("company", yaml_text(o.server_name)),
                              fmt::arg("server", o.server_name));
}

}  // namespace

std::string yaml_text(const std::string& text) {
    static constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-@:";
    const bool starts_plain =
        !text.empty() && text[0] != '@' && text[0] != '-' && text[0] != ':' && text[0] != '.';
    if (starts_plain && text.back() != ':' && text.find_first_not_of(kPlain) == std::string::npos)
        return text;
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out + "\"";
}

InitLayout init_layout(const InitOptions& options, const std::string& config) {
    const std::filesystem::path place(config);
    const std::string folder = place.has_parent_path() ? place.parent_path().string() : ".";
    matrix::RegistrationWishes wishes;
    wishes.server_name = options.server_name;
    wishes.url = options.appservice_url;
    wishes.bot = options.bot;
    wishes.mask = !options.no_mask;
    wishes.exclude = options.exclude;
    InitLayout out;
    out.folders = {{folder, 0750},
                   {beside(config, "policy"), 0750},
                   {beside(config, "registrations"), 0700},
                   {beside(config, "secrets"), 0700}};
    out.files.push_back({config, config_text(options), 0640, false});
    out.files.push_back({beside(config, "policy/company.yaml"), policy_text(options), 0640, false});
    out.files.push_back({beside(config, "registrations/rollcall.yaml"),
                         matrix::to_yaml(matrix::make_main(wishes)), 0600, false});
    if (wishes.mask)
        out.files.push_back({beside(config, "registrations/rollcall-mask.yaml"),
                             matrix::to_yaml(matrix::make_mask(wishes)), 0600, false});
    // A server name that cannot name a key is refused by the configuration's reader.
    if (const auto key = schema::SignerKey::generate(options.server_name + "/rollcall")) {
        out.verifier = key->verifier().text();
        out.files.push_back({beside(config, "secrets/audit-key"), key->secret_text() + "\n", 0600, true});
    }
    if (options.bind_password_file.empty())
        out.files.push_back({beside(config, "secrets/bind-password"), "", 0600, true});
    return out;
}

}  // namespace rollcall::cli
