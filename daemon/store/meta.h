// The store's single values, each under a key: one row each in the table meta.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/store/sqlite.h"

namespace rollcall::store {

[[nodiscard]] Status put_meta(Database& database, std::string_view key, std::string_view value);
[[nodiscard]] Status drop_meta(Database& database, std::string_view key);
[[nodiscard]] Result<std::optional<std::string>> get_meta(Database& database, std::string_view key);

}  // namespace rollcall::store
