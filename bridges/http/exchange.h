// Exchange: one request from its first line until its reply is sent; and all that are open, which one lock
// protects.
//
// The lock is what makes answering safe: whether the connection is already suspended, still in the handler or
// gone, and whether the server is being stopped, is decided under it. It is taken before libmicrohttpd's own
// locks, never inside them. Private to this folder.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "bridges/http/server.h"

struct MHD_Connection;

namespace rollcall::http {

// Outlives the server as long as a Responder holds one of its exchanges.
class OpenExchanges {
  public:
    // Server's owner: every suspended request is answered with `reply`, none is suspended from now on; waits,
    // for at most `patience`, until the replies are sent.
    void stop(const Reply& reply, Duration patience);

  private:
    friend class Exchange;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::unordered_set<Exchange*> suspended_;  // protected by mutex_
    std::size_t handed_over_ = 0;        // protected by mutex_: with the handler, or its reply on the way
    std::optional<Reply> stopped_with_;  // protected by mutex_
};

class Exchange {
  public:
    enum class Stage { head, body, handed_over };

    Exchange(std::shared_ptr<OpenExchanges> all, std::string target);

    // Server's thread only, while the request comes in.
    Stage stage = Stage::head;
    std::string target;
    IncomingRequest request;
    std::size_t received = 0;  // bytes of the body
    const std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

    // Server's thread: before the handler gets the request, and after its reply is sent or its connection
    // lost.
    void hand_over();
    void close();
    // Server's thread: the reply if there is one; otherwise the connection is suspended until there is.
    [[nodiscard]] std::optional<Reply> reply_or_suspend(MHD_Connection* connection);

    // Any thread; the first call counts.
    void answer(Reply reply);

  private:
    friend class OpenExchanges;
    void answer_locked(Reply reply);

    const std::shared_ptr<OpenExchanges> all_;
    MHD_Connection* suspended_ = nullptr;  // protected by all_->mutex_, likewise what follows
    bool answered_ = false;
    std::optional<Reply> reply_;
};

}  // namespace rollcall::http
