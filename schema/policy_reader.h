// Policy files → the policy as written (policy/policy_file.h), with every fault of every file.
//
// Forms, limits and references inside the policy are checked here; whether people and groups exist is for
// policy/compile and the servers to say. What the language has and this version does not carry out is an
// error that says so. The texts come from the caller, who has checked the files' owners and modes. Values;
// any thread. Source: docs/admins.md, "Policy files". schema/policy.schema.json says the same to editors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/policy_file.h"

namespace rollcall::schema {

struct PolicyText {
    std::string file;  // as the user would name it: "policy/company.yaml"
    std::string text;
};

// What of rollcall.yaml a policy is read with.
struct PolicySurroundings {
    std::string_view directory;          // name of the one directory
    std::string_view server_name;        // of the own homeserver; "" leaves the checks against it out
    std::string_view time_zone = "UTC";  // for the days in `until`
};

struct PolicyRead {
    policy::PolicyFile policy;  // means something only where has_errors(diagnostics) is false
    Diagnostics diagnostics;    // by file, line and column
};

// Several files are one policy, in the order given.
[[nodiscard]] PolicyRead read_policy(const std::vector<PolicyText>& files,
                                     const PolicySurroundings& surroundings);

}  // namespace rollcall::schema
