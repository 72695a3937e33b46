// From an action of the plan to the call that carries it out, in the state the world is in now. One action
// can take several calls in turn (invite, then join): each is asked for when the one before has become a
// fact. Pure: reads the world, changes nothing. Engine thread.
#pragma once

#include <optional>

#include "daemon/engine/intent.h"
#include "policy/backlog.h"

namespace rollcall::engine {

struct Wanted {
    Call call;
    std::string word;  // what the call brings about, for the trail: "join", "invite", "leave", "power 50"
    policy::RoomContent content = policy::OtherContent{};
};

// nullopt: nothing can be asked for at the moment (the room does not exist yet, or is still being filled).
// `by_mask`: a kick was refused, so the user is made to leave instead.
[[nodiscard]] std::optional<Wanted> wanted_call(const policy::Decider& decider,
                                                const policy::Backlog& backlog,
                                                const policy::Abilities& abilities, UserId user,
                                                const policy::UserAction& action, bool by_mask);
// nullopt likewise, and for publish and release, which ask the homeserver for nothing.
[[nodiscard]] std::optional<Wanted> wanted_call(const policy::Decider& decider,
                                                const policy::Backlog& backlog,
                                                const policy::Abilities& abilities, std::uint32_t room,
                                                const policy::RoomAction& action, const std::string& marker);

// Who may come into a room of ours, whether the policy still names it or not.
[[nodiscard]] Wanted join_rule_call(const policy::Room& room, const policy::JoinRules& rules);

// The body of a message from the bot: plain text, the same as HTML where there is any, and the marker that
// finds it again.
[[nodiscard]] std::string notice_body(const std::string& text, const std::string& html,
                                      const std::string& marker);
// createRoom of a direct room with one person.
[[nodiscard]] std::string direct_room_body(const std::string& user, const std::string& marker);

}  // namespace rollcall::engine
