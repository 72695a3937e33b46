// May this connection read an attribute of an object? The answer that LDAP itself does not give.
//
// A domain controller leaves out what the reader may not see, so a group whose `member` is hidden looks
// exactly like one with nobody in it, and (!(member=*)) matches both (seen on Samba 4.17). Every group that
// looks empty is therefore asked for its access list, which decides: MS-ADTS 5.1.3.3 (how it is evaluated),
// MS-DTYP 2.4 (the structures). The other ways lost: a back-link cross-check says nothing when back-links are
// hidden too; an LDAP compare on Samba answers without looking at rights. Pure functions over bytes; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/guid.h"

namespace rollcall::directory {

enum class Access { yes, no, unknown };

// What an access list names: the attribute, or the property set that it belongs to.
struct Property {
    Guid attribute;             // schemaIDGUID
    Guid set;                   // attributeSecurityGUID; the attribute's own where it is in none
    bool confidential = false;  // takes the right to control access besides (MS-ADTS 3.1.1.4.4)
};

// `member`, in the property set Membership (MS-ADA2 2.42, MS-ADTS 5.1.3.2.1).
[[nodiscard]] const Property& member_property();

// `descriptor`: nTSecurityDescriptor, self-relative. `sids`: every SID of the reader in binary form (rootDSE
// tokenGroups). Unknown where the descriptor is cut short, absent, or decides by conditions that are not
// evaluated.
[[nodiscard]] Access may_read(std::string_view descriptor, const std::vector<std::string>& sids,
                              const Property& property);

}  // namespace rollcall::directory
