// run: the daemon, in this process.
#include "daemon/cli/commands.h"
#include "daemon/control/own_files.h"

namespace rollcall::cli {

int run(const Session& session) {
    const std::optional<schema::Config> config = load_config(session);
    if (!config) return 2;
    if (const Status may = control::may_use_own_files(*config, "running the daemon"); !may)
        return report(session.terminal, Error{may.error().kind, may.error().message,
                                              "start it as a service: systemctl start rollcall"});
    return session.doors.run_daemon(*config);
}

}  // namespace rollcall::cli
