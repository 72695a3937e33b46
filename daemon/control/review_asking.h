// Reviews that owners sign off in Matrix: asking them, and what a reaction of theirs is worth. Engine thread.
//
// A reaction signs for exactly the review that its message showed, and only while whoever was asked is still
// an owner of the room who is there. Otherwise the bot says why in the room of the two, and nothing is
// signed. What the homeserver says of who reacted is believed, as with memberships.
#pragma once

#include <string>
#include <vector>

#include "daemon/control/review.h"

namespace rollcall::control {

// Owes each owner of each room a message with its review, and records who wanted it. Errors: limit where too
// many would wait for an answer, conflict where there is nobody to ask; then nobody is asked.
// → {"asked": [{"room", "hash", "owners": [user…]}…], "nobody": [room…]}
[[nodiscard]] Result<json::Value> ask_owners(const Context& context, const std::vector<std::uint32_t>& rooms,
                                             const std::string& reason, const ReviewHistory& history);

// Looks at every reaction to the review of that room that waits. Where its history could not be read, they go
// on waiting.
void answer_reactions(engine::Engine& engine, const schema::Config& config, const std::string& room_key,
                      const Result<ReviewHistory>& history);

}  // namespace rollcall::control
