// When an attribute was last written, and where the change began: what controllers tell each other of each
// object (replPropertyMetaData, MS-ADTS 3.1.1.1.9 and MS-DRSR 5.166; as Samba 4.17 sends it). Pure; any
// thread.
//
// whenChanged moves with any change of the object and is no such time. msDS-ReplAttributeMetaData says the
// same as XML, but Samba does not make it (seen); the stored form both have, readable for an ordinary
// account.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/base/time.h"
#include "policy/directory.h"

namespace rollcall::directory {

inline constexpr const char* kReplication = "replPropertyMetaData";

// Attribute numbers in a schema's own prefix table (MS-ADA1, MS-ADA3; the same in every forest).
inline constexpr std::uint32_t kIsDeletedId = 0x20030;
inline constexpr std::uint32_t kAccountControlId = 0x90008;
inline constexpr std::uint32_t kAccountExpiresId = 0x9009f;

// nullopt where the value is not one of these, or does not name the attribute.
[[nodiscard]] std::optional<Time> written(std::string_view metadata, std::uint32_t attribute);
[[nodiscard]] policy::Written written(std::string_view metadata);

}  // namespace rollcall::directory
