// Plain TCP ends for tests: a client that sends bytes no HTTP library would, and a server that breaks off
// where told.
//
// Every receive ends after ten seconds, so that a fault is a failed test and not a hung one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall::http {

class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket();
    Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    Socket& operator=(Socket&&) = delete;

    // From 127.0.0.`from`.
    [[nodiscard]] static Socket connect(std::uint16_t port, std::uint8_t from = 1);
    [[nodiscard]] int fd() const { return fd_; }
    void send(std::string_view bytes) const;
    // Until the other end closes, or resets.
    [[nodiscard]] std::string receive_all() const;
    // Until the text is in what was received; without it where the other end closes before.
    [[nodiscard]] std::string receive_until(std::string_view text) const;

  private:
    int fd_;
};

class Listener {
  public:
    Listener();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] Socket accept() const;
    [[nodiscard]] bool pending() const;  // a connection waits to be accepted, now

  private:
    Socket socket_;
    std::uint16_t port_ = 0;
};

}  // namespace rollcall::http
