// A plan in a file: what `plan --out` writes and `apply FILE` reads. {"version", "hash", "plan"}, mode 0600,
// because a plan names people and says who is about to go.
#pragma once

#include <string>

#include "policy/base/result.h"
#include "schema/json.h"

namespace rollcall::cli {

[[nodiscard]] Status save_plan(const std::string& path, const json::Value& plan);
// The whole file. Errors: not_found, io, invalid_input for what is no saved plan.
[[nodiscard]] Result<json::Value> read_plan(const std::string& path);

}  // namespace rollcall::cli
