#include "policy/explain.h"

#include <fmt/format.h>
#include <algorithm>
#include <deque>

#include "policy/base/text.h"

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
        case Basis::not_employee:
            return "This room is not open to people from outside";
        case Basis::service_elsewhere:
            return "This service does not belong to this room";
        default:
            return "No longer a member of this room";
    }
}

namespace {
std::string joined(const std::vector<std::string>& texts, std::string_view between) {
    std::string out;
    for (const std::string& text : texts) {
        if (!out.empty()) out += between;
        out += text;
    }
    return out;
}
}  // namespace

Evidence evidence_of(const World& world, PersonId id) {
    if (!id.valid()) return {};
    const Person& person = world.people[id.index()];
    return {world.cursor.directory, world.cursor.server, person.usn,
            person.dn.text(),       world.cursor.time,   person.guid};
}

namespace {

// From the target down to the one that the person is in.
std::vector<GroupId> groups_on_the_way(const World& world, PersonId person, GroupId target) {
    std::unordered_map<GroupId, GroupId> came_from;
    std::deque<GroupId> queue;
    const auto start = [&](GroupId group) {
        if (came_from.try_emplace(group, GroupId{}).second) queue.push_back(group);
    };
    const auto listed = [&world](GroupId group) {
        return !world.groups[group.index()].deleted && world.groups[group.index()].members_known;
    };
    if (!world.people[person.index()].present || world.people[person.index()].deleted) return {};
    for (const GroupId group : world.person_groups.row(person.index()))
        if (listed(group)) start(group);
    if (const auto rid = world.people[person.index()].primary_group)
        if (const auto at = world.group_by_rid.find(*rid); at != world.group_by_rid.end()) start(at->second);
    while (!queue.empty()) {
        const GroupId at = queue.front();
        queue.pop_front();
        if (at == target) break;
        for (const GroupId parent : world.group_parents.row(at.index()))
            if (listed(parent) && came_from.try_emplace(parent, at).second) queue.push_back(parent);
    }
    std::vector<GroupId> way;
    if (!came_from.contains(target)) return way;
    for (GroupId at = target; at.valid(); at = came_from.at(at)) way.push_back(at);
    return way;
}

// Of the groups that lead to `target` or would, the one whose list changed last: that is what brought the
// person in, or took them out. A group that the person has just left is below the target no more than they
// are in it, so it is remembered (World::left_group).
GroupId telling_group(const World& world, PersonId person, GroupId target, bool in) {
    const auto newer = [&world](GroupId a, GroupId b) {
        return world.groups[a.index()].usn < world.groups[b.index()].usn;
    };
    if (in) {
        const std::vector<GroupId> way = groups_on_the_way(world, person, target);
        return way.empty() ? target : *std::max_element(way.begin(), way.end(), newer);
    }
    const auto left = world.left_group.find(person);
    return left == world.left_group.end() ? target : std::max(left->second, target, newer);
}

}  // namespace

std::vector<std::string> group_path(const World& world, PersonId person, GroupId target) {
    std::vector<std::string> names;
    for (const GroupId group : groups_on_the_way(world, person, target))
        names.push_back(world.groups[group.index()].name);
    return names;
}

std::string departure_reason(const Decider& decider, PersonId id) {
    const Person& person = decider.world().people[id.index()];
    if (person.deleted) return "account deleted";
    if (person.account_control && (*person.account_control & kAccountDisabled) != 0)
        return "account disabled";
    if (person.expires && *person.expires <= decider.world().now)
        return "account expired on " + to_rfc3339(*person.expires).substr(0, 10);
    if (person.depart_ordered) return "departure ordered by an admin";
    return {};
}

std::string departure_attribute(const Person& person, Time now) {
    if (person.deleted) return "isDeleted";
    if (person.account_control && (*person.account_control & kAccountDisabled) != 0)
        return "userAccountControl";
    if (person.expires && *person.expires <= now) return "accountExpires";
    return {};
}

namespace {

class Explainer {
  public:
    Explainer(const Decider& decider, PersonId person) : decider_(decider), person_(person) {}

    // Sentences for the leaves that make `node` what it is.
    void leaves(NodeId id, Tri value, std::vector<Reason>& out) const {
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

  private:
    [[nodiscard]] GroupId group_of(const CompiledCondition& condition, Tri value) const {
        const World& world = decider_.world();
        const auto group = world.group_by_guid.find(condition.guid);
        if (condition.kind != Condition::Kind::group || group == world.group_by_guid.end()) return {};
        return telling_group(world, person_, group->second, value == Tri::yes);
    }

    [[nodiscard]] static std::string attribute_of(const CompiledCondition& condition) {
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

    [[nodiscard]] std::string leaf(const CompiledCondition& condition, Tri value) const {
        const World& world = decider_.world();
        switch (condition.kind) {
            case Condition::Kind::user:
                return value == Tri::yes ? "named: " + condition.name : "not named";
            case Condition::Kind::under:
                if (value == Tri::unknown)
                    return fmt::format("whether the account lies under {} is not known now", condition.name);
                return fmt::format("account {} under {}", value == Tri::yes ? "lies" : "does not lie",
                                   condition.name);
            case Condition::Kind::attribute:
                if (value == Tri::unknown)
                    return fmt::format("attribute {} could not be read", condition.attribute);
                return fmt::format("{} {} {}", condition.attribute, value == Tri::yes ? "is" : "is not",
                                   joined(condition.values, ", "));
            default:
                break;
        }
        const auto group = world.group_by_guid.find(condition.guid);
        if (value == Tri::unknown && !world.people[person_.index()].primary_group)
            return fmt::format("the account's primary group could not be read: it may be, or lead to, {}",
                               condition.name);
        if (value == Tri::unknown)
            return fmt::format("group {} could not be read completely", condition.name);
        if (value == Tri::no || group == world.group_by_guid.end())
            return fmt::format("not in group {}", condition.name);
        return fmt::format("group {}", joined(group_path(world, person_, group->second), " › "));
    }

    const Decider& decider_;
    PersonId person_;
};

std::string joined(const std::vector<Reason>& reasons) {
    std::vector<std::string> texts;
    for (const Reason& reason : reasons) texts.push_back(reason.text);
    return joined(texts, "; ");
}

Reason approval_reason(const CompiledApproval& approval) {
    return {fmt::format("approved until {}, sponsor {}: {}", to_rfc3339(approval.until).substr(0, 10),
                        approval.sponsor, approval.reason),
            "outsiders." + approval.key, approval.at};
}

Reason stranger_reason(const Decider& decider, UserId user) {
    const PersonId former = decider.former_holder(user);
    if (!former.valid()) return {"no person in the directory has this Matrix ID", "people.matrix_id", {}};
    return {
        fmt::format("{}'s Matrix ID is another one now", decider.world().people[former.index()].login.view()),
        "people.identities",
        {}};
}

Reason disputed_reason(const Decider& decider, UserId user) {
    const PersonId former = decider.former_holder(user);
    if (!former.valid()) return {"more than one account would have this Matrix ID", "people.matrix_id", {}};
    return {fmt::format("this Matrix ID was {}'s, and somebody else would have it now",
                        decider.world().people[former.index()].login.view()),
            "people.matrix_id",
            {}};
}

// Why a sponsor cannot answer for anybody.
std::string sponsor_fault(const Decider& decider, const CompiledApproval& approval) {
    const PersonId sponsor = decider.world().person(approval.sponsor_guid);
    if (sponsor.valid() && decider.departed(sponsor) == Tri::yes)
        return fmt::format("the sponsor {} has departed", approval.sponsor);
    if (!sponsor.valid() || !decider.world().people[sponsor.index()].present)
        return fmt::format("the sponsor {} is not in the directory", approval.sponsor);
    return fmt::format("the sponsor {} is not an employee", approval.sponsor);
}

// An approval that names this user and room but does not hold any more: the most telling reason for an
// outsider to go.
void lapsed_approvals(const Decider& decider, UserId user, std::uint32_t room, std::vector<Reason>& out) {
    for (const CompiledApproval& approval : decider.program().approvals) {
        const std::string& id = decider.world().users.text(user);
        if (!std::binary_search(approval.rooms.begin(), approval.rooms.end(), room) ||
            !glob_match(approval.who, id))
            continue;
        const bool ended = decider.world().now >= approval.until;
        out.push_back({ended ? fmt::format("the approval ended on {}", to_rfc3339(approval.until))
                             : sponsor_fault(decider, approval),
                       fmt::format("outsiders.{}.{}", approval.key, ended ? "until" : "sponsor"),
                       approval.at});
    }
}

}  // namespace

namespace {

// Whose list of members made the verdict: of somebody who is in, of the first reason; of somebody who is not,
// of the group among the reasons that changed last, unless something else about them changed later.
GroupId deciding_group(const World& world, const Explanation& whole) {
    if (whole.reasons.empty() || !whole.person.valid()) return {};
    const bool listed =
        whole.verdict.basis == Basis::not_listed || whole.verdict.basis == Basis::not_employee;
    if (!listed) return whole.reasons.front().group;
    GroupId latest;
    bool groups_only = true;
    for (const Reason& reason : whole.reasons) {
        groups_only &= reason.group.valid();
        if (reason.group.valid() &&
            (!latest.valid() || world.groups[latest.index()].usn < world.groups[reason.group.index()].usn))
            latest = reason.group;
    }
    if (!latest.valid() || groups_only) return latest;
    return world.groups[latest.index()].usn > world.people[whole.person.index()].usn ? latest : GroupId{};
}

// A primary group's people are not in its list: their own entries name it.
bool is_primary(const World& world, PersonId person, GroupId group) {
    const auto rid = world.people[person.index()].primary_group;
    return rid && world.groups[group.index()].rid == *rid;
}

void attribute_that_decides(const World& world, Explanation& out) {
    const GroupId group = deciding_group(world, out);
    if (!group.valid()) {
        if (!out.person.valid() || out.reasons.empty()) return;
        out.evidence.attribute = out.verdict.basis == Basis::departed
                                     ? departure_attribute(world.people[out.person.index()], world.now)
                                     : out.reasons.front().attribute;
    } else if (is_primary(world, out.person, group)) {
        out.evidence.attribute = "primaryGroupID";
    } else {
        const Group& told = world.groups[group.index()];
        out.evidence.usn = told.usn;
        out.evidence.object = told.dn;
        out.evidence.guid = told.guid;
        out.evidence.attribute = "member";
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
    const Explainer explainer(decider, out.person);
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
            reasons.push_back({"departed: " + departure_reason(decider, out.person), "departed", spec.at});
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
                reasons.push_back({"the account's state could not be read", "", {}});
            } else {
                explainer.leaves(program.employees, Tri::unknown, reasons);
                explainer.leaves(spec.except, Tri::unknown, reasons);
                explainer.leaves(spec.members, Tri::unknown, reasons);
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

Explanation explain(const Decider& decider, UserId user, std::uint32_t room) {
    const World& world = decider.world();
    Explanation out = explain_verdict(decider, user, room);
    const RoomId room_id = decider.world_room(room);
    for (const UserId other :
         room_id.valid() ? world.room_users.row(room_id.index()) : std::span<const UserId>{})
        if (other != user && decider.person_of(other).valid() &&
            decider.verdict(other, room).owner == Tri::yes)
            out.owners.push_back(world.users.text(other));
    if (out.verdict.owner == Tri::yes) out.owners.push_back(world.users.text(user));
    std::sort(out.owners.begin(), out.owners.end());
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
    if (basis == Basis::departed) {
        const PersonId person = decider.person_of(user);
        return person.valid() ? departure_reason(decider, person) : std::string(to_text(basis));
    }
    if (room == kNoRoom) return std::string(to_text(basis));
    const Explanation whole = explain_verdict(decider, user, room);
    return whole.short_text.empty() ? std::string(to_text(basis)) : whole.short_text;
}

}  // namespace rollcall::policy
