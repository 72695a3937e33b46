#include "policy/explain_expression.h"

#include <fmt/format.h>
#include <algorithm>

#include "policy/explain_evidence.h"

namespace rollcall::policy {
namespace {

std::string attribute_of(const CompiledCondition& condition) {
    switch (condition.kind) {
        case Condition::Kind::attribute:
            return condition.attribute;
        case Condition::Kind::under:
            return "distinguishedName";
        case Condition::Kind::user:
            return "objectGUID";
        default:
            return {};
    }
}

}  // namespace

void ExpressionExplainer::leaves(NodeId id, Tri value, std::vector<Reason>& out) const {
    if (!id.valid()) return;
    const Program& program = decider_.program();
    const Node& node = program.nodes[id.index()];
    const std::string here = node.path.text();
    switch (node.op) {
        case Node::Op::no:
            out.push_back({"nobody", here, node.at, {}, {}});
            return;
        case Node::Op::employees:
            out.push_back({"employees", here, node.at, {}, {}});
            return;
        case Node::Op::condition:
            out.push_back({leaf(program.conditions[node.first], value), here, node.at,
                           group_of(program.conditions[node.first], value),
                           attribute_of(program.conditions[node.first])});
            return;
        case Node::Op::any:
        case Node::Op::all:
            for (std::uint32_t i = 0; i < node.count; ++i) {
                const NodeId child = program.children[node.first + i];
                if (decider_.evaluate(person_, child) == value) leaves(child, value, out);
            }
            return;
        case Node::Op::except: {
            const NodeId kept(std::size_t{node.first}), taken(std::size_t{node.count});
            if (value == Tri::no && decider_.evaluate(person_, taken) == Tri::yes)
                return leaves(taken, Tri::yes, out);
            return leaves(kept, value, out);
        }
    }
}

GroupId ExpressionExplainer::group_of(const CompiledCondition& condition, Tri value) const {
    const World& world = decider_.world();
    const auto group = world.group_by_guid.find(condition.guid);
    if (condition.kind != Condition::Kind::group || group == world.group_by_guid.end()) return {};
    return telling_group(world, person_, group->second, value == Tri::yes);
}

// Why it is not known: a group was deleted. "" if that is not why.
std::string ExpressionExplainer::by_deletion(const CompiledCondition& condition, GroupId group) const {
    const World& world = decider_.world();
    if (world.groups[group.index()].deleted)
        return fmt::format("group {} was deleted, so whom it would take out is not known", condition.name);
    const ConditionId id(static_cast<std::size_t>(&condition - decider_.program().conditions.data()));
    for (const auto& [deleted, was] : world.deleted_groups)
        if (std::binary_search(was.people.begin(), was.people.end(), person_) &&
            decider_.leads_to(was.parents, id))
            return fmt::format(
                "was in group {} by {}, which was deleted: the next `rollcall apply` lets them in",
                condition.name, world.groups[deleted.index()].name);
    return {};
}

std::string ExpressionExplainer::leaf(const CompiledCondition& condition, Tri value) const {
    const World& world = decider_.world();
    switch (condition.kind) {
        case Condition::Kind::user:
            return value == Tri::yes ? "named: " + condition.name : "not named";
        case Condition::Kind::under:
            if (const auto at = world.container_by_guid.find(condition.guid);
                value == Tri::unknown && at != world.container_by_guid.end() &&
                world.containers[at->second.index()].deleted)
                return fmt::format("container {} was deleted, so whom it would take out is not known",
                                   condition.name);
            if (value == Tri::unknown)
                return fmt::format("whether the account lies under {} is not known now", condition.name);
            return fmt::format("account {} under {}", value == Tri::yes ? "lies" : "does not lie",
                               condition.name);
        case Condition::Kind::attribute:
            if (value == Tri::unknown)
                return fmt::format("attribute {} could not be read", condition.attribute);
            return fmt::format("{} {} {}", condition.attribute, value == Tri::yes ? "is" : "is not",
                               fmt::join(condition.values, ", "));
        default:
            break;
    }
    const auto group = world.group_by_guid.find(condition.guid);
    if (value == Tri::unknown && !world.people[person_.index()].primary_group)
        return fmt::format("the account's primary group could not be read: it may be, or lead to, {}",
                           condition.name);
    if (value == Tri::unknown && group != world.group_by_guid.end())
        if (std::string text = by_deletion(condition, group->second); !text.empty()) return text;
    if (value == Tri::unknown) return fmt::format("group {} could not be read completely", condition.name);
    if (value == Tri::no || group == world.group_by_guid.end())
        return fmt::format("not in group {}", condition.name);
    return fmt::format("group {}", fmt::join(group_path(world, person_, group->second), " › "));
}

}  // namespace rollcall::policy
