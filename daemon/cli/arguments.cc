#include "daemon/cli/arguments.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>

#include "daemon/cli/text.h"
#include "policy/base/diagnostic.h"

namespace rollcall::cli {
namespace {

constexpr const char* kGlobal =
    "With every command: -c FILE (default /etc/rollcall/rollcall.yaml), --json, --no-color, --help";
constexpr std::size_t kColumn = 26;  // where descriptions begin

// One parse: CLI11's object and the values it writes into.
class Parser {
  public:
    Parser();
    Parsed parse(const std::vector<std::string>& words);

  private:
    CLI::App* command(Command which, const std::string& name, const std::string& does,
                      const std::string& example, CLI::App* under = nullptr);
    void add_init();
    void add_policy_commands();
    void add_questions();
    void add_holds();
    void add_orders();
    void add_audit();
    void add_audit_log(CLI::App* audit);
    void add_audit_list(CLI::App* audit);
    void add_audit_questions(CLI::App* audit);
    void add_audit_review(CLI::App* audit);
    void add_audit_rights(CLI::App* audit);
    void add_period(CLI::App* to);
    void add_number(CLI::App* to);
    void add_reason(CLI::App* to, bool required);
    Parsed refused(const CLI::ParseError& fault, const std::vector<std::string>& words) const;
    [[nodiscard]] std::string unknown(const std::vector<std::string>& words) const;

    CLI::App app_{"Rollcall keeps Matrix rooms as a policy over the company's directory wants them.",
                  "rollcall"};
    Arguments arguments_;
};

Parser::Parser() {
    app_.set_help_flag("-h,--help", "What there is, and an example");
    app_.set_version_flag("--version", "rollcall " ROLLCALL_VERSION, "The version of this program");
    app_.add_option("-c,--config", arguments_.config, "The configuration file")
        ->type_name("FILE")
        ->capture_default_str();
    app_.add_flag("--json", arguments_.json, "Write JSON, for scripts");
    app_.add_flag("--no-color", arguments_.no_color, "No colours (so does NO_COLOR in the environment)");
    app_.get_formatter()->column_width(kColumn);
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(
        "A first time:  rollcall init, check --online, plan, apply, run\n"
        "More of one:   rollcall plan --help\n\n"
        "Exit status: 0 done; 1 failed, or not seen; 2 the input is wrong;\n"
        "             3 plan --exit-code found changes; 4 a guard holds something");
    add_init();
    add_policy_commands();
    add_questions();
    add_holds();
    add_orders();
    add_audit();
}

CLI::App* Parser::command(Command which, const std::string& name, const std::string& does,
                          const std::string& example, CLI::App* under) {
    CLI::App* made = (under == nullptr ? &app_ : under)->add_subcommand(name, does);
    made->callback([this, which] { arguments_.command = which; });
    made->footer(fmt::format("Example:\n  {}\n\n{}", example, kGlobal));
    return made;
}

void Parser::add_reason(CLI::App* to, bool required) {
    CLI::Option* option =
        to->add_option("--reason", arguments_.reason, "Why, for the evidence trail")->type_name("TEXT");
    if (required) option->required();
}

void Parser::add_init() {
    CLI::App* init =
        command(Command::init, "init", "Write a new installation's files; asks for what is missing",
                "rollcall init --server-name corp.example.com \\\n"
                "    --homeserver-url https://matrix.corp.example.com \\\n"
                "    --directory-url ldaps://dc1.corp.example.com \\\n"
                "    --bind-user svc-rollcall@corp.example.com");
    InitOptions& to = arguments_.init;
    const auto text = [init](const char* name, std::string& into, const char* what,
                             const char* type = "TEXT") {
        init->add_option(name, into, what)->type_name(type);
    };
    text("--folder", to.folder, "Where to write (default: the folder of -c)", "DIR");
    text("--server-name", to.server_name, "Server name of the homeserver, what stands in Matrix IDs", "NAME");
    text("--homeserver-url", to.homeserver_url, "URL of its client-server API", "URL");
    text("--listen", to.listen, "Where the daemon takes what the homeserver sends (default 127.0.0.1:9009)",
         "HOST:PORT");
    text("--appservice-url", to.appservice_url,
         "The same as the homeserver reaches it (default http:// and --listen)", "URL");
    text("--bot", to.bot, "Name of the bot (default rollcall)", "NAME");
    text("--directory-name", to.directory_name, "What to call the directory (default corp)", "NAME");
    text("--directory-url", to.directory_url, "A domain controller, ldaps://host", "URL");
    text("--base", to.base,
         "Distinguished name under which people and groups lie (default from the host of --directory-url)",
         "DN");
    text("--bind-user", to.bind_user, "Account that reads the directory", "USER");
    text("--bind-password-file", to.bind_password_file,
         "File with its password (default secrets/bind-password, left empty for you)", "FILE");
    text("--ca-file", to.ca_file,
         "Certificate authority of the directory, PEM (default: those of the system)", "FILE");
    text("--employees", to.employees, "Group whose members are the employees (default Domain Users)",
         "GROUP");
    text("--state", to.state, "Folder of the daemon's own data (default /var/lib/rollcall)", "DIR");
    text("--socket", to.socket, "Control socket (default /run/rollcall/control.sock)", "FILE");
    text("--time-zone", to.time_zone,
         "For days in policies and times in output (default that of this machine)", "ZONE");
    init->add_option("--exclude", to.exclude,
                     "Accounts that the daemon must not be able to act as: administrators")
        ->delimiter(',')
        ->type_name("USER,...");
    init->add_flag("--no-mask", to.no_mask,
                   "No second registration: people are invited, and nothing is done in their name");
    init->add_flag("--rotate-tokens", to.rotate_tokens,
                   "Only make new tokens in the registration files that are there");
    init->add_flag("--audit-key", to.audit_key,
                   "Only make the audit log's key, for an installation that has none");
    init->add_flag("--force", to.force, "Overwrite files that are there (secrets never)");
}

void Parser::add_policy_commands() {
    CLI::App* check =
        command(Command::check, "check", "Look for faults in rollcall.yaml and the policy files",
                "rollcall check --online");
    check->add_flag(
        "--online", arguments_.online,
        "Also ask the directory and the homeserver: whether names exist, rules that match nobody");

    CLI::App* plan =
        command(Command::plan, "plan", "Show what applying the policy files would do, and why",
                "rollcall plan --out monday.plan\n  rollcall plan --policy proposals/new-office --exit-code");
    plan->add_option("--policy", arguments_.policy,
                     "Plan with this folder or file instead of the configured one")
        ->type_name("DIR");
    plan->add_option("--out", arguments_.out, "Save the plan, for `rollcall apply FILE`")->type_name("FILE");
    plan->add_flag("--exit-code", arguments_.exit_code,
                   "Exit with 3 if there is anything to do, with 4 if a guard would hold some of it");
    plan->add_flag("--all", arguments_.all, "List every addition, however many");

    CLI::App* apply =
        command(Command::apply, "apply", "Show the plan, ask, and put the policy files in force",
                "rollcall apply --reason \"Contract 2026-118\"\n  rollcall apply monday.plan --yes");
    apply->add_option("FILE", arguments_.file,
                      "A plan saved by `rollcall plan --out`: applied only if it still is the plan");
    apply->add_flag("--yes", arguments_.yes, "Do not ask");
    apply->add_flag("--wait", arguments_.wait, "Wait until the daemon has done all that it can do now");
    apply->add_flag("--all", arguments_.all, "List every addition, however many");
    add_reason(apply, false);
}

void Parser::add_questions() {
    command(Command::run, "run", "Run the daemon, which keeps rooms as the policy wants",
            "rollcall run -c /etc/rollcall/rollcall.yaml");
    command(Command::status, "status", "Is all well, and what could not be done",
            "rollcall status --exit-code")
        ->add_flag("--exit-code", arguments_.exit_code,
                   "Exit with 1 if anything but a hold needs attention (with 4 if only holds wait)");
    CLI::App* why =
        command(Command::why, "why", "Why somebody is in a room, or is not", "rollcall why jdoe engineering");
    why->add_option("USER", arguments_.user, "Login name or Matrix ID")->required();
    why->add_option("ROOM", arguments_.room, "Key or alias of a room (default: all that concern them)");
}

void Parser::add_holds() {
    command(Command::holds, "holds", "What guards have stopped until somebody answers", "rollcall holds")
        ->add_flag("--all", arguments_.all, "List every action, however many");
    CLI::App* approve = command(Command::approve, "approve", "Let a hold go on",
                                "rollcall approve 3f2a91c04d5e --reason \"The reorganisation is real\"");
    CLI::App* reject =
        command(Command::reject, "reject", "Refuse a hold, until the policy or its cause changes",
                "rollcall reject 3f2a91c04d5e --reason \"Wrong group was emptied\"");
    for (CLI::App* answer : {approve, reject}) {
        answer->add_option("ID", arguments_.id, "The hold, as `rollcall holds` shows it, or how it begins")
            ->required();
        add_reason(answer, true);
    }
}

void Parser::add_orders() {
    CLI::App* pause = command(Command::pause, "pause", "Stop everything but departures",
                              "rollcall pause --reason \"Directory is being moved\"");
    pause->add_flag("--all", arguments_.all, "Stop departures too");
    add_reason(pause, true);
    add_reason(command(Command::resume, "resume", "Go on after a pause", "rollcall resume"), false);

    CLI::App* depart = command(Command::depart, "depart", "Treat one person as departed at once",
                               "rollcall depart mvisser --reason \"Dismissed; HR will disable the account\"");
    depart->add_option("USER", arguments_.user, "Login name or Matrix ID")->required();
    depart->add_flag("--take-back", arguments_.take_back, "Undo that; the directory decides again");
    add_reason(depart, true);

    CLI::App* readmit = command(Command::readmit, "readmit", "Let somebody who belongs into a room again",
                                "rollcall readmit mvisser apollo --reason \"Kicked by mistake\"");
    readmit->add_option("USER", arguments_.user, "Login name or Matrix ID")->required();
    readmit->add_option("ROOM", arguments_.room, "The room's key or address")->required();
    add_reason(readmit, true);
}

void Parser::add_period(CLI::App* to) {
    to->add_option("--from,--since", arguments_.from,
                   "From this date or time on: 2026-03-31, \"2026-03-31 14:05\", or so long ago: 2h, 30d")
        ->type_name("TIME");
    to->add_option("--to", arguments_.to, "Up to this time, or the end of this day")->type_name("TIME");
}

void Parser::add_number(CLI::App* to) {
    to->add_option("N", arguments_.number, "The entry's number, as `rollcall audit list` shows it")
        ->required()
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 53));
}

void Parser::add_audit() {
    CLI::App* audit = app_.add_subcommand("audit", "What was done, when, and on whose authority");
    audit->require_subcommand(1);
    audit->fallthrough();
    audit->footer(fmt::format("Example:\n  rollcall audit list --user jdoe\n\n{}", kGlobal));
    add_audit_list(audit);
    add_audit_questions(audit);
    add_audit_log(audit);
    add_audit_review(audit);
    add_audit_rights(audit);
}

void Parser::add_audit_list(CLI::App* audit) {
    CLI::App* list = command(
        Command::audit_list, "list", "The latest entries of the evidence trail",
        "rollcall audit list --user jdoe --most 20\n  rollcall audit list --kind failure --follow", audit);
    const auto text = [list](const char* name, std::string& into, const char* what, const char* type) {
        list->add_option(name, into, what)->type_name(type);
    };
    text("--user,--person", arguments_.user, "Only this person: login name or Matrix ID", "USER");
    text("--room", arguments_.room, "Only this room: its key", "ROOM");
    text("--kind", arguments_.kind,
         "Only intent, result, hold, approve, reject, policy, directory, membership, command, "
         "start, stop, failure or notice",
         "KIND");
    text("--action", arguments_.action, "Only this action: join, invite, leave, forget, \"sign out\" …",
         "ACTION");
    text("--rule", arguments_.rule,
         "Only what this rule decided: its file and line, its place in the policy, or how either begins",
         "RULE");
    text("--result", arguments_.result, "Only results that begin so: done, refused …", "TEXT");
    add_period(list);
    list->add_option("--most", arguments_.most, "How many")
        ->type_name("N")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    list->add_flag("--follow", arguments_.follow, "Go on, and show new entries as they come");
}

// What looks at the log itself: has it been changed, and what stands in it.
void Parser::add_audit_log(CLI::App* audit) {
    CLI::App* verify = command(
        Command::audit_verify, "verify", "Has anything in the trail been changed since it was written",
        "rollcall audit verify\n  rollcall audit verify --from checkpoint-of-march\n  rollcall audit verify "
        "--expect log.expect",
        audit);
    verify
        ->add_option("--from", arguments_.checkpoint,
                     "Also: is it the same log of which this checkpoint was kept elsewhere")
        ->type_name("CHECKPOINT");
    verify
        ->add_option("--key", arguments_.key,
                     "Also: does this public key, which was handed out once, lead to the one that signs now")
        ->type_name("KEY");
    verify
        ->add_option("--expect", arguments_.expect,
                     "Also: are the anchors there, with what they had when this file was written")
        ->type_name("FILE");
    verify
        ->add_option("--write-expect", arguments_.write_expect,
                     "Writes such a file if nothing is wrong; keep it where nobody here can change it")
        ->type_name("FILE");
    CLI::App* prove =
        command(Command::audit_prove, "prove", "A proof of one entry, to hand to somebody outside",
                "rollcall audit prove 4213 --out entry-4213.tlog-proof", audit);
    add_number(prove);
    prove->add_option("--out", arguments_.out, "Write it there")->type_name("FILE");
    prove->add_flag("--with-names", arguments_.with_names,
                    "With what the entry says of people, who are named by pseudonyms otherwise");
    CLI::App* check_proof = command(Command::audit_check_proof, "check-proof",
                                    "Does such a proof hold; needs nothing but the log's public key",
                                    "rollcall audit check-proof entry-4213.tlog-proof \\\n"
                                    "    --key corp.example.com/rollcall+0a1b2c3d+AZy…",
                                    audit);
    check_proof->add_option("FILE", arguments_.file, "The proof")->required();
    check_proof
        ->add_option("--key", arguments_.key,
                     "A public key of the log: as `rollcall init` printed it, or a later one")
        ->type_name("KEY")
        ->required();
}

void Parser::add_audit_questions(CLI::App* audit) {
    CLI::App* show = command(Command::audit_show, "show", "One entry, and how it came to it",
                             "rollcall audit show 353", audit);
    add_number(show);

    CLI::App* access = command(Command::audit_access, "access", "Who could read what, when, and why",
                               "rollcall audit access merger --at 2026-03-03\n"
                               "  rollcall audit access --person jdoe --from 2026-01-01 --to 2026-03-31",
                               audit);
    access->add_option("ROOM", arguments_.room, "Key or alias of a room");
    access->add_option("--person,--user", arguments_.user, "All rooms of this person instead")
        ->type_name("USER");
    access->add_option("--at", arguments_.at, "At this time, on this day, or so long ago (default now)")
        ->type_name("TIME");
    add_period(access);

    CLI::App* leavers =
        command(Command::audit_leavers, "leavers", "Who departed, and how soon they were out",
                "rollcall audit leavers --from 2026-01-01 --to 2026-03-31 --promise 5m", audit);
    add_period(leavers);
    leavers
        ->add_option("--promise", arguments_.promise,
                     "A leaver is out of every managed room within this (default audit.promise)")
        ->type_name("TIME");

    CLI::App* exported =
        command(Command::audit_export, "export", "Entries in a form for other programs, oldest first",
                "rollcall audit export --format ocsf --from 2026-01-01 --out january.jsonl", audit);
    exported
        ->add_option("--format", arguments_.format,
                     "jsonl (default), csv, ocsf, cef or syslog (RFC 5424; the daemon sends these "
                     "itself where audit.collector says so)")
        ->check(CLI::IsMember({"jsonl", "csv", "ocsf", "cef", "syslog"}));
    exported->add_option("--out", arguments_.out, "Into this file instead of the terminal")
        ->type_name("FILE");
    add_period(exported);
}

void Parser::add_audit_review(CLI::App* audit) {
    CLI::App* review = command(Command::audit_review, "review", "Who is in a room, why, and since when",
                               "rollcall audit review engineering\n"
                               "  rollcall audit review all --format html --out review.html\n"
                               "  rollcall audit review all --ask --reason \"Q1 review\"",
                               audit);
    review->add_option("ROOM", arguments_.room, "Key of a room, or all")->required();
    review->add_option("--format", arguments_.format, "text (default), html or csv")
        ->check(CLI::IsMember({"text", "html", "csv"}));
    CLI::Option* out = review->add_option("--out", arguments_.out, "Into this file instead of the terminal")
                           ->type_name("FILE");
    CLI::Option* ask = review->add_flag(
        "--ask", arguments_.ask,
        "Send it to the room's owners in Matrix instead, who sign it off by a reaction there; "
        "auditors only");
    ask->excludes(out)->excludes("--format");
    review->add_option("--reason", arguments_.reason, "Why they are asked, for the record")
        ->type_name("TEXT")
        ->needs(ask);
    ask->needs("--reason");

    CLI::App* sign_off =
        command(Command::audit_sign_off, "sign-off", "Say that a room's review is right, on record",
                "rollcall audit sign-off engineering --review 3f2a91c0 \\\n"
                "    --reason \"Q1 review with the owner\"",
                audit);
    sign_off->add_option("ROOM", arguments_.room, "Key of the room")->required();
    sign_off
        ->add_option("--review", arguments_.review,
                     "Hash of the review that was looked at, or how it begins (8 signs at least): refused "
                     "if it is another by now")
        ->type_name("HASH")
        ->required();
    add_reason(sign_off, true);
}

void Parser::add_audit_rights(CLI::App* audit) {
    CLI::App* erase =
        command(Command::audit_erase, "erase",
                "Destroy what the trail says of somebody who has gone; cannot be undone",
                "rollcall audit erase mvisser --reason \"Request 2026-31 under GDPR art. 17\"", audit);
    CLI::App* hold = command(Command::audit_hold, "hold", "A legal hold: nobody may erase this person's part",
                             "rollcall audit hold mvisser --reason \"Case 2026-118\"", audit);
    CLI::App* release = command(Command::audit_release, "release", "End a legal hold",
                                "rollcall audit release mvisser --reason \"Case 2026-118 is closed\"", audit);
    add_reason(command(Command::audit_rotate_key, "rotate-key",
                       "Sign the log with a new key from now on; the old one leads to it",
                       "rollcall audit rotate-key --reason \"Yearly rotation\"", audit),
               true);
    add_reason(command(Command::audit_recover, "recover",
                       "Bring a database from an older backup up to its log; while the daemon is stopped",
                       "rollcall audit recover --reason \"Disk failure on 3 March\"", audit),
               true);
    for (CLI::App* one : {erase, hold, release}) {
        one->add_option("PERSON", arguments_.user, "Login name, Matrix ID, guid:… or pseudonym")->required();
        add_reason(one, true);
    }
}

// The option that a word names, at this command or above it; collects what there is for a suggestion.
const CLI::Option* find_option(const CLI::App* at, const std::string& word, const std::string& name,
                               std::vector<std::string>& names) {
    const CLI::Option* found = nullptr;
    for (const CLI::App* app = at; app != nullptr; app = app->get_parent())
        for (const CLI::Option* option : app->get_options()) {
            for (const std::string& one : option->get_lnames()) names.push_back("--" + one);
            for (const std::string& one : option->get_snames()) names.push_back("-" + one);
            if (option->check_name(name) || (word[1] != '-' && option->check_name(word.substr(0, 2))))
                found = option;
        }
    return found;
}

std::string unknown_word(std::string_view what, const std::string& word,
                         const std::vector<std::string>& known) {
    const std::string near = nearest(word, known);
    return fmt::format("unknown {} '{}'{}", what, word,
                       near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
}

// A sentence for a word that is neither a command nor an option; "" if none of the words is to blame.
std::string Parser::unknown(const std::vector<std::string>& words) const {
    const CLI::App* at = &app_;
    bool value_follows = false;
    for (const std::string& word : words) {
        if (std::exchange(value_follows, false)) continue;
        if (word == "--") return {};
        if (word.size() > 1 && word[0] == '-') {
            const std::string name = word.substr(0, word.find('='));
            std::vector<std::string> names;
            const CLI::Option* option = find_option(at, word, name, names);
            if (option == nullptr) return unknown_word("option", name, names);
            value_follows =
                option->get_items_expected_max() > 0 && word == name && (word[1] == '-' || word.size() == 2);
            continue;
        }
        std::vector<std::string> commands;
        for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; }))
            commands.push_back(sub->get_name());
        if (commands.empty()) continue;
        if (std::find(commands.begin(), commands.end(), word) == commands.end())
            return unknown_word("command", word, commands);
        at = at->get_subcommand(word);
    }
    return {};
}

Parsed Parser::refused(const CLI::ParseError& fault, const std::vector<std::string>& words) const {
    Parsed out;
    out.exit = 2;
    if (words.empty()) {
        out.err = app_.help();
        return out;
    }
    const CLI::App* at = &app_;
    std::string asked = "rollcall";
    for (const std::string& word : words) {
        const auto subs = at->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == word; });
        if (subs.empty()) continue;
        at = subs.front();
        asked += " " + word;
    }
    std::string sentence = unknown(words);
    const bool unfinished = !at->get_subcommands([](const CLI::App*) { return true; }).empty();
    if (sentence.empty()) sentence = unfinished ? "a command must follow '" + asked + "'" : fault.what();
    out.err = fmt::format("rollcall: {}\n  what to do: {} --help\n", printable(sentence), asked);
    return out;
}

Parsed Parser::parse(const std::vector<std::string>& words) {
    Parsed out;
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    try {
        app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        const CLI::App* at = &app_;
        for (auto subs = at->get_subcommands(); !subs.empty(); subs = at->get_subcommands())
            at = subs.front();
        out.out =
            at == &app_
                ? app_.help()
                : at->help("rollcall" +
                           std::string(at->get_parent() == &app_ ? "" : " " + at->get_parent()->get_name()));
        return out;
    } catch (const CLI::CallForVersion& version) {
        out.out = std::string(version.what()) + "\n";
        return out;
    } catch (const CLI::ParseError& fault) {
        return refused(fault, words);
    }
    out.arguments = arguments_;
    return out;
}

}  // namespace

std::string folded_help(std::string_view help, std::size_t width) {
    std::string out;
    while (!help.empty()) {
        const std::string_view line = help.substr(0, help.find('\n'));
        help.remove_prefix(std::min(help.size(), line.size() + 1));
        const bool described = line.size() > kColumn && line[kColumn - 1] == ' ' && line[0] == ' ';
        if (width == 0 || display_width(line) <= width || (!described && line.starts_with(' '))) {
            out += std::string(line) + "\n";
            continue;
        }
        const std::size_t from = described ? kColumn : 0;
        bool first = true;
        for (const std::string& part : wrap(line.substr(from), std::max(width, from + kColumn) - from)) {
            out += (first ? std::string(line.substr(0, from)) : std::string(from, ' ')) + part + "\n";
            first = false;
        }
    }
    return out;
}

Parsed parse_arguments(const std::vector<std::string>& words) {
    return Parser().parse(words);
}

}  // namespace rollcall::cli
