// The whole trail checked: the log as verify.h checks it, and that what the store holds beside it is of the
// same entries: what questions look for, what is personal (by its MAC), the policies that they name (by their
// hash), and that every intent has its result.
//
// Pure but for reading; any thread.
#pragma once

#include "daemon/audit/basis_history.h"
#include "daemon/audit/verify.h"
#include "daemon/store/trail_reader.h"

namespace rollcall::audit {

struct TrailVerification {
    Verification log;
    std::uint64_t unsigned_entries = 0;  // in the store, and newer than the checkpoint
    std::uint64_t personal = 0;          // parts whose MAC holds
    std::uint64_t erased = 0;            // parts of people who were erased
    std::uint64_t lost = 0;              // parts that a database took with it (recovery.h)
    std::uint64_t intents = 0;           // with their result
    std::uint64_t in_flight = 0;
    BasisHistory basis;          // what the trail rests on, as it says itself
    std::uint64_t policies = 0;  // whose text is kept as it was put in force
    std::vector<Fault> faults;   // of the log and of the store, at most kMostFaults of each
};

// Beside a daemon that runs, too. `options.check_entry` is asked before the store's row is looked at.
[[nodiscard]] Result<TrailVerification> verify_trail(const LogFolder& folder, store::TrailReader& reader,
                                                     const VerifyOptions& options);

}  // namespace rollcall::audit
