#include "tests/daemon/control/client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cerrno>
#include <cstring>

namespace rollcall::control {
namespace {

bool ready(int fd, short events, std::chrono::milliseconds limit) {
    pollfd polled{fd, events, 0};
    return ::poll(&polled, 1, static_cast<int>(limit.count())) > 0;
}

}  // namespace

Client::Client() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

Client::Client(const std::string& path) : Client() {
    connect(path);
}

void Client::connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    ASSERT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
}

void Client::send(const std::string& bytes) const {
    std::size_t at = 0;
    while (at < bytes.size() && ready(fd_.get(), POLLOUT, std::chrono::seconds{10})) {
        const ssize_t sent =
            ::send(fd_.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0) return;  // the other side has ended, which the test then sees
        at += static_cast<std::size_t>(sent);
    }
}

void Client::send_until_full(const std::string& bytes) const {
    while (ready(fd_.get(), POLLOUT, std::chrono::milliseconds{300}))
        if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
            return;
}

std::string Client::line(std::chrono::milliseconds limit) {
    for (;;) {
        if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        char chunk[4096];
        if (!ready(fd_.get(), POLLIN, limit)) return {};
        const ssize_t got = ::recv(fd_.get(), chunk, sizeof chunk, 0);
        if (got <= 0) return {};
        buffer_.append(chunk, static_cast<std::size_t>(got));
    }
}

bool Client::ended(std::chrono::milliseconds limit) const {
    char byte = 0;
    return ready(fd_.get(), POLLIN, limit) && ::recv(fd_.get(), &byte, 1, 0) <= 0;
}

bool Client::silent_for(std::chrono::milliseconds time) const {
    return !ready(fd_.get(), POLLIN, time);
}

}  // namespace rollcall::control
