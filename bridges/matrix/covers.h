// Whom a registration covers, as a homeserver that reads it would say. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "bridges/matrix/registration.h"

namespace rollcall::matrix {

// Could whoever holds the token of a registration with this pattern act as that user? Understands the form
// that `init` writes, `^@(?!…).*:…$`, besides what RE2 reads; nullopt for anything else.
[[nodiscard]] std::optional<bool> pattern_covers(const std::string& pattern, const std::string& user);
// Surely, by one of its namespaces of users.
[[nodiscard]] bool covers(const Registration& registration, const std::string& user);

}  // namespace rollcall::matrix
