#include "daemon/control/auditor.h"

#include <fmt/format.h>

#include "policy/explain.h"

namespace rollcall::control {
namespace {

Result<GroupId> group_of(const Context& context) {
    const policy::World& world = context.engine.world();
    const std::string& name = context.config.auditors;
    if (name.empty())
        return fail(ErrorKind::denied, "rollcall.yaml names no auditors, who alone may do this",
                    "add auditors: {group: …} and restart the daemon");
    std::vector<GroupId> found;
    if (name.starts_with("guid:")) {
        const auto at = world.group_by_guid.find(Guid::from_text(name.substr(5)).value_or(Guid{}));
        if (at != world.group_by_guid.end()) found.push_back(at->second);
    } else {
        found = world.groups_named(name);
    }
    std::erase_if(found, [&](GroupId id) { return world.groups[id.index()].deleted; });
    if (found.size() == 1) return found.front();
    return fail(ErrorKind::denied,
                fmt::format("the auditors' group '{}' {}", name,
                            found.empty() ? "is not in the directory" : "is ambiguous"),
                "correct auditors.group in rollcall.yaml");
}

}  // namespace

Status auditors_are_known(const Context& context) {
    if (context.config.auditors.empty()) return {};
    const Result<GroupId> group = group_of(context);
    return group ? Status{} : pass(group);
}

Result<PersonId> auditor_of(const Context& context) {
    const policy::World& world = context.engine.world();
    const Result<GroupId> group = group_of(context);
    if (!group) return pass(group);
    const schema::TrailCaller& caller = context.caller;
    const std::int64_t uid = caller.login_uid >= 0 ? caller.login_uid : caller.uid;
    // A process without a login uid may set any. Whoever became root by sudo keeps their own.
    if (uid != caller.uid && caller.uid != 0)
        return fail(ErrorKind::denied, "this process says that it was begun by somebody else's login",
                    "log in under your own name");
    if (uid == 0)
        return fail(ErrorKind::denied, "root is nobody in the directory, so it is no auditor",
                    "log in under your own name");
    const std::string& login = context.login;
    const std::vector<PersonId> people = login.empty() ? std::vector<PersonId>{} : world.people_named(login);
    if (people.size() != 1)
        return fail(ErrorKind::denied,
                    fmt::format("{} is no login in the directory, so it is no auditor",
                                login.empty() ? fmt::format("uid {}", uid) : login),
                    "log in under the name that you have in the directory");
    const PersonId person = people.front();
    if (context.engine.decider() == nullptr || context.engine.decider()->departed(person) != policy::Tri::no)
        return fail(ErrorKind::denied, fmt::format("{} is not known to be with the company now", login));
    if (policy::group_path(world, person, *group).empty())
        return fail(ErrorKind::denied,
                    fmt::format("{} is not in the auditors' group {}", login, context.config.auditors),
                    "whoever keeps the directory can put them in");
    return person;
}

}  // namespace rollcall::control
