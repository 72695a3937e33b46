// AfterClosing: rooms whose first fill is over, and when they are looked at again.
//
// Whoever joins while the door stands open rests on that open door. If anything was on its way to the room
// when it was shut (a message of somebody who was in already), the homeserver resolves what was before it
// with what came after, finds the last joins not allowed by the new join rule, and drops them, though it
// had told of them: no event says so (Matrix specification, "State resolution"; seen on Synapse). So the
// room is read once it is shut, and again after whatever was on its way has come. A restart reads all rooms
// anyway. Owned by the engine; engine thread.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "policy/base/id.h"
#include "policy/base/time.h"

namespace rollcall::engine {

class AfterClosing {
  public:
    void shut(RoomId room, Tick now) {
        for (const Duration wait : kLooks) looks_.emplace(now + wait, room);
    }
    // The rooms that are to be read now; each look is given once.
    [[nodiscard]] std::vector<RoomId> due(Tick now) {
        std::vector<RoomId> out;
        while (!looks_.empty() && looks_.begin()->first <= now) {
            out.push_back(looks_.begin()->second);
            looks_.erase(looks_.begin());
        }
        return out;
    }
    // When the next is; nullopt for none.
    [[nodiscard]] std::optional<Tick> next() const {
        return looks_.empty() ? std::nullopt : std::optional(looks_.begin()->first);
    }

  private:
    static constexpr std::array<Duration, 3> kLooks{Duration{0}, std::chrono::seconds{10},
                                                    std::chrono::seconds{45}};
    std::multimap<Tick, RoomId> looks_;
};

}  // namespace rollcall::engine
