#include "daemon/control/handler.h"

#include <span>

#include "daemon/audit/publication.h"
#include "daemon/control/answer.h"
#include "daemon/control/audit_question.h"
#include "daemon/control/commands.h"

namespace rollcall::control {
namespace {

template <class Outcome>
struct Entry {
    std::string_view name;
    Outcome (*run)(const Context&);
    bool reads_only;
};
constexpr Entry<Answer> kCommands[] = {
    {"plan", &plan, true},
    {"apply", &apply, false},
    {"status", &status, true},
    {"why", &why, true},
    {"pause", &pause, false},
    {"resume", &resume, false},
    {"depart", &depart, false},
    {"holds", &holds, true},
    {"approve", &approve, false},
    {"reject", &reject, false},
    {"check", &check, true},
    {"audit.erase", &audit_erase, false},
    {"audit.hold", &audit_hold, false},
    {"audit.release", &audit_release, false},
    {"audit.rotate-key", &audit_rotate_key, false},
};
constexpr Entry<Asked> kQuestions[] = {
    {"audit.list", &audit_list, true},          {"audit.show", &audit_show, true},
    {"audit.export", &audit_export, true},      {"audit.access", &audit_access, true},
    {"audit.leavers", &audit_leavers, true},    {"audit.review", &audit_review, true},
    {"audit.sign-off", &audit_sign_off, false}, {"audit.ask", &audit_ask, false},
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

Handler::Handler(const schema::Config& config, OpenTrail open_trail)
    : config_(config), open_trail_(open_trail ? std::move(open_trail) : OpenTrail([&config] {
          return audit::open_trail(config.state, config.audit.folder);
      })) {}

bool Handler::reads_only(const json::Value& request) {
    if (const auto* question = find_question(request); question != nullptr) return question->reads_only;
    const auto* command = find_command(request);
    return command == nullptr || command->reads_only;
}

bool Handler::asks_trail(const json::Value& request) {
    return find_question(request) != nullptr;
}

Asked Handler::ask(engine::Engine& engine, const json::Value& request,
                   const schema::TrailCaller& caller) const {
    return find_question(request)->run(Context{engine, config_, request["args"], caller});
}

Status Handler::read(const Question& question, const std::atomic<bool>* over) const {
    const auto source = open_trail_();
    if (!source) return pass(source);
    TrailReading reading(**source, over);
    return question.read(reading);
}

Answer Handler::finish(engine::Engine& engine, const json::Value& request, const schema::TrailCaller& caller,
                       const Question& question) const {
    return question.finish(Context{engine, config_, request["args"], caller});
}

Answer Handler::handle(engine::Engine& engine, const json::Value& request,
                       const schema::TrailCaller& caller) const {
    if (asks_trail(request)) {
        Asked asked = ask(engine, request, caller);
        if (Answer* answer = std::get_if<Answer>(&asked); answer != nullptr) return std::move(*answer);
        const Question& question = std::get<Question>(asked);
        TrailReading reading(engine.store());
        if (Status read = question.read(reading); !read) return error(read.error());
        return finish(engine, request, caller, question);
    }
    const auto* command = find_command(request);
    if (command == nullptr)
        return error(Error{ErrorKind::invalid_input, "unknown command '" + request["command"].text() + "'",
                           "the daemon may be older than this program"});
    return command->run(Context{engine, config_, request["args"], caller});
}

}  // namespace rollcall::control
