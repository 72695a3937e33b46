// CSV (RFC 4180) for spreadsheets, whose cells others may have chosen. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::audit {

// At the beginning of each: without it a spreadsheet takes UTF-8 for the letters of its own country.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// One field of a line, always quoted. A spreadsheet takes what begins with =, + or -, or with @ and a call,
// for a formula, in their full width too, and some look past blanks before it: such a text begins with an
// apostrophe.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace rollcall::audit
