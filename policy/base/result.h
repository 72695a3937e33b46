// Result<T>: a value or an Error, for every call that can fail for a reason outside the program.
//
// Impossible states abort (assert); anything a user, a server or a disk can cause comes back as an Error
// whose message says what happened and whose hint says what to do next. Values only; safe to use on any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace rollcall {

enum class ErrorKind {
    invalid_input,  // what somebody wrote is wrong; exit status 2
    not_found,      // the thing named does not exist
    unavailable,    // a server cannot be reached, or answered that it cannot work now: try again
    denied,         // credentials or rights are missing
    conflict,       // exists already, or changed under us
    limit,          // a limit of ours or theirs was passed
    io,             // a file or the disk
    refused,        // a rule of this program says no
};

struct Error {
    ErrorKind kind = ErrorKind::io;
    std::string message;  // one sentence without a final stop: "cannot open X: no such file"
    std::string hint;     // what to do next; may be empty
    [[nodiscard]] std::string text() const { return hint.empty() ? message : message + "; " + hint; }
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  public:
    using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {}) {
    return tl::unexpected<Error>(Error{kind, std::move(message), std::move(hint)});
}
// Hands an Error on unchanged: `if (!x) return pass(x);`
template <class T>
[[nodiscard]] tl::unexpected<Error> pass(const Result<T>& failed) {
    return tl::unexpected<Error>(failed.error());
}

}  // namespace rollcall
