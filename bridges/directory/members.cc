#include "bridges/directory/members.h"

#include <fmt/format.h>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "bridges/directory/access.h"
#include "bridges/directory/entry.h"
#include "bridges/directory/search.h"
#include "policy/base/text.h"

namespace rollcall::directory {
namespace {

constexpr std::string_view kRange = "member;range=";
constexpr int kAttempts = 4;

// Reads the ranges after the first. False: the group moved meanwhile.
Result<bool> read_ranges(Connection& connection, policy::GroupEntry& group, std::size_t next) {
    for (;;) {
        Query query;
        query.base = guid_name(group.guid);
        query.attributes = {fmt::format("{}{}-*", kRange, next), "objectGUID", "uSNChanged"};
        const auto entry = read_one(connection, query);
        if (!entry) return pass(entry);
        const auto usn = entry->integer("usnchanged");
        const MemberValues part = members_in(*entry);
        if (!usn || static_cast<std::uint64_t>(*usn) != group.usn || part.values == nullptr) return false;
        // A range that does not hold what it says, or nothing, would lead on for ever.
        if (!part.complete && (part.values->empty() || part.next != next + part.values->size())) return false;
        add_members(group, *part.values);
        if (part.complete) return true;
        next = part.next;
        if (next > connection.limits().entries)
            return fail(ErrorKind::limit,
                        fmt::format("{} has more than {} members in {}", connection.url(),
                                    connection.limits().entries, group.name),
                        "see whether it is the controller that was meant, and whether it is well");
    }
}

// nullopt: the group moved meanwhile.
Result<std::optional<policy::GroupEntry>> attempt(Connection& connection, const Query& query,
                                                  std::uint64_t read_at,
                                                  const std::vector<std::string>& sids) {
    const auto entry = read_one(connection, query);
    if (!entry) return pass(entry);
    auto group = to_group(*entry, read_at);
    if (!group) return pass(group);
    const MemberValues part = members_in(*entry);
    if (part.values == nullptr) {
        group->members_known =
            may_read(entry->text("ntsecuritydescriptor"), sids, member_property()) == Access::yes;
        return std::optional(std::move(*group));
    }
    add_members(*group, *part.values);
    if (!part.complete) {
        const auto steady = read_ranges(connection, *group, part.next);
        if (!steady) return pass(steady);
        if (!*steady) return std::optional<policy::GroupEntry>();
    }
    group->members_known = true;
    return std::optional(std::move(*group));
}

// "dc=corp,dc=example" of a name below it; "" where a name is none.
std::string domain_of(std::string_view dn) {
    const std::string folded = fold_dn(dn);
    if (folded.starts_with("dc=")) return folded;
    const auto at = folded.find(",dc=");
    return at == std::string::npos ? "" : folded.substr(at + 1);
}

using Guids = std::unordered_set<Guid, GuidHash>;

// Adds those that `filter` finds and that are neither person nor group.
Status find_others(Connection& connection, const Settings& settings, std::string filter, Guids& others) {
    Query query;
    query.base = settings.base;
    query.filter = std::move(filter);
    query.attributes = {"objectGUID", "objectClass"};
    return search(connection, query, [&](RawEntry&& entry) -> Status {
        const EntryKind kind = kind_of(entry);
        if (entry.guid && !entry.all("objectclass").empty() && kind != EntryKind::person &&
            kind != EntryKind::group)
            others.insert(*entry.guid);
        return {};
    });
}

void leave_out(policy::GroupEntry& group, const Guids& others) {
    std::erase_if(group.members, [&](const Guid& guid) { return others.contains(guid); });
}

}  // namespace

Status leave_out_others(Connection& connection, const Settings& settings, policy::GroupEntry& group) {
    if (group.members.empty()) return {};
    Guids others;
    const auto done =
        find_others(connection, settings,
                    fmt::format("(&(memberOf={}){})", filter_value(group.dn), kOthersFilter), others);
    if (done) leave_out(group, others);
    return done;
}

Status leave_out_others(Connection& connection, const Settings& settings,
                        policy::DirectorySnapshot& snapshot) {
    constexpr std::size_t kAtOnce = 100;
    Guids known, asked, others;
    for (const auto& person : snapshot.people) known.insert(person.guid);
    for (const auto& group : snapshot.groups) known.insert(group.guid);
    std::string filter;
    const auto ask = [&]() -> Status {
        if (filter.empty()) return {};
        return find_others(connection, settings, "(|" + std::exchange(filter, {}) + ")", others);
    };
    for (const auto& group : snapshot.groups)
        for (const Guid& guid : group.members) {
            if (known.contains(guid) || !asked.insert(guid).second) continue;
            filter += fmt::format(
                "(objectGUID={})",
                filter_value({reinterpret_cast<const char*>(guid.bytes.data()), guid.bytes.size()}));
            if (asked.size() % kAtOnce != 0) continue;
            if (const auto done = ask(); !done) return done;
        }
    if (const auto done = ask(); !done) return done;
    if (!others.empty())
        for (auto& group : snapshot.groups) leave_out(group, others);
    return {};
}

MemberValues members_in(const RawEntry& entry) {
    const auto ranged = entry.values.lower_bound(kRange);
    if (ranged == entry.values.end() || !ranged->first.starts_with(kRange)) {
        const auto& all = entry.all("member");
        return {all.empty() ? nullptr : &all, true, 0};
    }
    const std::string& name = ranged->first;  // member;range=0-1499, the last one member;range=1500-*
    if (name.ends_with("-*")) return {&ranged->second, true, 0};
    std::size_t last = 0;
    const auto dash = name.rfind('-');
    std::from_chars(name.data() + dash + 1, name.data() + name.size(), last);
    return {&ranged->second, false, last + 1};
}

void add_members(policy::GroupEntry& group, const std::vector<std::string>& values) {
    const std::string domain = domain_of(group.dn);
    group.members.reserve(group.members.size() + values.size());
    for (const std::string& value : values) {
        const auto name = parse_extended_name(value);
        if (name.guid) {
            group.members.push_back(*name.guid);
            if (domain_of(name.dn) != domain) group.members_elsewhere.push_back(*name.guid);
        } else {
            ++group.members_unnamed;
        }
    }
}

Result<policy::GroupEntry> read_group(Connection& connection, const Guid& guid, std::uint64_t read_at,
                                      const std::vector<std::string>& sids) {
    Query query;
    query.base = guid_name(guid);
    query.attributes = group_attributes();
    query.attributes.emplace_back("member");
    query.attributes.emplace_back("nTSecurityDescriptor");
    query.dacl = true;
    for (int i = 0; i < kAttempts; ++i) {
        auto group = attempt(connection, query, read_at, sids);
        if (!group) return pass(group);
        if (*group) return std::move(**group);
    }
    query.attributes = group_attributes();
    const auto entry = read_one(connection, query);
    if (!entry) return pass(entry);
    return to_group(*entry, read_at);
}

}  // namespace rollcall::directory
