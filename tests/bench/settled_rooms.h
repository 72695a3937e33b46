// Rooms in which everything is as the policy wants it, for benchmarks: as the store would load them.
#pragma once

#include "policy/decide.h"

namespace rollcall::policy::bench {

// Every room of the program is there and open, and empty.
void open_rooms(World& world, const Program& program);
// Everybody is where they belong; how many memberships that are.
std::size_t bring_in(World& world, const Decider& decider);
// Every room has the state that it should have, as its events said so one by one.
void furnish(World& world, Decider& decider);
// Nothing is touched or dirty.
void forget_changes(World& world);

}  // namespace rollcall::policy::bench
