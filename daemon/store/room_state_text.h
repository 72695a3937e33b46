// RoomState as the JSON text in the column room.state, and back.
//
//     {"alias":"#x:corp.example.com","create":{"creators":["@rollcall:corp.example.com"],"intent":"7","space":false,
//      "version":"10"},"guest_access":"forbidden","history":"shared","name":"X","tombstone":"","topic":"",
//      "join_rules":{"allow":[],"rule":"invite"},"power":{"ban":50,…,"events":{},"users":{"@rollcall:…":100}},
//      "acl":{"allow":["*"],"deny":[],"ip_literals":true}}
//
// A part that the room has no event for (join_rules, power, acl) is left out. `children` and `events` are not
// in here: they grow with a space and have tables of their own. Values only.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "policy/world.h"

namespace rollcall::store {

[[nodiscard]] std::string write_room_state(const policy::RoomState& state);
// Errors: `invalid_input` if it is not JSON. `state` is then left as it was.
[[nodiscard]] Status read_room_state(std::string_view text, policy::RoomState& state);

}  // namespace rollcall::store
