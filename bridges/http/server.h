// Server: HTTP requests in, each answered once, now or later and from any thread.
//
// libmicrohttpd on one thread of its own, behind a strict check of every request's head (front_check.h). The
// path comes from the raw request target, since libmicrohttpd cuts its decoded one at %00. A transaction is
// answered only after the engine has committed it, so an open request is suspended without costing a thread
// until its Responder is used. HTTP/1.1 (RFC 9112); plain text, since a reverse proxy or loopback carries
// TLS.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/http/message.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

struct MHD_Daemon;

namespace rollcall::http {

struct IncomingRequest {
    std::string method;
    std::string path;   // raw: still percent-encoded, without the query
    std::string query;  // raw: what follows the ?, or ""
    Headers headers;
    std::string body;
    // The value of the first field of that name, in any case; null where there is none.
    [[nodiscard]] const std::string* header(std::string_view name) const;
};

struct Reply {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    Headers headers;
};

class Connections;
class Exchange;
class OpenExchanges;

// The duty to answer one request. Moves, does not copy; may outlive its Server (then answering does nothing).
class Responder {
  public:
    explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    ~Responder();  // unanswered: 503
    Responder(Responder&&) noexcept = default;
    Responder& operator=(Responder&& other) noexcept;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    // From any thread; the first call counts.
    void answer(Reply reply);

  private:
    std::shared_ptr<Exchange> exchange_;
};

// Called on the server's thread: hand long work on. An exception out of it answers 503.
using Handler = std::function<void(IncomingRequest, Responder)>;

struct ServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one, see port()
    std::size_t body_cap = 16U << 20U;
    std::size_t head_cap = 32U << 10U;  // first line and header fields; more is answered 431 or 414
    // At most so many of whom no request was admitted; who goes then, see connections.h.
    std::size_t strangers = 256;
    unsigned known = 64;                               // beside them, about
    Duration head_timeout = std::chrono::seconds{10};  // for a stranger's first head, from the connection on
    Duration idle_timeout = std::chrono::seconds{30};  // for a stranger's next
    // For the next of whose request was admitted, in whole seconds. Longer than clients keep a connection
    // that they do not use (Synapse two minutes, others less), so that no request of theirs meets its end: a
    // PUT or a POST that does counts as failed there.
    Duration known_idle_timeout = std::chrono::seconds{150};
    Duration receive_timeout = std::chrono::seconds{60};  // for a whole body, however steadily it trickles

    // Sees a request before its body is read; a reply refuses it, so that strangers cannot make us hold their
    // bodies. Whose request it lets in is no stranger any more; without it everybody stays one.
    std::function<std::optional<Reply>(const IncomingRequest&)> admit;
    // Hears of a request that was let in and is not handed over, since its body is larger than body_cap.
    // Called on the server's thread.
    std::function<void(const IncomingRequest&)> too_large;
    // Makes the reply to a request that is refused by this class; plain text where not set.
    std::function<Reply(int status, std::string_view text)> refusal;
};

class Server {
  public:
    // Listening when it returns. Errors: the address cannot be resolved or bound.
    [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
    // Takes no more requests, answers open ones 503 and ends the thread.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    friend struct ServerCallbacks;
    Server(ServerOptions options, Handler handler);
    [[nodiscard]] Status listen();

    const ServerOptions options_;
    const Handler handler_;
    std::shared_ptr<OpenExchanges> open_;
    std::unique_ptr<Connections> connections_;  // as long as daemon_ calls back
    MHD_Daemon* daemon_ = nullptr;
    std::uint16_t port_ = 0;
};

}  // namespace rollcall::http
