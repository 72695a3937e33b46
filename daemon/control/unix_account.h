// Accounts of this machine, as its name services have them. They may be on the network and not answer: on any
// thread but the engine's.
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>
#include <vector>

namespace rollcall::control {

// "" for a uid without an account.
[[nodiscard]] std::string unix_login(uid_t uid);
// Of that account its first group.
[[nodiscard]] std::optional<gid_t> unix_group(uid_t uid);
// "" for a gid without a name.
[[nodiscard]] std::string unix_group_name(gid_t gid);

[[nodiscard]] std::optional<gid_t> unix_group_of_name(const std::string& name);
// May a process of that account give a file to that group?
[[nodiscard]] bool unix_member(uid_t uid, gid_t gid);

// For as long as it lives root's process may do what that account may, with its groups; somebody else's, or
// for root, nothing changes. Of the whole process: while there is one thread.
class AsUnixAccount {
  public:
    explicit AsUnixAccount(uid_t uid);
    ~AsUnixAccount();
    AsUnixAccount(const AsUnixAccount&) = delete;
    AsUnixAccount& operator=(const AsUnixAccount&) = delete;

  private:
    bool changed_ = false;
    gid_t group_ = 0;
    std::vector<gid_t> groups_;
};

}  // namespace rollcall::control
