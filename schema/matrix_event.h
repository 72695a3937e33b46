// What a homeserver sends, as facts: transactions, the state of a room, one state event, and its refusals.
//
// Everything in here was written by somebody else. One hostile event must neither stop the transaction that
// it came in nor hide itself: see json_salvage.h. Pure; any thread. Source: Matrix application service API
// v1.19, "Pushing events"; client-server API, "GET /rooms/{roomId}/state".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"
#include "policy/base/time.h"
#include "policy/room_event.h"

namespace rollcall::schema {

struct Transaction {
    std::vector<policy::RoomEvent> events;            // in the order of the text
    std::vector<policy::UnreadableEvent> unreadable;  // the first of them, and how many there are
    std::size_t unusable = 0;
};

// The body of PUT /_matrix/app/v1/transactions/{txnId}. invalid_input only where the body as a whole is not
// one.
[[nodiscard]] Result<Transaction> read_transaction(std::string_view body);

// The body of GET /rooms/{roomId}/state: each element as an event, or as one that cannot be used. An error
// only where the body as a whole is no state.
[[nodiscard]] Result<policy::RoomRead> read_room_state(std::string_view room, std::string_view body);

// The body of GET /rooms/{roomId}/state/{type}/{key}?format=event.
[[nodiscard]] Result<policy::RoomEvent> read_state_event(std::string_view body);

// `errcode` of a refusal, "M_FORBIDDEN"; "" where the body is not one.
[[nodiscard]] std::string error_code(std::string_view body);
// `retry_after_ms` of M_LIMIT_EXCEEDED, at most a day. The Retry-After header is for the HTTP layer.
[[nodiscard]] std::optional<Duration> retry_after(std::string_view body);

}  // namespace rollcall::schema
