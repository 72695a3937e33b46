// What the bot does in a room of its own so that there are events of certain kinds to tell of: whether those
// kinds come shows by nothing else where the company is quiet (way_back.h). Nobody else is in that room. Each
// kind is made by what says nothing: state under a key that no client reads, a join of who is in, and an
// invitation, taken back, of the registration's own sender, which is nobody's account. (Of another name that
// has no account a homeserver asks each appservice which claims it, one after the other, and tells nobody of
// anything until each has answered: seen on Synapse, a third of a second for each that is not there.) Pure;
// any thread.
#pragma once

#include <string>
#include <vector>

#include "bridges/matrix/call.h"
#include "schema/json.h"

namespace rollcall::engine {

[[nodiscard]] json::Value probe_room();

// Who makes it, and whom the bot invites.
struct Probe {
    std::string room, bot, guest;
    std::string marker;  // different each time: what is there already makes no event
};
// `kinds`: as WayBack names them. What is no kind of the bot's own doings is left out.
[[nodiscard]] std::vector<matrix::Call> probe_calls(const Probe& probe,
                                                    const std::vector<std::string>& kinds);

}  // namespace rollcall::engine
