// Why there is a hold, in one sentence whose numbers are those of the hold itself.
#pragma once

#include <string>
#include <vector>

#include "policy/hold.h"

namespace rollcall::policy {

// By how much a guard is passed.
struct Overrun {
    std::size_t people = 0;     // in the hold; rooms where the guard counts rooms
    std::size_t passed = 0;     // let through within the window, and not in the hold
    std::size_t elsewhere = 0;  // actions that another hold has already
    int at_most = 0;            // of a room's own guard: percent
    Duration within{};
    int at_least = 0;       // of a room's own guard
    bool given_up = false;  // however few: a canary was given up
};
[[nodiscard]] std::string overrun_cause(const HeldBy& by, const Overrun& overrun);
// Of a guard that would not trip by now, for what it has stopped before.
[[nodiscard]] std::string left_over_cause(const HeldBy& by, std::size_t people);

// How many people (or rooms) these actions are about.
[[nodiscard]] std::size_t things_of(const std::vector<ActionKey>& actions);

}  // namespace rollcall::policy
