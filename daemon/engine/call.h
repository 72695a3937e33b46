// Call: one request to the homeserver, described; CallResult: what became of it. The engine thinks in these;
// a Homeserver carries them out: the real one over HTTP (matrix_homeserver.h), a simulated one in tests.
//
// A call may be more than one HTTP request where only the sequence means something (leave and forget; claim
// an alias and look whose it is; end sessions and look whether any is left). Values; handed between threads
// by move.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/time.h"
#include "policy/room_event.h"
#include "schema/state_size.h"

namespace rollcall::engine {

enum class CallKind : std::uint8_t {
    put_member,       // room, user, membership, reason; as_user empty: as the bot
    leave_elsewhere,  // room, as_user: leave and forget a room outside the policy, and look
    forget,           // room, as_user; and look whether they still read it
    sign_out,         // as_user: every session; and look whether any is left
    sessions,         // as_user: is any there (`not_so`)?
    list_rooms,       // as_user: joined rooms and pending invitations
    create_room,      // body
    find_created,     // marker: the room whose creation_content carries it; `known` rooms are passed over
    put_state,        // room, type, state_key, body
    claim_alias,      // alias, room; from: our other room that it may be taken from
    read_room,        // room: its whole state; as_user: as that member sees it
    read_member,      // room, user
    read_state,       // room, type, state_key: which event it is
    find_account,     // user
    send_notice,      // room, marker, body
    find_notice,      // room, marker
    join_alias,       // alias, or a room ID: the bot joins that room; and look who made it
    leave_double,     // room: the bot puts out everybody else, and leaves
    ping,             // marker: the homeserver is asked to call us with it
    answers,          // does the homeserver answer, and know the main registration?
    know_mask,     // does the homeserver know the mask registration, or the main one where there is no mask?
    find_alias,    // alias: where it leads
    know_sign_in,  // do people sign in by another service than the homeserver (`conflict`)?
    probe,         // room ("": it is made), user, marker, known: probe.h
};
[[nodiscard]] std::string_view to_text(CallKind kind);

struct Call {
    CallKind kind = CallKind::put_member;
    std::string room;     // room ID
    std::string user;     // the user it is about
    std::string as_user;  // acts as this user, by the mask registration
    policy::MembershipState membership = policy::MembershipState::none;
    std::string reason;
    std::string type, state_key;
    std::string body;    // JSON
    std::string alias;   // "#engineering:corp.example.com"
    std::string marker;  // intent marker, to find what was made if the answer is lost
    std::vector<std::string> known;
    std::string from;  // room ID
};

enum class CallOutcome : std::uint8_t {
    done,
    already_so,   // nothing to do: the homeserver says that it is as wanted
    no_account,   // the user acted as has no account
    absent,       // what was looked for does not exist (find_created, find_notice, find_account, find_alias,
                  // join_alias, read_member; ping: this homeserver has none)
    conflict,     // alias: belongs to another room; know_sign_in: they do
    retry,        // not carried out; try again, not before `retry_after`
    unreachable,  // no answer, or one that says nothing about what was asked; is the homeserver away?
    torn,         // sent, and the answer lost: it may have been carried out
    refused,      // carried out never: text says why
    no_mask,      // not carried out: the homeserver does not know the mask registration
    not_covered,  // nobody can act as that user: the mask registration leaves them out
    accepted,  // the homeserver said that it is done, and what was looked at does not show it: text says what
    not_so,    // … and what was looked at shows that it is not
};
[[nodiscard]] std::string_view to_text(CallOutcome outcome);

struct CallResult {
    CallOutcome outcome = CallOutcome::done;
    std::string event;                        // event ID
    std::string room;                         // create_room, find_created, join_alias, find_alias, probe;
                                              // claim_alias: where it leads, with `conflict`
    std::string maker;                        // join_alias: who made that room
    std::vector<std::string> rooms;           // list_rooms
    bool partly = false;                      // list_rooms: that failed, and these are known all the same
    std::optional<policy::RoomRead> read;     // read_room
    std::optional<schema::StateSize> large;   // … whose state is more than it should be
    std::optional<policy::RoomEvent> member;  // read_member
    std::optional<Duration> retry_after;
    bool accepted = false;  // the change itself was said to be done, and then looking failed
    std::string text;       // for people: what the homeserver said
    // Refused as it is to somebody who is not in that room, or where there is no such room.
    [[nodiscard]] bool out_of_room() const {
        return outcome == CallOutcome::refused &&
               (text.starts_with("M_FORBIDDEN") || text.starts_with("M_NOT_FOUND"));
    }
};

// Where calls go. send() never blocks; the result comes back as a message to the engine, exactly one a call,
// whatever happens. `id` is the engine's own number of this sending.
class Homeserver {
  public:
    virtual ~Homeserver() = default;
    virtual void send(std::uint64_t id, Call call) = 0;
};

}  // namespace rollcall::engine
