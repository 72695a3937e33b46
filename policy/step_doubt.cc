// Step: what a controller says that may be behind, or was put back (doubt.h says how it is taken).
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/step_facts.h"

namespace rollcall::policy {
namespace {

template <typename Entry>
const std::optional<Entry>* base_of(const std::map<Guid, std::optional<Entry>>& bases, const Guid& guid) {
    const auto at = bases.find(guid);
    return at == bases.end() ? nullptr : &at->second;
}

}  // namespace

// An object's USN only grows in one database, so one that was lower than known before the read began was put
// back with it.
bool Step::went_back(const DirectorySnapshot& fact) const {
    if (fact.put_back) return true;
    if (fact.invocation_id != world_.cursor.invocation_id) return false;
    const std::uint64_t usn = fact.evidence.usn;
    return std::any_of(fact.people.begin(), fact.people.end(),
                       [&](const PersonEntry& entry) {
                           const PersonId held = world_.person(entry.guid);
                           return held.valid() && world_.people[held.index()].usn > entry.usn &&
                                  world_.people[held.index()].usn <= usn;
                       }) ||
           std::any_of(fact.groups.begin(), fact.groups.end(), [&](const GroupEntry& entry) {
               const auto held = world_.group_by_guid.find(entry.guid);
               if (held == world_.group_by_guid.end()) return false;
               const Group& group = world_.groups[held->second.index()];
               return group.usn > entry.usn && group.usn <= usn;
           });
}

std::map<std::string, std::uint64_t> Step::must_know() const {
    if (world_.doubt.any()) return world_.doubt.must_know;
    if (!world_.directory_read || world_.cursor.invocation_id.empty()) return {};
    return {{world_.cursor.invocation_id, world_.cursor.usn}};
}

// Has that controller seen everything that is known?
bool Step::has_seen_all(const DirectorySnapshot& fact) const {
    for (const auto& [invocation_id, usn] : must_know()) {
        if (invocation_id == fact.invocation_id) {
            // One that began before the last changes came is as good: these are known with their own USNs.
            if (!world_.doubt.any() || fact.evidence.usn >= usn) continue;
            return false;
        }
        const auto seen = fact.seen.find(invocation_id);
        if (seen == fact.seen.end() || seen->second < usn) return false;
    }
    return true;
}

std::string Step::why_doubted(const DirectorySnapshot& fact, bool back) const {
    const Doubt& doubt = world_.doubt;
    if (back)
        return fmt::format(
            "{} was put back to an earlier state: it had counted its changes up to {} and is at {} now",
            fact.evidence.server, world_.cursor.usn, fact.evidence.usn);
    if (doubt.any() && doubt.invocation_id == fact.invocation_id) return doubt.why;
    return fmt::format(
        "{} leads to another controller (invocationId {}), which does not show that it has seen what the one "
        "before it said (invocationId {}, up to USN {})",
        fact.evidence.server, fact.invocation_id, world_.cursor.invocation_id, world_.cursor.usn);
}

void Step::take_doubtful(const DirectorySnapshot& fact, bool back) {
    Doubt& doubt = world_.doubt;
    const bool afresh = back || doubt.invocation_id != fact.invocation_id;
    std::string why = why_doubted(fact, back);
    if (afresh) {
        doubt.must_know = must_know();
        if (back) doubt.must_know[fact.invocation_id] = kNeverSeen;
        doubt.invocation_id = fact.invocation_id;
        forget_usns();
    }
    const bool news = doubt.why != why;
    doubt.why = std::move(why);
    world_.touched.doubt = true;
    std::unordered_set<Guid, GuidHash> seen;
    for (const PersonEntry& entry : fact.people) {
        seen.insert(entry.guid);
        if (!newer_known(entry)) put_doubted(entry, fact.attributes, afresh);
    }
    for (const GroupEntry& entry : fact.groups) {
        seen.insert(entry.guid);
        if (!newer_known(entry)) put_doubted(entry, true, afresh);
    }
    keep_unseen(fact, seen, afresh);
    for (const ContainerEntry& entry : fact.containers)
        if (!world_.container_by_guid.contains(entry.guid)) world_.put_container(entry, false);
    read_attributes(fact.attributes, true);
    know_by(fact.invocation_id, fact.evidence.usn);
    if (news)
        note({back ? Note::Kind::directory_put_back : Note::Kind::directory_other,
              doubt_text(world_),
              {},
              {},
              "",
              "",
              fact.evidence});
}

// What it lacks of what is known: that is no news, unless it had it before.
void Step::keep_unseen(const DirectorySnapshot& fact, const std::unordered_set<Guid, GuidHash>& seen,
                       bool afresh) {
    Doubt& doubt = world_.doubt;
    const auto lacked = [&](const auto& bases, const Guid& guid) {
        const auto* base = base_of(bases, guid);
        return afresh || (base != nullptr && !*base);
    };
    for (std::size_t i = 0; i < world_.people.size(); ++i) {
        const Person& person = world_.people[i];
        if (person.deleted || !person.present || seen.contains(person.guid)) continue;
        if (person.usn > fact.evidence.usn) continue;
        if (!lacked(doubt.people, person.guid)) {
            doubt.people.erase(person.guid);
            world_.person_missing(PersonId(i));
            continue;
        }
        doubt.people[person.guid] = std::nullopt;
        PersonEntry kept = world_.entry_of(PersonId(i));
        for (const std::string& name : fact.attributes)
            if (!world_.attributes_read.contains(name)) kept.unreadable.push_back(name);
        world_.put_person(kept);
    }
    for (std::size_t i = 0; i < world_.groups.size(); ++i) {
        const Group& group = world_.groups[i];
        if (group.deleted || seen.contains(group.guid) || group.usn > fact.evidence.usn) continue;
        if (lacked(doubt.groups, group.guid)) {
            doubt.groups[group.guid] = std::nullopt;
        } else {
            doubt.groups.erase(group.guid);
            group_unseen(GroupId(i), seen);
        }
    }
}

// `afresh`: this is what the object is measured by from now on.
void Step::put_doubted(const PersonEntry& entry, const std::vector<std::string>& asked, bool afresh) {
    auto& bases = world_.doubt.people;
    const PersonId id = world_.person(entry.guid);
    const auto* base = base_of(bases, entry.guid);
    if (!id.valid() || (!afresh && base == nullptr)) {
        took_ = took_ || !id.valid() || (world_.doubt.any() && !same(world_.entry_of(id), entry, asked));
        world_.put_person(entry);
        return;
    }
    const std::vector<std::string> names(world_.attributes_read.begin(), world_.attributes_read.end());
    const PersonEntry& from = afresh || !*base ? entry : **base;
    const PersonEntry known = world_.entry_of(id);
    const bool gone = !world_.people[id.index()].present && same(from, entry, asked) && !entry.deleted;
    const PersonEntry weighed = weigh(known, from, entry, asked, names, world_.now);
    took_ = took_ || !same(weighed, known, names);
    world_.touched.doubt = true;
    if (gone || !same(weighed, entry, asked))
        bases[entry.guid] = entry;
    else
        bases.erase(entry.guid);
    if (gone && !says_departed(entry, world_.now)) return;  // not found, and no news of them since
    world_.put_person(weighed);
}

void Step::put_doubted(const GroupEntry& entry, bool verified, bool afresh) {
    auto& bases = world_.doubt.groups;
    const auto id = world_.group_by_guid.find(entry.guid);
    const auto* base = base_of(bases, entry.guid);
    if (id == world_.group_by_guid.end() || (!afresh && base == nullptr)) {
        took_ = took_ || id == world_.group_by_guid.end() ||
                (world_.doubt.any() && !same(world_.entry_of(id->second), entry));
        world_.put_group(entry, verified);
        return;
    }
    const GroupEntry& from = afresh || !*base ? entry : **base;
    const GroupEntry known = world_.entry_of(id->second);
    const GroupEntry weighed = weigh(known, from, entry);
    took_ = took_ || !same(weighed, known);
    world_.touched.doubt = true;
    if (same(weighed, entry))
        bases.erase(entry.guid);
    else
        bases[entry.guid] = entry;
    world_.put_group(weighed, verified);
}

// If something is known by the word of a doubted one, whoever is to be believed must have seen that too.
void Step::know_by(const std::string& invocation_id, std::uint64_t usn) {
    if (!took_) return;
    std::uint64_t& known = world_.doubt.must_know[invocation_id];
    if (known != kNeverSeen) known = std::max(known, usn);
    world_.touched.doubt = true;
}

// Whoever it is that answers: it says the same as is known now.
void Step::end_doubt(const Evidence& evidence) {
    if (!world_.doubt.any()) return;
    world_.doubt = {};
    world_.touched.doubt = true;
    note({Note::Kind::directory_settled,
          fmt::format("{} is believed again", evidence.server.empty() ? evidence.directory : evidence.server),
          {},
          {},
          "",
          "",
          evidence});
}

std::string doubt_text(const World& world) {
    constexpr std::size_t kNamed = 5;
    const Doubt& doubt = world.doubt;
    if (!doubt.any()) return {};
    std::string names;
    std::size_t named = 0;
    const auto name = [&](std::string_view text) {
        if (++named <= kNamed) names += fmt::format("{}{}", names.empty() ? "" : ", ", text);
    };
    for (const auto& [guid, base] : doubt.people)
        if (const PersonId id = world.person(guid); id.valid()) name(world.people[id.index()].login.view());
    for (const auto& [guid, base] : doubt.groups)
        if (const auto at = world.group_by_guid.find(guid); at != world.group_by_guid.end())
            name("group " + world.groups[at->second.index()].name);
    if (named > kNamed) names += fmt::format(" and {} more", named - kNamed);
    if (named == 0) return doubt.why;
    return fmt::format(
        "{}. It says something else of {}: until it has caught up, or what it says of them is "
        "changed there once more, they stay as they were known; departures go on",
        doubt.why, names);
}

}  // namespace rollcall::policy
