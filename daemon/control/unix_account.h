// Accounts of this machine, as its name services have them. They may be on the network and not answer: on any
// thread but the engine's.
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>

namespace rollcall::control {

// "" for a uid without an account.
[[nodiscard]] std::string unix_login(uid_t uid);
// Of that account its first group.
[[nodiscard]] std::optional<gid_t> unix_group(uid_t uid);
// "" for a gid without a name.
[[nodiscard]] std::string unix_group_name(gid_t gid);

}  // namespace rollcall::control
