// One entry of `rooms:` or `spaces:`. Used within one reading. Source: docs/admins.md, "Policy files".
#pragma once

#include "policy/policy_file.h"
#include "schema/policy_context.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {

[[nodiscard]] policy::RoomText read_room(const Entry& entry, bool space, const PolicyContext& context);

}  // namespace rollcall::schema
