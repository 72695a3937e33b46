// readmit: somebody who belongs and is out of a room by mistake is let in again.
#include <fmt/format.h>

#include "daemon/cli/commands.h"

namespace rollcall::cli {

int readmit(const Session& session) {
    json::Value args{json::Object{}};
    args.set("user", session.arguments.user);
    args.set("room", session.arguments.room);
    args.set("reason", session.arguments.reason);
    return ask_and_show(session, request("readmit", std::move(args)),
                        [](const json::Value& result, const schema::Config&, const Look& look) {
                            const bool invited = result["done"].text() == "invited";
                            return paragraph(
                                look, 0, Tone::good,
                                fmt::format("{} is {} #{}{}.", result["user"].text(),
                                            invited ? "invited to" : "put back into", result["room"].text(),
                                            invited ? ": they had left by themselves" : ""));
                        });
}

}  // namespace rollcall::cli
