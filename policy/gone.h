// What the rules name and the directory has deleted, and what became of it. Pure.
#pragma once

#include <string>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/base/guid.h"
#include "policy/decide.h"

namespace rollcall::policy {

struct Gone {
    Guid guid;         // of the group or container that was deleted
    Position at;       // the rule that names it, or the group that it was part of
    std::string text;  // for people: what was deleted, and what follows from it
    std::string hint;  // what to do
};
// Of each the first place that names it.
[[nodiscard]] std::vector<Gone> gone(const Decider& decider);

// A policy was applied: what its plan showed of whom a deleted group kept out is so. The groups that there
// were.
std::vector<GroupId> let_go_of_deleted_groups(World& world);

}  // namespace rollcall::policy
