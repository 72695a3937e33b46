// What the tests around the simulation include, compiled once for the whole of a debug build (see
// policy/precompiled.h).
#include <gtest/gtest.h>

#include "policy/precompiled.h"
#include "tests/sim/simulation.h"
