#include "daemon/control/registration_file.h"

#include <optional>
#include <utility>

#include "daemon/control/policy_files.h"

namespace rollcall::control {

Result<matrix::Registration> read_registration_file(const std::string& path) {
    Result<std::string> text = read_secret_file(path);
    if (!text) return pass(text);
    Diagnostics diagnostics;
    std::optional<matrix::Registration> registration = matrix::read_registration(*text, path, diagnostics);
    if (registration) return std::move(*registration);
    return fail(ErrorKind::invalid_input,
                diagnostics.empty() ? path + " is no registration" : diagnostics.front().text(),
                "run `rollcall init` again, or restore the file");
}

std::string bot_id(const schema::Config& config) {
    return "@" + config.appservice.bot + ":" + config.homeserver.server_name;
}

Result<matrix::Access> bot_access(const schema::Config& config) {
    Result<matrix::Registration> main =
        read_registration_file(config.appservice.registrations + "/rollcall.yaml");
    if (!main) return pass(main);
    return matrix::Access{config.homeserver.url, bot_id(config), std::move(main->as_token), ""};
}

}  // namespace rollcall::control
