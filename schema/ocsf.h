// Which class of the Open Cybersecurity Schema Framework an entry of the trail is an event of, and the
// members that the class asks for: so that a collector of security events understands an entry without
// knowing us.
//
//     join, invite, leave, a membership that others changed, a room that is made
//                                 Group Management 3006   (a room is the group)
//     departed, returned, sign out  Account Change 3001
//     power levels                User Access Management 3005
//     all else                    Base Event 0
//
// An event names people by pseudonym only. Values; any thread. Source: OCSF schema 1.6.0.
#pragma once

#include "schema/trail_entry.h"

namespace rollcall::schema {

inline constexpr std::string_view kOcsfVersion = "1.6.0";

// What came of it, in one word of a fixed list: "done", "accepted" (and not seen), "refused", "dropped" (no
// longer wanted), "failed", "other"; "" for an entry without a result.
[[nodiscard]] std::string_view outcome_of(std::string_view kind, std::string_view result);

// What of an entry says which event it is: its members of these names, and what else it has.
struct OcsfFacts {
    std::string_view kind, action, membership, result;
    bool has_room = false, has_subject = false;
};
struct OcsfKind {
    int class_uid = 0, activity_id = 99;  // 99: another activity than the class has numbers for
    int severity_id = 1;
    int status_id = 99;  // 1 success, 2 failure, 99: it was announced only, or says something else
};
[[nodiscard]] OcsfKind ocsf_kind(const OcsfFacts& facts);

// The members at the top of an entry. `subject` and `caller`: pseudonyms, "" for none.
[[nodiscard]] json::Value ocsf_event(const TrailEntry& entry, const std::string& subject,
                                     const std::string& caller);

}  // namespace rollcall::schema
