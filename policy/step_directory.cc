// Step: what the directory says, and whether it is to be believed.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/doubt.h"
#include "policy/step_facts.h"

namespace rollcall::policy {

void Step::take(const DirectoryRefused& fact) {
    world_.frozen = fact.why;
    note({Note::Kind::directory_refused, fact.why, {}, {}, "", "", fact.evidence});
}

void Step::take(const DirectorySnapshot& fact) {
    if (std::string why = disbelief(fact); !why.empty()) {
        effects_.sweep |= why != world_.frozen;  // once more at once: it may have been read amid changes
        return take(DirectoryRefused{std::move(why), fact.evidence});
    }
    world_.frozen.clear();
    keep_deleted(fact);
    const bool back = went_back(fact);
    const bool same_database = fact.invocation_id == world_.cursor.invocation_id && !back;
    if (back || !has_seen_all(fact)) {
        take_doubtful(fact, back);
    } else {
        take_whole(fact);
        end_deleted(fact);
        end_doubt(fact.evidence);
    }
    if (world_.doubt.objects() == 0) end_doubt(fact.evidence);
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

// What a controller says that has seen everything that is known.
void Step::take_whole(const DirectorySnapshot& fact) {
    const bool first = !world_.directory_read;
    if (fact.invocation_id != world_.cursor.invocation_id) forget_usns();
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
        group_unseen(GroupId(i), seen);
    }
    take_containers(fact);
    read_attributes(fact.attributes, all_attributes || first);
    world_.directory_read = true;
    if (first) {
        world_.compact();
        world_.dirty.everything = first_read_ = true;
        for (std::size_t i = 0; i < world_.people.size(); ++i) mark_person(PersonId(i));
    }
}

// One that is gone is told as deleted. What a complete read lacks may be hidden from us: of a group that a
// rule names nothing is concluded from that, and of one that is still somebody's member neither, since links
// to an object end with it.
void Step::group_unseen(GroupId group, const std::unordered_set<Guid, GuidHash>& seen) {
    const auto parents = world_.group_parents.row(group.index());
    const bool still_named = std::any_of(parents.begin(), parents.end(), [&](GroupId parent) {
        return world_.groups[parent.index()].members_known &&
               seen.contains(world_.groups[parent.index()].guid);
    });
    if (still_named || (decider_ != nullptr && decider_->is_named(group)))
        world_.group_hidden(group);
    else
        world_.group_missing(group);
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
    if (std::string why = lacks_a_canary(fact); !why.empty()) return why;
    return lacks_the_named(fact);
}

std::string Step::lacks_a_canary(const DirectorySnapshot& fact) const {
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

bool Step::is_canary(const Guid& guid) const {
    if (decider_ == nullptr) return false;
    const std::vector<Canary>& canaries = decider_->program().canaries;
    return std::any_of(canaries.begin(), canaries.end(),
                       [&guid](const Canary& canary) { return canary.guid == guid; });
}

// Links to an object end with it, so whom a group still names is there. A list without them is not whole, and
// who else is missing from it proves nothing either.
std::string Step::lacks_the_named(const DirectorySnapshot& fact) const {
    constexpr std::size_t kNamed = 3;
    std::unordered_set<Guid, GuidHash> lacking;
    for (const Person& person : world_.people)
        if (person.present && !person.deleted && person.usn <= fact.evidence.usn) lacking.insert(person.guid);
    for (const PersonEntry& entry : fact.people) lacking.erase(entry.guid);
    if (lacking.empty()) return {};
    std::set<Guid> named;
    std::string group;
    for (const GroupEntry& entry : fact.groups)
        for (const Guid& guid : entry.members) {
            if (!lacking.contains(guid)) continue;
            const auto& elsewhere = entry.members_elsewhere;
            if (std::find(elsewhere.begin(), elsewhere.end(), guid) != elsewhere.end()) continue;
            named.insert(guid);
            if (group.empty()) group = entry.name;
        }
    if (named.empty()) return {};
    std::string names;
    std::size_t count = 0;
    for (const Guid& guid : named)
        if (++count <= kNamed)
            names += fmt::format("{}{}", names.empty() ? "" : ", ",
                                 world_.people[world_.person(guid).index()].login.view());
    if (count > kNamed) names += fmt::format(" and {} more", count - kNamed);
    return fmt::format(
        "a complete read of {} lacks {} whom groups still name, '{}' among them: part of the directory is "
        "hidden from us, and nobody is taken for missing",
        fact.evidence.directory, names, group);
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

// What it is was hidden; is it somebody known, of whom the rest counts? Complete reads do not find it, so
// somebody whom they lack is not brought back by it; who is in a group of which nothing else was read is not
// known.
bool Step::take_unclassed(const PersonEntry& entry) {
    if (const PersonId held = world_.person(entry.guid); held.valid())
        return world_.people[held.index()].present || says_departed(entry, world_.now);
    if (const auto at = world_.group_by_guid.find(entry.guid); at != world_.group_by_guid.end()) {
        GroupEntry group = world_.entry_of(at->second);
        group.usn = entry.usn;
        group.deleted = group.deleted || entry.deleted;
        group.members_known = false;
        if (world_.groups[at->second.index()].usn < entry.usn) put_doubted(group, false, false);
    }
    if (const auto at = world_.container_by_guid.find(entry.guid); at != world_.container_by_guid.end())
        effects_.sweep |= world_.containers[at->second.index()].dn != entry.dn;
    return false;
}

void Step::take(const DirectoryChanges& fact) {
    if (!world_.directory_read || fact.invocation_id != world_.cursor.invocation_id) {
        effects_.sweep = true;  // changes to something that was never read whole
        return;
    }
    evidence_ = &fact.evidence;
    keep_deleted(fact);
    for (const ContainerEntry& entry : fact.containers) {  // before the people who stand below them
        if (newer_known(entry)) continue;
        const auto at = world_.container_by_guid.find(entry.guid);
        // Where those below it are now is told by a complete read only.
        effects_.sweep |= at != world_.container_by_guid.end() && !entry.deleted &&
                          world_.containers[at->second.index()].dn != entry.dn;
        world_.put_container(entry, true);
    }
    // Known with a USN past all that this covers: read whole since, or from a database that was put back, of
    // which it then brings news. A complete read tells.
    if (!fact.people.empty()) narrow_attributes(fact.attributes);
    for (const PersonEntry& entry : fact.people) {
        if (entry.unclassed && !take_unclassed(entry)) continue;
        if (newer_known(entry)) {
            effects_.sweep |= world_.people[world_.person(entry.guid).index()].usn > fact.evidence.usn;
            continue;
        }
        // Who is back from deletion may be back in groups whose own entries did not move.
        const PersonId held = world_.person(entry.guid);
        effects_.sweep |= held.valid() && world_.people[held.index()].deleted && !entry.deleted;
        effects_.sweep |= entry.deleted && is_canary(entry.guid);  // it tells that one is missing
        written_[entry.guid] = entry.written;
        put_doubted(entry, fact.attributes, false);
    }
    for (const GroupEntry& entry : fact.groups) {
        const auto at = world_.group_by_guid.find(entry.guid);
        if (newer_known(entry)) {
            effects_.sweep |= world_.groups[at->second.index()].usn > fact.evidence.usn;
            continue;
        }
        // One that comes back may stand in groups whose own entries did not move.
        effects_.sweep |= at != world_.group_by_guid.end() && world_.groups[at->second.index()].deleted;
        put_doubted(entry, fact.groups_verified, false);
    }
    if (!fact.groups_verified && !fact.groups.empty())
        effects_.sweep = true;  // who is missing from them must be verified
    world_.cursor.usn = std::max(world_.cursor.usn, fact.evidence.usn);
    world_.cursor.time = fact.evidence.time;
    if (!world_.doubt.any()) return;
    know_by(fact.invocation_id, fact.evidence.usn);
    if (world_.doubt.objects() == 0) end_doubt(fact.evidence);
}

}  // namespace rollcall::policy
