// `people:` of a policy: who is an employee, which Matrix account is theirs, and what happens when they
// depart. Used within one reading. Source: docs/admins.md, "Policy files".
#pragma once

#include <string_view>

#include "policy/policy_file.h"
#include "schema/policy_context.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {

[[nodiscard]] policy::People read_people(const Node& node, const PolicyContext& context);

// What is wrong with a matrix_id template, or "": "@{sAMAccountName|lower}:corp.example.com". A name in
// braces is an attribute, the filter behind it `lower` or `slug`, if any; the server is written out.
[[nodiscard]] std::string template_fault(std::string_view text, std::string_view server_name);

}  // namespace rollcall::schema
