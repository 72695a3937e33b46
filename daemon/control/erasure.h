// Who may be erased from the trail, asked for by an auditor or by time. Engine thread.
#pragma once

#include "daemon/control/commands.h"
#include "daemon/control/trail_person.h"

namespace rollcall::control {

// How they are called in an answer.
[[nodiscard]] std::string shown_name(const Context& context, const TrailPerson& whom);
// Under what a legal hold of theirs is kept; "": they are not held.
[[nodiscard]] std::string held_as(const Context& context, const TrailPerson& whom);
// Errors: conflict with what is in the way, not_found where nothing is left to erase.
[[nodiscard]] Status may_be_erased(const Context& context, const TrailPerson& whom);

// Asks for callers' names as NameLookup::of() does.
using NamesOf = std::function<std::optional<UnixNames>(const std::vector<std::string>& names)>;

// Erases whose last departure is longer ago than `audit.retention`, at most so many, as the policy of
// retention and nobody's order. Whoever may not be erased, or is in a room again, stays. How many were
// erased; with `at_most` 0, how many would be, a thousand at most. An error of the kind unavailable: whom
// callers' names mean is still being looked up.
[[nodiscard]] Result<std::size_t> keep_retention(engine::Engine& engine, const schema::Config& config,
                                                 const NamesOf& names, std::size_t at_most);

}  // namespace rollcall::control
