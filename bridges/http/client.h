// Client: HTTP requests out, answers back, on one thread of its own.
//
// One libcurl multi handle drives every request, so that a slow server costs no thread. The engine must know
// after each request whether it may have been carried out; so a failure says whether the request had left
// (`torn`, `timeout`) or not (`unreachable`, `tls`), and a request with a body is never sent a second time
// behind the caller's back: libcurl would do so by itself when a kept-alive connection breaks (RFC
// 9110, 9.2.2 forbids that for what is not idempotent).
//
// HTTP/1.1, http and https only, no redirects, no proxy from the environment. What is in a request's headers
// appears in no text.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bridges/http/message.h"
#include "policy/base/time.h"

namespace rollcall::http {

struct Request {
    std::string method = "GET";
    std::string url;
    Headers headers;
    std::string body;
    Duration deadline =
        std::chrono::seconds{30};  // from send() to the whole answer, waiting for a connection included
    std::size_t max_response_bytes = 16U << 20U;
};

enum class Failure {
    none,         // there is an answer, whatever its status
    unreachable,  // the request did not leave: name, connection, deadline before sending, shutting down
    torn,         // the connection broke after the request was begun: it may have been carried out
    timeout,      // no whole answer within the deadline: it may have been carried out
    tls,          // no trusted connection; the request did not leave
    too_large,    // an answer came, `status` says which, but it is larger than max_response_bytes
};

struct Response {
    int status = 0;  // 0: no answer
    std::string body;
    std::optional<Duration> retry_after;  // the header Retry-After, given as seconds or as a date
    std::optional<Time> date;             // the header Date
    bool same_machine = false;            // what answered runs here: its clock is this machine's
    Failure failure = Failure::none;
    std::string text;  // what failed, for people; empty where nothing did
};

using Completion = std::function<void(Response)>;

struct ClientOptions {
    long connections_per_host = 16;
    Duration connect_timeout = std::chrono::seconds{10};
    std::string ca_file;  // PEM; empty: the system's
};

class Transfer;

class Client {
  public:
    explicit Client(ClientOptions options = {});
    // Ends what is open: its completions are called, with `unreachable`, or `torn` where the request had
    // left.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // From any thread, completions included. `done` is called exactly once, on the client's thread; it must
    // not block, and an exception out of it ends the process.
    void send(Request request, Completion done);

    // Requests that went out on a connection, answered or not.
    [[nodiscard]] std::uint64_t requests_sent() const { return sent_.load(std::memory_order_relaxed); }

  private:
    class Wire;
    void run();
    void take_new(Wire& wire);
    void start(Wire& wire, std::unique_ptr<Transfer> transfer);
    void finish_ended(Wire& wire);
    void end_all(Wire& wire);

    const ClientOptions options_;
    std::atomic<std::uint64_t> sent_{0};
    std::unique_ptr<Wire> wire_;  // curl_multi_wakeup() is the one call that other threads make on it

    std::mutex mutex_;
    std::vector<std::unique_ptr<Transfer>> new_;  // protected by mutex_
    bool stopping_ = false;                       // protected by mutex_

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace rollcall::http
