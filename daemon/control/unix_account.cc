#include "daemon/control/unix_account.h"

#include <grp.h>
#include <pwd.h>
#include <vector>

namespace rollcall::control {
namespace {

constexpr std::size_t kLongestRow = 4096;
constexpr std::size_t kLongestGroup = 1U << 20U;  // its row names every member

}  // namespace

std::string unix_login(uid_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[kLongestRow];
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr) return {};
    return found->pw_name;
}

std::optional<gid_t> unix_group(uid_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[kLongestRow];
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr) return std::nullopt;
    return found->pw_gid;
}

std::string unix_group_name(gid_t gid) {
    group entry{};
    group* found = nullptr;
    std::vector<char> buffer(kLongestGroup);
    if (getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
    return found->gr_name;
}

}  // namespace rollcall::control
