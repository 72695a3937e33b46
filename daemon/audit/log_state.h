// What the publisher of the log tells the engine, for status and for what the store need not keep any more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/base/time.h"

namespace rollcall::audit {

// A place outside where signed heads are kept.
struct AnchorState {
    std::string name;         // in audit.anchors
    std::uint64_t size = 0;   // of the newest head that is there
    std::string trouble;      // why a newer one could not be left there; "" all is well
    Time at{};                // when the newest was left there, or found there, by this process
    std::uint64_t left = 0;   // heads that this process left there
    std::uint64_t found = 0;  // entries of the newest head of this log that was there before
    bool read_back = true;    // whether this program can compare what is there: AnchorPort::can_be_read()
    bool operator==(const AnchorState&) const = default;
};

struct LogState {
    std::uint64_t published = 0;    // entries that are in tiles
    std::uint64_t signed_size = 0;  // … and covered by a signed checkpoint
    Time signed_at{};               // when that was, if this process did it
    std::string root;               // of the signed head, base64
    std::string trouble;            // why the log cannot be written now; "" all is well
    std::string verifier;           // the log's public key
    std::vector<AnchorState> anchors;
    bool operator==(const LogState&) const = default;
};

}  // namespace rollcall::audit
