// Policy files: from a folder (or one file) on disk to a compiled program. The only place that reads them.
//
// A folder's *.yaml and *.yml files in the order of their names are one policy (policy_folder.h). Files that
// others can write are refused: whoever can write a policy decides who may read every room. Engine thread, or
// a command without a daemon.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/audit/kept_policies.h"
#include "policy/base/diagnostic.h"
#include "policy/base/result.h"
#include "policy/compile.h"
#include "policy/program.h"
#include "policy/world.h"
#include "schema/config_file.h"
#include "schema/policy_reader.h"

namespace rollcall::control {

using PolicyTexts = std::vector<std::pair<std::string, std::string>>;  // path as the user named it, text

inline constexpr std::size_t kMostPolicyFile = 4U << 20U;    // bytes of one
inline constexpr std::size_t kMostPolicyBytes = 32U << 20U;  // of all
inline constexpr std::size_t kMostPolicyFiles = 1'000;

// Errors: not_found, io, refused (others can write it), limit.
[[nodiscard]] Result<PolicyTexts> read_policy_files(const std::string& path);
using audit::policy_version;  // of such texts

struct PolicyLoaded {
    std::shared_ptr<const policy::Program> program;  // null if a diagnostic is an error
    Diagnostics diagnostics;
    PolicyTexts texts;
};
// Parses the texts. Any thread.
[[nodiscard]] schema::PolicyRead parse_policy(const PolicyTexts& texts, const schema::Config& config);
// Looks the names of what was parsed up in the world. `pins`: of the policy in force.
[[nodiscard]] PolicyLoaded load_policy(PolicyTexts texts, const schema::PolicyRead& read,
                                       const policy::World& world, const policy::Pins& pins,
                                       policy::Unfound unfound = policy::Unfound::refused);
// Both.
[[nodiscard]] PolicyLoaded load_policy(PolicyTexts texts, const schema::Config& config,
                                       const policy::World& world, const policy::Pins& pins,
                                       policy::Unfound unfound = policy::Unfound::refused);

// Reads a file whose content nobody else may see; trailing line ends are cut off. Errors: refused if others
// can read it.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path);
// Reads a text file of at most `most` bytes. refused if `no_foreign_writers` and others can write it.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, std::size_t most,
                                                 bool no_foreign_writers);

}  // namespace rollcall::control
