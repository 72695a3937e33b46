// Call: one request to the homeserver, as a value; a function makes each. Pure: nothing is sent here.
//
// Apart from sending, so that what goes over the wire for each action can be read and tested as a table, and
// so that an intent can be made durable before its request leaves. Paths and bodies are those of the Matrix
// client-server API v1.19; where a homeserver gives a choice, the comment says what Synapse 1.163 does. Any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "policy/base/time.h"
#include "policy/room_event.h"
#include "schema/json.h"

namespace rollcall::matrix {

// What a call does: an answer means different things to different actions (see interpret() in outcome.h).
enum class Action {
    invite,
    join,
    leave,
    kick,
    forget,
    put_state,
    create_room,
    send_message,
    put_alias,
    delete_alias,
    logout_all,
    register_bot,
    set_displayname,
    ping,
    read,
};

// Whose credentials a call needs.
enum class Actor {
    bot,           // main registration, as the bot
    user,          // mask registration, as Call::as_user
    alias_keeper,  // mask registration as itself, or the bot where there is no mask (see registration.h)
    sender,        // main registration as itself
    mask,          // mask registration as itself
};

struct Call {
    Action action = Action::read;
    Actor actor = Actor::bot;
    std::string method = "GET";
    std::string target;   // path and query, encoded, without user_id
    std::string body;     // JSON, or ""
    std::string as_user;  // where actor is user
    std::string room;     // the room it concerns; "" where none
    std::string subject;  // the user whose membership, or the alias, it concerns
    Duration deadline = std::chrono::seconds{30};
    std::size_t max_response_bytes = 16U << 20U;

    [[nodiscard]] bool of_mask() const { return actor == Actor::user || actor == Actor::mask; }
};

// Changes of one membership. `as_user` empty: the bot does it; otherwise that user, by masquerade. A reason
// is shown to the whole room; empty for none.
//
// Writing the state event works for invitations, joins and leaves, and answers with the event's ID, which
// POST /join and /leave do not. Written by the bot, `leave` removes members and invitees, with or without an
// account, but also **lifts a ban**, and makes an event for someone who was never there; kick() does neither,
// but answers no ID. So removals are kick(), and this form of it is for homeservers that cannot kick an
// invitee (Dendrite).
[[nodiscard]] Call put_member(std::string_view room, std::string_view user,
                              policy::MembershipState membership, std::string_view reason,
                              std::string_view as_user);
[[nodiscard]] Call kick(std::string_view room, std::string_view user, std::string_view reason);

// Takes a room that the user has left out of what they can still read.
[[nodiscard]] Call forget(std::string_view room, std::string_view as_user);
// Ends all of a user's sessions.
[[nodiscard]] Call logout_all(std::string_view as_user);

[[nodiscard]] Call put_state(std::string_view room, std::string_view type, std::string_view key,
                             const json::Value& content);
[[nodiscard]] Call create_room(const json::Value& body);
// Idempotent by transaction ID, until the homeserver restarts.
[[nodiscard]] Call send_message(std::string_view room, std::string_view transaction,
                                const json::Value& content);

// 409 where the alias exists, wherever it leads. Synapse: an alias needs a namespace that covers it
// (M_EXCLUSIVE).
[[nodiscard]] Call put_alias(std::string_view alias, std::string_view room);
// Synapse takes away any alias of its namespace, whoever made it and wherever it leads: resolve it first.
[[nodiscard]] Call delete_alias(std::string_view alias);
[[nodiscard]] Call resolve_alias(std::string_view alias);

[[nodiscard]] Call joined_rooms(std::string_view as_user);
// Pending invitations, which joined_rooms omits: a first /sync that is filtered down to them.
[[nodiscard]] Call invitations(std::string_view as_user);
// The whole current state of a room. 500,000 members are some 250 MB.
// `as_user`: as that member sees it, where the bot is not in the room.
[[nodiscard]] Call room_state(std::string_view room, std::string_view as_user = {});
// The member event of one user, as an event.
// `as_user`: as that user sees it, where the bot is not in the room.
[[nodiscard]] Call member_event(std::string_view room, std::string_view user, std::string_view as_user = {});

// One event of a room's state, as an event.
[[nodiscard]] Call state_event(std::string_view room, std::string_view type, std::string_view key);
// What a user sees of their own membership in a room that they are out of: nothing, once they forgot it.
[[nodiscard]] Call own_membership(std::string_view room, std::string_view as_user);
// The sessions of a user.
[[nodiscard]] Call devices(std::string_view as_user);

// The newest messages of a room that the bot is in.
[[nodiscard]] Call recent_messages(std::string_view room);
// Messages of one sender in a room that the bot is in, newest first, from where an earlier page ended ("" for
// the newest).
[[nodiscard]] Call messages_of(std::string_view room, std::string_view sender, std::string_view from);
// The bot joins the room of that alias, where it may.
[[nodiscard]] Call join_alias(std::string_view alias);

// Two ways to ask whether an account exists: the profile, and acting as it (`whoami` of someone who has none
// is refused as such). The second is exact where the mask covers the user; the first may be hidden by the
// homeserver's settings.
[[nodiscard]] Call profile(std::string_view user);
[[nodiscard]] Call whoami(std::string_view as_user);
// As the mask registration itself: whether the homeserver knows its token.
[[nodiscard]] Call whoami_of_mask();
[[nodiscard]] Call auth_metadata();  // sign_in.h says what is read from the answer

[[nodiscard]] Call register_bot(std::string_view localpart);
[[nodiscard]] Call set_displayname(std::string_view user, std::string_view name);
[[nodiscard]] Call ping(std::string_view appservice_id, std::string_view transaction);
[[nodiscard]] Call versions();

}  // namespace rollcall::matrix
