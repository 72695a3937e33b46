#include "daemon/control/erasure.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>

#include "daemon/control/answer.h"
#include "policy/explain_approval.h"

namespace rollcall::control {
namespace {

constexpr std::size_t kMostCounted = 1'000;  // of whom it is only said that they are to be erased

// An outsider whom a policy lets in now.
const policy::CompiledApproval* approved(const Context& context, const TrailPerson& whom) {
    const policy::Decider& decider = *context.engine.decider();
    for (const policy::CompiledApproval& approval : decider.program().approvals)
        if (whom.names.contains(approval.who) && decider.in_force(approval)) return &approval;
    return nullptr;
}

// A Matrix ID of theirs about which requests are under way or wanted; "".
std::string busy(const Context& context, const TrailPerson& whom) {
    for (const std::string& name : whom.names)
        if (context.engine.busy_with(context.engine.world().users.find(name))) return name;
    return {};
}

// Protected, say, or let be by a hold.
bool in_a_room(const Context& context, const TrailPerson& whom) {
    const policy::World& world = context.engine.world();
    for (const std::string& name : whom.names) {
        const UserId user = world.users.find(name);
        if (!user.valid()) continue;
        for (const policy::Membership& held : world.memberships.row(user.index()))
            if (held.state == policy::MembershipState::join || held.state == policy::MembershipState::invite)
                return true;
    }
    return false;
}

}  // namespace

std::string shown_name(const Context& context, const TrailPerson& whom) {
    if (whom.person.valid()) return context.engine.world().people[whom.person.index()].login.text();
    const std::string user = whom.user();
    return user.empty() ? whom.identity() : user;
}

// Whoever was held by a Matrix ID may have turned out to be somebody of the directory since.
std::string held_as(const Context& context, const TrailPerson& whom) {
    const auto& holds = context.engine.legal_holds();
    if (holds.contains(whom.identity())) return whom.identity();
    for (const std::string& name : whom.names)
        if (holds.contains(name)) return name;
    return {};
}

Status may_be_erased(const Context& context, const TrailPerson& whom) {
    const policy::Decider* decider = context.engine.decider();
    const std::string name = shown_name(context, whom);
    if (decider == nullptr)
        return fail(ErrorKind::conflict, "no policy is in force, so nobody knows who has departed",
                    "put one in force with `rollcall apply`");
    if (whom.person.valid() && decider->departed(whom.person) != policy::Tri::yes)
        return fail(ErrorKind::conflict, fmt::format("{} has not departed", name),
                    "what is done about people with the company needs its evidence; whoever has gone and is "
                    "still in the directory as if not: `rollcall depart`");
    if (const policy::CompiledApproval* approval = approved(context, whom))
        return fail(ErrorKind::conflict,
                    fmt::format("{} is let in as an outsider until {}", name, policy::until_words(*approval)),
                    fmt::format("end the approval in {} first", approval->at.file_line()));
    const auto& holds = context.engine.legal_holds();
    const auto hold = holds.find(held_as(context, whom));
    if (hold != holds.end())
        return fail(ErrorKind::conflict,
                    fmt::format("{} is under a legal hold since {}, by {}: {}", name,
                                to_rfc3339(hold->second.since), hold->second.by, hold->second.reason),
                    "`rollcall audit release` ends it");
    // Their results would be under a new key, and ask to be erased once more.
    if (const std::string user = busy(context, whom); !user.empty())
        return fail(ErrorKind::conflict, fmt::format("something is still to be done about {}", user),
                    "`rollcall why` says what; erase them once they are out of every room");
    if (whom.keys.empty())
        return fail(ErrorKind::not_found, fmt::format("the trail says nothing of {}", name),
                    "nothing is left to erase");
    return {};
}

Result<std::size_t> keep_retention(engine::Engine& engine, const schema::Config& config, const NamesOf& names,
                                   std::size_t at_most) {
    const json::Value no_args;
    const schema::TrailCaller nobody;
    const Context context{engine, config, no_args, nobody};
    const Time before = engine.world().now - *config.audit.retention;
    const Result<std::map<std::uint64_t, Time>> departed = engine.store().departures();  // person key → when
    if (!departed) return pass(departed);
    if (std::none_of(departed->begin(), departed->end(),
                     [&](const auto& departure) { return departure.second <= before; }))
        return std::size_t{0};
    Result<TrailPeople> people = TrailPeople::read(context);
    if (!people) return pass(people);
    std::optional<UnixNames> callers = names(people->unix_names());
    if (!callers)
        return fail(ErrorKind::unavailable, "the name services of this machine have not answered yet",
                    "nobody is erased by audit.retention until they do: see `getent passwd`");
    people->know(std::move(*callers));
    const std::size_t most = at_most == 0 ? kMostCounted : at_most;
    std::set<std::uint64_t> done;
    std::size_t due = 0;
    for (const store::StoredPersonKey& key : people->keys()) {
        if (due == most) break;
        const auto left = departed->find(key.id);
        if (left == departed->end() || left->second > before) continue;
        if (done.contains(key.id)) continue;  // another key of somebody who was dealt with
        const TrailPerson whom = people->owner(context, key);
        bool again = false;  // came back, and left once more since
        for (const store::StoredPersonKey& one : whom.keys) {
            done.insert(one.id);
            const auto later = departed->find(one.id);
            again = again || (later != departed->end() && later->second > before);
        }
        if (again || !may_be_erased(context, whom) || in_a_room(context, whom)) continue;
        ++due;
        if (at_most == 0) continue;
        engine.erase(
            whom.keys, std::nullopt,
            fmt::format("audit.retention: {} after the departure", duration_text(*config.audit.retention)));
    }
    return due;
}

}  // namespace rollcall::control
