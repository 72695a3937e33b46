// Which texts are identifiers of Matrix. Pure; any thread.
// Source: Matrix specification v1.19, appendices "Server Name", "User Identifiers", "Room IDs", "Room
// Aliases".
#pragma once

#include <string_view>

namespace rollcall::schema {

inline constexpr std::size_t kLongestId = 255;  // bytes, with the sigil and the server name

// A DNS name, an IPv4 or a bracketed IPv6 address, with or without a port; at most 230 bytes.
[[nodiscard]] bool is_server_name(std::string_view text);
// "@name:server", by the historical grammar too: homeservers still hold such users.
[[nodiscard]] bool is_user_id(std::string_view text);
// The same, with * and ? allowed in the name part and nowhere else.
[[nodiscard]] bool is_user_glob(std::string_view text);
// What stands behind the first colon of a Matrix ID; "" where there is none.
[[nodiscard]] std::string_view server_of(std::string_view id);
// "engineering" of "#engineering:server": no blanks, controls, # or colon.
[[nodiscard]] bool is_alias_localpart(std::string_view text);
// An event ID, a room ID (which has no server part from room version 12 on) or any other opaque identifier:
// the sigil, at least one byte more, at most 255 bytes, and no control characters.
[[nodiscard]] bool is_opaque_id(std::string_view text, char sigil);

}  // namespace rollcall::schema
