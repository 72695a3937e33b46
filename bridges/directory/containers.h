// The organisational units and containers of a domain: what `under` in a policy means.
//
// They are read besides people and groups because a policy pins them by GUID, and because renaming or moving
// one says nothing about what is below it (seen). Runs on the thread that owns the connection.
#pragma once

#include <vector>

#include "bridges/directory/connection.h"
#include "policy/directory.h"

namespace rollcall::directory {

// All of them. `read_at`: see entry.h.
[[nodiscard]] Result<std::vector<policy::ContainerEntry>> read_containers(Connection& connection,
                                                                          const Settings& settings,
                                                                          std::uint64_t read_at);

// Does each that is in both stand where it stood?
[[nodiscard]] bool same_places(const std::vector<policy::ContainerEntry>& before,
                               const std::vector<policy::ContainerEntry>& after);

}  // namespace rollcall::directory
