// Conditions that people could fulfil by writing into their own account.
#pragma once

#include <string_view>

#include "policy/base/diagnostic.h"
#include "policy/policy_file.h"

namespace rollcall::cli {

// May people write this attribute of their own account in an Active Directory as it comes? Any case.
[[nodiscard]] bool self_written(std::string_view attribute);

// A warning for each condition, and for the matrix_id template, that rests on such an attribute.
[[nodiscard]] Diagnostics self_written(const policy::PolicyFile& file);

}  // namespace rollcall::cli
