// run: the daemon, in this process.
#include <fmt/format.h>

#include "daemon/cli/commands.h"
#include "daemon/control/own_files.h"

namespace rollcall::cli {

int run(const Session& session) {
    const std::optional<schema::Config> config = load_config(session);
    if (!config) return 2;
    if (const Status may = control::may_use_own_files(*config, "running the daemon"); !may)
        return report(session.terminal,
                      Error{may.error().kind, may.error().message,
                            fmt::format("start it as a service (systemctl start rollcall); if this is the "
                                        "service's user, {} is not theirs: run chown",
                                        config->state)});
    return session.doors.run_daemon(*config);
}

}  // namespace rollcall::cli
