// A TLS session on a socket of ours, as an LDAP handle that has not yet signed in.
//
// Used by Connection alone; apart from it so that everything that decides whether a server is believed is in
// one place.
#pragma once

#include <ldap.h>

#include "bridges/directory/cutoff.h"
#include "bridges/directory/settings.h"
#include "policy/base/result.h"

namespace rollcall::directory {

// A handle with TLS up and the certificate checked against settings.ca_file (or the system's authorities) and
// the host in settings.url. The caller ends it with ldap_unbind_ext_s. Errors: unavailable, refused
// (certificate), invalid_input (URL, ca_file).
[[nodiscard]] Result<LDAP*> open_tls(const Settings& settings, Cutoff& cutoff);

}  // namespace rollcall::directory
