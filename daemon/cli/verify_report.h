// What `audit verify` found, put together: the log and the store, and what lies outside of this machine.
#pragma once

#include <string>
#include <vector>

#include "daemon/audit/left_outside.h"
#include "daemon/audit/verify_trail.h"
#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

struct VerifyReport {
    std::string origin, key;         // of the log; the key in force for its head
    std::string configuration;       // SHA-256 of rollcall.yaml, as it is now
    audit::TrailVerification found;  // its faults are all that is wrong, outside too
    std::vector<audit::Fault> not_checked;
    std::vector<std::string> signed_by;   // witnesses
    std::vector<std::string> lacking;     // witnesses whose signature is not there (yet)
    std::vector<std::string> unreadable;  // anchors that keep heads, and cannot be asked for them
    struct Outside {
        std::string name;
        audit::HeadsThere has;
    };
    std::vector<Outside> outside;  // what each anchor has, as far as it can be read back

    // Nothing is wrong, and nothing was left out.
    [[nodiscard]] bool good() const { return found.faults.empty() && not_checked.empty(); }
};

[[nodiscard]] json::Value to_json(const VerifyReport& report);
[[nodiscard]] std::string verify_view(const VerifyReport& report, const Look& look);

}  // namespace rollcall::cli
