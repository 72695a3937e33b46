// init --audit-key: the audit log's signing key for an installation that has none. Also what init says of a
// key that it made.
#pragma once

#include "daemon/cli/session.h"

namespace rollcall::cli {

// Makes the key that `config` names; a key that is there stays. Returns the exit status.
int make_audit_key(const schema::Config& config, Terminal& terminal);
// What others need to check the log.
void say_verifier_key(const std::string& verifier, Terminal& terminal);

}  // namespace rollcall::cli
