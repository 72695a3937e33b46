// The members of a group, complete or marked unknown.
//
// Three ways in which a careless read empties a group: past 1500 values a controller sends an empty `member`
// beside `member;range=0-1499` (MS-ADTS 3.1.1.3.1.3.3); between two ranges the group changes; the reader may
// not see `member` at all (access.h). Runs on the thread that owns the connection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridges/directory/connection.h"
#include "bridges/directory/raw_entry.h"
#include "policy/directory.h"

namespace rollcall::directory {

// Which part of `member` an entry carries.
struct MemberValues {
    const std::vector<std::string>* values = nullptr;  // null: none at all
    bool complete = true;
    std::size_t next = 0;  // the first value that is still missing, when not complete
};
[[nodiscard]] MemberValues members_in(const RawEntry& entry);

// Adds the members that `values` (extended names) stand for; values without a GUID are counted.
void add_members(policy::GroupEntry& group, const std::vector<std::string>& values);

// Takes out of `group` the members that are seen to be neither person nor group: a computer, a contact.
// Whoever then stands in it without being known may be a group that is hidden, with anybody in it.
[[nodiscard]] Status leave_out_others(Connection& connection, const Settings& settings,
                                      policy::GroupEntry& group);
// The same for all groups of a complete read, which knows all people and groups that can be seen.
[[nodiscard]] Status leave_out_others(Connection& connection, const Settings& settings,
                                      policy::DirectorySnapshot& snapshot);

// The verified read of one group: a base read, every range, uSNChanged the same throughout, and an absent
// `member` believed only where the access list lets this reader (`sids`) see it. A group that keeps changing
// comes back with members_known false. ErrorKind::not_found where it is gone. `read_at`: see entry.h.
[[nodiscard]] Result<policy::GroupEntry> read_group(Connection& connection, const Guid& guid,
                                                    std::uint64_t read_at,
                                                    const std::vector<std::string>& sids);

}  // namespace rollcall::directory
