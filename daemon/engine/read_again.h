// ReadAgain: what could not be read, and when it is tried again.
//
// A question that is answered by something that is no answer (a page of HTML, a body cut short) says nothing
// about what was asked. It is asked again, ever more seldom, each by itself: one room that cannot be read
// keeps no other waiting. Owned by the engine; engine thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/base/id.h"
#include "policy/base/time.h"

namespace rollcall::engine {

class ReadAgain {
  public:
    // A room's whole state (user ""), or one member of it.
    struct What {
        RoomId room;
        std::string user;
        auto operator<=>(const What&) const = default;
    };
    struct Trouble {
        Time since{};
        Tick not_before{};
        int attempts = 0;
        std::string text;
        bool asked = false;  // again, and not answered yet
    };
    // How often something was asked in vain before people are told.
    static constexpr int kTold = 3;

    // True where people are to be told now.
    bool failed(const What& what, Time now, Tick from, std::optional<Duration> asked_to_wait,
                std::string text);
    // True where people were told that it could not be read.
    bool read(const What& what);
    // What may be asked again now; it counts as asked.
    [[nodiscard]] std::vector<What> due(Tick now);
    // When that is next; nullopt for nothing.
    [[nodiscard]] std::optional<Tick> next() const;
    [[nodiscard]] const std::map<What, Trouble>& all() const { return troubles_; }

  private:
    std::map<What, Trouble> troubles_;
};

}  // namespace rollcall::engine
