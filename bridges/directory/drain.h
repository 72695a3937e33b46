// drain(): what changed after a USN, as one DirectoryChanges.
//
// The notification only says "look"; this is the truth (MS-ADTS 3.1.1.3.4.1.9 leaves open what a notification
// omits). How far a drain covers is highestCommittedUSN read before its search, not the greatest USN that
// came: on a busy controller a smaller one may be committed later. Objects above that mark come again next
// time, which harms nobody.
//
// What it brings is one state: a person's primary group and a group's members change in one transaction, and
// are read by several requests. So what changed while it was read is read again, until nothing does. On a
// controller where that has no end, the last of it comes with the next drain, but for whoever has left, and
// nobody's absence from a group is verified. Runs on the thread that owns the connection.
#pragma once

#include <string>
#include <vector>

#include "bridges/directory/connection.h"
#include "bridges/directory/rights.h"
#include "bridges/directory/root.h"
#include "policy/directory.h"

namespace rollcall::directory {

struct Drained {
    policy::DirectoryChanges changes;  // evidence.usn is set even where nothing changed
    std::string missing_canary;        // why groups_verified is false
    std::optional<Time> time;          // what the controller's clock shows
    bool steady = true;                // nothing changed while the last of it was read
    [[nodiscard]] bool empty() const {
        return changes.people.empty() && changes.groups.empty() && changes.containers.empty();
    }
};

// `rights`: kept from one drain of a connection to the next. ErrorKind::conflict: the controller's USN is
// below `after`; its database was put back, only a sweep helps.
[[nodiscard]] Result<Drained> drain(Connection& connection, const Settings& settings, const Wanted& wanted,
                                    const Root& root, Rights& rights, std::uint64_t after);

// The first canary that this connection does not show whole; "" when all are there.
[[nodiscard]] Result<std::string> find_missing_canary(Connection& connection, const Wanted& wanted);

}  // namespace rollcall::directory
