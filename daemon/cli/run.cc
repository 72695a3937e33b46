// run: the daemon, in this process.
#include "daemon/cli/commands.h"

namespace rollcall::cli {

int run(const Session& session) {
    const std::optional<schema::Config> config = load_config(session);
    return config ? session.doors.run_daemon(*config) : 2;
}

}  // namespace rollcall::cli
