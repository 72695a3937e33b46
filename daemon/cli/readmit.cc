// readmit: somebody who belongs and is out of a room by mistake is let in again.
#include <utility>

#include "daemon/cli/commands.h"
#include "daemon/cli/people_view.h"

namespace rollcall::cli {

int readmit(const Session& session) {
    json::Value args{json::Object{}};
    args.set("user", session.arguments.user);
    args.set("room", session.arguments.room);
    args.set("reason", session.arguments.reason);
    return ask_and_show(session, request("readmit", std::move(args)),
                        [](const json::Value& result, const schema::Config&, const Look& look) {
                            return readmitted_view(result, look);
                        });
}

}  // namespace rollcall::cli
