// A pause stops everything but departures, `--all` those too; over a restart as well.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;

struct PauseCase {
    const char* name;
    Engine::Pause how;
    bool leaver_goes;
};

class Pauses : public testing::TestWithParam<PauseCase> {};

TEST_P(Pauses, StopsWhatItSaysAndNothingElse) {
    Company company;
    company.people(6);
    company.room("crew");
    company.open();
    company.pause(GetParam().how);
    company.sim.restart();
    company.sim.directory.disable("p4", true);
    company.sim.directory.leave("Crew", "p5");
    company.sim.directory.hire("p7", {"Staff", "Crew"});
    company.sim.homeserver.add_account(Company::id("p7"));
    company.sim.run_for(minutes{10});
    EXPECT_EQ(company.in("p4", "crew"), !GetParam().leaver_goes);
    EXPECT_TRUE(company.in("p5", "crew"));
    EXPECT_FALSE(company.in("p7", "crew"));
    EXPECT_GT(company.sim.engine().wake(), company.sim.agenda.tick());

    company.pause(Engine::Pause::none);
    company.sim.run_for(minutes{5});
    EXPECT_FALSE(company.in("p4", "crew"));
    EXPECT_FALSE(company.in("p5", "crew"));
    EXPECT_TRUE(company.in("p7", "crew"));
}

INSTANTIATE_TEST_SUITE_P(, Pauses,
                         testing::Values(PauseCase{"Some", Engine::Pause::all_but_departures, true},
                                         PauseCase{"All", Engine::Pause::all, false}),
                         [](const auto& test) { return test.param.name; });

TEST(Orders, WhatIsOrderedWhileTheDiskIsFullIsRefusedAndNotDoneLater) {
    Company company;
    company.people(6);
    company.room("crew");
    company.open();
    company.sim.memory.fault = sim::MemoryStore::Fault::disk_full;
    company.sim.directory.leave("Crew", "p5");
    ASSERT_TRUE(company.comes([&] { return company.sim.engine().blocked(); }));
    int refused = 0, run = 0;
    const auto ask = [&](bool reads_only, bool reads_first) {
        const auto command = [&refused](bool only, std::function<std::function<void()>(Engine&)> what) {
            return Command{std::move(what), only, [&refused] { ++refused; }};
        };
        company.sim.send(command(reads_only, [&run, reads_first, command](Engine& engine) {
            if (reads_first)
                engine.defer(command(true, [](Engine&) { return [] {}; }));
            else
                ++run;
            return reads_first ? std::function<void()>{} : [] {};
        }));
        company.sim.run_for(std::chrono::seconds{3});
    };
    ask(false, false);
    EXPECT_EQ(refused, 1) << "an order";
    ask(true, false);
    EXPECT_EQ(run, 1) << "a question";
    ask(true, true);
    EXPECT_EQ(refused, 2) << "a question for which something has to be read first";
    company.sim.memory.fault = sim::MemoryStore::Fault::none;
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(company.sim.engine().blocked());
    EXPECT_EQ(run, 1);
    EXPECT_FALSE(company.in("p5", "crew")) << "what happened is not lost";
}

}  // namespace
}  // namespace rollcall::engine
