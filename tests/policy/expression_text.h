// Expressions of a policy in one line, for tests:
//
//     group Engineering            any(group A, user anna) except group Contractors
//     attribute department in 'Sales'/'Support' + group Staff        (+ : all of one mapping)
//     under 'OU=Leavers,DC=corp,DC=example' | employees | nobody
//
// Names with anything but letters, digits and -_.@:=| stand in single quotes.
#pragma once

#include <string_view>

#include "policy/policy_file.h"

namespace rollcall::policy::test {

// `path` is what the expression's place in the policy is called. Throws std::invalid_argument on bad text.
[[nodiscard]] Expression expression(std::string_view text, std::string path = "expression");

}  // namespace rollcall::policy::test
