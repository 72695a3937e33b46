#include "daemon/control/unix_account.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#include <cstdlib>

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

AsUnixAccount::AsUnixAccount(uid_t uid) : group_(getegid()) {
    if (geteuid() != 0 || uid == 0) return;
    const int count = getgroups(0, nullptr);
    groups_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (getgroups(count, groups_.data()) < 0) return;
    const gid_t group = unix_group(uid).value_or(static_cast<gid_t>(-1));
    const std::string login = unix_login(uid);
    const bool grouped = login.empty() ? setgroups(0, nullptr) == 0 : initgroups(login.c_str(), group) == 0;
    changed_ = true;
    if (!grouped || (group != static_cast<gid_t>(-1) && setegid(group) != 0) || seteuid(uid) != 0)
        std::abort();  // root may do all of it
}

AsUnixAccount::~AsUnixAccount() {
    if (!changed_) return;
    if (seteuid(0) != 0 || setegid(group_) != 0 || setgroups(groups_.size(), groups_.data()) != 0)
        std::abort();  // what was root may be it again
}

}  // namespace rollcall::control
