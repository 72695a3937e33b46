// Sender: one connection to a collector of syslog messages, over TLS as RFC 5425 has it (TLS 1.2 at least,
// the server's certificate and name checked), or in clear, with the same frames, to this very machine (RFC
// 6587, 3.4.1).
//
//     frame: MSG-LEN SP SYSLOG-MSG        "104 <109>1 2026-11-22T04:14:08.154Z corp.example.com rollcall - …"
//
// Syslog has no answer. send() returns when this machine's kernel has taken the bytes; unacknowledged() says
// how much of them the other machine's kernel has not; whether the collector has read them nobody says. But a
// socket that is closed before everything was read from it is reset (RFC 1122, 4.2.2.13; RFC 2525, 2.17), so
// a collector that says good-bye in TLS and closes without a reset has read what was acknowledged.
//
// Owned by one thread, which it blocks, each time for at most the target's timeouts; `stopping` is asked
// about every tenth of a second meanwhile (while names are looked up and TLS is begun: every second).
//
// Errors say which server, and which of these: unavailable (cannot be reached, closed, takes nothing more),
// denied (its certificate is not to be trusted), invalid_input (no such address), limit (a timeout).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "policy/base/time.h"

namespace rollcall::syslog {

struct Target {
    std::string url;      // tls://siem.corp.example.com:6514; tcp://127.0.0.1:514 to a loopback address only
    std::string ca_file;  // PEM; "" for the system's authorities
    Duration connect_timeout = std::chrono::seconds{10};  // name, connection and TLS
    Duration write_timeout = std::chrono::seconds{30};    // of one send() or flush()
};

// Whether to give up at once: the program ends.
using Stopping = std::function<bool()>;

[[nodiscard]] std::string frame(std::string_view message);

class Sender {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Sender>> connect(const Target& target, Stopping stopping);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    // Whole frames, all of them. After an error some of them may have left, the last one cut.
    [[nodiscard]] Status send(std::string_view frames);
    // Waits until the other machine has all that was sent.
    [[nodiscard]] Status flush();
    // Bytes that the other machine's kernel has not acknowledged yet.
    [[nodiscard]] std::size_t unacknowledged() const;

    enum class Peer : std::uint8_t {
        open,
        closed_in_order,  // and its kernel has taken everything
        broken
    };
    // Does not wait, but a second when the other end closes: for a reset that may follow.
    [[nodiscard]] Peer peer();

  private:
    class Wire;
    explicit Sender(std::unique_ptr<Wire> wire);
    std::unique_ptr<Wire> wire_;
};

}  // namespace rollcall::syslog
