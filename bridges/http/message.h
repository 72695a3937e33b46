// What both ends of HTTP share: header fields, and the encoding of one part of a path (RFC 3986).
//
// Values only; safe to use on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rollcall::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A token as RFC 9110 (5.6.2) defines it: what a method and a field name are made of.
[[nodiscard]] bool is_token(std::string_view text);
// No control characters, so that a value can neither end its line nor the message.
[[nodiscard]] bool is_field_value(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

// Percent-encodes everything but RFC 3986's unreserved characters. A part that is only dots is encoded too,
// so that no hop takes it for "this folder" or "the folder above".
[[nodiscard]] std::string encode_part(std::string_view part);
// The reverse; nullopt where a % is not followed by two hexadecimal digits. The result may hold any bytes.
[[nodiscard]] std::optional<std::string> decode_part(std::string_view part);

}  // namespace rollcall::http
