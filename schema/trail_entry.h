// One entry of the evidence trail, whole, as questions read it: canonical JSON, schema version 2. How it
// stands in the log, and what of it is personal, is in schema/trail_leaf.h.
//
//     {"action":"leave","intent":7,"kind":"intent","person":"0a1b…","reason":"no longer a
//     member","room":"!…",
//      "room_key":"engineering","rule":"policy/company.yaml:38","time":"2026-11-22T09:00:00.000Z","user":"@…","v":2}
//
// A field that says nothing is left out, so the bytes of an entry are the only bytes that say it: hashes and
// proofs depend on that. Reading refuses whatever writing would not have written. Values; any thread. Source
// of the limit: the trail's tiles give an entry a length of 16 bits (C2SP tlog-tiles, "Log entries").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/guid.h"
#include "policy/base/result.h"
#include "policy/base/time.h"
#include "policy/directory.h"
#include "schema/json.h"
#include "schema/trail_basis.h"

namespace rollcall::schema {

inline constexpr std::int64_t kTrailVersion = 2;
inline constexpr std::size_t kLongestTrailEntry = 65'535;  // in the log
// As people read it: what else the log's form says of it has room then.
inline constexpr std::size_t kLongestWholeEntry = 60'000;

enum class TrailKind : std::uint8_t {
    intent,      // about to be asked of a server
    result,      // what came of the intent
    hold,        // a guard stopped it
    approve,     // somebody let a hold go on
    reject,      // somebody refused a hold
    policy,      // a policy was put in force
    directory,   // something learned from the directory
    membership,  // something learned from a room
    command,     // somebody asked the program to do something
    start,
    stop,
    failure,  // what could not be done
    notice,   // a message to somebody
};
[[nodiscard]] std::string_view to_text(TrailKind kind);

// Who used the control socket.
struct TrailCaller {
    std::int64_t uid = -1;
    std::int64_t login_uid = -1;  // who they logged in as, before sudo; -1 where the kernel does not know
    std::string text;             // "alice"
    bool operator==(const TrailCaller&) const = default;
};

// The git checkout that a policy was applied from, as the caller's own git says.
struct TrailCheckout {
    std::string commit;
    bool changed = false;   // the files that were applied are not all as that commit has them
    std::string signature;  // git's letter (%G?): G good, B bad, U good of an unknown validity, N none …
    std::string signer;     // whoever signed, where the signature names them
    bool operator==(const TrailCheckout&) const = default;
};

// Which members are about a person, and which of the person who called, is in schema/trail_leaf.cc.
// The result of a leave in somebody's own name that made them forget the room as well.
inline constexpr std::string_view kUndone = "undone";  // begins it: whoever had departed is signed in again
inline constexpr std::string_view kLeftAndForgotten = "done: left, and the past taken away";

// Of the policy: a room has another key from this entry on; `before` and `after` are the keys.
inline constexpr std::string_view kRenameRoom = "rename room";

struct TrailEntry {
    Time time{};                  // when it happened, as far as is known
    std::optional<Time> written;  // what this machine's clock showed then, where that was another time
    TrailKind kind = TrailKind::intent;
    std::uint64_t intent = 0;  // of an intent and its result; 0 for none; at most 2^53 - 1
    std::string action;        // "kick"
    Guid person;               // empty for none
    std::string user;          // Matrix ID
    std::string room_key;
    std::string room;   // room ID
    std::string event;  // event ID
    std::string reason;
    std::string rule;       // "policy/company.yaml:38"
    std::string rule_path;  // "rooms.engineering.members"
    std::string policy;     // hash of the policy in force
    std::optional<policy::Evidence> evidence;
    std::optional<TrailCaller> caller;
    std::string result;  // "done", "M_FORBIDDEN: …"

    // For programs to read, so that no text needs to be taken apart.
    std::string membership;  // what the user's membership in the room is now: "join", "leave", "none" …
    std::string history;     // what the room's history visibility is now: "shared"
    std::string was;         // told late: what one of both was for a time, from event_time on
    std::string sender;      // Matrix ID of whoever changed it, as the homeserver says
    std::string source;      // how it was learned: "event" told as it happened, "read" found later …
    std::optional<Time> event_time;  // when it happened, as the homeserver says
    std::string sponsor;             // of an outsider's approval: who asked for it
    std::optional<Time> until;       // … when it ends
    std::vector<std::string> rooms;  // … the keys of its rooms
    std::optional<TrailCheckout> checkout;
    // Of a change of the policy: the setting that rule_path names, as it was and as it is, and what may come
    // of it.
    std::string before, after, danger;
    std::string review;    // hash of the review that was signed off
    std::string rotation;  // of the log's key: the note that both keys signed (schema/key_rotation.h)
    std::vector<std::string> pseudonyms;  // of whoever was erased by it
    std::string recovered;                // entries that the store has from the log alone: "first-last"
    std::optional<TrailBasis> basis;      // of a start, and of a change of it: what the trail rests on

    // Only read: the pseudonym that is left of whom it is about, and of who called, once they were erased.
    std::string erased, erased_caller;
};

[[nodiscard]] json::Value to_json(const TrailEntry& entry);
[[nodiscard]] Result<TrailEntry> read_trail_entry(const json::Value& value);

// The same entry, short enough, and one that can be read again. What does not fit is cut from reason, result
// and action, in that order, then from whatever others wrote, and marked "… [cut]"; a time that no reader
// understands is left out. limit where that is not enough.
[[nodiscard]] Result<TrailEntry> fit_trail_entry(TrailEntry entry);

}  // namespace rollcall::schema
