// audit erase, hold and release: the rights of people in the trail, and what goes before them.
#include <fmt/format.h>

#include "daemon/control/answer.h"
#include "daemon/control/audit_question.h"
#include "daemon/control/auditor.h"
#include "daemon/control/erasure.h"
#include "daemon/control/trail_person.h"

namespace rollcall::control {
namespace {

// What the three have in common: who asks, why, and about whom.
struct Request {
    TrailPerson whom;
    std::string reason;
};

Result<Request> read_request(const Context& context, const TrailPeople& people) {
    Request out;
    Result<std::string> reason = reason_of(context);
    if (!reason) return pass(reason);
    out.reason = std::move(*reason);
    if (const Result<PersonId> auditor = auditor_of(context); !auditor) return pass(auditor);
    Result<TrailPerson> whom = people.find(context, context.args["person"].text());
    if (!whom) return pass(whom);
    out.whom = std::move(*whom);
    return out;
}

// Callers are names of this machine in the trail; whose they are is asked beside the engine.
Asked ask(const Context& context, Answer (*carry_out)(const Context& context, const Request& request)) {
    if (too_early(context)) return Answer{};
    const Result<TrailPeople> people = TrailPeople::read(context);
    if (!people) return error(people.error());
    if (const Result<Request> request = read_request(context, *people); !request)
        return error(request.error());
    const auto callers = std::make_shared<UnixNames>();
    return Question{[callers, names = people->unix_names(), login_of = context.login_of](TrailReading&) {
                        *callers = look_up(names, login_of);
                        return Status{};
                    },
                    [callers, carry_out](const Context& now) -> Answer {
                        if (too_early(now)) return std::nullopt;
                        Result<TrailPeople> known = TrailPeople::read(now);
                        if (!known) return error(known.error());
                        known->know(std::move(*callers));
                        const Result<Request> request = read_request(now, *known);
                        return request ? carry_out(now, *request) : error(request.error());
                    }};
}

Answer answer_hold(const Context& context, const Request& request, bool released) {
    const TrailPerson& whom = request.whom;
    const std::string name = shown_name(context, whom), held_under = held_as(context, whom);
    const std::string identity = held_under.empty() ? whom.identity() : held_under;
    const bool held = !held_under.empty();
    if (identity.empty())
        return error(Error{ErrorKind::invalid_input, fmt::format("{} is no person", name),
                           "give a login, a Matrix ID or guid:…"});
    if (held != released)
        return error(Error{ErrorKind::conflict,
                           fmt::format("{} is {} a legal hold", name, held ? "already under" : "not under"),
                           "`rollcall status` says how many there are"});
    schema::TrailEntry entry;
    entry.person = whom.guid;
    entry.user = whom.user();
    entry.caller = context.caller;
    entry.reason = request.reason;
    context.engine.hold(identity, released, std::move(entry));
    json::Value out;
    out.set("person", name);
    out.set("held", !released);
    return ok(std::move(out));
}

Answer erase(const Context& context, const Request& request) {
    if (const Status may = may_be_erased(context, request.whom); !may) return error(may.error());
    context.engine.erase(request.whom.keys, context.caller, request.reason);
    json::Value out, pseudonyms{json::Array{}};
    for (const store::StoredPersonKey& key : request.whom.keys) pseudonyms.push(schema::pseudonym(key.key));
    out.set("pseudonyms", std::move(pseudonyms));
    return ok(std::move(out));
}

}  // namespace

Asked audit_erase(const Context& context) {
    return ask(context, &erase);
}

Asked audit_hold(const Context& context) {
    return ask(context,
               [](const Context& now, const Request& request) { return answer_hold(now, request, false); });
}

Asked audit_release(const Context& context) {
    return ask(context,
               [](const Context& now, const Request& request) { return answer_hold(now, request, true); });
}

}  // namespace rollcall::control
