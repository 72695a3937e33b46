// read_anchors: what every anchor holds, asked all at once, for a check that does not wait for ever: a mount
// that hangs or a server that does not answer keeps nobody from knowing what the others say.
//
// Each on a thread of its own. One that hangs and does not give up when told to is left behind, with all that
// it uses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/audit/anchoring.h"

namespace rollcall::audit {

struct AnchorReading {
    std::string name;
    bool can_be_read = true;
    std::optional<schema::VerifierKey> witness;  // whose signature it adds, instead of keeping heads
    // What is there. Error limit: it did not answer; otherwise the anchor's own.
    Result<HeldOutside> kept;
};

// In the order of `anchors`. Given up is whoever gives nothing for so long; years of heads may take longer.
[[nodiscard]] std::vector<AnchorReading> read_anchors(Anchors anchors, Duration patience);

}  // namespace rollcall::audit
