// LDAP controls as a search needs them: made in one place, freed together.
//
// All are MS-ADTS 3.1.1.3.4.1 controls except paging (RFC 2696), and all are critical: a server that does not
// know one must say so instead of answering something else. Owned by the search that sends them.
#pragma once

#include <ldap.h>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace rollcall::directory {

class Controls {
  public:
    Controls() = default;
    ~Controls();
    Controls(const Controls&) = delete;
    Controls& operator=(const Controls&) = delete;

    void domain_scope();    // 1.2.840.113556.1.4.1339: no referrals to other domains
    void show_deleted();    // 1.2.840.113556.1.4.417: tombstones too
    void notification();    // 1.2.840.113556.1.4.528: the search stays open and sends what changes
    void extended_names();  // 1.2.840.113556.1.4.529, flag 1: <GUID=…>;<SID=…>;CN=… in text form
    void only_dacl();       // 1.2.840.113556.1.4.801, flag 4: of nTSecurityDescriptor, what everyone may read
    // One page; `cookie` is the one that the last page came with.
    [[nodiscard]] Status page(LDAP* handle, int size, berval* cookie);

    // Null-terminated, as libldap wants it; good until the next change.
    [[nodiscard]] LDAPControl** list();

  private:
    void add(const char* oid, std::string_view value);
    std::vector<LDAPControl*> controls_;
};

}  // namespace rollcall::directory
