// A world as lines of text, by names and GUIDs instead of ids, so that two worlds with other ids compare as
// equal.
#pragma once

#include <string>

#include "policy/world.h"

namespace rollcall::store {

// Everything that can be observed but touched, dirty, now, bot and server_name.
[[nodiscard]] std::string world_text(const policy::World& world);
// The lines that only one of two such texts has, with - (only in `a`) or + before them; "" where they are
// equal.
[[nodiscard]] std::string difference(const std::string& a, const std::string& b);

}  // namespace rollcall::store
