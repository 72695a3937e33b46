// Those in managed rooms who are no employees: `protected`, `services` and the approvals under `outsiders`.
// Used within one reading. Source: docs/admins.md, "Policy files".
#pragma once

#include <vector>

#include "policy/policy_file.h"
#include "schema/policy_context.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {

void read_protected(const Node& node, std::vector<policy::Text>& into, const PolicyContext& context);
[[nodiscard]] policy::Service read_service(const Entry& entry, const PolicyContext& context);
[[nodiscard]] policy::Approval read_approval(const Entry& entry, const PolicyContext& context);

}  // namespace rollcall::schema
