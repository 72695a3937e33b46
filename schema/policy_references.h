// Whether the names that a policy gives its own parts lead somewhere: spaces above rooms, rooms of services
// and approvals, aliases. Asked once all files are read. Pure; any thread.
#pragma once

#include "policy/policy_file.h"
#include "schema/policy_context.h"

namespace rollcall::schema {

void check_references(const policy::PolicyFile& policy, const PolicyContext& context);

}  // namespace rollcall::schema
