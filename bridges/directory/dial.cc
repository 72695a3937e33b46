#include "bridges/directory/dial.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>

#include "bridges/directory/resolve.h"

namespace rollcall::directory {
namespace {

void set(int fd, int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
}

// A peer that dies without a word is noticed within half a minute, writing or not.
void keep_watch(int fd) {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 15'000);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

// 0 or the errno that stands for the failure.
int connect_within(int fd, const addrinfo& address, std::chrono::milliseconds limit) {
    if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return ETIMEDOUT;
        pollfd ready{fd, POLLOUT, 0};
        const int count = ::poll(&ready, 1, static_cast<int>(left.count()));
        if (count < 0 && errno != EINTR) return errno;
        if (count <= 0) continue;
        int error = 0;
        socklen_t size = sizeof error;
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
        return error != 0 || (ready.revents & POLLHUP) == 0 ? error : ECONNABORTED;
    }
}

}  // namespace

Socket::~Socket() {
    if (fd_ >= 0) ::close(fd_);
}

Result<Socket> dial(const std::string& host, int port, std::chrono::milliseconds limit, Cutoff& cutoff) {
    const auto list = resolve(host, port, limit, [&cutoff] { return cutoff.is_cut(); });
    if (!list) return pass(list);
    int error = EADDRNOTAVAIL;
    for (const addrinfo* address = list->get(); address != nullptr; address = address->ai_next) {
        Socket socket(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (socket.fd() < 0) continue;
        if (!cutoff.attach(socket.fd())) error = ECANCELED;
        if (error != ECANCELED) error = connect_within(socket.fd(), *address, limit);
        if (error == 0) {
            keep_watch(socket.fd());
            return socket;
        }
        cutoff.detach();
        if (error == ECANCELED) break;
    }
    return fail(
        ErrorKind::unavailable,
        fmt::format("cannot connect to {} port {}: {}", host, port, std::generic_category().message(error)),
        "check that the domain controller runs and that no firewall is between");
}

}  // namespace rollcall::directory
