// Appservice: where the homeserver tells what happens: its transactions in, each answered when the engine
// says it is durable.
//
// Transactions are read into typed facts on the HTTP server's thread, so that the engine never parses. An
// open request is the backpressure: a homeserver sends the next transaction only when this one is answered.
// Whoever has no hs_token gets nothing, not even a body read. Source: Matrix application service API v1.19;
// the paths without /_matrix/app/v1 are its "legacy routes". Owned by the daemon's wiring, which ends it
// before the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridges/http/server.h"
#include "policy/base/result.h"
#include "policy/room_event.h"

namespace rollcall::matrix {

struct Transaction {
    std::string id;                                   // opaque; at most 255 bytes
    std::vector<policy::RoomEvent> events;            // in the order sent
    std::vector<policy::UnreadableEvent> unreadable;  // the first of those that cannot be used
    std::size_t unusable = 0;                         // how many these are
};

// The duty to answer one transaction. Moves; from any thread; the first answer counts.
class Answer {
  public:
    explicit Answer(http::Responder responder) : responder_(std::move(responder)) {}
    void durable();  // 200: the homeserver goes on
    void failed();   // 503: it sends this transaction again. So does dropping the answer

  private:
    http::Responder responder_;
};

// Called on the HTTP server's thread; must not block.
using TransactionSink = std::function<void(Transaction, Answer)>;
// The homeserver has reached us, as it was asked to: the ping's transaction ID, "" where it names none.
using PingSink = std::function<void(std::string id)>;

// A transaction that can never be taken, and why. The homeserver sends it again, and nothing after it.
using RefusedSink = std::function<void(std::string why)>;

struct AppserviceOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    std::string hs_token;
};

class Appservice {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Appservice>> start(const AppserviceOptions& options,
                                                                   TransactionSink sink, PingSink pinged = {},
                                                                   RefusedSink refused = {});
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  private:
    explicit Appservice(std::unique_ptr<http::Server> server) : server_(std::move(server)) {}
    const std::unique_ptr<http::Server> server_;
};

}  // namespace rollcall::matrix
