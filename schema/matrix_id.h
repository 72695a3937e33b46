// Which texts are identifiers of Matrix. Pure; any thread.
// Source: Matrix specification v1.19, appendices "Server Name", "User Identifiers", "Room IDs", "Room
// Aliases".
#pragma once

#include <string_view>

namespace rollcall::schema {

inline constexpr std::size_t kLongestId = 255;  // bytes, with the sigil and the server name
// … of those that a homeserver uses: the specification's 255 were code points to Synapse in older rooms.
inline constexpr std::size_t kLongestForeignId = 4 * kLongestId;

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
// An identifier that a homeserver uses, of a user, a room (which has no server part from room version 12 on)
// or an event: the sigil and at least one byte more, at most kLongestForeignId. Whatever its characters:
// which are valid is the homeserver's business, and somebody with a control character in their name is in
// the room all the same. Whoever shows it makes it safe (policy/base/text.h, tame_text()).
[[nodiscard]] bool is_opaque_id(std::string_view text, char sigil);

}  // namespace rollcall::schema
