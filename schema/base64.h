// Base64 (RFC 4648 section 4, with padding), strict both ways: one text for the same bytes. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace rollcall::schema {

[[nodiscard]] std::string to_base64(std::string_view bytes);
// invalid_input for any text that to_base64 would not have written.
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace rollcall::schema
