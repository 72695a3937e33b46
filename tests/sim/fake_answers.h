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

// A page of HTML with 200, a body cut short: what says nothing about what was asked.
[[nodiscard]] inline engine::CallResult no_answer() {
    return said(engine::CallOutcome::retry, "the homeserver's answer is not as specified: not usable JSON");
}

// As the bridge tells of an event whose content it cannot use.
[[nodiscard]] inline policy::UnreadableEvent unusable(const policy::RoomEvent& event) {
    const auto* member = std::get_if<policy::MemberContent>(&event.content);
    return {event.room, event.event, member == nullptr ? "" : "m.room.member",
            member == nullptr ? "" : member->user,
            member == nullptr ? "no usable type" : "no usable membership"};
}

[[nodiscard]] inline bool in_room(policy::MembershipState state) {
    return state == policy::MembershipState::join || state == policy::MembershipState::invite ||
           state == policy::MembershipState::knock;
}

}  // namespace rollcall::sim
