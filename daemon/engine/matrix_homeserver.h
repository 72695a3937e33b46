// MatrixHomeserver: the engine's calls over the Matrix bridge. Calls that are more than one request (leave
// and forget, find what a lost answer made) are chained here; each ends in exactly one result in the mailbox.
// Owned by the app, outlives the engine's last call; send() from the engine thread, the rest on the HTTP
// client's thread.
#pragma once

#include <atomic>
#include <string>

#include "bridges/matrix/client.h"
#include "bridges/matrix/ping.h"
#include "daemon/engine/call.h"
#include "daemon/engine/message.h"

namespace rollcall::engine {

class MatrixHomeserver : public Homeserver {
  public:
    MatrixHomeserver(matrix::Client& client, Mailbox& mailbox, std::string bot, std::string registration,
                     matrix::WayToUs way)
        : client_(client),
          mailbox_(mailbox),
          bot_(std::move(bot)),
          registration_(std::move(registration)),
          way_(std::move(way)) {}
    void send(std::uint64_t id, Call call) override;
    // Makes the bot's account. Without it the first call does so.
    void prepare();

  private:
    void carry_out(std::uint64_t id, const Call& call);
    void introduce();
    void finish(std::uint64_t id, CallResult result);
    void perform(std::uint64_t id, const matrix::Call& call);
    void perform(const matrix::Call& call, std::function<void(CallResult)> done);
    void sign_out(std::uint64_t id, const Call& call);
    void forget(std::uint64_t id, const Call& call);
    void why_denied(std::uint64_t id, const std::string& user, CallResult denied);
    void not_read_as(std::uint64_t id, const std::string& user, const Error& error, CallResult result);
    void leave_elsewhere(std::uint64_t id, const Call& call);
    void leave_double(std::uint64_t id, const Call& call);
    void put_out(std::uint64_t id, std::string room, std::vector<std::string> others);
    void ping(std::uint64_t id, const Call& call);
    void is_it_left(std::uint64_t id, const Call& call, CallResult failed);
    void read_member(std::uint64_t id, const Call& call);
    void find_account(std::uint64_t id, const Call& call);
    void read_room(std::uint64_t id, const Call& call);
    void find_alias(std::uint64_t id, const Call& call);
    void claim_alias(std::uint64_t id, const Call& call);
    void join_alias(std::uint64_t id, const Call& call);
    void whether_it_answers(std::uint64_t id);
    void know_mask(std::uint64_t id);
    void list_rooms(std::uint64_t id, const Call& call);
    void find_created(std::uint64_t id, const Call& call);
    void look_for_marker(std::uint64_t id, std::string marker, std::vector<std::string> rooms);
    void probe(std::uint64_t id, Call call);
    void make_events(std::uint64_t id, std::string room, std::vector<matrix::Call> rest);

    matrix::Client& client_;
    Mailbox& mailbox_;
    const std::string bot_;           // local part
    const std::string registration_;  // id of the main registration
    const matrix::WayToUs way_;
    std::atomic<bool> prepared_ = false;
};

}  // namespace rollcall::engine
