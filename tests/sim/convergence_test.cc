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

// Puts the rules in force, as often as it takes: the process may end before that is on disk.
void apply_again(Simulation& sim, const std::string& key) {
    for (int tries = 0; tries < 10; ++tries) {
        if (sim.running() && sim.engine().decider() != nullptr &&
            sim.engine().decider()->program().room(key) != nullptr)
            return;
        sim.apply();
        sim.run_until([] { return true; }, std::chrono::seconds{10});
    }
}

TEST(Convergence, ARoomThatIsRenamedAmidTroubleIsTheSameRoom) {
    const std::uint64_t first = first_seed();
    const std::uint64_t count = seed_count(12);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        const unsigned crashes = seed % 2 == 0 ? 8 : 0;
        Simulation sim({.seed = seed, .mask = seed % 5 != 0});
        sim.found_company();
        sim.start();
        sim.apply();
        sim.converge();
        Rule& rule =
            sim.rules[sim.rules[seed % sim.rules.size()].key == "room0" ? 0 : seed % sim.rules.size()];
        const std::string former = rule.key, room = sim.room_id(former);
        ASSERT_NE(room, "");
        sim.trouble(25, crashes);
        rule.key = "renamed";
        rule.formerly = {former};
        for (Rule& other : sim.rules)
            if (other.parent == former) other.parent = rule.key;
        sim.memory.fault = MemoryStore::Fault::none;  // nobody applies anything on a full disk
        apply_again(sim, rule.key);
        sim.trouble(25, crashes);
        sim.converge();
        EXPECT_EQ(joined(sim.wrongs()), "");
        EXPECT_EQ(sim.room_id("renamed"), room);
    }
}

}  // namespace
}  // namespace rollcall::sim
