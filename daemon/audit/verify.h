// verify: is the whole log what its checkpoint says, byte for byte? Needs the files and public keys, nothing
// else.
//
// From the signed root downwards: the last tiles of each level make the root; each hash in a tile of a level
// is that of a whole tile below it; each hash in level 0 is that of an entry. So what is found wrong is the
// file that differs from what was signed, and not those that it was compared with. Only where the root itself
// is not met are the last tiles compared with what lies below them.
//
// Pure but for reading; any thread. A fault is a finding, not an Error.
#pragma once

#include <functional>

#include "daemon/audit/log_folder.h"
#include "schema/checkpoint.h"
#include "schema/key_rotation.h"

namespace rollcall::audit {

struct Fault {
    std::string place;  // a path in the folder, or the name of an anchor
    std::string text;
    bool operator==(const Fault&) const = default;
};

// A checkpoint that somebody else has kept, and what to call it.
struct Anchor {
    std::string name, note;
    bool as_signed = false;  // just as this log wrote it: nobody else has signed below it
};

struct Verification {
    std::optional<schema::Checkpoint> head;  // nothing where the checkpoint itself is not to be believed
    std::uint64_t entries = 0;               // checked
    std::size_t anchors = 0;                 // met
    schema::KeyChain keys;                   // empty: the log has had one key only
    std::vector<Fault> faults;               // at most kMostFaults
};
inline constexpr std::size_t kMostFaults = 100;

struct VerifyOptions {
    std::string origin;
    std::vector<schema::VerifierKey> keys;  // in force now, or until a crash a moment ago
    // Keys that were handed out once: from each the log's rotations must lead to the one in force.
    std::vector<schema::VerifierKey> handed_out;
    std::vector<Anchor> anchors;
    // Called with every entry in order; a text is a fault of that entry.
    std::function<std::optional<std::string>(std::uint64_t index, const std::string& entry)> check_entry;
    std::function<void(std::uint64_t done, std::uint64_t of)> progress;
};

[[nodiscard]] Verification verify_log(const LogFolder& folder, const VerifyOptions& options);

}  // namespace rollcall::audit
