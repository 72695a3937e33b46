// Whatever happens and in whatever order: when it stops, rooms are as the directory and the policy want them,
// nothing was done twice, and the trail says all of it.
#include <gtest/gtest.h>
#include <cstdlib>

#include "tests/sim/simulation.h"

namespace rollcall::sim {
namespace {

// ROLLCALL_SIM_SEEDS: how many seeds; ROLLCALL_SIM_FIRST: the first of them.
std::uint64_t number(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
}

TEST(Convergence, FirstFill) {
    Simulation sim({.seed = 1});
    sim.found_company();
    sim.start();
    sim.apply();
    sim.converge();
    EXPECT_EQ(joined(sim.wrongs()), "");
}

TEST(Convergence, AfterTrouble) {
    const std::uint64_t first = number("ROLLCALL_SIM_FIRST", 1);
    const std::uint64_t count = number("ROLLCALL_SIM_SEEDS", 60);
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
