// Matrix IDs as people.matrix_id makes them of an entry. Pure; anybody's thread, as long as the World is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/program.h"
#include "policy/world.h"

namespace rollcall::policy {

// What the template makes of a person's attributes; "" where one has no readable value.
[[nodiscard]] std::string template_id(const World& world, PersonId person,
                                      const std::vector<TemplatePart>& parts);

// Is this a Matrix user ID that an account can have (appendix "User Identifiers": historical local parts left
// out)?
[[nodiscard]] bool valid_matrix_id(std::string_view id);

}  // namespace rollcall::policy
