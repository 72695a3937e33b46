// What a policy's own text says that can hardly be meant: an approval that is over, a room for owners without
// any, approvals for more servers than one event can list. Pure; any thread.
#pragma once

#include "policy/base/diagnostic.h"
#include "policy/policy_file.h"

namespace rollcall::cli {

[[nodiscard]] Diagnostics doubtful_rules(const policy::PolicyFile& policy, Time now);

}  // namespace rollcall::cli
