#include "tests/bridges/http/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>

namespace rollcall::http {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void limit_waiting(int fd) {
    const timeval ten_seconds{10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &ten_seconds, sizeof ten_seconds);
}

}  // namespace

Socket::~Socket() {
    if (fd_ >= 0) close(fd_);
}

Socket Socket::connect(std::uint16_t port, std::uint8_t from) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    limit_waiting(socket.fd_);
    sockaddr_in own = loopback(0);
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + from);
    static_cast<void>(bind(socket.fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own));
    const sockaddr_in address = loopback(port);
    static_cast<void>(::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    return socket;
}

void Socket::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;  // the other end has had enough, which is what some tests want
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string Socket::receive_all() const {
    return receive_until({});
}

std::string Socket::receive_until(std::string_view text) const {
    std::string received;
    std::array<char, 4096> buffer{};
    while (text.empty() || received.find(text) == std::string::npos) {
        const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        received.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return received;
}

Listener::Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    limit_waiting(socket_.fd());
    sockaddr_in address = loopback(0);
    static_cast<void>(bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    static_cast<void>(listen(socket_.fd(), 8));
    socklen_t size = sizeof address;
    getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
}

Socket Listener::accept() const {
    Socket socket(accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    limit_waiting(socket.fd());
    return socket;
}

bool Listener::pending() const {
    pollfd wanted{socket_.fd(), POLLIN, 0};
    return poll(&wanted, 1, 0) > 0;
}

}  // namespace rollcall::http
