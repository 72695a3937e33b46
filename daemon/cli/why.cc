// why: why somebody is in a room, or is not.
#include "daemon/cli/commands.h"
#include "daemon/cli/why_view.h"

namespace rollcall::cli {

int why(const Session& session) {
    json::Value args{json::Object{}};
    args.set("user", session.arguments.user);
    const bool one_room = !session.arguments.room.empty();
    if (one_room) args.set("room", session.arguments.room);
    return ask_and_show(
        session, request("why", std::move(args)),
        [one_room](const json::Value& result, const schema::Config& config, const Look& look) {
            return why_view(result, one_room, config.time_zone, look);
        });
}

}  // namespace rollcall::cli
