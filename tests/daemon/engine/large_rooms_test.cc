// Rooms whose state somebody fills: they are named, and are looked at after all others.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;

class LargeRooms : public testing::Test {
  protected:
    LargeRooms() {
        company.people(6);
        for (const char* room : {"a", "b", "c", "d"}) company.room(room);
        company.open();
        company.sim.homeserver.keep_log = true;
    }
    void verify() {
        company.sim.homeserver.log.clear();
        static_cast<void>(company.sim.command([](Engine& engine) { engine.verify_rooms(); }));
        company.sim.run_for(minutes{1});
    }
    void fill(const std::string& room) {
        company.sim.homeserver.large[company.sim.room_id(room)] = {std::size_t{16} << 20U, 266,
                                                                   Company::id("p1")};
    }
    [[nodiscard]] std::size_t entries() {
        const auto trail = company.trail();
        return static_cast<std::size_t>(std::count_if(trail.begin(), trail.end(), [](const auto& entry) {
            return entry.action == "read room" &&
                   entry.result.starts_with("its state is 16.0 MiB in 266 events");
        }));
    }
    // In which order rooms were read.
    [[nodiscard]] std::vector<std::string> read() {
        std::vector<std::string> out;
        for (const auto& [time, call] : company.sim.homeserver.log)
            if (call.kind == CallKind::read_room) out.push_back(call.room);
        return out;
    }
    Company company;
};

TEST_F(LargeRooms, AreSaidOnceAndForgottenWhenTheyAreNoMore) {
    fill("a");
    verify();
    verify();
    EXPECT_EQ(entries(), 1U);
    ASSERT_EQ(company.sim.engine().large_rooms().size(), 1U);
    EXPECT_NE(
        large_text(company.sim.engine().large_rooms().begin()->second).find("most of it by @p1:corp.example"),
        std::string::npos);
    company.sim.restart();
    EXPECT_EQ(company.sim.engine().large_rooms().size(), 1U) << "before it is read again";
    company.sim.homeserver.large.clear();
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(company.sim.engine().large_rooms().empty());
    EXPECT_EQ(entries(), 1U);
}

TEST_F(LargeRooms, AreReadAfterTheOthersAndOneAfterTheOther) {
    fill("a");
    fill("b");
    verify();
    for (const char* busiest : {"a", "b"})
        ASSERT_TRUE(company.sim.homeserver.rename_self(company.sim.room_id(busiest), Company::id("p3")));
    company.sim.run_for(minutes{1});
    const std::set<std::string> large{company.sim.room_id("a"), company.sim.room_id("b")};
    verify();
    std::vector<std::string> order = read();
    ASSERT_EQ(order.size(), 4U);
    EXPECT_EQ((std::set<std::string>{order[2], order[3]}), large) << "although most happens there";
    company.sim.restart();
    company.sim.homeserver.log.clear();
    company.sim.run_for(minutes{1});
    order = read();
    ASSERT_EQ(order.size(), 4U);
    EXPECT_EQ((std::set<std::string>{order[2], order[3]}), large) << "after a start too";
    const auto& log = company.sim.homeserver.log;
    std::vector<Time> when;
    for (const auto& [time, call] : log)
        if (call.kind == CallKind::read_room && large.contains(call.room)) when.push_back(time);
    EXPECT_GT(when[1], when[0]) << "not both at once";
}

}  // namespace
}  // namespace rollcall::engine
