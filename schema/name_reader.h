// Names of people, groups and Matrix users as a policy writes them, checked for their form. Whether they
// exist is for policy/compile and the servers to say. Used within one reading.
#pragma once

#include <optional>
#include <string>

#include "schema/policy_context.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {

// A login name, a Matrix ID or `guid:…`.
[[nodiscard]] std::optional<std::string> read_person(const Node& node, const PolicyContext& context);
// A name, a distinguished name or `guid:…`.
[[nodiscard]] std::optional<std::string> read_group(const Node& node, const PolicyContext& context);
[[nodiscard]] std::optional<std::string> read_user_id(const Node& node, const PolicyContext& context);
// The key of a room, space, service or approval: [a-z0-9._-]{1,64}. False after a report.
[[nodiscard]] bool check_key(const Entry& entry, std::string_view what, const PolicyContext& context);
[[nodiscard]] bool check_key(const std::string& key, const Position& at, std::string_view what,
                             const PolicyContext& context);

}  // namespace rollcall::schema
