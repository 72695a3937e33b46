// Lines over a stream socket, with limits of length and time. Any thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::control {

[[nodiscard]] bool ready(int fd, short events, std::chrono::milliseconds limit);

struct LineLimits {
    std::size_t longest = 0;
    int wake = -1;  // becomes readable where nobody shall wait any longer; -1: never
    std::optional<std::chrono::milliseconds> time{};  // for the whole line
    std::size_t large = static_cast<std::size_t>(-1);
    std::function<bool()> may_be_large{};  // asked once it is longer than `large`
};
// One line without its end; false at the end of the stream, on an error, or past a limit. `buffer`: what came
// behind it, for the next one.
[[nodiscard]] bool read_line(int fd, std::string& buffer, std::string& line, const LineLimits& limits);

// False where the other side takes nothing of it for half a minute, or for a moment while `wake` says that we
// end.
[[nodiscard]] bool write_all(int fd, std::string_view text, int wake);

}  // namespace rollcall::control
