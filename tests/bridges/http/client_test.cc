#include "bridges/http/client.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "bridges/http/server.h"
#include "tests/bridges/http/sockets.h"

namespace rollcall::http {
namespace {

std::string url(std::uint16_t port, std::string_view path = "/") {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(path);
}

std::future<Response> send(Client& client, Request request) {
    auto promise = std::make_shared<std::promise<Response>>();
    auto future = promise->get_future();
    client.send(std::move(request),
                [promise](Response response) { promise->set_value(std::move(response)); });
    return future;
}

Request put(std::string target, std::string body) {
    Request request;
    request.method = "PUT";
    request.url = std::move(target);
    request.body = std::move(body);
    request.headers = {{"Authorization", "Bearer very-secret"}};
    return request;
}

std::unique_ptr<Server> serve(Handler handler) {
    auto server = Server::start({}, std::move(handler));
    EXPECT_TRUE(server);
    return std::move(*server);
}

TEST(Client, carries_a_request_and_its_answer) {
    const auto server = serve([](IncomingRequest request, Responder responder) {
        EXPECT_EQ(*request.header("Authorization"), "Bearer very-secret");
        EXPECT_EQ(request.header("Expect"), nullptr);
        responder.answer({418,
                          request.method + " " + request.path + "?" + request.query + " " + request.body,
                          "text/plain",
                          {}});
    });
    Client client;
    for (const std::string method : {"PUT", "POST", "DELETE", "GET"}) {
        Request request = put(url(server->port(), "/a/../%2E%2E/b?c=d"), method == "GET" ? "" : "{}");
        request.method = method;
        const Response response = send(client, request).get();
        EXPECT_EQ(response.failure, Failure::none) << response.text;
        EXPECT_EQ(response.status, 418);
        EXPECT_EQ(response.body, method + " /a/../%2E%2E/b?c=d " + request.body);
        EXPECT_EQ(response.retry_after, std::nullopt);
    }
    EXPECT_EQ(client.requests_sent(), 4U);
}

TEST(Client, sends_an_empty_body_with_its_length) {
    const auto server = serve([](IncomingRequest request, Responder responder) {
        const std::string* length = request.header("Content-Length");
        responder.answer({200, length == nullptr ? "none" : *length, "text/plain", {}});
    });
    Client client;
    EXPECT_EQ(send(client, put(url(server->port()), "")).get().body, "0");
}

TEST(Client, reads_retry_after_as_seconds_and_as_a_date) {
    const auto server = serve([](IncomingRequest request, Responder responder) {
        const std::string when = request.path == "/seconds" ? "7" : "Fri, 31 Dec 2199 23:59:59 GMT";
        responder.answer({429, "", "text/plain", {{"Retry-After", when}}});
    });
    Client client;
    EXPECT_EQ(send(client, put(url(server->port(), "/seconds"), "x")).get().retry_after, Duration{7000});
    const auto until = send(client, put(url(server->port(), "/date"), "x")).get().retry_after;
    ASSERT_TRUE(until);
    EXPECT_GT(*until, std::chrono::hours{24});
}

TEST(Client, reads_what_the_servers_clock_shows) {
    const auto server = serve([](IncomingRequest request, Responder responder) {
        const std::string date = request.path == "/well" ? "Sun, 22 Nov 2026 09:00:00 GMT" : "tomorrow";
        responder.answer({200, "{}", "text/plain", {{"Date", date}}});
    });
    Client client;
    EXPECT_EQ(send(client, put(url(server->port(), "/well"), "x")).get().date,
              parse_rfc3339("2026-11-22T09:00:00Z"));
    EXPECT_EQ(send(client, put(url(server->port(), "/not"), "x")).get().date, std::nullopt);
    EXPECT_TRUE(send(client, put(url(server->port(), "/well"), "x")).get().same_machine)
        << "its clock is no second one";
}

TEST(Client, does_not_follow_redirects) {
    const auto server = serve([](IncomingRequest, Responder responder) {
        responder.answer({302, "", "text/plain", {{"Location", "/elsewhere"}}});
    });
    Client client;
    EXPECT_EQ(send(client, put(url(server->port()), "x")).get().status, 302);
    EXPECT_EQ(client.requests_sent(), 1U);
}

TEST(Client, uses_one_connection_again) {
    const Listener listener;
    Client client;
    auto first = send(client, put(url(listener.port()), "one"));
    const Socket socket = listener.accept();
    for (const std::string body : {"one", "two"}) {
        if (body == "two") {
            first.get();
            first = send(client, put(url(listener.port()), body));
        }
        EXPECT_NE(socket.receive_until(body).find(body), std::string::npos);
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    }
    EXPECT_EQ(first.get().body, "{}");
    EXPECT_FALSE(listener.pending());
}

TEST(Client, opens_no_more_connections_to_a_host_than_told) {
    std::mutex mutex;
    std::vector<Responder> held;
    std::size_t most = 0;
    std::promise<void> two;
    const auto server = serve([&](IncomingRequest, Responder responder) {
        const std::lock_guard lock(mutex);
        held.push_back(std::move(responder));
        most = std::max(most, held.size());
        if (held.size() == 2 && most == 2) two.set_value();
        if (held.size() > 2) held.clear();
    });
    Client client({2, std::chrono::seconds{10}, {}});
    std::vector<std::future<Response>> answers;
    for (int i = 0; i < 5; ++i) answers.push_back(send(client, put(url(server->port()), "x")));
    two.get_future().wait();
    EXPECT_EQ(client.requests_sent(), 2U);
    for (auto& answer : answers) {
        while (answer.wait_for(std::chrono::milliseconds{1}) != std::future_status::ready) {
            const std::lock_guard lock(mutex);
            if (!held.empty()) {
                held.front().answer({200, "", "text/plain", {}});
                held.erase(held.begin());
            }
        }
        EXPECT_EQ(answer.get().status, 200);
    }
    EXPECT_EQ(most, 2U);
}

TEST(Client, says_unreachable_when_nobody_listens) {
    std::uint16_t port = 0;
    {
        const Listener closed;
        port = closed.port();
    }
    Client client;
    const Response response = send(client, put(url(port), "x")).get();
    EXPECT_EQ(response.failure, Failure::unreachable);
    EXPECT_EQ(response.status, 0);
    EXPECT_FALSE(response.text.empty());
    EXPECT_EQ(response.text.find("secret"), std::string::npos);
    EXPECT_EQ(client.requests_sent(), 0U);
}

TEST(Client, says_torn_when_the_connection_breaks_after_the_request) {
    const Listener listener;
    Client client;
    auto answer = send(client, put(url(listener.port()), "body"));
    {
        const Socket socket = listener.accept();
        EXPECT_NE(socket.receive_until("body").find("very-secret"), std::string::npos);
    }
    const Response response = answer.get();
    EXPECT_EQ(response.failure, Failure::torn) << response.text;
    EXPECT_EQ(response.text.find("secret"), std::string::npos);
}

TEST(Client, says_torn_when_the_answer_breaks_off) {
    const Listener listener;
    Client client;
    auto answer = send(client, put(url(listener.port()), "body"));
    {
        const Socket socket = listener.accept();
        static_cast<void>(socket.receive_until("body"));
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    }
    const Response response = answer.get();
    EXPECT_EQ(response.failure, Failure::torn);
    EXPECT_EQ(response.status, 0);
    EXPECT_EQ(response.body, "");
}

// libcurl would send it again by itself, and the server would carry it out twice.
TEST(Client, never_repeats_a_request_that_broke_on_a_used_connection) {
    const Listener listener;
    Client client;
    Request request = put(url(listener.port()), "first");
    request.method = "POST";
    auto answer = send(client, request);
    {
        const Socket socket = listener.accept();
        static_cast<void>(socket.receive_until("first"));
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        EXPECT_EQ(answer.get().status, 200);
        request.body = "second";
        answer = send(client, request);
        static_cast<void>(socket.receive_until("second"));
    }
    EXPECT_EQ(answer.get().failure, Failure::torn);
    EXPECT_EQ(client.requests_sent(), 2U);
    // It may have opened a new connection, but nothing is sent on it.
    const std::string repeated = listener.pending() ? listener.accept().receive_all() : "";
    EXPECT_EQ(repeated, "");
}

TEST(Client, says_timeout_when_no_answer_came_in_time) {
    const Listener listener;
    Client client;
    Request request = put(url(listener.port()), "x");
    request.deadline = Duration{150};
    const Response response = send(client, request).get();
    EXPECT_EQ(response.failure, Failure::timeout) << response.text;
}

TEST(Client, says_unreachable_when_the_deadline_passed_before_sending) {
    const Listener listener;
    Client client({1, std::chrono::seconds{10}, {}});
    auto held = send(client, put(url(listener.port()), "held"));
    const Socket socket = listener.accept();
    static_cast<void>(socket.receive_until("held"));
    Request request = put(url(listener.port()), "x");
    request.deadline = Duration{100};
    EXPECT_EQ(send(client, request).get().failure, Failure::unreachable);
    EXPECT_EQ(client.requests_sent(), 1U);
}

TEST(Client, says_tls_when_the_other_end_speaks_none) {
    const Listener listener;
    Client client;
    auto answer = send(client, put("https://127.0.0.1:" + std::to_string(listener.port()) + "/", "x"));
    {
        const Socket socket = listener.accept();
        static_cast<void>(socket.receive_until("\x16"));
        socket.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    }
    const Response response = answer.get();
    EXPECT_EQ(response.failure, Failure::tls) << response.text;
    EXPECT_NE(response.text.find("http:// is meant"), std::string::npos) << response.text;
    EXPECT_EQ(client.requests_sent(), 0U);
}

TEST(Client, stops_reading_an_answer_past_its_limit) {
    const auto server = serve([](IncomingRequest, Responder responder) {
        responder.answer({200, std::string(5000, 'x'), "text/plain", {}});
    });
    Client client;
    Request request = put(url(server->port()), "x");
    request.max_response_bytes = 4999;
    const Response response = send(client, request).get();
    EXPECT_EQ(response.failure, Failure::too_large);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
    request.max_response_bytes = 5000;
    EXPECT_EQ(send(client, request).get().body.size(), 5000U);
}

TEST(Client, refuses_what_could_not_be_sent_as_meant) {
    Client client;
    std::vector<Request> bad(5, put("http://127.0.0.1:1/", "x"));
    bad[0].url = "ftp://127.0.0.1/";
    bad[1].url = "http://127.0.0.1:1/a b";
    bad[2].method = "G T";
    bad[3].headers = {{"Authorization", "Bearer very-secret\r\nX: y"}};
    bad[4].deadline = Duration{0};
    for (const Request& request : bad) {
        const Response response = send(client, request).get();
        EXPECT_EQ(response.failure, Failure::unreachable);
        EXPECT_EQ(response.text.find("secret"), std::string::npos);
        EXPECT_FALSE(response.text.empty());
    }
    EXPECT_EQ(client.requests_sent(), 0U);
}

TEST(Client, ends_what_is_open_when_it_ends) {
    const Listener listener;
    std::optional<Socket> socket;  // outlives the client, so that nothing else ends the request
    std::future<Response> answer;
    std::future<Response> sent_while_ending;
    {
        Client client({1, std::chrono::seconds{10}, {}});
        answer = send(client, put(url(listener.port()), "held"));
        socket.emplace(listener.accept());
        static_cast<void>(socket->receive_until("held"));
        auto again = std::make_shared<std::promise<Response>>();
        sent_while_ending = again->get_future();
        client.send(put(url(listener.port()), "waiting"), [&client, &listener, again](Response response) {
            EXPECT_EQ(response.failure, Failure::unreachable);
            client.send(put(url(listener.port()), "again"),
                        [again](Response r) { again->set_value(std::move(r)); });
        });
    }
    const Response held = answer.get();
    EXPECT_EQ(held.failure, Failure::torn);
    EXPECT_EQ(held.text, "shutting down");
    EXPECT_EQ(sent_while_ending.get().failure, Failure::unreachable);
}

TEST(Client, takes_requests_from_many_threads) {
    const auto server = serve([](IncomingRequest request, Responder responder) {
        responder.answer({200, request.body, "text/plain", {}});
    });
    Client client;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&client, &server, t] {
            for (int i = 0; i < 25; ++i) {
                const std::string body = std::to_string(t * 100 + i);
                EXPECT_EQ(send(client, put(url(server->port()), body)).get().body, body);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(client.requests_sent(), 100U);
}

}  // namespace
}  // namespace rollcall::http
