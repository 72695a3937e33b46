#include "daemon/control/unix_account.h"

#include <pwd.h>

namespace rollcall::control {
namespace {

constexpr std::size_t kLongestRow = 4096;

}  // namespace

std::string unix_login(uid_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[kLongestRow];
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr) return {};
    return found->pw_name;
}

std::optional<uid_t> unix_uid(const std::string& login) {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[kLongestRow];
    if (login.empty() || getpwnam_r(login.c_str(), &entry, buffer, sizeof buffer, &found) != 0 ||
        found == nullptr)
        return std::nullopt;
    return found->pw_uid;
}

}  // namespace rollcall::control
