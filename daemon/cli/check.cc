// check: all files, and with --online what the directory and the homeserver say about them.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/cli/check_files.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

json::Value to_json(const Diagnostics& diagnostics) {
    json::Value list{json::Array{}};
    for (const Diagnostic& one : diagnostics) {
        json::Value row;
        row.set("at", one.at.text());
        row.set("message", one.message);
        row.set("suggestion", one.suggestion);
        row.set("severity", one.severity == Severity::error ? "error" : "warning");
        list.push(std::move(row));
    }
    return list;
}

std::string findings(const json::Value& texts, std::string_view title, const Look& look) {
    if (texts.array() == nullptr || texts.array()->empty()) return {};
    std::string out = paragraph(look, 0, Tone::warning, title);
    for (const json::Value& text : *texts.array()) out += bullet(look, 2, "!", Tone::warning, text.text());
    return out;
}

std::string besides_text(const json::Value& besides, const Look& look) {
    if (besides.array() == nullptr || besides.array()->empty()) return {};
    std::string out = paragraph(look, 0, Tone::warning,
                                "Rules that match people who are no employees, and so do not let them in");
    for (const json::Value& one : *besides.array()) {
        const auto n = static_cast<std::size_t>(std::max<std::int64_t>(0, one["people"].integer_or(0)));
        out += bullet(look, 2, "!", Tone::warning,
                      fmt::format("#{}: {}", one["room"].text(), counted(n, "person", "people")));
    }
    return out;
}

// What was seen to work, and what was not, a line each.
std::string seen_text(const json::Value& seen, const std::string& zone, const Look& look) {
    if (seen.array() == nullptr) return {};
    std::string out;
    for (const json::Value& one : *seen.array()) {
        const bool ok = one["ok"].boolean_or(false);
        out += bullet(look, 0, ok ? "✓" : "✗", ok ? Tone::good : Tone::bad,
                      fmt::format("{}: {}", one["what"].text(), with_local_times(one["text"].text(), zone)));
    }
    return out;
}

std::string online_view(const json::Value& result, const std::string& zone, const Look& look) {
    return findings(result["unreachable"], "Rooms whose rules match no employee", look) +
           besides_text(result["besides"], look) +
           findings(result["conflicts"], "Conflicts of Matrix IDs", look) +
           seen_text(result["seen"], zone, look);
}

// Whoever can register the name of the next employee is put into their rooms in their stead.
Diagnostics sign_up_findings(matrix::SignUp sign_up, const std::vector<Position>& joining) {
    if (joining.empty()) return {};
    const std::string rooms = joining.size() == 1 ? "people are joined to this room"
                                                  : fmt::format("people are joined to this room and {} more",
                                                                with_separators(joining.size() - 1));
    const auto finding = [&](const char* what, const char* instead, Severity severity) {
        return Diagnostics{{joining.front(), rooms + ", and " + what, instead, severity}};
    };
    switch (sign_up) {
        case matrix::SignUp::open:
            return finding(
                "anybody can make an account on the homeserver: whoever takes the name of the next employee "
                "gets in",
                "close it (Synapse: enable_registration: false, or registration_requires_token: true), or "
                "write "
                "admission: invite and look at who accepts",
                Severity::error);
        case matrix::SignUp::by_address:
            return finding(
                "whoever has an e-mail address or telephone number that the homeserver accepts can make an "
                "account "
                "there, in the name of the next employee too",
                "make sure that only your own addresses are accepted (Synapse: allowed_local_3pids)",
                Severity::warning);
        case matrix::SignUp::no_answer:
        case matrix::SignUp::unknown:
            return finding("the homeserver does not say who can make an account there",
                           "make sure that nobody can register the name of the next employee",
                           Severity::warning);
        default:
            return {};
    }
}

// Sessions of another server's making are not ended by the homeserver's logout.
Diagnostics sign_in_findings(matrix::SignIn sign_in) {
    if (sign_in != matrix::SignIn::delegated) return {};
    return {
        {Position{"homeserver.url", 0, 0},
         "people sign in by another service than the homeserver (it answers /auth_metadata): this version "
         "cannot end the sessions of whoever departs",
         "end them there (Matrix Authentication Service: lock or deactivate the user)", Severity::warning}};
}

// What the servers say beside the files; of the files themselves, what was not said before.
json::Value appended(const json::Value& some, const Diagnostics& more, const Diagnostics& said) {
    json::Value all = to_json(more);
    if (some.array() == nullptr) return all;
    for (const json::Value& row : *some.array())
        if (std::none_of(said.begin(), said.end(), [&row](const Diagnostic& one) {
                return one.at.text() == row["at"].text() && one.message == row["message"].text();
            }))
            all.push(row);
    return all;
}

bool answers(const json::Value& result, std::string_view way) {
    const json::Array* seen = result["seen"].array();
    return seen == nullptr || std::none_of(seen->begin(), seen->end(), [way](const json::Value& one) {
               return one["what"].text() == way && !one["ok"].boolean_or(false);
           });
}

// The servers' part; the faults of the files were reported before.
int online(const Session& session, const Checked& checked) {
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::asks, exit);
    if (!opened) return exit;
    std::optional<json::Value> args = policy_args(session, opened->config, "", exit);
    if (!args) return exit;
    std::optional<json::Value> answer = ask(session, *opened->transport, request("check", *args));
    if (!answer) return 1;
    if (failed(session, *answer)) {
        // What the files say wrong of the directory, say, hides nothing of the servers.
        if (!session.arguments.json)
            session.terminal.out(seen_text((*answer)["result"]["seen"], opened->config.time_zone,
                                           session.terminal.out_look()));
        return exit_of(*answer);
    }
    matrix::SignUp sign_up = matrix::SignUp::unknown;
    const bool usable = answers((*answer)["result"], "homeserver");  // else there is nobody to ask
    if (usable) sign_up = session.doors.sign_up(opened->config.homeserver.url);
    if (usable && sign_up == matrix::SignUp::no_answer) {
        // That it was there some seconds ago says nothing then.
        args->set("anew", true);
        answer = ask(session, *opened->transport, request("check", std::move(*args)));
        if (!answer) return 1;
        if (failed(session, *answer)) return exit_of(*answer);
    }
    json::Value result = (*answer)["result"];
    Diagnostics found;
    if (usable && answers(result, "homeserver")) {
        found = sign_up_findings(sign_up, checked.joining);
        for (Diagnostic& one : sign_in_findings(session.doors.sign_in(opened->config.homeserver.url)))
            found.push_back(std::move(one));
    }
    result.set("diagnostics", appended(result["diagnostics"], found, checked.diagnostics));
    if (!checked.not_checked.empty()) result.set("not_checked", list_of(checked.not_checked));
    if (!session.arguments.json) print_diagnostics(session.terminal, result["diagnostics"]);
    result.set("daemon", !opened->in_process);
    show(session, result, [&](const Look& look) {
        return online_view(result, opened->config.time_zone, look) +
               (opened->in_process
                    ? paragraph(look, 0, Tone::plain,
                                "No daemon is running: this command has tried the ways itself.")
                    : "");
    });
    if (has_errors(found)) return 2;
    return exit_of(*answer);
}

std::string files_view(const Checked& checked, const Look& look) {
    const auto errors = static_cast<std::size_t>(
        std::count_if(checked.diagnostics.begin(), checked.diagnostics.end(),
                      [](const Diagnostic& d) { return d.severity == Severity::error; }));
    const std::size_t warnings = checked.diagnostics.size() - errors;
    const std::string noted = warnings == 0 ? "" : ", " + counted(warnings, "warning", "warnings");
    if (errors > 0)
        return paragraph(look, 0, Tone::bad, fmt::format("{}{}", counted(errors, "error", "errors"), noted));
    return paragraph(
        look, 0, Tone::good,
        fmt::format("The files are good{}: {}, {}, {}.", noted,
                    counted(checked.policy_files, "policy file", "policy files"),
                    counted(checked.spaces, "space", "spaces"), counted(checked.rooms, "room", "rooms")));
}

// No fault, and nothing that the caller has to do.
std::string not_checked_view(const Checked& checked, const Look& look) {
    if (checked.not_checked.empty()) return {};
    std::string out =
        paragraph(look, 0, Tone::plain,
                  fmt::format("Not checked, because only {}, and root may read it:", checked.own_alone));
    for (const std::string& file : checked.not_checked) out += bullet(look, 2, "·", Tone::faint, file);
    return out;
}

// Without it the directory alone cannot be asked, and whatever is asked says so.
bool password_alone(const Checked& checked) {
    return checked.config &&
           std::all_of(checked.diagnostics.begin(), checked.diagnostics.end(),
                       [&checked](const Diagnostic& one) {
                           return one.severity != Severity::error ||
                                  one.at.file.name() == checked.config->directories.front().password_file;
                       });
}

}  // namespace

int check(const Session& session) {
    const Checked checked = check_files(session.arguments.config);
    const bool bad = has_errors(checked.diagnostics);
    const bool more = session.arguments.online && (!bad || password_alone(checked));
    print_diagnostics(session.terminal, checked.diagnostics);
    const Look look = session.terminal.out_look();
    if (!session.arguments.json)
        session.terminal.out(files_view(checked, look) + not_checked_view(checked, look) +
                             (session.arguments.online && !more
                                  ? paragraph(look, 0, Tone::warning,
                                              "Nothing was asked of the servers: mend the files first.")
                                  : ""));
    if (more) {
        const int seen = online(session, checked);
        return bad ? 2 : seen;
    }
    if (session.arguments.json) {
        json::Value result;
        result.set("diagnostics", to_json(checked.diagnostics));
        if (!checked.not_checked.empty()) result.set("not_checked", list_of(checked.not_checked));
        session.terminal.out(json::write_pretty(result) + "\n");
    }
    return bad ? 2 : 0;
}

}  // namespace rollcall::cli
