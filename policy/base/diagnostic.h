// Diagnostic: one fault in a file that a person wrote: where it is, what is wrong, what to write instead.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall {

// line and column count from 1; 0 means "the file as a whole". `file` is the path as the user would name it.
struct Position {
    std::string file;
    int line = 0;
    int column = 0;
    auto operator<=>(const Position&) const = default;
    [[nodiscard]] std::string text() const;       // "policy/company.yaml:12:5"
    [[nodiscard]] std::string file_line() const;  // "policy/company.yaml:12"
};

enum class Severity { error, warning };

struct Diagnostic {
    Position at;
    std::string message;
    std::string suggestion;  // what to write instead; may be empty
    Severity severity = Severity::error;
    [[nodiscard]] std::string text() const;  // "policy/company.yaml:12:5: error: …; …"
};

using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] bool has_errors(const Diagnostics& diagnostics);

// The candidate nearest to `word` (edit distance at most a third of its length), or "".
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace rollcall
