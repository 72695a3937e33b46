// Whatever happens and in whatever order: when it stops, rooms are as the directory and the policy want them,
// nothing was done twice, and the trail says all of it.
#include <gtest/gtest.h>

#include "tests/sim/seeds.h"
#include "tests/sim/simulation.h"

namespace rollcall::sim {
namespace {

TEST(Convergence, FirstFill) {
    Simulation sim({.seed = 1});
    sim.found_company();
    sim.start();
    sim.apply();
    sim.converge();
    EXPECT_EQ(joined(sim.wrongs()), "");
}

TEST(Convergence, FirstFillWhereACreatorsPowerStandsInThePowerLevels) {
    Simulation sim({.seed = 2, .room_version = "10"});
    sim.found_company();
    sim.start();
    sim.apply();
    sim.converge();
    EXPECT_EQ(joined(sim.wrongs()), "");
}

TEST(Convergence, AfterTrouble) {
    const std::uint64_t first = first_seed();
    const std::uint64_t count = seed_count(60);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        Simulation sim({.seed = seed, .mask = seed % 5 != 0});
        sim.found_company();
        sim.start();
        sim.apply();
        sim.trouble(80, seed % 2 == 0 ? 5 : 0);
        sim.converge();
        EXPECT_EQ(joined(sim.wrongs()), "");
    }
}

}  // namespace
}  // namespace rollcall::sim
