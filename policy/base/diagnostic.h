// Diagnostic: one fault in a file that a person wrote: where it is, what is wrong, what to write instead.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rollcall {

// The name of a file, held once for the many places in it: a compiled policy of 50,000 rooms has 300,000.
class FileName {
  public:
    FileName() = default;
    FileName(std::string name) : name_(std::make_shared<const std::string>(std::move(name))) {}
    FileName(const char* name) : FileName(std::string(name)) {}
    operator const std::string&() const { return name(); }
    [[nodiscard]] const std::string& name() const;
    bool operator==(const FileName& other) const { return name() == other.name(); }
    bool operator==(std::string_view other) const { return name() == other; }
    auto operator<=>(const FileName& other) const { return name() <=> other.name(); }

  private:
    std::shared_ptr<const std::string> name_;
};

// line and column count from 1; 0 means "the file as a whole". `file` is the path as the user would name it.
struct Position {
    FileName file;
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
