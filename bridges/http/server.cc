#include "bridges/http/server.h"

#include <fmt/format.h>
#include <microhttpd.h>
#include <netdb.h>

#include <cstring>
#include <utility>

#include "bridges/http/connections.h"
#include "bridges/http/exchange.h"
#include "bridges/http/front_check.h"

namespace rollcall::http {
namespace {

struct ResponseFree {
    void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
struct AddressFree {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

MHD_Result queue(MHD_Connection* connection, const Reply& reply, bool close) {
    // MUST_COPY reads only; the parameter is not const for the other modes' sake.
    const std::unique_ptr<MHD_Response, ResponseFree> response(MHD_create_response_from_buffer(
        reply.body.size(), const_cast<char*>(reply.body.data()), MHD_RESPMEM_MUST_COPY));
    if (!response) return MHD_NO;
    MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONTENT_TYPE, reply.content_type.c_str());
    for (const auto& [name, value] : reply.headers)
        MHD_add_response_header(response.get(), name.c_str(), value.c_str());
    if (close) MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONNECTION, "close");
    return MHD_queue_response(connection, static_cast<unsigned>(reply.status), response.get());
}

MHD_Result collect_header(void* headers, MHD_ValueKind, const char* name, const char* value) {
    static_cast<Headers*>(headers)->emplace_back(name == nullptr ? "" : name, value == nullptr ? "" : value);
    return MHD_YES;
}

Reply plain(int status, std::string_view text) {
    return Reply{status, std::string(text) + "\n", "text/plain; charset=utf-8", {}};
}

constexpr Duration kPatienceAtStop = std::chrono::seconds{1};
constexpr unsigned kClosing = 64;  // connections that were put out and are still to be closed

}  // namespace

const std::string* IncomingRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equal_ignoring_case(key, name)) return &value;
    return nullptr;
}

Responder::~Responder() {
    if (exchange_) exchange_->answer(plain(503, "not answered"));
}

Responder& Responder::operator=(Responder&& other) noexcept {
    std::swap(exchange_, other.exchange_);
    return *this;
}

void Responder::answer(Reply reply) {
    if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->answer(std::move(reply));
}

// What libmicrohttpd calls, all on its thread. No exception leaves these.
struct ServerCallbacks {
    using Holder = std::shared_ptr<Exchange>;

    // The first call for a request, with its raw target; what it returns is the request's context from then
    // on.
    static void* on_target(void* cls, const char* uri, MHD_Connection*) try {
        const auto& server = *static_cast<Server*>(cls);
        return new Holder(std::make_shared<Exchange>(server.open_, uri));
    } catch (...) {
        return nullptr;
    }

    static MHD_Result on_request(void* cls, MHD_Connection* connection, const char*, const char* method,
                                 const char*, const char* data, std::size_t* size, void** context) try {
        if (*context == nullptr) return MHD_NO;
        auto& server = *static_cast<Server*>(cls);
        const Holder& exchange = *static_cast<Holder*>(*context);
        switch (exchange->stage) {
            case Exchange::Stage::head:
                return take_head(server, *exchange, connection, method);
            case Exchange::Stage::body:
                if (*size == 0) return dispatch(server, exchange, connection);
                return take_body(server, *exchange, data, size);
            case Exchange::Stage::handed_over:
                return send(*exchange, connection);
        }
        return MHD_NO;
    } catch (...) {
        return MHD_NO;
    }

    static void on_completed(void* cls, MHD_Connection* connection, void** context,
                             MHD_RequestTerminationCode) {
        const std::unique_ptr<Holder> exchange(static_cast<Holder*>(std::exchange(*context, nullptr)));
        if (exchange) (*exchange)->close();
        if (Connections::Connection* known = known_as(connection); known != nullptr)
            static_cast<Server*>(cls)->connections_->idle(known);
    }

    static void on_connection(void* cls, MHD_Connection* connection, void** context,
                              MHD_ConnectionNotificationCode code) try {
        Connections& all = *static_cast<Server*>(cls)->connections_;
        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
            const auto* fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
            const auto* from = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
            *context = all.opened(fd->connect_fd, from == nullptr ? nullptr : from->client_addr);
        } else if (*context != nullptr) {
            all.closed(static_cast<Connections::Connection*>(std::exchange(*context, nullptr)));
        }
    } catch (...) {  // no memory: nobody counts it, and the server's own limit holds
    }

  private:
    static Connections::Connection* known_as(MHD_Connection* connection) {
        const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        return info == nullptr ? nullptr : static_cast<Connections::Connection*>(info->socket_context);
    }

    static void say_too_large(const Server& server, const IncomingRequest& request) {
        if (server.options_.too_large) server.options_.too_large(request);
    }

    static Reply refusal(const Server& server, int status, std::string_view text) {
        return server.options_.refusal ? server.options_.refusal(status, text) : plain(status, text);
    }

    static MHD_Result take_head(const Server& server, Exchange& exchange, MHD_Connection* connection,
                                const char* method) {
        exchange.stage = Exchange::Stage::body;
        Connections::Connection* const from = known_as(connection);
        if (from != nullptr) server.connections_->busy(from, false);
        IncomingRequest& request = exchange.request;
        MHD_get_connection_values(connection, MHD_HEADER_KIND, &collect_header, &request.headers);
        request.method = method;
        const std::string& target = exchange.target;
        const auto bad = front_check(request.method, target, request.headers, server.options_.body_cap);
        const bool too_large = bad && bad->status == kTooLarge;
        if (bad && !too_large) return queue(connection, refusal(server, bad->status, bad->text), true);
        const std::size_t mark = target.find('?');
        request.path = target.substr(0, mark);
        if (mark != std::string::npos) request.query = target.substr(mark + 1);
        if (server.options_.admit) {
            if (const auto reply = server.options_.admit(request)) return queue(connection, *reply, true);
            if (from != nullptr) server.connections_->busy(from, true);
        }
        if (!too_large) return MHD_YES;
        say_too_large(server, request);
        return queue(connection, refusal(server, bad->status, bad->text), true);
    }

    // No reply can be queued while a body comes in, so one without a stated length that passes the cap is
    // read on, but not kept; at twice the cap the connection is dropped.
    static MHD_Result take_body(const Server& server, Exchange& exchange, const char* data,
                                std::size_t* size) {
        const ServerOptions& options = server.options_;
        if (std::chrono::steady_clock::now() - exchange.began > options.receive_timeout) return MHD_NO;
        std::string& body = exchange.request.body;
        exchange.received += *size;
        if (exchange.received > 2 * options.body_cap) {
            say_too_large(server, exchange.request);
            return MHD_NO;
        }
        if (exchange.received > options.body_cap)
            body = std::string();
        else
            body.append(data, *size);
        *size = 0;
        return MHD_YES;
    }

    static MHD_Result dispatch(const Server& server, const Holder& exchange, MHD_Connection* connection) {
        if (exchange->received > server.options_.body_cap) {
            say_too_large(server, exchange->request);
            return queue(connection, refusal(server, kTooLarge, "the body is too large"), true);
        }
        exchange->hand_over();
        try {
            server.handler_(std::move(exchange->request), Responder(exchange));
        } catch (...) {
            // Its Responder is gone by now, and has answered 503.
        }
        return send(*exchange, connection);
    }

    static MHD_Result send(Exchange& exchange, MHD_Connection* connection) {
        const auto reply = exchange.reply_or_suspend(connection);
        return reply ? queue(connection, *reply, false) : MHD_YES;
    }
};

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
    std::unique_ptr<Server> server(new Server(std::move(options), std::move(handler)));
    if (const Status listening = server->listen(); !listening) return pass(listening);
    return server;
}

Server::Server(ServerOptions options, Handler handler)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      open_(std::make_shared<OpenExchanges>()),
      connections_(std::make_unique<Connections>(
          Connections::Limits{options_.strangers, options_.head_timeout, options_.idle_timeout})) {}

namespace {

// Why an address cannot be listened on (bind(2)).
const char* what_to_do(int why) {
    if (why == EADDRNOTAVAIL)
        return "this machine has no such address: write one of its own, or 0.0.0.0 or [::] for all";
    if (why == EACCES) return "a port below 1024 takes a right of its own: write a higher one";
    return "is another program using that port?";
}

}  // namespace

Status Server::listen() {
    const std::string where = fmt::format("{}:{}", options_.host, options_.port);
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port_text = std::to_string(options_.port);
    if (const int error = getaddrinfo(options_.host.c_str(), port_text.c_str(), &hints, &found); error != 0)
        return fail(ErrorKind::invalid_input,
                    fmt::format("cannot listen on {}: {}", where, gai_strerror(error)));
    const std::unique_ptr<addrinfo, AddressFree> address(found);

    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (address->ai_family == AF_INET6) flags |= MHD_USE_IPv6;
    const auto idle = std::chrono::duration_cast<std::chrono::seconds>(options_.known_idle_timeout).count();
    const unsigned connections = static_cast<unsigned>(options_.strangers) + options_.known + kClosing;
    errno = 0;
    daemon_ = MHD_start_daemon(flags, options_.port, nullptr, nullptr, &ServerCallbacks::on_request, this,  //
                               MHD_OPTION_SOCK_ADDR, address->ai_addr,                                      //
                               MHD_OPTION_URI_LOG_CALLBACK, &ServerCallbacks::on_target, this,              //
                               MHD_OPTION_NOTIFY_COMPLETED, &ServerCallbacks::on_completed, this,           //
                               MHD_OPTION_NOTIFY_CONNECTION, &ServerCallbacks::on_connection, this,         //
                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, options_.head_cap,                       //
                               MHD_OPTION_CONNECTION_LIMIT, connections,                                    //
                               MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(idle),                  //
                               MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (const int why = errno; daemon_ == nullptr)
        return fail(ErrorKind::unavailable, fmt::format("cannot listen on {}: {}", where, std::strerror(why)),
                    what_to_do(why));
    port_ = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port;
    return {};
}

Server::~Server() {
    if (daemon_ == nullptr) return;
    open_->stop(plain(503, "shutting down"), kPatienceAtStop);
    MHD_stop_daemon(daemon_);
}

}  // namespace rollcall::http
