#include "daemon/control/handler.h"

#include <unistd.h>
#include <span>
#include <utility>

#include "daemon/audit/publication.h"
#include "daemon/control/answer.h"
#include "daemon/control/audit_question.h"
#include "daemon/control/commands.h"

namespace rollcall::control {
namespace {

enum class Files : std::uint8_t { none, texts, parsed };  // what a command needs of the policy's

template <class Outcome>
struct Entry {
    std::string_view name;
    Outcome (*run)(const Context&);
    bool reads_only;
    Files files = Files::none;
};
constexpr Entry<Answer> kCommands[] = {
    {"plan", &plan, true, Files::parsed},
    {"apply", &apply, false, Files::parsed},
    {"status", &status, true, Files::parsed},
    {"why", &why, true},
    {"pause", &pause, false},
    {"resume", &resume, false},
    {"depart", &depart, false},
    {"readmit", &readmit, false},
    {"holds", &holds, true},
    {"approve", &approve, false},
    {"reject", &reject, false},
    {"check", &check, true, Files::parsed},
    {"audit.rotate-key", &audit_rotate_key, false},
};
constexpr Entry<Asked> kQuestions[] = {
    {"audit.list", &audit_list, true},          {"audit.show", &audit_show, true},
    {"audit.export", &audit_export, true},      {"audit.access", &audit_access, true},
    {"audit.leavers", &audit_leavers, true},    {"audit.review", &audit_review, true},
    {"audit.sign-off", &audit_sign_off, false}, {"audit.ask", &audit_ask, false},
    {"audit.erase", &audit_erase, false},       {"audit.hold", &audit_hold, false},
    {"audit.release", &audit_release, false},
};

template <class Outcome>
const Entry<Outcome>* find(std::span<const Entry<Outcome>> among, const json::Value& request) {
    const std::string name = request["command"].text();
    for (const Entry<Outcome>& entry : among)
        if (entry.name == name) return &entry;
    return nullptr;
}
const Entry<Answer>* find_command(const json::Value& request) {
    return find(std::span<const Entry<Answer>>(kCommands), request);
}
const Entry<Asked>* find_question(const json::Value& request) {
    return find(std::span<const Entry<Asked>>(kQuestions), request);
}

}  // namespace

Handler::Handler(const schema::Config& config, OpenTrail open_trail, LoginOf login_of)
    : config_(config),
      open_trail_(open_trail ? std::move(open_trail) : OpenTrail([&config] {
          return audit::open_trail(config.state, config.audit.folder);
      })),
      login_of_(std::move(login_of)),
      folder_([path = config.policy] { return read_policy_files(path); }) {}

Prepared Handler::prepare(json::Value request, schema::TrailCaller caller) const {
    Prepared out{std::move(request), std::move(caller), {}, nullptr, login_of_};
    const std::int64_t uid = out.caller.login_uid >= 0 ? out.caller.login_uid : out.caller.uid;
    if (uid >= 0) out.login = login_of_(static_cast<uid_t>(uid));
    if (const auto* command = find_command(out.request); command != nullptr && command->files != Files::none)
        out.policy = policy_input(out.request, out.caller, command->files == Files::parsed);
    return out;
}

std::shared_ptr<const PolicyInput> Handler::policy_input(const json::Value& request,
                                                         const schema::TrailCaller& caller,
                                                         bool parsed) const {
    const json::Value& files = request["args"]["files"];
    auto out = std::make_shared<PolicyInput>();
    out->texts = files.is_null() ? folder_.read() : texts_of(files);
    out->quoted = !files.is_null() || caller.uid == 0 || caller.uid == static_cast<std::int64_t>(geteuid());
    if (out->texts && parsed) out->read = parse_policy(*out->texts, config_);
    return out;
}

bool Handler::reads_only(const json::Value& request) {
    if (const auto* question = find_question(request); question != nullptr) return question->reads_only;
    const auto* command = find_command(request);
    return command == nullptr || command->reads_only;
}

bool Handler::asks_trail(const json::Value& request) {
    return find_question(request) != nullptr;
}

Asked Handler::ask(engine::Engine& engine, const Prepared& prepared) const {
    return find_question(prepared.request)->run(Context(engine, config_, prepared));
}

Status Handler::read(const Question& question, const std::atomic<bool>* over) const {
    const auto source = open_trail_();
    if (!source) return pass(source);
    TrailReading reading(**source, over);
    return question.read(reading);
}

Answer Handler::finish(engine::Engine& engine, const Prepared& prepared, const Question& question) const {
    return question.finish(Context(engine, config_, prepared));
}

Answer Handler::handle(engine::Engine& engine, const Prepared& prepared) const {
    if (asks_trail(prepared.request)) {
        Asked asked = ask(engine, prepared);
        if (Answer* answer = std::get_if<Answer>(&asked); answer != nullptr) return std::move(*answer);
        const Question& question = std::get<Question>(asked);
        TrailReading reading(engine.store());
        if (Status read = question.read(reading); !read) return error(read.error());
        return finish(engine, prepared, question);
    }
    const auto* command = find_command(prepared.request);
    if (command == nullptr)
        return error(Error{ErrorKind::invalid_input,
                           "unknown command '" + prepared.request["command"].text() + "'",
                           "the daemon may be older than this program"});
    return command->run(Context(engine, config_, prepared));
}

}  // namespace rollcall::control
