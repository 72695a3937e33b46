// What a policy says that is no error and can hardly be meant, as the directory is now: conditions that
// nobody fulfils, people named who have departed; and people of whom it cannot be known whether they have.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/decide.h"

namespace rollcall::policy {

[[nodiscard]] Diagnostics doubtful_conditions(const Decider& decider);

struct Unreadable {
    std::size_t count = 0;
    std::vector<std::string> logins;  // the first of them by name, at most `most`
};
// People whose userAccountControl or accountExpires cannot be read: nothing changes for them.
[[nodiscard]] Unreadable unreadable_people(const World& world, std::size_t most);

}  // namespace rollcall::policy
