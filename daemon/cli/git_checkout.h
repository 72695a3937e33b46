// The git commit that the policy files come from, for the record of an apply: asked of the `git` of whoever
// applies, if there is one, and never waited for long.
//
// A checkout's own configuration can name programs to run. They are not run: hooks, file system monitors and
// verifiers of signatures are set here, and where root applies, git runs as the folder's owner; git itself
// refuses a checkout that belongs to somebody else. One thread.
#pragma once

#include <optional>
#include <string>

#include "schema/json.h"

namespace rollcall::cli {

// `policy`: the folder or file. {"commit", "changed"?, "signature", "signer"?}; nullopt where it is in no
// checkout, or git does not say in time.
[[nodiscard]] std::optional<json::Value> git_checkout(const std::string& policy);

}  // namespace rollcall::cli
