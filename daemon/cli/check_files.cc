#include "daemon/cli/check_files.h"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>

#include "bridges/matrix/covers.h"
#include "bridges/matrix/ping.h"
#include "bridges/matrix/registration.h"
#include "daemon/cli/check_folders.h"
#include "daemon/cli/check_registrations.h"
#include "daemon/cli/doubtful_rules.h"
#include "daemon/cli/self_written.h"
#include "daemon/control/audit_key.h"
#include "daemon/control/file_rights.h"
#include "daemon/control/own_files.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/policy_folder.h"
#include "daemon/control/unix_account.h"
#include "schema/matrix_id.h"
#include "schema/policy_reader.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;

class Checker {
  public:
    explicit Checker(const std::string& path) : path_(path) {}

    Checked run() {
        const Result<std::string> text = control::read_text_file(path_, kMostBytes, true);
        if (!text) {
            fault(path_, text.error());
            return finish();
        }
        const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
        out_.config =
            schema::read_config(*text, path_, out_.diagnostics, credentials == nullptr ? "" : credentials);
        if (!out_.config) return finish();
        // What root can read is not what the daemon can.
        const uid_t user = geteuid() == 0 ? control::daemon_user(*out_.config).uid.value_or(0) : 0;
        control_group();
        const control::AsUnixAccount as_daemon(user);
        if (user != 0) {
            const std::string login = control::unix_login(user);
            looked_as_ = login.empty() ? fmt::format("uid {}", user) : login;
            if (const auto again = control::read_text_file(path_, kMostBytes, true); !again)
                fault(path_, again.error());
        }
        policy();
        for (const schema::DirectoryConfig& directory : out_.config->directories) secrets(directory);
        audit_key(out_.config->audit);
        registrations();
        const Diagnostics folders = look_at_folders(*out_.config);
        out_.diagnostics.insert(out_.diagnostics.end(), folders.begin(), folders.end());
        const Diagnostics rights = control::look_at_rights(*out_.config, path_);
        out_.diagnostics.insert(out_.diagnostics.end(), rights.begin(), rights.end());
        return finish();
    }

  private:
    Checked finish() {
        std::stable_sort(out_.diagnostics.begin(), out_.diagnostics.end(),
                         [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
        return std::move(out_);
    }

    void fault(const std::string& file, const Error& error, Severity severity = Severity::error) {
        const bool lacks = error.kind == ErrorKind::denied && !looked_as_.empty();
        const std::string hint =
            lacks ? fmt::format("that is for {}, the daemon's user: run chown or chmod", looked_as_)
                  : error.hint;
        out_.diagnostics.push_back({Position{file, 0, 0}, error.message, hint, severity});
    }

    // Where the socket cannot be given to its group, only root and the daemon's user get in.
    void control_group() {
        const std::string& name = out_.config->control.group;
        const std::optional<gid_t> group = control::unix_group_of_name(name);
        const uid_t user = control::daemon_user(*out_.config).uid.value_or(geteuid());
        if (group && control::unix_member(user, *group)) return;
        if (!group && name == schema::ControlConfig{}.group) return;  // nobody has asked for it
        out_.diagnostics.push_back(
            {Position{path_, 0, 0},
             group ? fmt::format(
                         "the daemon's user is not in the group {} (control.group), and cannot open the "
                         "control socket to it",
                         name)
                   : fmt::format("there is no group {} (control.group) on this machine: the control socket "
                                 "will be for root and the daemon's user alone",
                                 name),
             group ? fmt::format("usermod -aG {} {}, and restart the daemon", name, control::unix_login(user))
                   : "make it (groupadd), or name another one, and restart the daemon",
             Severity::warning});
    }

    void policy() {
        const schema::Config& config = *out_.config;
        const Result<control::PolicyTexts> texts = control::read_policy_files(config.policy);
        if (!texts) return fault(config.policy, texts.error());
        const Diagnostics unread = control::not_read(config.policy);
        out_.diagnostics.insert(out_.diagnostics.end(), unread.begin(), unread.end());
        std::vector<schema::PolicyText> inputs;
        for (const auto& [file, text] : *texts) inputs.push_back({file, text});
        const std::string_view directory =
            config.directories.empty() ? std::string_view() : config.directories.front().name;
        schema::PolicyRead read =
            schema::read_policy(inputs, {directory, config.homeserver.server_name, config.time_zone});
        out_.diagnostics.insert(out_.diagnostics.end(), read.diagnostics.begin(), read.diagnostics.end());
        out_.policy_files = texts->size();
        for (const policy::RoomText& room : read.policy.rooms) {
            ++(room.space ? out_.spaces : out_.rooms);
            if (room.admission.value_or(policy::Admission::join) == policy::Admission::join)
                joining_.push_back(room.at);
        }
        anchor_rooms(read.policy);
        const Diagnostics doubtful = self_written(read.policy);
        out_.diagnostics.insert(out_.diagnostics.end(), doubtful.begin(), doubtful.end());
        const Diagnostics rules =
            doubtful_rules(read.policy, std::chrono::floor<Duration>(std::chrono::system_clock::now()));
        out_.diagnostics.insert(out_.diagnostics.end(), rules.begin(), rules.end());
        protected_ = std::move(read.policy.protected_ids);
    }

    void anchor_rooms(const policy::PolicyFile& policy) {
        for (const schema::AnchorConfig& anchor : out_.config->audit.anchors)
            if (!anchor.room.empty() &&
                std::none_of(policy.rooms.begin(), policy.rooms.end(), [&](const policy::RoomText& room) {
                    return !room.space && room.key == anchor.room;
                }))
                out_.diagnostics.push_back(
                    {anchor.at,
                     fmt::format("the anchor {} is to be in the room {}, which is none of the policy's",
                                 anchor.name, anchor.room),
                     "write the key of a room that stands under rooms:", Severity::error});
    }

    // Whoever runs check may not be the one who may read secrets: that alone is no fault, and is said once.
    // For the daemon's own user it is one.
    bool is_anothers(const std::string& file, const Error& error) {
        if (error.kind != ErrorKind::denied || !looked_as_.empty()) return false;
        if (out_.own_alone.empty()) out_.own_alone = control::daemon_user_alone(*out_.config);
        if (out_.own_alone.empty()) return false;
        out_.not_checked.push_back(file);
        return true;
    }

    void audit_key(const schema::AuditConfig& audit) {
        const Result<schema::SignerKey> key = control::read_audit_key(audit);
        if (!key && !is_anothers(audit.key_file, key.error())) fault(audit.key_file, key.error());
    }

    void secrets(const schema::DirectoryConfig& directory) {
        const Result<std::string> password = control::read_secret_file(directory.password_file);
        if (!password && !is_anothers(directory.password_file, password.error())) {
            const bool mild = password.error().kind == ErrorKind::invalid_input;
            fault(directory.password_file, password.error(), mild ? Severity::warning : Severity::error);
        }
        if (directory.ca_file.empty()) return;
        const Result<std::string> ca = control::read_text_file(directory.ca_file, kMostBytes, true);
        if (!ca && !is_anothers(directory.ca_file, ca.error())) fault(directory.ca_file, ca.error());
        if (ca && ca->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
            fault(directory.ca_file, {ErrorKind::invalid_input, "there is no certificate in it",
                                      "put the certificate of your certificate authority there, in PEM"});
    }

    std::optional<matrix::Registration> registration(RegistrationText& into, bool needed) {
        const std::string& file = into.file;
        const Result<std::string> text = control::read_secret_file(file);
        if (text) into.text = *text;
        if (text) return matrix::read_registration(*text, file, out_.diagnostics);
        Error error = text.error();
        if (error.kind == ErrorKind::not_found) {
            if (!needed) return std::nullopt;
            error.hint = "`rollcall init` writes it";
        }
        if (!is_anothers(file, error)) fault(file, error);
        return std::nullopt;
    }

    void registrations() {
        const std::string folder = out_.config->appservice.registrations;
        RegistrationPair pair{{folder + "/rollcall.yaml", ""},
                              {folder + "/rollcall-mask.yaml", ""},
                              out_.config->homeserver.server_name,
                              out_.config->appservice.bot};
        const auto main = registration(pair.main, true);
        if (main && main->url != out_.config->appservice.url)
            out_.diagnostics.push_back(
                {Position{folder + "/rollcall.yaml", 0, 0},
                 fmt::format("the homeserver is told to send to {}, but appservice.url is {}",
                             main->url.value_or("nowhere"), out_.config->appservice.url),
                 "make them equal, and restart the homeserver if this file changes", Severity::error});
        const schema::AppserviceConfig& own = out_.config->appservice;
        if (const std::string port = matrix::other_port(
                {own.url, main ? main->url.value_or("") : std::string(), own.listen.text()});
            !port.empty())
            out_.diagnostics.push_back({Position{folder + "/rollcall.yaml", 0, 0}, port,
                                        "without one, write one port into this file's url, appservice.url "
                                        "and appservice.listen, and restart both",
                                        Severity::warning});
        const std::string& mask_file = pair.mask.file;
        const auto mask = registration(pair.mask, false);
        const Diagnostics judged = judge_registrations(pair);
        out_.diagnostics.insert(out_.diagnostics.end(), judged.begin(), judged.end());
        // One that cannot be looked at may well be there.
        const bool may_join = mask || std::find(out_.not_checked.begin(), out_.not_checked.end(),
                                                mask_file) != out_.not_checked.end();
        if (may_join) out_.joining = joining_;
        if (!mask) return;
        for (const policy::Text& id : protected_)
            if (schema::server_of(id.value) == out_.config->homeserver.server_name)
                spared(*mask, id, mask_file);
    }

    void spared(const matrix::Registration& mask, const policy::Text& id, const std::string& file) {
        for (const matrix::Namespace& users : mask.users)
            if (matrix::pattern_covers(users.regex, id.value).value_or(false))
                out_.diagnostics.push_back(
                    {id.at,
                     fmt::format("{} is protected, but whoever has the token in {} can act as that account",
                                 id.value, file),
                     "leave it out of the pattern there, as `rollcall init --exclude` does, and restart the "
                     "homeserver",
                     Severity::warning});
    }

    const std::string& path_;
    std::string looked_as_;  // the daemon's user, where root looks in their stead
    Checked out_;
    std::vector<policy::Text> protected_;
    std::vector<Position> joining_;
};

}  // namespace

Checked check_files(const std::string& config_path) {
    return Checker(config_path).run();
}

}  // namespace rollcall::cli
