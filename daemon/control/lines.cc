#include "daemon/control/lines.h"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>

namespace rollcall::control {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kSlowestReader{30'000};  // that takes nothing of its answer
constexpr milliseconds kLastWords{200};         // the same, when the daemon ends

// Waits until some of it can be sent; false where the other side takes nothing, for long, or while `wake`
// says that we end.
bool wait_for_reader(int fd, int wake) {
    pollfd polled[2] = {{fd, POLLOUT, 0}, {wake, POLLIN, 0}};
    const int count = poll(polled, wake >= 0 ? 2 : 1, static_cast<int>(kSlowestReader.count()));
    if (count < 0) return errno == EINTR;
    return polled[0].revents != 0 || (count > 0 && ready(fd, POLLOUT, kLastWords));
}

// Until something can be read; false when the time is over, or we end.
bool wait_for_bytes(int fd, int wake, std::optional<Clock::time_point> until) {
    for (;;) {
        int wait = -1;
        if (until)
            wait = static_cast<int>(std::max<milliseconds::rep>(
                0, std::chrono::ceil<milliseconds>(*until - Clock::now()).count()));
        pollfd polled[2] = {{fd, POLLIN, 0}, {wake, POLLIN, 0}};
        const int count = poll(polled, wake >= 0 ? 2 : 1, wait);
        if (count < 0 && errno == EINTR) continue;
        return count > 0 && (wake < 0 || polled[1].revents == 0);
    }
}

}  // namespace

bool ready(int fd, short events, milliseconds limit) {
    pollfd polled{fd, events, 0};
    return poll(&polled, 1, static_cast<int>(limit.count())) > 0;
}

bool read_line(int fd, std::string& buffer, std::string& line, const LineLimits& limits) {
    std::optional<Clock::time_point> until;
    if (limits.time) until = Clock::now() + *limits.time;
    std::size_t looked = 0;
    for (;;) {
        if (const std::size_t end = buffer.find('\n', looked); end != std::string::npos) {
            line = buffer.substr(0, end);
            buffer.erase(0, end + 1);
            return true;
        }
        looked = buffer.size();
        if (buffer.size() > limits.longest) return false;
        if (buffer.size() > limits.large && limits.may_be_large && !limits.may_be_large()) return false;
        if (!wait_for_bytes(fd, limits.wake, until)) return false;
        char chunk[16384];
        const ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        buffer.append(chunk, static_cast<std::size_t>(got));
    }
}

bool write_all(int fd, std::string_view text, int wake) {
    while (!text.empty()) {
        const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            text.remove_prefix(static_cast<std::size_t>(sent));
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for_reader(fd, wake)) return false;
        } else if (sent == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace rollcall::control
