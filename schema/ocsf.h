// Which class of the Open Cybersecurity Schema Framework an entry of the trail is an event of, and the
// members that the class asks for: so that a collector of security events understands an entry without
// knowing us.
//
//     join, invite, leave …       Group Management 3006   (a room is the group)
//     departed, returned, sign out  Account Change 3001
//     power levels                User Access Management 3005
//     all else                    Base Event 0
//
// An event names people by pseudonym only. Values; any thread. Source: OCSF schema 1.6.0.
#pragma once

#include "schema/trail_entry.h"

namespace rollcall::schema {

inline constexpr std::string_view kOcsfVersion = "1.6.0";

// What came of it, in one word of a fixed list: "done", "refused", "dropped" (no longer wanted), "failed",
// "other"; "" for an entry without a result.
[[nodiscard]] std::string_view outcome_of(const TrailEntry& entry);

// The members at the top of an entry. `subject` and `caller`: pseudonyms, "" for none.
[[nodiscard]] json::Value ocsf_event(const TrailEntry& entry, const std::string& subject,
                                     const std::string& caller);

}  // namespace rollcall::schema
