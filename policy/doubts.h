// What a policy says that is no error and can hardly be meant, as the directory is now: conditions that
// nobody fulfils, people named who have departed; and people of whom it cannot be known whether they have,
// with the cause.
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
    std::size_t odd_count = 0;     // not among `count`: what is wrong is the date, not the right to read it
    std::vector<std::string> odd;  // "cas (1)"
    // Whom the last complete read lacks though nobody has said that they were deleted, and who had an
    // account.
    std::size_t not_shown_count = 0;
    std::vector<std::string> not_shown;
};
// People whose userAccountControl or accountExpires cannot be read, or says what nobody can mean (nothing
// changes for them), and whom the directory does not show any more.
[[nodiscard]] Unreadable unreadable_people(const World& world, std::size_t most);
// accountExpires as it stands in the directory, where no one can mean it; "" otherwise.
[[nodiscard]] std::string odd_expiry(const World& world, PersonId person);
// Why it is not known whether somebody has departed.
[[nodiscard]] std::string undecided_departure(const World& world, PersonId person);

}  // namespace rollcall::policy
