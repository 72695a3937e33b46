// init: a new installation's files. Nothing is written before everything that will be written was read back
// by the same readers that the daemon uses, and nothing that is there is overwritten unasked.
#include <fmt/format.h>
#include <unistd.h>
#include <filesystem>

#include "daemon/cli/audit_key.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/files.h"
#include "daemon/cli/init_files.h"
#include "daemon/cli/init_questions.h"
#include "daemon/cli/rotate_tokens.h"
#include "daemon/cli/text.h"
#include "schema/matrix_id.h"
#include "schema/policy_reader.h"

namespace rollcall::cli {
namespace {

std::string folder_of(const std::string& config) {
    const std::filesystem::path place(config);
    return place.has_parent_path() ? place.parent_path().string() : ".";
}

int rotate(const Session& session, const std::string& config) {
    std::string folder = beside(config, "registrations");
    if (exists(config)) {
        const std::optional<schema::Config> read = load_config(session);
        if (!read) return 2;
        folder = read->appservice.registrations;
    }
    return rotate_tokens(folder, session.terminal);
}

int audit_key(const Session& session) {
    const std::optional<schema::Config> read = load_config(session);
    return read ? make_audit_key(*read, session.terminal) : 2;
}

// What the daemon's own readers say about it.
bool reads_well(const InitLayout& layout, const InitOptions& options, Terminal& terminal) {
    Diagnostics faults;
    const InitFile &config = layout.files[0], &policy = layout.files[1];
    (void)schema::read_config(config.text, config.path, faults);
    if (!has_errors(faults)) {
        const schema::PolicyRead read = schema::read_policy(
            {{policy.path, policy.text}}, {options.directory_name, options.server_name, options.time_zone});
        faults.insert(faults.end(), read.diagnostics.begin(), read.diagnostics.end());
    }
    for (const std::string& name : options.exclude)
        if (!schema::is_user_id(name.starts_with('@') ? name : "@" + name + ":" + options.server_name))
            faults.push_back({Position{"--exclude", 0, 0}, fmt::format("'{}' is no account name", name),
                              "write the name part of a Matrix ID, or all of it", Severity::error});
    print_diagnostics(terminal, faults);
    return !has_errors(faults);
}

Status nothing_there(const InitLayout& layout) {
    std::vector<std::string> there;
    for (const InitFile& file : layout.files)
        if (!file.secret && exists(file.path)) there.push_back(file.path);
    if (there.empty()) return {};
    return fail(ErrorKind::invalid_input, fmt::format("already there: {}", joined(there, ", ")),
                "--force overwrites them, with new tokens; --rotate-tokens makes new tokens and leaves the "
                "rest; --folder writes elsewhere");
}

Status write(const InitLayout& layout, bool force, Terminal& terminal) {
    const Look look = terminal.out_look();
    for (const InitFolder& folder : layout.folders)
        if (Status made = make_folder(folder.path, folder.mode); !made) return made;
    for (const InitFile& file : layout.files) {
        if (file.secret && exists(file.path)) continue;
        if (Status written =
                write_file(file.path, file.text, file.mode, force ? Existing::replace : Existing::refuse);
            !written)
            return written;
        terminal.out(bullet(look, 0, "+", Tone::good, file.path));
    }
    return {};
}

void say_what_next(const InitLayout& layout, const InitOptions& options, const std::string& config,
                   Terminal& terminal) {
    const Look look = terminal.out_look();
    const std::string folder = folder_of(config), file = config == Arguments().config ? "" : " -c " + config;
    std::vector<std::string> steps;
    if (options.bind_password_file.empty())
        steps.push_back(
            fmt::format("Put the password of {} into {}.", options.bind_user, layout.files.back().path));
    if (geteuid() == 0)
        steps.push_back(
            fmt::format("Give the files to the account that runs the daemon: chown -R rollcall: {}", folder));
    steps.push_back(fmt::format(
        "Add {} to app_service_config_files in homeserver.yaml (as copies that only the homeserver's account "
        "can read, because there are tokens in them) and restart the homeserver.",
        options.no_mask
            ? beside(config, "registrations/rollcall.yaml")
            : fmt::format("rollcall.yaml and rollcall-mask.yaml of {}", beside(config, "registrations"))));
    steps.push_back(fmt::format("Write down who belongs where, in {}.", layout.files[1].path));
    steps.push_back(fmt::format("rollcall check --online{}", file));
    steps.push_back(fmt::format("rollcall plan{}", file));
    steps.push_back(fmt::format("rollcall apply{}", file));
    steps.push_back(fmt::format("rollcall run{}", file));
    terminal.out("\n" + paragraph(look, 0, Tone::strong, "What to do next"));
    for (std::size_t i = 0; i < steps.size(); ++i)
        terminal.out(bullet(look, 2, fmt::format("{}.", i + 1), Tone::strong, steps[i]));
    if (options.no_mask) return;
    const std::string all =
        options.exclude.empty()
            ? "every account of this server, administrators too (--exclude leaves some out)"
            : "every account of this server but those excluded";
    terminal.out("\n" + paragraph(look, 0, Tone::plain,
                                  "The tokens in rollcall-mask.yaml let their holder act as " + all +
                                      ". Guard that file as you guard the homeserver. Without it (--no-mask) "
                                      "people have to accept invitations, and who is "
                                      "removed can still read what was said before."));
}

}  // namespace

int init(const Session& session) {
    InitOptions options = session.arguments.init;
    const std::string config =
        options.folder.empty() ? session.arguments.config : options.folder + "/rollcall.yaml";
    if (options.rotate_tokens) return rotate(session, config);
    if (options.audit_key) return audit_key(session);
    if (const Status known = complete(options, session.terminal); !known)
        return report(session.terminal, known.error());
    const InitLayout layout = init_layout(options, config);
    if (!reads_well(layout, options, session.terminal))
        return report(session.terminal,
                      Error{ErrorKind::invalid_input,
                            "nothing was written: with these answers the files would be wrong",
                            "correct what is named above"});
    if (!options.force)
        if (const Status free = nothing_there(layout); !free) return report(session.terminal, free.error());
    const bool had_audit_key = exists(beside(config, "secrets/audit-key"));
    if (const Status written = write(layout, options.force, session.terminal); !written)
        return report(session.terminal, written.error());
    const std::string mask = beside(config, "registrations/rollcall-mask.yaml");
    if (options.no_mask && exists(mask))
        session.terminal.err(fmt::format(
            "{} is still there, and the daemon uses it; take it away, from the homeserver too.\n", mask));
    say_what_next(layout, options, config, session.terminal);
    if (!had_audit_key) say_verifier_key(layout.verifier, session.terminal);
    return 0;
}

}  // namespace rollcall::cli
