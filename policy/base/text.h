// Comparison of names and values as the directory does it, and the few text helpers that policy/ needs.
#pragma once

#include <string>
#include <string_view>

namespace rollcall {

// Unicode case folding and canonical composition: two texts that AD holds equal (caseIgnoreMatch, RFC 4518,
// without its white space rules) fold to the same bytes. Text that is not UTF-8 folds to itself.
[[nodiscard]] std::string fold(std::string_view text);

// A distinguished name folded for comparison: case, and the blanks that RFC 4514 allows around , and =.
[[nodiscard]] std::string fold_dn(std::string_view dn);
// True if `dn` (folded) is `base` (folded) or lies below it.
[[nodiscard]] bool dn_under(std::string_view dn, std::string_view base);

// The name of what stands above `dn` (folded); "" for a name of one part.
[[nodiscard]] std::string_view dn_parent(std::string_view dn);

// Lower case, letters and digits kept, everything else one dash: "R&D (EU)" → "r-d-eu".
[[nodiscard]] std::string slug(std::string_view text);

// Glob over a whole text: * any run, ? one character; everything else is literal.
[[nodiscard]] bool glob_match(std::string_view glob, std::string_view text);

// Text that others chose, as it is shown: in a terminal, a log line, a message, an export. Names, reasons and
// the identifiers of other servers' users may hold anything, and what is in them must not start a line,
// colour a terminal, turn the direction of writing or be taken for a text that looks the same. U+FFFD stands
// for each control and each invisible formatting character but line breaks, tabs and the joiners between
// letters, and for each byte that is no UTF-8.
[[nodiscard]] std::string tame_text(std::string_view text);
// The same on one line: a blank for each line break and tab.
[[nodiscard]] std::string tame_line(std::string_view text);

}  // namespace rollcall
