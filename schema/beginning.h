// What a message quotes of a text that others wrote. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rollcall::schema {

// All of it, or its beginning, in UTF-8 without half a character.
[[nodiscard]] inline std::string beginning_of(std::string_view text, std::size_t longest = 80) {
    if (text.size() <= longest) return std::string(text);
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace rollcall::schema
