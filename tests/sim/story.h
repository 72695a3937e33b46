// Story: one fixed history of a small company in a simulation, in which every kind of action occurs: a
// company is founded and its rooms are filled, an outsider is invited and joins, somebody leaves the company,
// somebody loses a group, somebody is kicked by hand, a room is added. For tests that end the process at a
// certain point of it and compare what comes of it.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/simulation.h"

namespace rollcall::sim {

inline constexpr const char* kGuest = "@guest:elsewhere.example";

// From the founding to the end. Where the process ends on the way it is started anew, and the story goes on.
void tell_story(Simulation& sim);

// wrongs(), and what this story in particular must have left: each thing once.
[[nodiscard]] std::vector<std::string> wrongs_of_story(Simulation& sim);

}  // namespace rollcall::sim
