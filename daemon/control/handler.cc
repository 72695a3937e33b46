#include "daemon/control/handler.h"

#include "daemon/control/answer.h"
#include "daemon/control/commands.h"

namespace rollcall::control {
namespace {

using Function = Answer (*)(const Context&);
struct Entry {
    std::string_view name;
    Function run;
    bool reads_only;
};
constexpr Entry kCommands[] = {
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
    {"audit.list", &audit_list, true},
    {"check", &check, true},
    {"audit.show", &audit_show, true},
    {"audit.export", &audit_export, true},
    {"audit.access", &audit_access, true},
    {"audit.leavers", &audit_leavers, true},
    {"audit.review", &audit_review, true},
    {"audit.sign-off", &audit_sign_off, false},
    {"audit.erase", &audit_erase, false},
    {"audit.hold", &audit_hold, false},
    {"audit.release", &audit_release, false},
    {"audit.rotate-key", &audit_rotate_key, false},
};

const Entry* find(const json::Value& request) {
    const std::string name = request["command"].text();
    for (const Entry& entry : kCommands)
        if (entry.name == name) return &entry;
    return nullptr;
}

}  // namespace

bool Handler::reads_only(const json::Value& request) {
    const Entry* entry = find(request);
    return entry == nullptr || entry->reads_only;
}

Answer Handler::handle(engine::Engine& engine, const json::Value& request,
                       const schema::TrailCaller& caller) const {
    const Entry* entry = find(request);
    if (entry == nullptr)
        return error(Error{ErrorKind::invalid_input, "unknown command '" + request["command"].text() + "'",
                           "the daemon may be older than this program"});
    return entry->run(Context{engine, config_, request["args"], caller});
}

}  // namespace rollcall::control
