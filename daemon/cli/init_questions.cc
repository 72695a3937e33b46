#include "daemon/cli/init_questions.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "daemon/cli/text.h"
#include "schema/address.h"
#include "schema/time_zone.h"

namespace rollcall::cli {
namespace {

std::string directory_domain(const InitOptions& options) {
    const auto url = schema::read_url(options.directory_url);
    const std::string domain = url ? domain_of(url->host) : "";
    return domain.empty() ? options.server_name : domain;
}

std::string machine_time_zone() {
    if (const char* given = std::getenv("TZ"); given != nullptr && schema::is_time_zone(given)) return given;
    std::error_code error;
    const std::string target = std::filesystem::read_symlink("/etc/localtime", error).string();
    static const std::string kFolder = "zoneinfo/";
    const std::size_t at = target.find(kFolder);
    const std::string zone = error || at == std::string::npos ? "" : target.substr(at + kFolder.size());
    return zone != "Etc/UTC" && schema::is_time_zone(zone) ? zone : "UTC";
}

// In the order in which they are asked; a default may need the answers before it.
struct Question {
    std::string InitOptions::*into;
    const char* flag;
    const char* text;                              // nullptr: never asked
    std::string (*otherwise)(const InitOptions&);  // "" where there is no default
};

const std::vector<Question>& questions() {
    using O = const InitOptions&;
    static const std::vector<Question> kQuestions = {
        {&InitOptions::server_name, "--server-name",
         "Server name of the homeserver (what stands in Matrix IDs)", [](O) { return std::string(); }},
        {&InitOptions::homeserver_url, "--homeserver-url", "URL of its client-server API",
         [](O o) { return "https://matrix." + o.server_name; }},
        {&InitOptions::directory_url, "--directory-url", "A domain controller (ldaps://host)",
         [](O) { return std::string(); }},
        {&InitOptions::base, "--base", "DN under which people and groups lie",
         [](O o) { return base_of(directory_domain(o)); }},
        {&InitOptions::bind_user, "--bind-user", "Account that reads the directory",
         [](O o) { return "svc-rollcall@" + directory_domain(o); }},
        {&InitOptions::employees, "--employees", "Group whose members are the employees",
         [](O) { return std::string("Domain Users"); }},
        {&InitOptions::time_zone, "--time-zone", "Time zone of the company",
         [](O) { return machine_time_zone(); }},
        {&InitOptions::directory_name, "--directory-name", nullptr, [](O) { return std::string("corp"); }},
        {&InitOptions::listen, "--listen", nullptr, [](O) { return std::string("127.0.0.1:9009"); }},
        {&InitOptions::appservice_url, "--appservice-url", nullptr, [](O o) { return "http://" + o.listen; }},
        {&InitOptions::bot, "--bot", nullptr, [](O) { return std::string("rollcall"); }},
        {&InitOptions::state, "--state", nullptr, [](O) { return std::string("/var/lib/rollcall"); }},
        {&InitOptions::socket, "--socket", nullptr,
         [](O) { return std::string("/run/rollcall/control.sock"); }},
    };
    return kQuestions;
}

std::string trimmed(const std::string& line) {
    const std::size_t from = line.find_first_not_of(" \t\r"), to = line.find_last_not_of(" \t\r");
    return from == std::string::npos ? "" : line.substr(from, to - from + 1);
}

std::string asked(const Question& question, const std::string& otherwise, Terminal& terminal) {
    const std::string prompt = otherwise.empty() ? fmt::format("{}: ", question.text)
                                                 : fmt::format("{} [{}]: ", question.text, otherwise);
    for (int attempt = 0; attempt < 3; ++attempt) {
        const std::optional<std::string> line = terminal.ask(prompt);
        if (!line) break;
        const std::string answer = trimmed(*line);
        if (!answer.empty() || !otherwise.empty()) return answer.empty() ? otherwise : answer;
    }
    return otherwise;
}

// Whom the mask must spare is a decision; an answer of nobody is one too.
void ask_exclude(InitOptions& options, Terminal& terminal) {
    if (options.no_mask || !options.exclude.empty() || !terminal.interactive()) return;
    std::string line =
        trimmed(terminal.ask("Accounts that the daemon must not be able to act as, with commas (none): ")
                    .value_or(""));
    while (!line.empty()) {
        const std::string one = trimmed(line.substr(0, line.find(',')));
        if (!one.empty()) options.exclude.push_back(one);
        line.erase(0, line.find(',') == std::string::npos ? line.size() : line.find(',') + 1);
    }
}

}  // namespace

Status complete(InitOptions& options, Terminal& terminal) {
    std::vector<std::string> missing;
    for (const Question& question : questions()) {
        std::string& value = options.*question.into;
        if (!value.empty()) continue;
        const bool known = missing.empty();  // a default made of something missing is none
        const std::string otherwise = known ? question.otherwise(options) : "";
        value = question.text != nullptr && terminal.interactive() ? asked(question, otherwise, terminal)
                                                                   : otherwise;
        if (value.empty() && question.otherwise(options).empty()) missing.emplace_back(question.flag);
    }
    if (!missing.empty())
        return fail(ErrorKind::invalid_input, "init must know more: " + joined(missing, ", "),
                    "give them as flags, or run it on a terminal, where it asks");
    ask_exclude(options, terminal);
    return {};
}

std::string domain_of(const std::string& host) {
    if (host.empty() || host[0] == '[' || host.find_first_not_of("0123456789.") == std::string::npos)
        return {};
    const std::size_t dot = host.find('.');
    if (dot == std::string::npos) return {};
    const std::string above = host.substr(dot + 1);
    return above.find('.') == std::string::npos ? host : above;
}

std::string base_of(const std::string& domain) {
    std::string out;
    std::string_view rest = std::string_view(domain).substr(0, domain.find(':'));
    while (!rest.empty()) {
        const std::string_view label = rest.substr(0, rest.find('.'));
        out += fmt::format("{}DC={}", out.empty() ? "" : ",", label);
        rest.remove_prefix(std::min(rest.size(), label.size() + 1));
    }
    return out;
}

}  // namespace rollcall::cli
