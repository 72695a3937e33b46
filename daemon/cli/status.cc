// status: is all well, and what could not be done.
#include "daemon/cli/commands.h"
#include "daemon/cli/status_view.h"

namespace rollcall::cli {
namespace {

bool more_than_holds(const json::Value& status, bool daemon, const std::string& zone) {
    const std::size_t line = answerable_holds(status) > 0 ? 1 : 0;
    return needs_attention(status, daemon, zone).size() > line;
}

}  // namespace

int status(const Session& session) {
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::asks, exit);
    if (!opened) return exit;
    const std::optional<json::Value> answer = ask(session, *opened->transport, request("status"));
    if (!answer) return 1;
    if (!failed(session, *answer)) {
        const json::Value& result = (*answer)["result"];
        show(session, result, [&](const Look& look) {
            return status_view(result, !opened->in_process, opened->config.time_zone, look);
        });
    }
    if (session.arguments.exit_code && exit_of(*answer) != 1 &&
        more_than_holds((*answer)["result"], !opened->in_process, opened->config.time_zone))
        return 1;
    return exit_of(*answer);
}

}  // namespace rollcall::cli
