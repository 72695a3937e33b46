// Text as a terminal shows it: how wide it is, where it may be broken, and what of it must not get there.
//
// Names, reasons and answers of servers come from people outside; control characters in them could move the
// cursor, recolour the screen or turn the reading order around, so that a plan would look like another one.
// Everything shown passes printable(). Widths count columns (utf8proc), not bytes. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::cli {

// tame_line(), under the name that says what for: what is left of a text for one line of a terminal.
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::size_t display_width(std::string_view text);
// With blanks up to that width; a longer text stays as it is.
[[nodiscard]] std::string pad(std::string_view text, std::size_t width);
// Lines of at most `width` columns, broken at blanks and, where one word is wider, inside it. 0: one line.
// Never empty.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

// "1 room", "3 rooms", "1,204 rooms".
[[nodiscard]] std::string counted(std::size_t n, std::string_view one, std::string_view many);
// "1,204".
[[nodiscard]] std::string with_separators(std::size_t n);
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace rollcall::cli
