// Which texts are distinguished names. Comparing them is policy/base/text's part. Pure; any thread.
// Source: RFC 4514, section 3.
#pragma once

#include <string_view>

namespace rollcall::schema {

// "OU=Leavers,DC=corp,DC=example,DC=com": at least one part, each an attribute type, = and a value.
[[nodiscard]] bool is_distinguished_name(std::string_view text);

// "department", "extensionAttribute1": the short name of an attribute (RFC 4512, keystring).
[[nodiscard]] bool is_attribute_name(std::string_view text);

}  // namespace rollcall::schema
