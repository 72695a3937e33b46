#include "bridges/matrix/covers.h"

#include <re2/re2.h>
#include <algorithm>

namespace rollcall::matrix {
namespace {

std::optional<bool> matches(const std::string& pattern, const std::string& user) {
    RE2::Options options;
    options.set_log_errors(false);
    const RE2 compiled(pattern, options);
    if (!compiled.ok()) return std::nullopt;
    return RE2::PartialMatch(user, compiled);
}

// Where the bracket that opens at `at` closes; npos if it does not.
std::size_t closing(const std::string& pattern, std::size_t at) {
    int depth = 0;
    for (std::size_t i = at; i < pattern.size(); ++i) {
        if (pattern[i] == '\\')
            ++i;
        else if (pattern[i] == '(')
            ++depth;
        else if (pattern[i] == ')' && --depth == 0)
            return i;
    }
    return std::string::npos;
}

}  // namespace

std::optional<bool> pattern_covers(const std::string& pattern, const std::string& user) {
    static const std::string kStart = "^@(?!";
    if (!pattern.starts_with(kStart)) return matches(pattern, user);
    const std::size_t end = closing(pattern, kStart.size() - 3);
    if (end == std::string::npos) return std::nullopt;
    const std::optional<bool> spared =
        matches("^@(?:" + pattern.substr(kStart.size(), end - kStart.size()) + ")", user);
    const std::optional<bool> meant = matches("^@" + pattern.substr(end + 1), user);
    if (!spared || !meant) return std::nullopt;
    return *meant && !*spared;
}

bool covers(const Registration& registration, const std::string& user) {
    return std::any_of(registration.users.begin(), registration.users.end(), [&user](const Namespace& users) {
        return pattern_covers(users.regex, user).value_or(false);
    });
}

}  // namespace rollcall::matrix
