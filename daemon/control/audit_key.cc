#include "daemon/control/audit_key.h"

#include <fmt/format.h>

#include "daemon/control/policy_files.h"

namespace rollcall::control {

Result<schema::SignerKey> read_audit_key(const schema::AuditConfig& audit) {
    const Result<std::string> text = read_secret_file(audit.key_file);
    if (!text && text.error().kind == ErrorKind::not_found)
        return fail(ErrorKind::not_found, fmt::format("the audit log's key {} is missing", audit.key_file),
                    "restore it; where this log never had one, `rollcall init --audit-key` makes it");
    if (!text) return pass(text);
    auto key = schema::SignerKey::read(*text);
    if (!key)
        return fail(ErrorKind::invalid_input,
                    fmt::format("{} is no audit key: {}", audit.key_file, key.error().message),
                    "restore the file that `rollcall init` made");
    if (key->verifier().name != audit.origin)
        return fail(ErrorKind::conflict,
                    fmt::format("the key in {} is that of the log {}, and audit.origin is {}", audit.key_file,
                                key->verifier().name, audit.origin),
                    "audit.origin and audit.key_file must be those with which this log was begun");
    return key;
}

}  // namespace rollcall::control
