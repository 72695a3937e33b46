// One field of a CSV line (RFC 4180), always quoted. A spreadsheet takes what begins with =, + or -, or with
// @ and a call, for a formula: such a text begins with an apostrophe. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::audit {

[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace rollcall::audit
