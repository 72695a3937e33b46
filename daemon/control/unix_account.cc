#include "daemon/control/unix_account.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#include <algorithm>
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

std::optional<gid_t> unix_group_of_name(const std::string& name) {
    group entry{};
    group* found = nullptr;
    std::vector<char> buffer(kLongestGroup);
    if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return found->gr_gid;
}

bool unix_member(uid_t uid, gid_t gid) {
    const std::string login = unix_login(uid);
    if (uid == 0) return true;
    if (login.empty()) return gid == static_cast<gid_t>(uid);
    constexpr int kMostGroups = 65536;  // NGROUPS_MAX of Linux
    std::vector<gid_t> groups(kMostGroups);
    int count = kMostGroups;
    if (getgrouplist(login.c_str(), unix_group(uid).value_or(gid), groups.data(), &count) < 0) return false;
    groups.resize(static_cast<std::size_t>(count));
    return std::find(groups.begin(), groups.end(), gid) != groups.end();
}

AsUnixAccount::AsUnixAccount(uid_t uid) : group_(getegid()) {
    if (geteuid() != 0 || uid == 0) return;
    const int count = std::max(getgroups(0, nullptr), 0);
    groups_.resize(static_cast<std::size_t>(count));
    // A uid without an account has no group, and above all not root's.
    const gid_t group = unix_group(uid).value_or(static_cast<gid_t>(uid));
    const std::string login = unix_login(uid);
    changed_ = getgroups(count, groups_.data()) >= 0 &&
               (login.empty() ? setgroups(0, nullptr) : initgroups(login.c_str(), group)) == 0 &&
               setegid(group) == 0 && seteuid(uid) == 0;
    if (!changed_) std::abort();  // root may do all of it
}

AsUnixAccount::~AsUnixAccount() {
    if (!changed_) return;
    if (seteuid(0) != 0 || setegid(group_) != 0 || setgroups(groups_.size(), groups_.data()) != 0)
        std::abort();  // what was root may be it again
}

}  // namespace rollcall::control
