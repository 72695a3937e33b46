// The audit log's signing key, from its file. Engine thread, or a command without a daemon.
#pragma once

#include "policy/base/result.h"
#include "schema/config_file.h"
#include "schema/signed_note.h"

namespace rollcall::control {

// Errors: not_found with what to do; refused if others can read it; conflict where it is of another log than
// `audit.origin`.
[[nodiscard]] Result<schema::SignerKey> read_audit_key(const schema::AuditConfig& audit);

}  // namespace rollcall::control
