// audit erase, hold and release: the rights of people in the trail, and what goes before them.
#include <fmt/format.h>

#include "daemon/control/answer.h"
#include "daemon/control/audit_question.h"
#include "daemon/control/auditor.h"
#include "daemon/control/trail_person.h"

namespace rollcall::control {
namespace {

// What the three have in common: who asks, why, and about whom.
struct Request {
    TrailPerson whom;
    std::string reason;
};

Result<Request> read_request(const Context& context) {
    Request out;
    Result<std::string> reason = reason_of(context);
    if (!reason) return pass(reason);
    out.reason = std::move(*reason);
    if (const Result<PersonId> auditor = auditor_of(context); !auditor) return pass(auditor);
    Result<TrailPerson> whom = trail_person(context, context.args["person"].text());
    if (!whom) return pass(whom);
    out.whom = std::move(*whom);
    return out;
}

std::string shown(const Context& context, const TrailPerson& whom) {
    if (whom.person.valid()) return context.engine.world().people[whom.person.index()].login.text();
    const std::string user = whom.user();
    return user.empty() ? whom.identity() : user;
}

// Under what they are held; "". Whoever was held by a Matrix ID may have turned out to be somebody of the
// directory since.
std::string held_as(const Context& context, const TrailPerson& whom) {
    const auto& holds = context.engine.legal_holds();
    if (holds.contains(whom.identity())) return whom.identity();
    for (const std::string& name : whom.names)
        if (holds.contains(name)) return name;
    return {};
}

// An outsider whom a policy lets in now.
const policy::CompiledApproval* approved(const Context& context, const TrailPerson& whom) {
    const policy::Decider& decider = *context.engine.decider();
    for (const policy::CompiledApproval& approval : decider.program().approvals)
        if (whom.names.contains(approval.who) && decider.in_force(approval)) return &approval;
    return nullptr;
}

Status may_be_erased(const Context& context, const TrailPerson& whom) {
    const policy::Decider* decider = context.engine.decider();
    const std::string name = shown(context, whom);
    if (decider == nullptr)
        return fail(ErrorKind::conflict, "no policy is in force, so nobody knows who has departed",
                    "put one in force with `rollcall apply`");
    if (whom.person.valid() && decider->departed(whom.person) != policy::Tri::yes)
        return fail(ErrorKind::conflict, fmt::format("{} has not departed", name),
                    "what is done about people with the company needs its evidence; whoever has gone and is "
                    "still in the directory as if not: `rollcall depart`");
    if (const policy::CompiledApproval* approval = approved(context, whom))
        return fail(ErrorKind::conflict,
                    fmt::format("{} is let in as an outsider until {}", name, to_rfc3339(approval->until)),
                    fmt::format("end the approval in {} first", approval->at.file_line()));
    const auto& holds = context.engine.legal_holds();
    const auto hold = holds.find(held_as(context, whom));
    if (hold != holds.end())
        return fail(ErrorKind::conflict,
                    fmt::format("{} is under a legal hold since {}, by {}: {}", name,
                                to_rfc3339(hold->second.since), hold->second.by, hold->second.reason),
                    "`rollcall audit release` ends it");
    if (whom.keys.empty())
        return fail(ErrorKind::not_found, fmt::format("the trail says nothing of {}", name),
                    "nothing is left to erase");
    return {};
}

Answer answer_hold(const Context& context, bool released) {
    if (too_early(context)) return std::nullopt;
    const Result<Request> request = read_request(context);
    if (!request) return error(request.error());
    const TrailPerson& whom = request->whom;
    const std::string name = shown(context, whom), held_under = held_as(context, whom);
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
    entry.reason = request->reason;
    context.engine.hold(identity, released, std::move(entry));
    json::Value out;
    out.set("person", name);
    out.set("held", !released);
    return ok(std::move(out));
}

}  // namespace

Answer audit_erase(const Context& context) {
    if (too_early(context)) return std::nullopt;
    const Result<Request> request = read_request(context);
    if (!request) return error(request.error());
    if (const Status may = may_be_erased(context, request->whom); !may) return error(may.error());
    context.engine.erase(request->whom.keys, context.caller, request->reason);
    json::Value out, pseudonyms{json::Array{}};
    for (const store::StoredPersonKey& key : request->whom.keys) pseudonyms.push(schema::pseudonym(key.key));
    out.set("pseudonyms", std::move(pseudonyms));
    return ok(std::move(out));
}

Answer audit_hold(const Context& context) {
    return answer_hold(context, false);
}

Answer audit_release(const Context& context) {
    return answer_hold(context, true);
}

}  // namespace rollcall::control
