#include "policy/explain.h"

#include <fmt/format.h>
#include <algorithm>

#include "policy/base/text.h"
#include "policy/doubts.h"
#include "policy/explain_approval.h"
#include "policy/explain_evidence.h"
#include "policy/explain_expression.h"

namespace rollcall::policy {

std::string_view to_text(Basis basis) {
    switch (basis) {
        case Basis::member:
            return "member";
        case Basis::owner:
            return "owner";
        case Basis::service:
            return "service";
        case Basis::approval:
            return "approval";
        case Basis::protected_id:
            return "protected";
        case Basis::departed:
            return "departed";
        case Basis::excepted:
            return "excepted";
        case Basis::not_listed:
            return "not listed";
        case Basis::not_employee:
            return "not an employee";
        case Basis::stranger:
            return "unknown user of this server";
        case Basis::outsider:
            return "outsider";
        case Basis::service_elsewhere:
            return "service not listed for this room";
        case Basis::undecided:
            return "undecided";
    }
    return "";
}

std::string_view public_reason(Basis basis) {
    switch (basis) {
        case Basis::outsider:
        case Basis::stranger:
            return "This room is not open to people from outside";
        case Basis::service_elsewhere:
            return "This service does not belong to this room";
        default:
            return "No longer a member of this room";
    }
}

namespace {

std::string joined(const std::vector<Reason>& reasons) {
    std::vector<std::string> texts;
    for (const Reason& reason : reasons) texts.push_back(reason.text);
    return fmt::format("{}", fmt::join(texts, "; "));
}

Reason stranger_reason(const Decider& decider, UserId user) {
    const PersonId former = decider.former_holder(user);
    if (!former.valid()) return {"no person in the directory has this Matrix ID", "people.matrix_id", {}};
    return {
        fmt::format("{}'s Matrix ID is another one now", decider.world().people[former.index()].login.view()),
        "people.identities",
        {}};
}

// Nobody had it before: more than one would, or the one who would waits for the account of the login before.
Reason rivals_reason(const Decider& decider, UserId user) {
    const World& world = decider.world();
    const std::vector<PersonId> claimants = decider.claimants(user);
    const Person* one = claimants.size() == 1 ? &world.people[claimants.front().index()] : nullptr;
    const UserId before = one == nullptr ? UserId{} : world.in_question.waits_for(one->guid, user);
    if (!before.valid()) return {"more than one account would have this Matrix ID", "people.matrix_id", {}};
    const std::string& account = world.users.text(before);
    return {world.account(before) == Account::present
                ? fmt::format("this Matrix ID is {}'s unless {}, of a login before, is theirs, which is not "
                              "known",
                              one->login.view(), account)
                : fmt::format("this Matrix ID is {}'s unless there is an account {}, of the login before: "
                              "the homeserver has not said yet",
                              one->login.view(), account),
            "people.matrix_id",
            {}};
}

Reason disputed_reason(const Decider& decider, UserId user) {
    const PersonId former = decider.former_holder(user);
    const std::vector<PersonId> candidates = decider.candidates(user);
    if (!former.valid() && !candidates.empty())
        return {
            fmt::format("this Matrix ID was {}'s until the login changed, and whose account it is now is not "
                        "known",
                        decider.world().people[candidates.front().index()].login.view()),
            "people.matrix_id",
            {}};
    if (!former.valid()) return rivals_reason(decider, user);
    return {fmt::format("this Matrix ID was {}'s, and somebody else would have it now",
                        decider.world().people[former.index()].login.view()),
            "people.matrix_id",
            {}};
}

// An approval that names this user and room but does not hold any more: the most telling reason for an
// outsider to go.
void lapsed_approvals(const Decider& decider, UserId user, std::uint32_t room, std::vector<Reason>& out) {
    for (const CompiledApproval& approval : decider.program().approvals) {
        const std::string& id = decider.world().users.text(user);
        if (!std::binary_search(approval.rooms.begin(), approval.rooms.end(), room) ||
            !glob_match(approval.who, id))
            continue;
        out.push_back(lapsed_reason(decider, approval));
    }
}

}  // namespace

Explanation explain_verdict(const Decider& decider, UserId user, std::uint32_t room) {
    const World& world = decider.world();
    const Program& program = decider.program();
    const CompiledRoom& spec = program.rooms[room];
    Explanation out;
    out.user = user;
    out.person = decider.person_of(user);
    out.room = room;
    out.verdict = decider.verdict(user, room);
    out.evidence = evidence_of(world, out.person);
    const ExpressionExplainer explainer(decider, out.person);
    std::vector<Reason>& reasons = out.reasons;
    switch (out.verdict.basis) {
        case Basis::member:
            explainer.leaves(spec.members, Tri::yes, reasons);
            break;
        case Basis::owner:
            explainer.leaves(spec.owners, Tri::yes, reasons);
            break;
        case Basis::excepted:
            explainer.leaves(spec.except, Tri::yes, reasons);
            break;
        case Basis::not_listed:
            explainer.leaves(spec.members, Tri::no, reasons);
            break;
        case Basis::not_employee:
            explainer.leaves(program.employees, Tri::no, reasons);
            break;
        case Basis::departed:
            reasons.push_back({"departed: " + departure_reason(decider, user), "departed", spec.at});
            break;
        case Basis::protected_id:
            reasons.push_back({"protected: never removed", "protected", {}});
            break;
        case Basis::service:
        case Basis::service_elsewhere: {
            const CompiledService* service = decider.service(user);
            reasons.push_back(
                {fmt::format("service {}", service->key), "services." + service->key, service->at});
            break;
        }
        case Basis::approval:
            reasons.push_back(approval_reason(*decider.approval(user, room)));
            break;
        case Basis::stranger:
            reasons.push_back(stranger_reason(decider, user));
            break;
        case Basis::outsider:
            reasons.push_back(
                {"from another server, without an approval in force", spec.key + ".outsiders", spec.at});
            break;
        case Basis::undecided:
            if (!world.directory_read) {
                reasons.push_back({"the directory has not been read completely yet", "", {}});
            } else if (decider.disputed(user)) {
                reasons.push_back(disputed_reason(decider, user));
            } else if (out.person.valid() && decider.departed(out.person) == Tri::unknown) {
                reasons.push_back({undecided_departure(world, out.person), "", {}});
            } else {
                for (const NodeId part : {program.employees, spec.except, spec.members, spec.owners})
                    if (part.valid() && out.person.valid() &&
                        decider.evaluate(out.person, part) == Tri::unknown)
                        explainer.leaves(part, Tri::unknown, reasons);
            }
            break;
    }
    if (out.verdict.presence == Presence::out && !out.person.valid()) {
        std::vector<Reason> lapsed;
        lapsed_approvals(decider, user, room, lapsed);
        reasons.insert(reasons.begin(), lapsed.begin(), lapsed.end());
    }
    attribute_that_decides(world, out);
    out.short_text = joined(reasons);
    return out;
}

std::vector<std::string> owners_of(const Decider& decider, std::uint32_t room) {
    const World& world = decider.world();
    std::vector<std::string> out;
    const RoomId room_id = decider.world_room(room);
    for (const UserId user :
         room_id.valid() ? world.room_users.row(room_id.index()) : std::span<const UserId>{})
        if (decider.person_of(user).valid() && decider.verdict(user, room).owner == Tri::yes)
            out.push_back(world.users.text(user));
    std::sort(out.begin(), out.end());
    return out;
}

Explanation explain(const Decider& decider, UserId user, std::uint32_t room) {
    Explanation out = explain_verdict(decider, user, room);
    out.owners = owners_of(decider, room);
    const std::string& own = decider.world().users.text(user);
    const auto at = std::lower_bound(out.owners.begin(), out.owners.end(), own);
    if (out.verdict.owner == Tri::yes && (at == out.owners.end() || *at != own)) out.owners.insert(at, own);
    return out;
}

Diagnostics without_sponsor(const Decider& decider) {
    Diagnostics out;
    for (const CompiledApproval& approval : decider.program().approvals)
        if (decider.world().now < approval.until && !decider.in_force(approval))
            out.push_back({approval.at,
                           fmt::format("the approval {} does not hold: {}", approval.key,
                                       sponsor_fault(decider, approval)),
                           "name an employee who answers for them", Severity::warning});
    return out;
}

std::string why(const Decider& decider, UserId user, std::uint32_t room, Basis basis) {
    const bool known = decider.person_of(user).valid() || decider.all_departed(user);
    if (basis == Basis::departed)
        return known ? departure_reason(decider, user) : std::string(to_text(basis));
    if (room == kNoRoom) return std::string(to_text(basis));
    const Explanation whole = explain_verdict(decider, user, room);
    return whole.short_text.empty() ? std::string(to_text(basis)) : whole.short_text;
}

}  // namespace rollcall::policy
