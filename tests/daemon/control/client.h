// The other end of a control socket, byte by byte: what a well-behaved Transport never does.
#pragma once

#include <chrono>
#include <string>

#include "daemon/descriptor.h"

namespace rollcall::control {

class Client {
  public:
    explicit Client(const std::string& path);
    // For a socket that is made before it is needed.
    Client();
    void connect(const std::string& path);

    void send(const std::string& bytes) const;
    // Sends `bytes` again and again until the other side has taken nothing for a while.
    void send_until_full(const std::string& bytes) const;
    // The next line; "" where none came in time, or the other side has ended.
    [[nodiscard]] std::string line(std::chrono::milliseconds limit = std::chrono::seconds{10});
    [[nodiscard]] bool ended(std::chrono::milliseconds limit = std::chrono::seconds{10}) const;
    [[nodiscard]] bool silent_for(std::chrono::milliseconds time) const;

  private:
    Descriptor fd_;
    std::string buffer_;
};

}  // namespace rollcall::control
