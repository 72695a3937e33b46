// A compiled expression as the policy file would have it: `employees`, `{group: Engineering}`,
// `{any: [{group: A}, {user: jdoe}], except: {group: B}}`. Names stand as they were written, values folded.
// Pure.
#pragma once

#include <string>

#include "policy/program.h"

namespace rollcall::policy {

// "" for an invalid node.
[[nodiscard]] std::string expression_words(const Program& program, NodeId node);
// With what a room's `except` takes out, which stands apart from its members and owners.
[[nodiscard]] std::string expression_words(const Program& program, NodeId node, NodeId except);
// One value of YAML's flow style, in quotes where it would be taken for something else.
[[nodiscard]] std::string flow_text(std::string_view value);

}  // namespace rollcall::policy
