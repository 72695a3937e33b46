// A compiled expression as the policy file would have it: `employees`, `{group: Engineering}`,
// `{any: [{group: A}, {user: jdoe}], except: {group: B}}`. Names stand as they were written, values folded.
// And whether two are the same, which their words do not tell: names can lead elsewhere. Pure.
#pragma once

#include <string>

#include "policy/program.h"

namespace rollcall::policy {

// "" for an invalid node.
[[nodiscard]] std::string expression_words(const Program& program, NodeId node);
// A room's members: with what the room's `except` takes out, of owners too. An `except` that takes out of the
// members alone stands inside `all`, as the file has it.
[[nodiscard]] std::string members_words(const Program& program, const CompiledRoom& room);
// The same question about everybody, node by node.
[[nodiscard]] bool same_expression(const Program& of_a, NodeId a, const Program& of_b, NodeId b);
// One value of YAML's flow style, in quotes where it would be taken for something else.
[[nodiscard]] std::string flow_text(std::string_view value);

}  // namespace rollcall::policy
