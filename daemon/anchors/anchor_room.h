// AnchorRoom: a managed room in which the bot leaves every signed head as a notice, for whoever is in it, and
// for other homeservers if it is federated.
//
//     {"msgtype": "m.notice", "body": the note, "io.rollcall.checkpoint": {"size": 4213, "note": the note}}
//
// The transaction ID follows from the head, so that a repeat makes no second message (until the homeserver
// restarts). Only what the bot itself has sent is read back. Requests go out on a client of its own: neither
// they nor their answers are in the way of the engine's. Errors: unavailable where the room is not there yet,
// or the homeserver does not answer or wants us to wait.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "bridges/http/client.h"
#include "bridges/matrix/client.h"
#include "daemon/anchors/patience.h"
#include "daemon/audit/anchor_port.h"

namespace rollcall::anchors {

class AnchorRoom : public audit::AnchorPort {
  public:
    // The ID of the room, as the store has it; nullopt: there is none yet.
    using FindRoom = std::function<Result<std::optional<std::string>>()>;

    // `key`: of the room in the policy.
    AnchorRoom(std::string name, std::string key, FindRoom find, matrix::Access access);

    [[nodiscard]] Status put(std::uint64_t size, const std::string& note) override;
    // Among the hundred messages of the bot that hold the last one; the last 1,000 are looked through for it.
    [[nodiscard]] Result<std::optional<audit::Anchor>> newest() override;
    // Among its last 100,000 messages.
    [[nodiscard]] Result<audit::HeldOutside> all() override;
    void cancel() override { patience_.cancel(); }

  private:
    using Clock = std::chrono::steady_clock;
    // Newest first, until `most` were found or so many pages were read.
    [[nodiscard]] Result<audit::HeldOutside> read(std::size_t most, std::size_t pages);

    const std::string key_;
    const FindRoom find_;
    Patience patience_;
    http::Client http_;
    matrix::Client matrix_;
    Clock::time_point not_before_;  // what the homeserver asked for
};

}  // namespace rollcall::anchors
