#include "bridges/http/server.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tests/bridges/http/sockets.h"

namespace rollcall::http {
namespace {

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

std::unique_ptr<Server> start(Handler handler, ServerOptions options = {}) {
    auto server = Server::start(std::move(options), std::move(handler));
    EXPECT_TRUE(server) << server.error().text();
    return std::move(*server);
}

std::string ask(const Server& server, std::string_view request) {
    const Socket socket = Socket::connect(server.port());
    socket.send(request);
    return socket.receive_all();
}

TEST(Server, answers_at_once_with_what_the_handler_says) {
    const auto server = start([](IncomingRequest request, Responder responder) {
        EXPECT_EQ(request.method, "PUT");
        EXPECT_EQ(request.query, "x=%20y&z");
        EXPECT_EQ(*request.header("x-thing"), "v");
        EXPECT_EQ(request.header("x-other"), nullptr);
        responder.answer({201, request.path + "|" + request.body, "text/plain", {{"X-Said", "yes"}}});
    });
    const std::string reply = ask(*server,
                                  "PUT /a%2Fb?x=%20y&z HTTP/1.1\r\nHost: h\r\nX-Thing: v\r\n"
                                  "Content-Length: 4\r\nConnection: close\r\n\r\nbody");
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 201 ")) << reply;
    EXPECT_NE(reply.find("Content-Type: text/plain\r\n"), std::string::npos) << reply;
    EXPECT_NE(reply.find("X-Said: yes\r\n"), std::string::npos) << reply;
    EXPECT_TRUE(reply.ends_with("\r\n\r\n/a%2Fb|body")) << reply;
}

TEST(Server, answers_later_from_another_thread) {
    std::promise<Responder> held;
    const auto server =
        start([&](IncomingRequest, Responder responder) { held.set_value(std::move(responder)); });
    std::thread other([&] { held.get_future().get().answer({200, "late", "text/plain", {}}); });
    EXPECT_TRUE(ask(*server, kGet).ends_with("late"));
    other.join();
}

TEST(Server, serves_others_while_one_waits) {
    std::promise<Responder> held;
    const auto server = start([&](IncomingRequest request, Responder responder) {
        if (request.path == "/wait")
            held.set_value(std::move(responder));
        else
            responder.answer({200, "served", "text/plain", {}});
    });
    const Socket waiting = Socket::connect(server->port());
    waiting.send("GET /wait HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    Responder responder = held.get_future().get();
    EXPECT_TRUE(ask(*server, kGet).ends_with("served"));
    responder.answer({200, "at last", "text/plain", {}});
    EXPECT_TRUE(waiting.receive_all().ends_with("at last"));
}

TEST(Server, answers_503_when_the_responder_is_dropped) {
    const auto server = start([](IncomingRequest, Responder) {});
    EXPECT_TRUE(ask(*server, kGet).starts_with("HTTP/1.1 503 "));
}

TEST(Server, answers_503_when_the_handler_throws) {
    const auto server = start([](IncomingRequest, Responder) { throw std::runtime_error("no"); });
    EXPECT_TRUE(ask(*server, kGet).starts_with("HTTP/1.1 503 "));
}

TEST(Server, answers_several_requests_on_one_connection) {
    int count = 0;
    const auto server = start([&](IncomingRequest, Responder responder) {
        responder.answer({200, "number " + std::to_string(++count) + ".", "text/plain", {}});
    });
    const Socket socket = Socket::connect(server->port());
    for (const char* wanted : {"number 1.", "number 2.", "number 3."}) {
        socket.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_NE(socket.receive_until(wanted).find(wanted), std::string::npos);
    }
}

TEST(Server, keeps_what_follows_an_encoded_zero_byte) {
    const auto server = start([](IncomingRequest request, Responder responder) {
        responder.answer({200, request.path, "text/plain", {}});
    });
    const std::string reply = ask(*server, "GET /a%00b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(reply.ends_with("\r\n\r\n/a%00b")) << reply;
}

TEST(Server, survives_a_client_that_left_before_its_answer) {
    std::promise<Responder> held;
    const auto server = start([&](IncomingRequest request, Responder responder) {
        if (request.path == "/leave")
            held.set_value(std::move(responder));
        else
            responder.answer({200, "served", "text/plain", {}});
    });
    std::optional<Socket> leaving(Socket::connect(server->port()));
    leaving->send("GET /leave HTTP/1.1\r\nHost: h\r\n\r\n");
    Responder responder = held.get_future().get();
    leaving.reset();
    responder.answer({200, std::string(1 << 20, 'x'), "text/plain", {}});
    EXPECT_TRUE(ask(*server, kGet).ends_with("served"));
}

TEST(Server, answers_open_requests_503_when_it_ends) {
    std::mutex mutex;
    std::vector<Responder> held;
    std::promise<void> both;
    auto server = start([&](IncomingRequest, Responder responder) {
        const std::lock_guard lock(mutex);
        held.push_back(std::move(responder));
        if (held.size() == 2) both.set_value();
    });
    const Socket one = Socket::connect(server->port());
    const Socket two = Socket::connect(server->port());
    const Socket idle = Socket::connect(server->port());
    const Socket halfway = Socket::connect(server->port());
    one.send(kGet);
    two.send(kGet);
    halfway.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    both.get_future().wait();
    server.reset();
    EXPECT_TRUE(one.receive_all().starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(two.receive_all().starts_with("HTTP/1.1 503 "));
    EXPECT_EQ(halfway.receive_all(), "");
    held[0].answer({200, "too late", "text/plain", {}});  // the server is gone; nothing may happen
    held.clear();
}

TEST(Server, ends_while_answers_come_from_other_threads) {
    for (int round = 0; round < 20; ++round) {
        std::promise<Responder> held;
        auto server =
            start([&](IncomingRequest, Responder responder) { held.set_value(std::move(responder)); });
        const Socket socket = Socket::connect(server->port());
        socket.send(kGet);
        std::thread other([responder = held.get_future().get()]() mutable {
            responder.answer({200, "ok", "text/plain", {}});
        });
        server.reset();
        other.join();
        EXPECT_TRUE(socket.receive_all().starts_with("HTTP/1.1 "));
    }
}

TEST(Server, says_why_it_cannot_listen) {
    const auto handler = [](IncomingRequest, Responder) {};
    const auto first = start(handler);
    ServerOptions taken;
    taken.port = first->port();
    const auto second = Server::start(taken, handler);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;

    ServerOptions elsewhere;
    elsewhere.host = "192.0.2.1";  // of nobody's (RFC 5737)
    const auto not_ours = Server::start(elsewhere, handler);
    ASSERT_FALSE(not_ours);
    EXPECT_NE(not_ours.error().hint.find("has no such address"), std::string::npos) << not_ours.error().hint;

    ServerOptions nowhere;
    nowhere.host = "not an address";
    const auto third = Server::start(nowhere, handler);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind, ErrorKind::invalid_input);
}

TEST(Server, listens_on_ipv6_loopback) {
    ServerOptions options;
    options.host = "::1";
    const auto server = Server::start(options, [](IncomingRequest, Responder) {});
    // A machine without IPv6 says why instead.
    EXPECT_TRUE(server ? (*server)->port() != 0 : server.error().kind == ErrorKind::unavailable);
}

}  // namespace
}  // namespace rollcall::http
