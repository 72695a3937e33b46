// `members`, `owners`, `employees`, `except` and the entries of `any` and `all`: a word or a mapping of
// conditions.
//
// Paths name the keys that lead there; entries of a list count from 1:
// "rooms.engineering.members.any[2].except". Used within one reading. Source: docs/admins.md, "Conditions".
#pragma once

#include <optional>
#include <string>

#include "policy/policy_file.h"
#include "schema/policy_context.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {

// nullopt after a report.
[[nodiscard]] std::optional<policy::Expression> read_expression(const Node& node, const std::string& path,
                                                                const PolicyContext& context);

}  // namespace rollcall::schema
