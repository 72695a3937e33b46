#include "policy/base/diagnostic.h"

#include <fmt/format.h>
#include <algorithm>
#include <numeric>

namespace rollcall {

const std::string& FileName::name() const {
    static const std::string none;
    return name_ ? *name_ : none;
}

std::string Position::text() const {
    if (line == 0) return file.name();
    return fmt::format("{}:{}:{}", file.name(), line, column);
}

std::string Position::file_line() const {
    return line == 0 ? file.name() : fmt::format("{}:{}", file.name(), line);
}

std::string Diagnostic::text() const {
    std::string out =
        fmt::format("{}: {}: {}", at.text(), severity == Severity::error ? "error" : "warning", message);
    if (!suggestion.empty()) out += "; " + suggestion;
    return out;
}

bool has_errors(const Diagnostics& diagnostics) {
    return std::any_of(diagnostics.begin(), diagnostics.end(),
                       [](const Diagnostic& d) { return d.severity == Severity::error; });
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string found;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best) best = distance, found = candidate;
    }
    return found;
}

}  // namespace rollcall
