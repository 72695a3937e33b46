// From LDAP attributes to the facts of policy/directory.h. Pure functions; any thread.
//
// An attribute that every account has and that did not come (userAccountControl, accountExpires) is
// unreadable, not empty: MS-SAMR 3.1.1.8 gives both to each new account. Where the group Pre-Windows 2000
// Compatible Access was emptied, an ordinary account sees neither, nor uSNChanged (seen).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bridges/directory/raw_entry.h"
#include "bridges/directory/rights.h"
#include "policy/base/result.h"
#include "policy/directory.h"

namespace rollcall::directory {

enum class EntryKind { person, group, container, other };

// By objectClass, which tombstones keep (objectCategory they lose): a person is a `user` that is no
// `computer`, so inetOrgPerson is one and a managed service account is none. Containers are what people and
// groups stand below.
[[nodiscard]] EntryKind kind_of(const RawEntry& entry);
inline constexpr const char* kPeopleFilter = "(&(objectClass=user)(!(objectClass=computer)))";
inline constexpr const char* kGroupsFilter = "(objectClass=group)";
inline constexpr const char* kContainersFilter =
    "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=domainDNS)(objectClass="
    "builtinDomain)(objectClass=lostAndFound))";
// Neither person nor group. Where objectClass may not be read, `!` makes this true (seen): look at the entry.
inline constexpr const char* kOthersFilter =
    "(|(objectClass=computer)(!(|(objectClass=user)(objectClass=group))))";

// What to ask for. `wanted` in lower case.
[[nodiscard]] std::vector<std::string> person_attributes(const std::vector<std::string>& wanted);
[[nodiscard]] std::vector<std::string> group_attributes();
// Lower case, sorted, each once; what cannot be an attribute's name (RFC 4512 1.4) is left out.
[[nodiscard]] std::vector<std::string> normal_attributes(const std::vector<std::string>& names);

// `rights`: of an entry that was asked for as person_attributes() says; nothing else tells an attribute that
// is hidden on this person alone from one that they do not have. `read_at` is the USN before the read, which
// stands in for a uSNChanged that may not be read: the entry is as new as that. Error (io): no objectGUID
// came, so the entry can be nobody.
[[nodiscard]] Result<policy::PersonEntry> to_person(const RawEntry& entry,
                                                    const std::vector<std::string>& wanted,
                                                    const Rights& rights, std::uint64_t read_at);
// Without its members: see members.h.
[[nodiscard]] Result<policy::GroupEntry> to_group(const RawEntry& entry, std::uint64_t read_at);

// nullopt where its GUID may not be read.
[[nodiscard]] std::optional<policy::ContainerEntry> to_container(const RawEntry& entry,
                                                                 std::uint64_t read_at);

// accountExpires (MS-ADA1 2.4): 100 ns since 1601; 0 and the largest number mean never. nullopt for a
// negative one, and for a date before there was an Active Directory: a slip (1, or 864000000000, where 0 was
// meant), by which nobody leaves.
[[nodiscard]] std::optional<Time> from_file_time(std::int64_t file_time);
// The last part of a binary SID (MS-DTYP 2.4.2.2).
[[nodiscard]] std::optional<std::uint32_t> rid_of(std::string_view sid);

}  // namespace rollcall::directory
