// What the parts of FakeHomeserver share: answers in one line, and who counts as being in a room.
#pragma once

#include <string>
#include <utility>

#include "daemon/engine/call.h"
#include "policy/room_event.h"

namespace rollcall::sim {

[[nodiscard]] inline engine::CallResult said(engine::CallOutcome outcome, std::string text = {}) {
    engine::CallResult result;
    result.outcome = outcome;
    result.text = std::move(text);
    return result;
}

[[nodiscard]] inline bool in_room(policy::MembershipState state) {
    return state == policy::MembershipState::join || state == policy::MembershipState::invite ||
           state == policy::MembershipState::knock;
}

}  // namespace rollcall::sim
