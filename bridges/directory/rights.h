// Rights: which attributes of a person the bind account may read, for those that did not come.
//
// What may not be read looks exactly like what is not there (access.h), on a single object too: a rule of one
// unit, or AdminSDHolder's list, hides it there alone. So each person comes with an access list, and the
// schema says what that calls an attribute (MS-ADTS 3.1.1.2.3: schemaIDGUID, attributeSecurityGUID,
// searchFlags). Runs on the thread that owns the connection.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bridges/directory/access.h"
#include "bridges/directory/connection.h"
#include "bridges/directory/raw_entry.h"
#include "bridges/directory/root.h"

namespace rollcall::directory {

class Rights {
  public:
    Rights() = default;
    // Looks up those of the names that were not looked up before; of another connection nothing is kept.
    // `names` in lower case.
    [[nodiscard]] Status learn(Connection& connection, const Root& root,
                               const std::vector<std::string>& names);
    // An attribute that the schema does not have is nobody's, which is no secret. Where the schema or the
    // access list is hidden, nothing is known to be empty. `entry` was asked for with its
    // nTSecurityDescriptor.
    [[nodiscard]] bool shows(const RawEntry& entry, const std::string& name) const;

  private:
    bool schema_hidden_ = false;
    std::string of_;  // invocationId
    std::vector<std::string> sids_;
    std::vector<std::string> looked_up_;
    std::map<std::string, Property> properties_;
};

}  // namespace rollcall::directory
