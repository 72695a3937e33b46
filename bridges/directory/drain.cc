#include "bridges/directory/drain.h"

#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bridges/directory/entry.h"
#include "bridges/directory/members.h"
#include "bridges/directory/now.h"
#include "bridges/directory/replication.h"
#include "bridges/directory/search.h"

namespace rollcall::directory {
namespace {

// The search asks for whatever changed. Of what does not say what it is, whoever knows it knows.
void sort_in_unclassed(const RawEntry& entry, const Rights& rights, policy::DirectoryChanges& changes) {
    if (!entry.all("objectclass").empty()) return;
    auto object = to_person(entry, changes.attributes, rights, changes.evidence.usn);
    if (!object) return;  // nor which one
    object->unclassed = true;
    changes.people.push_back(std::move(*object));
}

Status sort_in(const RawEntry& entry, const Rights& rights, Drained& drained) {
    auto& changes = drained.changes;
    switch (kind_of(entry)) {
        case EntryKind::person: {
            auto person = to_person(entry, changes.attributes, rights, changes.evidence.usn);
            if (!person) return pass(person);
            changes.people.push_back(std::move(*person));
            return {};
        }
        case EntryKind::group: {
            auto group = to_group(entry, changes.evidence.usn);
            if (!group) return pass(group);
            changes.groups.push_back(std::move(*group));
            return {};
        }
        case EntryKind::container:
            if (const auto container = to_container(entry, changes.evidence.usn))
                changes.containers.push_back(*container);
            return {};
        case EntryKind::other:
            sort_in_unclassed(entry, rights, changes);
            return {};
    }
    return {};
}

Status read_changed(Connection& connection, const Settings& settings, const Rights& rights,
                    std::uint64_t after, Drained& drained) {
    Query query;
    query.base = settings.base;
    query.filter = fmt::format("(uSNChanged>={})", after + 1);
    query.attributes = person_attributes(drained.changes.attributes);
    for (const std::string& name : group_attributes()) query.attributes.push_back(name);
    query.attributes.emplace_back(kReplication);  // a kilobyte or two: asked for what has changed only
    query.attributes = normal_attributes(query.attributes);
    query.deleted = true;
    query.dacl = !drained.changes.attributes.empty();
    return search(connection, query, [&](RawEntry&& entry) { return sort_in(entry, rights, drained); });
}

// Puts the verified read of each group in place of what the search brought. One that is gone by now stays
// away; its tombstone is in the next drain.
Status read_groups(Connection& connection, const Settings& settings, const Root& root,
                   std::vector<policy::GroupEntry>& groups) {
    std::vector<policy::GroupEntry> read;
    for (auto& seen : groups) {
        if (seen.deleted) {
            read.push_back(std::move(seen));
            continue;
        }
        auto group = read_group(connection, seen.guid, seen.usn, root.sids);
        if (group) {
            if (const auto done = leave_out_others(connection, settings, *group); !done) return done;
            read.push_back(std::move(*group));
        } else if (group.error().kind != ErrorKind::not_found) {
            return pass(group);
        }
    }
    groups = std::move(read);
    return {};
}

// What was read later stands in the place of what was read before.
template <class Entry>
void put_in_place(std::vector<Entry>& all, std::vector<Entry>&& later) {
    std::unordered_map<Guid, std::size_t, GuidHash> places;
    for (std::size_t i = 0; i < all.size(); ++i) places.emplace(all[i].guid, i);
    for (Entry& entry : later) {
        if (const auto [at, fresh] = places.try_emplace(entry.guid, all.size()); fresh)
            all.push_back(std::move(entry));
        else
            all[at->second] = std::move(entry);
    }
}

bool has_left(const policy::PersonEntry& person) {
    return person.deleted || (person.account_control.value_or(0) & policy::kAccountDisabled) != 0;
}

// Of a round after which there was no other one, although something changed in it again. What earlier rounds
// say of the same people is older still.
void leave_for_the_next(policy::DirectoryChanges& round, policy::DirectoryChanges& all) {
    if (round.groups.empty()) return;
    all.groups_verified = false;
    std::unordered_set<Guid, GuidHash> unsteady;
    for (const policy::PersonEntry& person : round.people)
        if (!has_left(person)) unsteady.insert(person.guid);
    const auto waits = [&](const policy::PersonEntry& person) { return unsteady.contains(person.guid); };
    std::erase_if(round.people, waits);
    std::erase_if(all.people, waits);
}

// Reads what changed after that USN, and what changed while it was read, until nothing does.
Status follow(Connection& connection, const Settings& settings, const Root& root, const Rights& rights,
              std::uint64_t after, Drained& drained) {
    constexpr int kRounds = 6;
    policy::DirectoryChanges& changes = drained.changes;
    for (int i = 0; i < kRounds; ++i) {
        Drained round;
        round.changes.evidence = changes.evidence;
        round.changes.attributes = changes.attributes;
        const std::uint64_t until = changes.evidence.usn;
        if (const auto done = read_changed(connection, settings, rights, after, round); !done) return done;
        drained.steady = drained.steady || round.empty();
        if (round.empty()) return {};
        if (const auto done = read_groups(connection, settings, root, round.changes.groups); !done)
            return done;
        const auto position = read_position(connection);
        if (!position) return pass(position);
        drained.steady = position->usn == until;
        if (!drained.steady && i + 1 == kRounds) leave_for_the_next(round.changes, changes);
        put_in_place(changes.people, std::move(round.changes.people));
        put_in_place(changes.groups, std::move(round.changes.groups));
        put_in_place(changes.containers, std::move(round.changes.containers));
        if (drained.steady) return {};
        if (i + 1 == kRounds) {
            changes.evidence.usn = after;  // the last round comes again
            return {};
        }
        after = until;
        changes.evidence.usn = position->usn;
    }
    return {};
}

}  // namespace

Result<Drained> drain(Connection& connection, const Settings& settings, const Wanted& wanted,
                      const Root& root, Rights& rights, std::uint64_t after) {
    connection.must_end_within(settings.limits.changes);
    const auto position = read_position(connection);
    if (!position) return pass(position);
    const std::uint64_t usn = position->usn;
    if (usn < after)
        return fail(ErrorKind::conflict,
                    fmt::format("{} went back from USN {} to {}", settings.url, after, usn));
    Drained drained;
    drained.time = position->time;
    auto& changes = drained.changes;
    changes.evidence = {settings.name, settings.url, usn, settings.base, position->time.value_or(now())};
    changes.invocation_id = root.invocation_id;
    changes.attributes = normal_attributes(wanted.attributes);
    if (usn == after) return drained;
    changes.groups_verified = true;
    if (const auto learned = rights.learn(connection, root, changes.attributes); !learned)
        return pass(learned);
    if (const auto done = follow(connection, settings, root, rights, after, drained); !done)
        return pass(done);
    if (changes.groups.empty()) {
        changes.groups_verified = false;
        return drained;
    }
    auto missing = find_missing_canary(connection, wanted);
    if (!missing) return pass(missing);
    drained.missing_canary = std::move(*missing);
    changes.groups_verified = changes.groups_verified && drained.missing_canary.empty();
    return drained;
}

Result<std::string> find_missing_canary(Connection& connection, const Wanted& wanted) {
    for (const policy::Canary& canary : wanted.canaries) {
        Query query;
        query.base = guid_name(canary.guid);
        query.filter = kPeopleFilter;
        query.attributes = {"userAccountControl", "uSNChanged"};
        const auto entry = read_one(connection, query);
        if (!entry && entry.error().kind != ErrorKind::not_found) return pass(entry);
        if (!entry || entry->first("useraccountcontrol") == nullptr || entry->first("usnchanged") == nullptr)
            return canary.name;
    }
    return std::string();
}

}  // namespace rollcall::directory
