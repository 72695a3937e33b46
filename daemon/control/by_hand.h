// Of status: what people did by hand and stands, and what they do again and again. Engine thread.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/engine/engine.h"
#include "schema/json.h"

namespace rollcall::control {

// What owners have banned: people who belong there, whom only an owner can let in again; and outsiders whom
// an approval would let stay. Any other ban is as the policy has it.
struct Bans {
    std::int64_t belong = 0;
    json::Value list{json::Array{}}, of_approved{json::Array{}};
};
[[nodiscard]] Bans bans_of(const policy::Decider& decider);

// Settings of rooms, and memberships, that are changed by hand each time they were put back, what was changed
// most first: {"count", "first": [{"setting", "room", "user"?, "by", "others", "changes", "put_back",
// "since", "at_once", "next"?}…]}.
[[nodiscard]] json::Value changed_again(const engine::Engine& engine);
// How long one of them still stands before it is put back, for people; "": it is not waited for.
[[nodiscard]] std::string put_back_in(const engine::Engine& engine, const policy::ActionKey& key);

}  // namespace rollcall::control
