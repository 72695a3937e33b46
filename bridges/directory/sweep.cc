#include "bridges/directory/sweep.h"

#include <fmt/format.h>
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "bridges/directory/access.h"
#include "bridges/directory/containers.h"
#include "bridges/directory/entry.h"
#include "bridges/directory/members.h"
#include "bridges/directory/now.h"
#include "bridges/directory/root.h"
#include "bridges/directory/search.h"
#include "policy/base/text.h"

namespace rollcall::directory {
namespace {

Status read_people(Connection& connection, const Settings& settings, const Rights& rights,
                   policy::DirectorySnapshot& snapshot) {
    Query query;
    query.dacl = !snapshot.attributes.empty();
    query.base = settings.base;
    query.filter = kPeopleFilter;
    query.attributes = person_attributes(snapshot.attributes);
    return search(connection, query, [&](RawEntry&& entry) -> Status {
        auto person = to_person(entry, snapshot.attributes, rights, snapshot.evidence.usn);
        if (!person) return pass(person);
        snapshot.people.push_back(std::move(*person));
        return {};
    });
}

// People and the containers that they stand in, so that the names of both fit. A container that is moved
// meanwhile takes people along without a trace: then everything is read again.
Status read_people_in_place(Connection& connection, const Settings& settings, const Root& root,
                            policy::DirectorySnapshot& snapshot) {
    constexpr int kReads = 4;
    Rights rights;
    if (const auto learned = rights.learn(connection, root, snapshot.attributes); !learned) return learned;
    const std::uint64_t usn = snapshot.evidence.usn;
    auto before = read_containers(connection, settings, usn);
    for (int i = 0; before && i < kReads; ++i) {
        snapshot.people.clear();
        if (const auto done = read_people(connection, settings, rights, snapshot); !done) return done;
        auto after = read_containers(connection, settings, usn);
        if (after && same_places(*before, *after)) {
            snapshot.containers = std::move(*after);
            return {};
        }
        before = std::move(after);
    }
    if (!before) return pass(before);
    return fail(ErrorKind::io, fmt::format("{}: containers were moved in every read", settings.url),
                "it is read again in a while");
}

// Large groups are read again one by one.
Status read_groups(Connection& connection, const Settings& settings, policy::DirectorySnapshot& snapshot,
                   std::vector<std::size_t>& large) {
    Query query;
    query.base = settings.base;
    query.filter = kGroupsFilter;
    query.attributes = group_attributes();
    query.attributes.emplace_back("member");
    return search(connection, query, [&](RawEntry&& entry) -> Status {
        auto group = to_group(entry, snapshot.evidence.usn);
        if (!group) return pass(group);
        const MemberValues members = members_in(entry);
        if (members.values != nullptr && members.complete) {
            add_members(*group, *members.values);
            group->members_known = true;
        } else if (members.values != nullptr) {
            large.push_back(snapshot.groups.size());
        }
        snapshot.groups.push_back(std::move(*group));
        return {};
    });
}

Status complete_large(Connection& connection, const Root& root, policy::DirectorySnapshot& snapshot,
                      const std::vector<std::size_t>& large) {
    for (const std::size_t index : large) {
        auto group = read_group(connection, snapshot.groups[index].guid, root.usn, root.sids);
        if (!group && group.error().kind == ErrorKind::not_found)
            continue;  // just deleted; stays unknown here
        if (!group) return pass(group);
        snapshot.groups[index] = std::move(*group);
    }
    return {};
}

// Which of the groups without a visible member are truly empty, and which are hidden: access.h says why this
// needs their access lists. One search for all; a group that it does not bring stays unknown.
Status judge_empty(Connection& connection, const Settings& settings, const Root& root,
                   policy::DirectorySnapshot& snapshot) {
    std::unordered_map<Guid, policy::GroupEntry*, GuidHash> empty;
    for (auto& group : snapshot.groups)
        if (!group.members_known) empty.emplace(group.guid, &group);
    if (empty.empty()) return {};
    Query query;
    query.base = settings.base;
    query.filter = fmt::format("(&{}(!(member=*)))", kGroupsFilter);
    query.attributes = {"objectGUID", "uSNChanged", "nTSecurityDescriptor"};
    query.dacl = true;
    return search(connection, query, [&](RawEntry&& entry) -> Status {
        const auto found = entry.guid ? empty.find(*entry.guid) : empty.end();
        if (found == empty.end()) return {};
        const auto again = to_group(entry, root.usn);
        if (!again || again->usn != found->second->usn)
            return {};  // it changed between; the next drain brings it
        found->second->members_known =
            may_read(entry.text("ntsecuritydescriptor"), root.sids, member_property()) == Access::yes;
        return {};
    });
}

Status check_whole(const policy::DirectorySnapshot& snapshot, const Settings& settings, const Wanted& wanted,
                   std::optional<std::size_t>* shown) {
    if (snapshot.people.empty())
        return fail(ErrorKind::io, fmt::format("{} shows no people below {}", settings.url, settings.base),
                    "let the bind account read them");
    std::unordered_set<Guid, GuidHash> readable;
    for (const auto& person : snapshot.people)
        if (person.account_control && person.unreadable.empty()) readable.insert(person.guid);
    for (const policy::Canary& canary : wanted.canaries)
        if (!readable.contains(canary.guid)) {
            if (shown != nullptr) *shown = snapshot.people.size();
            return tl::unexpected<Error>(lacks_canary(settings, canary.name));
        }
    return {};
}

bool has_no_state(const policy::PersonEntry& person) {
    return person.login.empty() || !person.account_control || (!person.expires && !person.odd_expires) ||
           !person.primary_group || !person.unreadable.empty();
}

// Groups with a member that is neither among the people nor among the groups.
std::size_t naming_the_unseen(const policy::DirectorySnapshot& snapshot) {
    std::unordered_set<Guid, GuidHash> known;
    for (const auto& person : snapshot.people) known.insert(person.guid);
    for (const auto& group : snapshot.groups) known.insert(group.guid);
    return static_cast<std::size_t>(
        std::count_if(snapshot.groups.begin(), snapshot.groups.end(), [&](const auto& group) {
            return !std::all_of(group.members.begin(), group.members.end(),
                                [&](const Guid& guid) { return known.contains(guid); });
        }));
}

// Whose accountExpires nobody can mean.
std::string odd_dates(const policy::DirectorySnapshot& snapshot) {
    constexpr std::size_t kNamed = 3;
    std::string names;
    std::size_t count = 0;
    for (const auto& person : snapshot.people) {
        if (!person.odd_expires || ++count > kNamed) continue;
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", person.login, *person.odd_expires);
    }
    if (count == 0) return {};
    if (count > kNamed) names += fmt::format(" and {} more", count - kNamed);
    return fmt::format(
        "accountExpires of {} is a date before the year 2000, or none: whether they have left is not known; "
        "set it right, 0 for never",
        names);
}

}  // namespace

Error lacks_canary(const Settings& settings, std::string_view canary) {
    return {
        ErrorKind::io, fmt::format("{} does not show the canary '{}'", settings.url, canary),
        "most likely the bind account may not read any more where that account is: let it; take it out of "
        "guards.canaries only if it is gone for good"};
}

std::vector<policy::DirectoryRemark> remarks(const policy::DirectorySnapshot& snapshot) {
    using About = policy::DirectoryRemark::About;
    const auto hidden = std::count_if(snapshot.people.begin(), snapshot.people.end(), has_no_state);
    const auto unknown = std::count_if(snapshot.groups.begin(), snapshot.groups.end(),
                                       [](const auto& group) { return !group.members_known; });
    std::vector<policy::DirectoryRemark> out;
    if (hidden > 0)
        out.push_back({About::people,
                       fmt::format("the state of {} of {} people cannot be read; let the bind account read "
                                   "all properties of them",
                                   hidden, snapshot.people.size())});
    if (unknown > 0)
        out.push_back({About::groups, fmt::format("`member` of {} of {} groups cannot be read", unknown,
                                                  snapshot.groups.size())});
    if (const std::size_t doubtful = naming_the_unseen(snapshot); doubtful > 0)
        out.push_back({About::groups, fmt::format("{} of {} groups name members that cannot be seen",
                                                  doubtful, snapshot.groups.size())});
    if (std::string odd = odd_dates(snapshot); !odd.empty()) out.push_back({About::people, std::move(odd)});
    return out;
}

std::vector<Guid> remarked(const policy::DirectorySnapshot& snapshot) {
    std::vector<Guid> out;
    std::unordered_set<Guid, GuidHash> known;
    for (const auto& person : snapshot.people) {
        known.insert(person.guid);
        if (has_no_state(person)) out.push_back(person.guid);
    }
    for (const auto& group : snapshot.groups) known.insert(group.guid);
    for (const auto& group : snapshot.groups) {
        const std::size_t before = out.size();
        for (const Guid& member : group.members)
            if (!known.contains(member)) out.push_back(member);
        if (!group.members_known || out.size() != before) out.push_back(group.guid);
    }
    return out;
}

Result<policy::DirectorySnapshot> sweep(Connection& connection, const Settings& settings,
                                        const Wanted& wanted, std::optional<std::size_t>* shown) {
    connection.must_end_within(settings.limits.whole);
    const auto root = read_root(connection, settings);
    if (!root) return pass(root);
    policy::DirectorySnapshot snapshot;
    snapshot.evidence = {settings.name, settings.url, root->usn, settings.base, root->time.value_or(now())};
    snapshot.invocation_id = root->invocation_id;
    snapshot.seen = root->seen;
    snapshot.attributes = normal_attributes(wanted.attributes);
    if (const auto done = read_people_in_place(connection, settings, *root, snapshot); !done)
        return pass(done);
    std::vector<std::size_t> large;
    if (const auto done = read_groups(connection, settings, snapshot, large); !done) return pass(done);
    if (const auto done = complete_large(connection, *root, snapshot, large); !done) return pass(done);
    if (const auto done = judge_empty(connection, settings, *root, snapshot); !done) return pass(done);
    if (const auto done = leave_out_others(connection, settings, snapshot); !done) return pass(done);
    if (const auto whole = check_whole(snapshot, settings, wanted, shown); !whole) return pass(whole);
    return snapshot;
}

}  // namespace rollcall::directory
