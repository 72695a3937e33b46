// The policy folder: which of its files are the policy, and which are not, so that nobody takes a file for
// applied that nothing reads. Looks at the disk; any thread.
//
//   projects.yaml, sales.yml      read, in the order of their names
//   sub/projects.yaml, .#x.yaml, projects.yaml~, projects.yaml.bak, PROJECTS.YAML   not read, each a warning
//   README.md, .git               not read, and only mentioned
#pragma once

#include <string>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/base/result.h"

namespace rollcall::control {

struct PolicyFolder {
    std::vector<std::string> read;    // sorted; paths as the folder was named
    Diagnostics doubtful;             // of what looks like a policy and is not read
    std::vector<std::string> others;  // names
};

// Errors: not_found, io, limit, refused (whoever can write the folder puts a file of their own into it).
[[nodiscard]] Result<PolicyFolder> look_at_policy_folder(const std::string& folder);
// What look_at_policy_folder() has doubts about; nothing where `path` is a single file, or cannot be looked
// at.
[[nodiscard]] Diagnostics not_read(const std::string& path);

}  // namespace rollcall::control
