// SHA-256 of a text, as 64 hex digits: what `sha256sum` prints. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::schema {

[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace rollcall::schema
