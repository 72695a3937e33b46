#include "policy/explain_evidence.h"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace rollcall::policy {

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

}  // namespace

// A group that the person has just left is below the target no more than they
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
    if (decider.departed(id) == Tri::yes) return "had departed before the account's state was hidden";
    return {};
}

std::string departure_reason(const Decider& decider, UserId user) {
    const PersonId person = decider.person_of(user);
    return person.valid() ? departure_reason(decider, person) : "whoever may have this account has departed";
}

std::string departure_attribute(const Person& person, Time now) {
    if (person.deleted) return "isDeleted";
    if (person.account_control && (*person.account_control & kAccountDisabled) != 0)
        return "userAccountControl";
    if (person.expires && *person.expires <= now) return "accountExpires";
    return {};
}

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

}  // namespace

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

}  // namespace rollcall::policy
