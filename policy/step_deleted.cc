// Step: groups that end, while rules take people out by a group that they were in. A group's links end with
// it (MS-ADTS 3.1.1.5.5), so the group above names it no more, and nothing tells that from a group that was
// taken out by hand. Whoever was in it is kept out as before (Decider::stamp_deleted) until a complete read
// shows that the group is there, or a policy is applied.
#include <algorithm>

#include "policy/step_facts.h"

namespace rollcall::policy {

using Guids = std::unordered_set<Guid, GuidHash>;

namespace {

// Those that are there.
Guids groups_in(const std::vector<GroupEntry>& entries) {
    Guids out;
    for (const GroupEntry& entry : entries)
        if (!entry.deleted) out.insert(entry.guid);
    return out;
}

}  // namespace

// Where it is part of groups that rules take people out by: who is in it, while that is known.
void Step::keep_deleted(GroupId group, const std::vector<GroupId>& parents) {
    std::vector<GroupId> above;
    for (const GroupId parent : parents)
        if (decider_->takes_out(parent)) above.push_back(parent);
    if (above.empty()) return;
    DeletedGroup& kept = world_.deleted_groups[group];
    const DeletedGroup before = kept;
    for (const PersonId person : world_.people_below(group)) kept.people.push_back(person);
    kept.parents.insert(kept.parents.end(), above.begin(), above.end());
    std::sort(kept.people.begin(), kept.people.end());
    kept.people.erase(std::unique(kept.people.begin(), kept.people.end()), kept.people.end());
    std::sort(kept.parents.begin(), kept.parents.end());
    kept.parents.erase(std::unique(kept.parents.begin(), kept.parents.end()), kept.parents.end());
    if (kept == before) return;
    world_.dirty.people.insert(kept.people.begin(), kept.people.end());
    effects_.deleted_groups.push_back(group);
}

void Step::keep_deleted(GroupId group) {
    const auto row = world_.group_parents.row(group.index());
    keep_deleted(group, {row.begin(), row.end()});
}

// Before any list is taken: one without the group may come beside the news that it was deleted, or instead of
// them, for whoever may not read tombstones.
void Step::keep_deleted(const DirectoryChanges& fact) {
    if (decider_ == nullptr) return;
    const Guids alive = groups_in(fact.groups);
    for (const GroupEntry& entry : fact.groups) {
        const auto at = world_.group_by_guid.find(entry.guid);
        if (at == world_.group_by_guid.end() || world_.groups[at->second.index()].deleted) continue;
        if (entry.deleted)
            keep_deleted(at->second);
        else if (entry.members_known && fact.groups_verified && !newer_known(entry))
            keep_taken_out(at->second, entry, alive);
    }
}

// A list that lacks a group which it had. That group may have been deleted: a complete read tells.
void Step::keep_taken_out(GroupId parent, const GroupEntry& entry, const Guids& alive) {
    const auto row = world_.group_members.row(parent.index());
    for (const MemberRef member : std::vector<MemberRef>(row.begin(), row.end())) {
        if (!member.is_group()) continue;
        const Guid& guid = world_.groups[member.as_group().index()].guid;
        if (alive.contains(guid) ||
            std::find(entry.members.begin(), entry.members.end(), guid) != entry.members.end())
            continue;
        const std::size_t before = effects_.deleted_groups.size();
        keep_deleted(member.as_group(), {parent});
        effects_.sweep |= effects_.deleted_groups.size() > before;
    }
}

void Step::keep_deleted(const DirectorySnapshot& fact) {
    if (decider_ == nullptr) return;
    const Guids alive = groups_in(fact.groups);
    for (std::size_t i = 0; i < world_.groups.size(); ++i)
        if (!world_.groups[i].deleted && !alive.contains(world_.groups[i].guid)) keep_deleted(GroupId(i));
}

// After a complete read: those that are there say themselves who is in them, and of those that are still
// named above nothing has ended. One that is known to be deleted stays so, whatever a read says that began
// before.
void Step::end_deleted(const DirectorySnapshot& fact) {
    if (world_.deleted_groups.empty()) return;
    const Guids alive = groups_in(fact.groups);
    for (auto at = world_.deleted_groups.begin(); at != world_.deleted_groups.end();) {
        const Group& group = world_.groups[at->first.index()];
        DeletedGroup& kept = at->second;
        const auto above = world_.group_parents.row(at->first.index());
        const bool again =
            !group.deleted && std::erase_if(kept.parents, [&above](GroupId parent) {
                                  return std::find(above.begin(), above.end(), parent) != above.end();
                              }) > 0;
        const bool over = !group.deleted && (kept.parents.empty() || alive.contains(group.guid));
        if (over || again) {
            world_.dirty.people.insert(kept.people.begin(), kept.people.end());
            effects_.deleted_groups.push_back(at->first);
        }
        at = over ? world_.deleted_groups.erase(at) : std::next(at);
    }
}

}  // namespace rollcall::policy
