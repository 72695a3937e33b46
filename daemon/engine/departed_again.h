// DepartedAgain: those who had departed and were signed out, and may be signed in again, for the homeserver
// was put back to a backup. Each is looked at once more, behind all else. Owned by the engine, on its thread;
// it sends nothing itself.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "daemon/engine/call.h"
#include "policy/base/id.h"
#include "policy/base/time.h"

namespace rollcall::engine {

class DepartedAgain {
  public:
    // Whoever waits to be looked at already is among them.
    void look_at(std::vector<UserId> users);
    // Whom to look at now, by the request of that number; nullopt: nobody, or enough are under way.
    [[nodiscard]] std::optional<UserId> next(std::uint64_t id, Tick now);
    [[nodiscard]] std::size_t in_flight() const { return asked_.size(); }
    // Was that request one of these? Whose it was. Where the homeserver did not say, they are asked again.
    [[nodiscard]] std::optional<UserId> answered(std::uint64_t id, const CallResult& result, Tick now);
    // When somebody is to be asked who could not be before; nullopt: nobody waits.
    [[nodiscard]] std::optional<Tick> again() const;

  private:
    std::deque<UserId> to_ask_;
    std::map<std::uint64_t, UserId> asked_;
    Tick not_before_{};
};

}  // namespace rollcall::engine
