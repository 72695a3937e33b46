// What the server does with requests that are malformed, too large or too slow, sent as bytes over a socket.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "bridges/http/connections.h"
#include "bridges/http/server.h"
#include "tests/bridges/http/sockets.h"

namespace rollcall::http {
namespace {

class ServerLimits : public testing::Test {
  protected:
    void start(ServerOptions options = {}) {
        auto server = Server::start(std::move(options), [this](IncomingRequest request, Responder responder) {
            ++handled_;
            responder.answer({200, std::to_string(request.body.size()), "text/plain", {}});
        });
        ASSERT_TRUE(server) << server.error().text();
        server_ = std::move(*server);
    }
    std::string ask(std::string_view request) {
        const Socket socket = Socket::connect(server_->port());
        socket.send(request);
        return socket.receive_all();
    }
    static int status(const std::string& reply) {
        return reply.starts_with("HTTP/1.1 ") ? std::stoi(reply.substr(9, 3)) : 0;
    }

    std::atomic<int> handled_{0};
    std::unique_ptr<Server> server_;
};

TEST_F(ServerLimits, refuses_what_has_two_readings) {
    start();
    const std::string get = "GET /a HTTP/1.1\r\n";
    const std::string put = "PUT /a HTTP/1.1\r\nHost: h\r\n";
    const std::vector<std::string> requests{
        get + "\r\n",
        get + "Host: h\r\nHost: h\r\n\r\n",
        get + "Host: h\r\nHost : i\r\n\r\n",
        put + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        put + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        put + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        put + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        put + "Transfer-Encoding: identity\r\n\r\n",
        put + "Content-Length: -1\r\n\r\n",
        put + "Content-Length: 0x1\r\n\r\nx",
        put + "Content-Length : 1\r\n\r\nx",
        "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    for (const std::string& request : requests) EXPECT_EQ(status(ask(request)), 400) << request;
    EXPECT_EQ(status(ask("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n")), 0);  // dropped without a word
    EXPECT_EQ(handled_, 0);
}

TEST_F(ServerLimits, refuses_a_stated_length_past_the_cap_before_the_body) {
    start();
    EXPECT_EQ(status(ask("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 16777217\r\n\r\n")), 413);
    EXPECT_EQ(handled_, 0);
}

TEST_F(ServerLimits, takes_a_body_of_many_megabytes_up_to_the_cap) {
    start();
    const std::string body(12U << 20U, 'x');
    const std::string reply = ask("PUT /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                                  std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_TRUE(reply.ends_with(std::to_string(body.size()))) << reply;
}

TEST_F(ServerLimits, refuses_a_chunked_body_past_the_cap) {
    ServerOptions options;
    options.body_cap = 1000;
    start(options);
    const std::string head =
        "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
    EXPECT_TRUE(ask(head + chunk + chunk + "0\r\n\r\n").ends_with("1000"));
    EXPECT_EQ(status(ask(head + chunk + chunk + chunk + "0\r\n\r\n")), 413);
    EXPECT_EQ(status(ask(head + chunk + chunk + chunk + chunk + chunk)),
              0);  // dropped without an end in sight
    EXPECT_EQ(handled_, 1);
}

TEST_F(ServerLimits, refuses_a_head_past_its_cap) {
    ServerOptions options;
    options.head_cap = 4096;
    start(options);
    const int fields = status(ask("GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(8000, 'x') + "\r\n\r\n"));
    EXPECT_TRUE(fields == 431 || fields == 413) << fields;
    EXPECT_EQ(status(ask("GET /" + std::string(8000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n")), 414);
    EXPECT_EQ(handled_, 0);
}

TEST_F(ServerLimits, drops_a_client_that_stops_halfway) {
    ServerOptions options;
    options.known_idle_timeout = std::chrono::seconds{1};
    start(options);
    EXPECT_EQ(status(ask("GET /a HTTP/1.1\r\nHo")), 0);
    EXPECT_EQ(status(ask("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")), 0);
    EXPECT_EQ(handled_, 0);
}

// Who keeps a connection for later finds it open still when a stranger's was closed.
TEST_F(ServerLimits, keeps_a_connection_longer_for_whom_it_knows) {
    ServerOptions options;
    options.idle_timeout = Duration{50};
    options.admit = [](const IncomingRequest& request) -> std::optional<Reply> {
        if (request.path == "/known") return std::nullopt;
        return Reply{403, "no", "text/plain", {}};
    };
    start(options);
    const Socket known = Socket::connect(server_->port());
    known.send("GET /known HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(status(known.receive_until("\r\n\r\n0")), 200);
    const Socket stranger = Socket::connect(server_->port());
    stranger.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(status(stranger.receive_all()), 403);  // … and was closed
    known.send("GET /known HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(status(known.receive_until("\r\n\r\n0")), 200);
}

TEST_F(ServerLimits, drops_a_body_that_trickles_past_its_time) {
    ServerOptions options;
    options.receive_timeout = Duration{0};
    start(options);
    EXPECT_EQ(status(ask("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")), 0);
    EXPECT_EQ(handled_, 0);
}

TEST_F(ServerLimits, drops_a_head_that_trickles_past_its_time) {
    ServerOptions options;
    options.head_timeout = std::chrono::milliseconds{200};
    start(options);
    const Socket slow = Socket::connect(server_->port());
    std::atomic<bool> over{false};
    std::thread drip([&] {
        slow.send("GET /a HTTP/1.1\r\nHost: h\r\n");
        while (!over) {
            slow.send("X: y\r\n");
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    });
    EXPECT_EQ(slow.receive_all(), "");
    over = true;
    drip.join();
    EXPECT_EQ(handled_, 0);
}

TEST_F(ServerLimits, lets_a_client_ask_again_on_the_same_connection) {
    start();
    const Socket socket = Socket::connect(server_->port());
    const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    for (int times = 0; times < 2; ++times) {
        socket.send(get);
        EXPECT_EQ(status(socket.receive_until("\r\n\r\n")), 200);
    }
}

// By a clock that stands still but for the test.
class LateConnections : public testing::Test {
  protected:
    struct Ends {
        Ends() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0); }
        ~Ends() { close(fds[0]), close(fds[1]); }
        Ends(const Ends&) = delete;
        Ends& operator=(const Ends&) = delete;
        [[nodiscard]] bool ended() const {
            char byte = 0;
            return recv(fds[1], &byte, 1, MSG_DONTWAIT) == 0;
        }
        std::array<int, 2> fds{};
    };
    void pass(Duration time) {
        now_ = now_.load() + time;
        all_.look();
    }
    std::atomic<Connections::Clock::time_point> now_{Connections::Clock::time_point{}};
    Connections all_{
        {8, std::chrono::seconds{10}, std::chrono::seconds{120}, [this] { return now_.load(); }}};
};

TEST_F(LateConnections, are_those_without_a_first_head_and_later_those_that_ask_nothing) {
    const Ends slow, known, admitted;
    Connections::Connection* const no_head = all_.opened(slow.fds[0], nullptr);
    Connections::Connection* const asked = all_.opened(known.fds[0], nullptr);
    Connections::Connection* const let_in = all_.opened(admitted.fds[0], nullptr);
    all_.busy(asked, false);
    all_.busy(let_in, true);
    pass(std::chrono::seconds{9});
    all_.idle(asked);
    all_.idle(let_in);
    EXPECT_FALSE(slow.ended());
    pass(std::chrono::seconds{1});
    EXPECT_TRUE(slow.ended());
    pass(std::chrono::seconds{118});
    EXPECT_FALSE(known.ended()) << "between requests it may be idle for longer than a head may take";
    pass(std::chrono::seconds{1});
    EXPECT_TRUE(known.ended());
    pass(std::chrono::hours{1});
    EXPECT_FALSE(admitted.ended());
    for (Connections::Connection* one : {no_head, asked, let_in}) all_.closed(one);
}

TEST_F(LateConnections, while_a_request_is_worked_at_none_is) {
    const Ends ends;
    Connections::Connection* const one = all_.opened(ends.fds[0], nullptr);
    all_.busy(one, false);
    pass(std::chrono::hours{1});
    EXPECT_FALSE(ends.ended());
    all_.closed(one);
}

// Each connection by its address; `strangers` of them may stay.
class Crowd : public LateConnections {
  protected:
    Connections::Connection* from(const Ends& ends, const char* address) {
        sockaddr_in made{};
        made.sin_family = AF_INET;
        EXPECT_EQ(inet_pton(AF_INET, address, &made.sin_addr), 1);
        opened_.push_back(all_.opened(ends.fds[0], reinterpret_cast<const sockaddr*>(&made)));
        return opened_.back();
    }
    void TearDown() override {
        for (Connections::Connection* one : opened_) all_.closed(one);
    }
    std::vector<Connections::Connection*> opened_;
};

// Of one peer the oldest of them goes, and nobody else's.
TEST_F(Crowd, loses_the_oldest_of_whoever_has_the_most) {
    const Ends elsewhere, one;
    from(elsewhere, "192.0.2.7");
    from(one, "192.0.2.1");
    std::array<Ends, 7> more;
    for (const Ends& next : more) from(next, "192.0.2.1");
    EXPECT_TRUE(one.ended()) << "put out";
    EXPECT_FALSE(elsewhere.ended());
    for (const Ends& next : more) EXPECT_FALSE(next.ended());
}

TEST_F(Crowd, of_many_with_one_each_keeps_whoever_has_just_come) {
    std::array<Ends, 8> others;
    for (std::size_t i = 0; i < others.size(); ++i)
        from(others[i], fmt::format("192.0.2.{}", i + 10).c_str());
    const Ends homeserver;
    from(homeserver, "192.0.2.1");
    EXPECT_FALSE(homeserver.ended());
    EXPECT_TRUE(others[0].ended()) << "the oldest";
}

TEST_F(Crowd, has_one_peer_for_all_addresses_that_never_leave_this_machine) {
    const Ends elsewhere;
    from(elsewhere, "192.0.2.7");
    std::array<Ends, 9> local;
    for (std::size_t i = 0; i < local.size(); ++i) from(local[i], fmt::format("127.0.{}.1", i).c_str());
    EXPECT_FALSE(elsewhere.ended());
    EXPECT_TRUE(local[0].ended());
    EXPECT_TRUE(local[1].ended());
    EXPECT_FALSE(local[8].ended());
}

// Whatever strangers open: whoever has the token gets in, and keeps what they have.
TEST_F(ServerLimits, strangers_keep_nobody_out_who_is_admitted) {
    ServerOptions options;
    options.admit = [](const IncomingRequest& request) -> std::optional<Reply> {
        if (request.header("Authorization") != nullptr) return std::nullopt;
        return Reply{401, "who are you", "text/plain", {}};
    };
    options.strangers = 32;
    start(options);
    const std::string request = "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n\r\n";
    const Socket known = Socket::connect(server_->port());
    known.send(request);
    EXPECT_EQ(status(known.receive_until("\r\n\r\n")), 200);
    std::vector<Socket> slow;
    for (int i = 0; i < 200; ++i) {
        slow.push_back(Socket::connect(server_->port()));
        slow.back().send("PUT /a HTTP/1.1\r\nHost: h\r\nX: ");
    }
    const Socket next = Socket::connect(server_->port());
    next.send(request);
    EXPECT_EQ(status(next.receive_until("\r\n\r\n")), 200);
    known.send(request);
    EXPECT_EQ(status(known.receive_until("\r\n\r\n")), 200);
    EXPECT_EQ(handled_, 3);
}

TEST_F(ServerLimits, asks_before_it_reads_a_body) {
    ServerOptions options;
    options.admit = [](const IncomingRequest& request) -> std::optional<Reply> {
        if (request.header("Authorization") != nullptr) return std::nullopt;
        return Reply{401, "who are you", "text/plain", {}};
    };
    start(options);
    EXPECT_EQ(status(ask("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")), 401);
    EXPECT_EQ(handled_, 0);
    EXPECT_EQ(status(ask("GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\nConnection: close\r\n\r\n")),
              200);
}

TEST_F(ServerLimits, words_its_refusals_as_told) {
    ServerOptions options;
    options.refusal = [](int code, std::string_view) {
        return Reply{code, "{\"errcode\":\"X\"}", "application/json", {}};
    };
    start(options);
    EXPECT_TRUE(ask("GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n").ends_with("{\"errcode\":\"X\"}"));
}

}  // namespace
}  // namespace rollcall::http
