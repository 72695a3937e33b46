// Whose the installation is. The state folder, the keys and the registrations are the daemon's own: whoever
// may only give it orders (control.group) cannot read them, and that is no fault. Looks at the disk; any
// thread.
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>

#include "policy/base/result.h"
#include "schema/config_file.h"

namespace rollcall::control {

// The daemon's user is the owner of the state folder, and of the registrations before that is made.
struct DaemonUser {
    std::optional<uid_t> uid;  // nullopt: nothing is there yet, or …
    bool hidden = false;       // … this process may not look: whose own it would be could
};
[[nodiscard]] DaemonUser daemon_user(const schema::Config& config);
// "the daemon's user, rollcall" where this process is neither root nor that user, and so cannot do what takes
// the daemon's own files; "" where it can, or where nothing is there yet.
[[nodiscard]] std::string daemon_user_alone(const schema::Config& config);
// denied where `what` ("this", "running the daemon") takes files that are for somebody else.
[[nodiscard]] Status may_use_own_files(const schema::Config& config, const std::string& what);

}  // namespace rollcall::control
