#include "daemon/cli/session.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>

#include "daemon/cli/files.h"
#include "daemon/cli/text.h"
#include "daemon/control/handler.h"
#include "daemon/control/own_files.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/policy_input.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostConfig = 1U << 20U;

void print_diagnostic(Terminal& terminal, std::string_view at, bool is_error, std::string_view message,
                      std::string_view suggestion) {
    const Look look = terminal.err_look();
    const std::string place = printable(at) + ": ", grade = is_error ? "error" : "warning";
    std::string text = paragraph({false, look.width}, 0, Tone::plain,
                                 fmt::format("{}{}: {}", place, grade, printable(message)));
    // In their tones where the terminal has a place for both in one line.
    if (text.starts_with(place + grade))
        text.replace(0, place.size() + grade.size(),
                     paint(look, Tone::strong, printable(at)) + ": " +
                         paint(look, is_error ? Tone::bad : Tone::warning, grade));
    terminal.err(text);
    if (!suggestion.empty()) terminal.err(paragraph(look, 2, Tone::plain, suggestion));
}

// "title text", folded, with the title alone in its tone.
std::string titled(const Look& look, std::size_t indent, Tone tone, const std::string& title,
                   std::string_view text) {
    const std::string all = title + " " + std::string(text);
    std::string out = paragraph({false, look.width}, indent, Tone::plain, all);
    if (out.compare(indent, title.size(), title) == 0)  // where the terminal has a place for it in one line
        out.replace(indent, title.size(), paint(look, tone, title));
    return out;
}

int exit_for(ErrorKind kind) {
    return kind == ErrorKind::invalid_input || kind == ErrorKind::not_found ? 2 : 1;
}

}  // namespace

int report(Terminal& terminal, const Error& error) {
    const Look look = terminal.err_look();
    terminal.err(titled(look, 0, Tone::bad, "rollcall:", error.message));
    if (!error.hint.empty()) terminal.err(titled(look, 2, Tone::strong, "what to do:", error.hint));
    return exit_for(error.kind);
}

void print_diagnostics(Terminal& terminal, const Diagnostics& diagnostics) {
    Diagnostics sorted = diagnostics;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
    for (const Diagnostic& one : sorted)
        print_diagnostic(terminal, one.at.text(), one.severity == Severity::error, one.message,
                         one.suggestion);
}

void print_diagnostics(Terminal& terminal, const json::Value& diagnostics) {
    if (diagnostics.array() == nullptr) return;
    for (const json::Value& one : *diagnostics.array())
        print_diagnostic(terminal, one["at"].text(), one["severity"].text() == "error", one["message"].text(),
                         one["suggestion"].text());
}

std::optional<schema::Config> load_config(const Session& session) {
    const std::string& path = session.arguments.config;
    Result<std::string> text = control::read_text_file(path, kMostConfig, true);
    if (!text) {
        Error error = text.error();
        if (error.kind == ErrorKind::not_found)
            error.hint = "name it with -c FILE, or write one with `rollcall init`";
        if (error.kind == ErrorKind::denied)
            error.hint =
                "who is in the daemon's unix group may read it, from their next login on (`adduser YOU "
                "rollcall`), and root";
        report(session.terminal, error);
        return std::nullopt;
    }
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    Diagnostics diagnostics;
    std::optional<schema::Config> config =
        schema::read_config(*text, path, diagnostics, credentials == nullptr ? "" : credentials);
    if (!config) print_diagnostics(session.terminal, diagnostics);
    return config;
}

std::optional<Opened> open(const Session& session, Use use, int& exit) {
    std::optional<schema::Config> config = load_config(session);
    if (!config) {
        exit = 2;
        return std::nullopt;
    }
    bool in_process = false;
    Result<std::unique_ptr<control::Transport>> transport =
        session.doors.connect_daemon(config->control.socket);
    if (!transport && transport.error().kind == ErrorKind::not_found) {
        if (const std::string user = control::daemon_user_alone(*config); !user.empty()) {
            exit = report(
                session.terminal,
                Error{ErrorKind::unavailable,
                      fmt::format("no daemon is running: nothing answers on {}", config->control.socket),
                      fmt::format("start it (systemctl start rollcall), and say this again; without "
                                  "a daemon only {}, and root can do this",
                                  user)});
            return std::nullopt;
        }
        in_process = true;
        transport = session.doors.open_in_process(*config, use == Use::asks);
        if (!transport && transport.error().kind == ErrorKind::conflict) {
            // Whoever has the state folder may be a daemon that was starting: it listens by now.
            if (auto daemon = session.doors.connect_daemon(config->control.socket)) {
                in_process = false;
                transport = std::move(daemon);
            }
        }
    }
    if (!transport) {
        report(session.terminal, transport.error());
        exit = 1;
        return std::nullopt;
    }
    return Opened{std::move(*config), std::move(*transport), in_process};
}

std::optional<json::Value> policy_args(const Session& session, const schema::Config& config,
                                       const std::string& named, int& exit) {
    const Result<control::PolicyTexts> texts =
        control::read_policy_files(absolute(named.empty() ? config.policy : named));
    if (!texts && !named.empty()) {
        exit = report(session.terminal, texts.error());
        return std::nullopt;
    }
    json::Value args{json::Object{}};
    if (texts) args.set("files", control::files_json(*texts));
    return args;
}

json::Value request(std::string command, json::Value args) {
    json::Value out;
    out.set("command", std::move(command));
    out.set("args", std::move(args));
    return out;
}

std::optional<json::Value> ask(const Session& session, control::Transport& transport,
                               const json::Value& request) {
    Result<json::Value> answer = transport.ask(request);
    if (answer) return std::move(*answer);
    report(session.terminal, answer.error());
    return std::nullopt;
}

bool failed(const Session& session, const json::Value& answer) {
    const json::Value& error = answer["error"];
    if (error.is_null()) return false;
    print_diagnostics(session.terminal, answer["diagnostics"]);
    report(session.terminal, Error{ErrorKind::io, error["message"].text(), error["hint"].text()});
    if (session.arguments.json) session.terminal.out(json::write_pretty(answer) + "\n");
    return true;
}

int exit_of(const json::Value& answer) {
    return static_cast<int>(answer["exit"].integer_or(answer["error"].is_null() ? 0 : 1));
}

void show(const Session& session, const json::Value& result,
          const std::function<std::string(const Look&)>& view) {
    if (session.arguments.json)
        session.terminal.out(json::write_pretty(result) + "\n");
    else
        session.terminal.out(view(session.terminal.out_look()));
}

int ask_and_show(
    const Session& session, const json::Value& request,
    const std::function<std::string(const json::Value&, const schema::Config&, const Look&)>& view) {
    int exit = 1;
    const Use use = control::Handler::reads_only(request) ? Use::asks : Use::acts;
    const std::optional<Opened> opened = open(session, use, exit);
    if (!opened) return exit;
    const std::optional<json::Value> answer = ask(session, *opened->transport, request);
    if (!answer) return 1;
    if (!failed(session, *answer)) {
        const json::Value& result = (*answer)["result"];
        show(session, result, [&](const Look& look) { return view(result, opened->config, look); });
    }
    return exit_of(*answer);
}

}  // namespace rollcall::cli
