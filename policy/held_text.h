// Values of attributes as the World holds them, beside the mark of what could not be read (kUnreadable): no
// text of a directory is ever held as that mark. One that begins with its first character is held with one
// more of it.
#pragma once

#include <string>
#include <string_view>

#include "policy/world.h"

namespace rollcall::policy {

[[nodiscard]] inline std::string held_value(std::string_view told) {
    return told.starts_with(kUnreadable.front()) ? kUnreadable.front() + std::string(told)
                                                 : std::string(told);
}
[[nodiscard]] inline std::string told_value(std::string_view held) {
    if (held.starts_with(kUnreadable.front())) held.remove_prefix(1);
    return std::string(held);
}

// Under this name stands, of a person without a usable date of expiry, what the directory has in its stead.
inline constexpr std::string_view kExpiresAttribute = "accountexpires";

}  // namespace rollcall::policy
