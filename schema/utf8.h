// Whether bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF. Every door
// through which text comes in asks this once, so that nothing behind it has to. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace rollcall::schema {

// The offset of the first byte that is not part of well-formed UTF-8, or npos.
[[nodiscard]] std::size_t first_bad_utf8(std::string_view text);
[[nodiscard]] inline bool is_utf8(std::string_view text) {
    return first_bad_utf8(text) == std::string_view::npos;
}

}  // namespace rollcall::schema
