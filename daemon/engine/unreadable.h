// Unreadable: events of which something cannot be used, for status: by room, until a read shows that nothing
// is left of them. At most so many are named; more are only counted. Owned by the engine; engine thread.
#pragma once

#include <deque>
#include <string>

#include "policy/base/time.h"
#include "policy/room_event.h"

namespace rollcall::engine {

class Unreadable {
  public:
    static constexpr std::size_t kNamed = 100;
    struct Event {
        policy::UnreadableEvent what;
        Time since{};
    };

    // False where it is known already.
    bool add(const policy::UnreadableEvent& event, Time now);
    // That member was read: what was unclear about them is not any more.
    void member_read(const std::string& room, const std::string& user);
    // The whole room was read: only what that read names is left of it.
    void room_read(const policy::RoomRead& read);
    [[nodiscard]] const std::deque<Event>& named() const { return events_; }
    [[nodiscard]] std::size_t unnamed() const { return unnamed_; }

  private:
    std::deque<Event> events_;
    std::size_t unnamed_ = 0;
};

}  // namespace rollcall::engine
