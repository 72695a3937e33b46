// Who may sign off in the trail: the people of the group that rollcall.yaml names as `auditors`, known by the
// name that they logged in to this machine with. Engine thread.
#pragma once

#include "daemon/control/commands.h"

namespace rollcall::control {

// The person, or why the caller is none: nobody is named, root that nobody logged in as, a name that the
// directory does not have, departed, not in the group.
[[nodiscard]] Result<PersonId> auditor_of(const Context& context);
// What is wrong with the group that is named; nothing where none is.
[[nodiscard]] Status auditors_are_known(const Context& context);

}  // namespace rollcall::control
