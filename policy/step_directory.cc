// Step: what the directory says, and whether it is to be believed.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/step_facts.h"

namespace rollcall::policy {

void Step::take(const DirectoryRefused& fact) {
    world_.frozen = fact.why;
    note({Note::Kind::directory_refused, fact.why, {}, {}, "", "", fact.evidence});
}

void Step::take(const DirectorySnapshot& fact) {
    if (std::string why = disbelief(fact); !why.empty())
        return take(DirectoryRefused{std::move(why), fact.evidence});
    const bool first = !world_.directory_read;
    const bool same_database = fact.invocation_id == world_.cursor.invocation_id;
    world_.frozen.clear();
    if (!same_database) forget_usns();
    bool all_attributes = true;  // everybody's come from this read
    std::unordered_set<Guid, GuidHash> seen;
    for (const PersonEntry& entry : fact.people) {
        seen.insert(entry.guid);
        if (newer_known(entry))
            all_attributes = false;
        else
            world_.put_person(entry);
    }
    for (const GroupEntry& entry : fact.groups) {
        seen.insert(entry.guid);
        if (!newer_known(entry)) world_.put_group(entry, true);
    }
    // What was learned since the read began is not judged by it.
    const auto older = [&](const auto& object) { return object.usn <= fact.evidence.usn; };
    for (std::size_t i = 0; i < world_.people.size(); ++i) {
        const Person& person = world_.people[i];
        if (person.deleted || !person.present || seen.contains(person.guid)) continue;
        if (older(person))
            world_.person_missing(PersonId(i));
        else
            all_attributes = false;
    }
    for (std::size_t i = 0; i < world_.groups.size(); ++i) {
        const Group& group = world_.groups[i];
        if (group.deleted || seen.contains(group.guid) || !older(group)) continue;
        if (still_named(GroupId(i), seen))
            world_.group_hidden(GroupId(i));
        else
            world_.group_missing(GroupId(i));
    }
    take_containers(fact);
    read_attributes(fact.attributes, all_attributes || first);
    world_.directory_read = true;
    if (first) {
        world_.compact();
        world_.dirty.everything = first_read_ = true;
        for (std::size_t i = 0; i < world_.people.size(); ++i) mark_person(PersonId(i));
    }
    const std::uint64_t usn =
        same_database ? std::max(world_.cursor.usn, fact.evidence.usn) : fact.evidence.usn;
    world_.cursor = {fact.evidence.directory, fact.evidence.server, fact.invocation_id, usn,
                     fact.evidence.time};
    note({Note::Kind::directory_read,
          fmt::format("complete read: {} people, {} groups", fact.people.size(), fact.groups.size()),
          {},
          {},
          "",
          "",
          fact.evidence});
}

// Links to an object end with it, so a group that is still somebody's member is there, but hidden from
// us.
bool Step::still_named(GroupId group, const std::unordered_set<Guid, GuidHash>& seen) const {
    const auto parents = world_.group_parents.row(group.index());
    return std::any_of(parents.begin(), parents.end(), [&](GroupId parent) {
        return world_.groups[parent.index()].members_known &&
               seen.contains(world_.groups[parent.index()].guid);
    });
}

void Step::take_containers(const DirectorySnapshot& fact) {
    std::unordered_set<Guid, GuidHash> seen;
    for (const ContainerEntry& entry : fact.containers) {
        seen.insert(entry.guid);
        if (!newer_known(entry)) world_.put_container(entry, false);
    }
    for (std::size_t i = 0; i < world_.containers.size(); ++i) {
        const Container& container = world_.containers[i];
        if (!container.deleted && !seen.contains(container.guid) && container.usn <= fact.evidence.usn)
            world_.container_missing(ContainerId(i));
    }
}

// USNs are one database's own: what another one counted says nothing about which entry is the newer.
void Step::forget_usns() {
    for (Person& person : world_.people) person.usn = 0;
    for (Group& group : world_.groups) group.usn = 0;
    for (Container& container : world_.containers) container.usn = 0;
    for (std::size_t i = 0; i < world_.people.size(); ++i) world_.touched.people.emplace(i);
    for (std::size_t i = 0; i < world_.groups.size(); ++i) world_.touched.groups.emplace(i);
    for (std::size_t i = 0; i < world_.containers.size(); ++i) world_.touched.containers.emplace(i);
}

// Known of everybody are only the attributes that every entry was read with.
void Step::read_attributes(const std::vector<std::string>& asked, bool of_everybody) {
    std::set<std::string, std::less<>> read(asked.begin(), asked.end());
    if (!of_everybody) {
        std::erase_if(read,
                      [this](const std::string& name) { return !world_.attributes_read.contains(name); });
        effects_.sweep |= read.size() < asked.size();
    }
    if (read == world_.attributes_read) return;
    world_.attributes_read = std::move(read);
    world_.dirty.groups = true;
}

// Why a complete read is not to be believed; "" if it is.
std::string Step::disbelief(const DirectorySnapshot& fact) const {
    if (fact.people.empty())
        return fmt::format("the directory {} answered with nobody: nothing is concluded from that",
                           fact.evidence.directory);
    if (fact.groups.empty() && std::any_of(world_.groups.begin(), world_.groups.end(),
                                           [](const Group& group) { return !group.deleted; }))
        return fmt::format("the directory {} answered without any group: nothing is concluded from that",
                           fact.evidence.directory);
    if (decider_ == nullptr) return {};
    for (const Canary& canary : decider_->program().canaries) {
        const bool there = std::any_of(fact.people.begin(), fact.people.end(), [&](const PersonEntry& p) {
            return !p.deleted && p.guid == canary.guid;
        });
        if (!there)
            return fmt::format(
                "a complete read of {} lacks the canary '{}': part of the directory is hidden from us",
                fact.evidence.directory, canary.name);
    }
    return {};
}

bool Step::newer_known(const PersonEntry& entry) const {
    const PersonId held = world_.person(entry.guid);
    return held.valid() && world_.people[held.index()].usn > entry.usn;
}

bool Step::newer_known(const ContainerEntry& entry) const {
    const auto held = world_.container_by_guid.find(entry.guid);
    return held != world_.container_by_guid.end() && world_.containers[held->second.index()].usn > entry.usn;
}

bool Step::newer_known(const GroupEntry& entry) const {
    const auto held = world_.group_by_guid.find(entry.guid);
    return held != world_.group_by_guid.end() && world_.groups[held->second.index()].usn > entry.usn;
}

// Entries read with fewer attributes leave the others unknown until a complete read.
void Step::narrow_attributes(const std::vector<std::string>& asked) {
    std::set<std::string, std::less<>> read = world_.attributes_read;
    std::erase_if(read, [&asked](const std::string& name) {
        return std::find(asked.begin(), asked.end(), name) == asked.end();
    });
    if (read == world_.attributes_read) return;
    world_.attributes_read = std::move(read);
    world_.dirty.groups = true;
    effects_.sweep = true;
}

void Step::take(const DirectoryChanges& fact) {
    if (!world_.directory_read || fact.invocation_id != world_.cursor.invocation_id) {
        effects_.sweep = true;  // changes to something that was never read whole
        return;
    }
    evidence_ = &fact.evidence;
    for (const ContainerEntry& entry : fact.containers) {  // before the people who stand below them
        if (newer_known(entry)) continue;
        const auto at = world_.container_by_guid.find(entry.guid);
        // Where those below it are now is told by a complete read only.
        effects_.sweep |= at != world_.container_by_guid.end() && !entry.deleted &&
                          world_.containers[at->second.index()].dn != entry.dn;
        world_.put_container(entry, true);
    }
    if (!fact.people.empty()) narrow_attributes(fact.attributes);
    for (const PersonEntry& entry : fact.people) {
        if (newer_known(entry)) continue;
        written_[entry.guid] = entry.written;
        world_.put_person(entry);
    }
    for (const GroupEntry& entry : fact.groups) {
        if (newer_known(entry)) continue;
        const auto at = world_.group_by_guid.find(entry.guid);
        // One that comes back may stand in groups whose own entries did not move.
        effects_.sweep |= at != world_.group_by_guid.end() && world_.groups[at->second.index()].deleted;
        world_.put_group(entry, fact.groups_verified);
    }
    if (!fact.groups_verified && !fact.groups.empty())
        effects_.sweep = true;  // who is missing from them must be verified
    world_.cursor.usn = std::max(world_.cursor.usn, fact.evidence.usn);
    world_.cursor.time = fact.evidence.time;
}

}  // namespace rollcall::policy
