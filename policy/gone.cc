#include "policy/gone.h"

#include <fmt/format.h>
#include <optional>
#include <utility>

namespace rollcall::policy {
namespace {

bool was_deleted(const World& world, const CompiledCondition& condition) {
    if (condition.kind == Condition::Kind::group) {
        const auto group = world.group_by_guid.find(condition.guid);
        return group != world.group_by_guid.end() && world.groups[group->second.index()].deleted;
    }
    const auto container = world.container_by_guid.find(condition.guid);
    return condition.kind == Condition::Kind::under && container != world.container_by_guid.end() &&
           world.containers[container->second.index()].deleted;
}

// Of each condition the first place where it is written, and where it takes people out the first of those.
std::vector<const Node*> places_of(const Decider& decider) {
    std::vector<const Node*> out(decider.program().conditions.size(), nullptr);
    std::vector<bool> excepting(out.size(), false);
    for (std::size_t i = 0; i < decider.program().nodes.size(); ++i) {
        const Node& node = decider.program().nodes[i];
        if (node.op != Node::Op::condition) continue;
        const bool takes_out = decider.is_excepting(NodeId(i));
        if (out[node.first] != nullptr && (excepting[node.first] || !takes_out)) continue;
        out[node.first] = &node;
        excepting[node.first] = takes_out;
    }
    return out;
}

Gone named(const CompiledCondition& condition, const Node& node, bool takes_out) {
    const bool group = condition.kind == Condition::Kind::group;
    const std::string what = fmt::format("the {} '{}' was deleted from the directory",
                                         group ? "group" : "container", condition.name);
    Gone out{condition.guid, node.at, what, {}};
    if (takes_out) {
        out.text +=
            ": whom it would keep out cannot be known, so nobody is let in by a rule that takes it out";
        out.hint = "restore it there, or take it out of the rule";
    } else {
        out.text += group ? ": nobody is in it" : ": nobody is below it";
        out.hint =
            "restore it there, or name another one; one made anew under its name is another one, and is "
            "meant "
            "by its guid:…";
    }
    return out;
}

// The group that rules take out, and that this one was part of, by whatever groups between.
std::optional<ConditionId> taken_out_by(const Decider& decider, const DeletedGroup& was) {
    for (std::size_t i = 0; i < decider.program().conditions.size(); ++i)
        if (decider.takes_out(ConditionId(i)) && decider.leads_to(was.parents, ConditionId(i)))
            return ConditionId(i);
    return std::nullopt;
}

// Who was in a group that is part of one that rules take out.
Gone nested(const Decider& decider, const Group& group, std::size_t count, const CompiledCondition& above,
            const Node& node) {
    const std::string_view name = group.name.empty() ? group.cn : group.name;
    Gone out{group.guid, node.at, {}, {}};
    out.text = group.deleted ? fmt::format(
                                   "the group '{}' was deleted from the directory; it was part of '{}', "
                                   "which a rule takes out",
                                   name, above.name)
                             : fmt::format(
                                   "the group '{}' is not in '{}' any more, which a rule takes out, and "
                                   "whether it is there at all is not known",
                                   name, above.name);
    const std::string who = count == 1 ? "1 person" : fmt::format("{} people", count);
    if (decider.is_draft())
        out.text += fmt::format(": with this policy {} whom it kept out may come in", who);
    else
        out.text += fmt::format(": {} whom it kept out may not come in until {}", who,
                                group.deleted ? "the next `rollcall apply`" : "the directory was read whole");
    out.hint =
        fmt::format("put whoever is to stay out into '{}' by another way, or restore the group", above.name);
    return out;
}

}  // namespace

std::vector<Gone> gone(const Decider& decider) {
    const World& world = decider.world();
    const Program& program = decider.program();
    const std::vector<const Node*> places = places_of(decider);
    std::vector<Gone> out;
    for (std::size_t i = 0; i < program.conditions.size(); ++i)
        if (places[i] != nullptr && was_deleted(world, program.conditions[i]))
            out.push_back(named(program.conditions[i], *places[i], decider.takes_out(ConditionId(i))));
    for (const auto& [group, was] : world.deleted_groups)
        if (const std::optional<ConditionId> above = taken_out_by(decider, was);
            above && places[above->index()] != nullptr)
            out.push_back(nested(decider, world.groups[group.index()], was.people.size(),
                                 program.conditions[above->index()], *places[above->index()]));
    return out;
}

std::vector<GroupId> let_go_of_deleted_groups(World& world) {
    std::vector<GroupId> out;
    for (const auto& [group, was] : std::exchange(world.deleted_groups, {})) out.push_back(group);
    return out;
}

}  // namespace rollcall::policy
