// The registration files that `rollcall init` writes, and what the bot's own token allows. Errors: what
// read_secret_file() says; invalid_input where the file is no registration. Any thread.
#pragma once

#include <string>

#include "bridges/matrix/access.h"
#include "bridges/matrix/registration.h"
#include "schema/config_file.h"

namespace rollcall::control {

[[nodiscard]] Result<matrix::Registration> read_registration_file(const std::string& path);
// The bot's Matrix ID.
[[nodiscard]] std::string bot_id(const schema::Config& config);
// As the bot, for commands that ask the homeserver themselves; nobody else can be acted as with it.
[[nodiscard]] Result<matrix::Access> bot_access(const schema::Config& config);

}  // namespace rollcall::control
