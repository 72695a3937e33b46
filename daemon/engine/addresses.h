// Addresses: where those that a plan would give to rooms lead, asked of the homeserver when somebody wants to
// know, and believed for a moment only. Owned by the engine, on its thread; it sends nothing itself.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/call.h"
#include "policy/base/time.h"

namespace rollcall::engine {

class Addresses {
  public:
    struct Seen {
        bool said = false;
        std::string room;     // "": nowhere
        std::string trouble;  // not said: why
    };
    static constexpr std::size_t kMostAsked = 500;  // at a time; of those behind nothing is known

    // Has each been asked lately? If not, those that were not are to be asked now.
    [[nodiscard]] bool known(const std::vector<std::string>& addresses, Tick now);
    [[nodiscard]] bool asking() const { return !to_ask_.empty() || !asked_.empty(); }
    // The next one to be asked, by the request of that number; nullopt: none, or enough are under way.
    [[nodiscard]] std::optional<std::string> next(std::uint64_t id);
    [[nodiscard]] std::size_t in_flight() const { return asked_.size(); }
    // Was that request one of these? Its address.
    [[nodiscard]] std::optional<std::string> answered(std::uint64_t id, const CallResult& result, Tick now);
    // Nobody answers at the moment.
    void give_up() { to_ask_.clear(); }

    // nullptr: it was not asked.
    [[nodiscard]] const Seen* at(const std::string& address) const;

  private:
    std::deque<std::string> to_ask_;
    std::map<std::uint64_t, std::string> asked_;
    std::map<std::string, Seen> seen_;
    std::optional<Tick> seen_at_;  // when the last answer came
};

}  // namespace rollcall::engine
