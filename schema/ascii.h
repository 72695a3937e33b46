// Kinds of ASCII characters, whatever the locale is. Pure; any thread.
#pragma once

namespace rollcall::schema {

[[nodiscard]] constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace rollcall::schema
