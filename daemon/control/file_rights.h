// File rights: who else could put something in the place of what the daemon reads, writes or is asked
// through.
//
// A file that only root can read is worth nothing in a folder where anybody can rename: whoever can write a
// folder replaces what is in it, and so for every folder above. Links are followed, and each folder on the
// way counts. A folder with the sticky bit keeps what belongs to others safe. Looks at the disk; any thread.
#pragma once

#include <sys/types.h>
#include <set>
#include <string>

#include "policy/base/diagnostic.h"
#include "schema/config_file.h"

namespace rollcall::control {

// Who may own a file, and which groups may write it, besides root and root's.
struct Ours {
    std::set<uid_t> users;
    std::set<gid_t> groups;
};

// The outermost that is wrong of a path and all above it; nothing about what is not there. `what` it is: "the
// folder of secrets".
void look_at_rights(const std::string& path, const std::string& what, const Ours& ours, Diagnostics& out);

// About everything that rollcall.yaml names, and that file ("" leaves it out). Errors where anybody on this
// machine can write; warnings where it belongs to somebody who is neither root nor the daemon's user, or a
// group can write that is neither root's nor the daemon's.
[[nodiscard]] Diagnostics look_at_rights(const schema::Config& config, const std::string& config_path);

}  // namespace rollcall::control
