// dial(): a TCP connection within a time limit, which another thread can cut short.
//
// libldap can connect by itself, but then "no route" and "bad certificate" come back as one error, and a host
// that swallows packets holds the thread. With a socket of our own, everything up to TLS is told apart. Runs
// on the thread that will own the connection. Resolving a name ends with the same limit (resolve.h).
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "bridges/directory/cutoff.h"
#include "policy/base/result.h"

namespace rollcall::directory {

// Owns a socket.
class Socket {
  public:
    explicit Socket(int fd = -1) : fd_(fd) {}
    ~Socket();
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

// Tries every address of the host. The socket is attached to `cutoff` when it comes back.
// ErrorKind::unavailable.
[[nodiscard]] Result<Socket> dial(const std::string& host, int port, std::chrono::milliseconds limit,
                                  Cutoff& cutoff);

}  // namespace rollcall::directory
