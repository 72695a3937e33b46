// UnixNames: which accounts of this machine the trail knows as callers, by the logins that the machine's name
// services have for them. Name services may be on the network and not answer, so nobody asks them on the
// engine's thread: a command does on its own (Question::read), and what nobody asked for on one beside it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/unix_account.h"

namespace rollcall::control {

// Folded login → "unix:1000". Root is nobody of the directory and is not among them.
using UnixNames = std::multimap<std::string, std::string>;
using LoginOf = std::function<std::string(uid_t uid)>;  // "" for a uid without an account

// Of names as the trail has them. Waits for the name services.
[[nodiscard]] UnixNames look_up(const std::vector<std::string>& names, const LoginOf& login_of);

// The same, for the engine's thread: on a thread of its own, which is left behind if nothing answers.
class NameLookup {
  public:
    explicit NameLookup(LoginOf login_of = &unix_login);
    // nullopt: not known yet. What is known is given once.
    [[nodiscard]] std::optional<UnixNames> of(const std::vector<std::string>& names);

  private:
    struct Shared;
    const LoginOf login_of_;
    const std::shared_ptr<Shared> shared_;
};

}  // namespace rollcall::control
