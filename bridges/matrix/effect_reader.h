// What looking at the effect of an action shows, of answers to reads as the user whom it was about. Pure; any
// thread.
//
// An answer that is not what the specification says shows nothing: an Error, as in answer_reader.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "bridges/http/client.h"
#include "policy/base/result.h"

namespace rollcall::matrix {

// After a forget: what the user themselves still sees of their membership in that room.
enum class Past {
    gone,      // nothing: the homeserver does not let them, or they have no account
    readable,  // they are out, and can read the room's state as it was (Dendrite; or anybody can, of this
               // room)
    inside,    // they are in the room, or invited to it
};
// GET state/m.room.member/{user}, as that user.
[[nodiscard]] Result<Past> read_past(const http::Response& response);
// GET /devices: how many sessions there are. nullopt where the homeserver does not tell.
[[nodiscard]] Result<std::optional<std::size_t>> read_devices(const http::Response& response);
// GET state/{type}/{key}?format=event: the event's ID; "" where there is none.
[[nodiscard]] Result<std::string> read_event_id(const http::Response& response);
// Likewise, whose event it is.
[[nodiscard]] Result<std::string> read_sender(const http::Response& response);

}  // namespace rollcall::matrix
