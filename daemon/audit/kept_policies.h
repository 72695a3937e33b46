// The texts of policies, which the store keeps beside the trail: entries name each by its hash, so a text
// that was changed is one that no entry names. Values, but for what reads the store; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/audit/verify.h"
#include "daemon/store/trail_reader.h"

namespace rollcall::audit {

// Hash over the files' names (without their folder) and texts, in their order: 64 hex digits.
[[nodiscard]] std::string policy_version(const std::vector<std::pair<std::string, std::string>>& files);

struct KeptPolicies {
    std::uint64_t whole = 0;    // texts that have the hash under which they were put in force
    std::vector<Fault> faults;  // at most kMostFaults
};
// `named`: hashes that entries name, each with the first entry that does.
[[nodiscard]] Result<KeptPolicies> check_kept_policies(store::TrailReader& reader,
                                                       const std::map<std::string, std::uint64_t>& named);

}  // namespace rollcall::audit
