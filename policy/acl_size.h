// Does a room's server ACL fit into one event? A room that lets in people of thousands of servers has one
// that the homeserver refuses. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/base/diagnostic.h"

namespace rollcall::policy {

// `servers`: those that the room lets in, each once. nullopt: it fits.
[[nodiscard]] std::optional<Diagnostic> acl_too_large(const Position& at, const std::string& room,
                                                      const std::vector<std::string>& servers);
[[nodiscard]] bool fits_one_event(const std::vector<std::string>& servers);

}  // namespace rollcall::policy
