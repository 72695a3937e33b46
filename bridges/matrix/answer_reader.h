// What the homeserver's answers to reading calls hold: typed, or an Error. Pure; any thread.
//
// Error kinds: unavailable (the homeserver is away: try again), not_found, denied (not allowed, or no such
// account to act as), and limit or conflict where the answer is none that the specification knows, or says
// nothing about what was asked: that one question is tried again, and nothing is concluded from it. A list
// that is not whole is an error, never a shorter list; of a room's state what cannot be used is named.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridges/matrix/outcome.h"
#include "policy/base/result.h"
#include "policy/room_event.h"
#include "schema/json.h"

namespace rollcall::matrix {

// GET /joined_rooms: room IDs, sorted.
[[nodiscard]] Result<std::vector<std::string>> read_joined_rooms(const http::Response& response);
// The filtered /sync of invitations(): IDs of the rooms that the user is invited to, sorted.
[[nodiscard]] Result<std::vector<std::string>> read_invitations(const http::Response& response);
// GET /rooms/{roomId}/state as that user, mostly the bot. A room that they are not in reads as `joined ==
// false`, without state: it never was (403 M_FORBIDDEN, 404 M_NOT_FOUND), or has left (200 with the state of
// that moment, which is old by now and says so itself). Nothing else says that.
[[nodiscard]] Result<policy::RoomRead> read_room(std::string_view room, std::string_view user,
                                                 const http::Response& response);
// GET state/m.room.member: nullopt where the room has no member event of that user.
[[nodiscard]] Result<std::optional<policy::RoomEvent>> read_member(const http::Response& response);
// GET /directory/room/{alias}: the room's ID; nullopt where there is no such alias.
[[nodiscard]] Result<std::optional<std::string>> read_alias(const http::Response& response);
// whoami as a user, or a profile: whether there is such an account.
[[nodiscard]] Result<bool> read_account(const http::Response& response);
// whoami: the Matrix ID that the token acts as.
// The event ID of the message whose content carries that intent, if it is among them.
[[nodiscard]] Result<std::optional<std::string>> read_marked_message(std::string_view marker,
                                                                     const http::Response& response);
// Contents of messages, as they came; those of other senders are left out.
struct MessagePage {
    struct Redacted {
        std::string event, by;  // its ID, and whoever took its content away ("" where nobody says)
    };
    std::vector<json::Value> contents;
    std::vector<Redacted> redacted;  // messages of that sender of which nothing is left
    std::string next;                // where the next page begins; "" where this is the last
};
[[nodiscard]] Result<MessagePage> read_messages_of(std::string_view sender, const http::Response& response);
[[nodiscard]] Result<std::string> read_whoami(const http::Response& response);
// whoami: whether the homeserver knows the token at all; a refusal of something else is a yes.
[[nodiscard]] Result<bool> read_known(const http::Response& response);
// Is this what a reader makes of an answer to a token that the homeserver does not know?
[[nodiscard]] bool says_unknown_token(const Error& error);
// GET /versions: of the specification.
[[nodiscard]] Result<std::vector<std::string>> read_versions(const http::Response& response);

}  // namespace rollcall::matrix
