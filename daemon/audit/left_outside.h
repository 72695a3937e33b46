// What is known to have been left in the places outside, beside what is there: so that an anchor which is
// missing, is another, was emptied or lost some of its heads is no anchor that is merely new.
//
// Who knows: the trail itself (the entry of a start says what it rests on; the store counts on from there),
// and whoever wrote it down elsewhere (audit/expectation.h). Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "daemon/audit/anchor_readings.h"
#include "schema/trail_basis.h"

namespace rollcall::audit {

struct KnownAnchor {
    std::string said_by;  // "entry 712", a file's path
    schema::TrailAnchor anchor;
};

// `now`: the anchors as the configuration has them, with the rooms' IDs. `readings`: what is in them. What
// could not be read whole is not compared, and is for whoever asked for the readings to say.
[[nodiscard]] std::vector<Fault> compare_anchors(const std::vector<KnownAnchor>& known,
                                                 const std::vector<schema::TrailAnchor>& now,
                                                 const std::vector<AnchorReading>& readings);

// The heads that are there, each size once: how many cover up to `newest` entries, and the most that any
// covers.
struct HeadsThere {
    std::uint64_t heads = 0, newest = 0;
};
[[nodiscard]] HeadsThere heads_there(const std::vector<Anchor>& heads, std::uint64_t newest = UINT64_MAX);

}  // namespace rollcall::audit
