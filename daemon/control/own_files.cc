#include "daemon/control/own_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include "daemon/control/unix_account.h"

namespace rollcall::control {

DaemonUser daemon_user(const schema::Config& config) {
    for (const std::string& path : {config.state, config.appservice.registrations}) {
        struct stat about {};
        if (stat(path.c_str(), &about) == 0) return {about.st_uid, false};
        if (errno == EACCES) return {std::nullopt, true};
    }
    return {};
}

std::string daemon_user_alone(const schema::Config& config) {
    if (geteuid() == 0) return {};
    const DaemonUser user = daemon_user(config);
    if (user.hidden) return "the daemon's user";
    if (!user.uid || *user.uid == geteuid()) return {};
    const std::string login = unix_login(*user.uid);
    return "the daemon's user, " + (login.empty() ? fmt::format("uid {}", *user.uid) : login);
}

Status may_use_own_files(const schema::Config& config, const std::string& what) {
    const std::string user = daemon_user_alone(config);
    if (user.empty()) return {};
    return fail(ErrorKind::denied, fmt::format("{} takes files that only {}, and root may read", what, user),
                "run it as root, with sudo for example");
}

}  // namespace rollcall::control
