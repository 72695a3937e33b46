// ReviewReader: the thread on which the trail is read when an owner has reacted to a review, because that may
// take long and the engine waits for nobody.
//
//     engine: read(room) ─► this thread: the room's history, own connection ─► mailbox ─► engine:
//     answer_reactions()
//
// One reading at a time: the engine asks for the next when it has taken the one before. Owned by the daemon's
// wiring, which ends it after the engine and before the mailbox; an end cuts a reading short.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "daemon/control/handler.h"

namespace rollcall::control {

class ReviewReader {
  public:
    ReviewReader(const schema::Config& config, const Handler& handler, engine::Mailbox& mailbox)
        : config_(config), handler_(handler), mailbox_(mailbox) {}
    ~ReviewReader();
    ReviewReader(const ReviewReader&) = delete;
    ReviewReader& operator=(const ReviewReader&) = delete;

    // Engine thread. `bot`: the daemon's own Matrix ID.
    void read(std::string room_key, std::string bot);

  private:
    const schema::Config& config_;
    const Handler& handler_;
    engine::Mailbox& mailbox_;
    std::atomic<bool> over_ = false;
    std::thread thread_;  // engine thread only
};

}  // namespace rollcall::control
