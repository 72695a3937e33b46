// A text as libsodium takes bytes. The pointer is valid as long as the text is unchanged. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::schema {

[[nodiscard]] inline unsigned char* octets(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
[[nodiscard]] inline const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace rollcall::schema
