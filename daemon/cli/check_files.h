// All files of an installation, read without asking any server: rollcall.yaml, the policy, the secrets, the
// registrations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/base/diagnostic.h"
#include "schema/config_file.h"

namespace rollcall::cli {

struct Checked {
    std::optional<schema::Config> config;
    Diagnostics diagnostics;  // sorted
    std::size_t policy_files = 0, rooms = 0, spaces = 0;
    // Where rooms stand into which people are put without being asked, by the mask registration.
    std::vector<Position> joining;
    std::vector<std::string> not_checked;  // files that are for the daemon's own user, `own_alone`
    std::string own_alone;
};

[[nodiscard]] Checked check_files(const std::string& config_path);

}  // namespace rollcall::cli
