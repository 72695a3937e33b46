// `guards:` of a policy. A figure that is not written keeps its default. Used within one reading.
#pragma once

#include "policy/policy_file.h"
#include "schema/policy_context.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {

[[nodiscard]] policy::Guards read_guards(const Node& node, const PolicyContext& context);

}  // namespace rollcall::schema
