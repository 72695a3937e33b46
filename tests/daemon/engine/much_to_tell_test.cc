// More is to be told than can be: nothing takes the place of what the admins are to hear.
#include <fmt/format.h>

#include "tests/daemon/engine/admin_room.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;

// What anybody can bring about takes nobody else's place: the daemon does not write to people meanwhile.
TEST_F(TheAdminRoom, IsToldHoweverManyMessagesWaitForPeople) {
    const std::string room = address_of(kAdmin);
    company.open();
    company.sim.run_for(minutes{10});
    company.pause(Engine::Pause::all_but_departures);
    const std::string crew = company.sim.room_id("crew");
    for (int i = 0; i < 210; ++i)
        ASSERT_TRUE(homeserver().invite(crew, Company::id("p2"), fmt::format("@made-up-{}:corp.example", i)));
    company.sim.run_for(minutes{5});
    ASSERT_TRUE(homeserver().invite(crew, Company::id("p3"), "@other:corp.example"));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(engine().notices_owed(), 22U) << "twenty, one for the rest, and one to p3";
    something_to_tell();
    EXPECT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 1; }, minutes{2}));
    company.sim.restart();
    company.pause(Engine::Pause::none);
    company.sim.run_for(minutes{2});
    EXPECT_EQ(engine().notices_owed(), 21U) << "nobody has been removed yet: there is no bot in that room";
    ASSERT_TRUE(homeserver().invite(crew, Company::id("p1"), sim::kBot));
    company.sim.run_for(minutes{1});
    company.sim.apply();  // what could not be done is tried now
    company.sim.run_for(minutes{10});
    EXPECT_EQ(engine().notices_owed(), 0U);
    std::size_t one_by_one = 0, more = 0, others = 0;
    for (const auto& [id, direct] : homeserver().rooms) {
        for (const auto& [marker, text] : direct.messages) {
            one_by_one += text.starts_with("@made-up-") ? 1U : 0U;
            more += text.starts_with("More people whom you invited were removed") ? 1U : 0U;
            others += text.starts_with("@other:") ? 1U : 0U;
        }
    }
    EXPECT_EQ(one_by_one, 20U);
    EXPECT_EQ(more, 1U);
    EXPECT_EQ(others, 1U);
    EXPECT_EQ(told_in(room, "The bot is not in #crew"), 1U);
}

// More than can wait, while nothing can be said: rooms that this state folder does not remember.
class VeryMuchToTell : public TheAdminRoom {
  protected:
    VeryMuchToTell() : room(address_of(kAdmin)) {
        company.open();
        company.sim.run_for(minutes{10});
        homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
            if (call.kind == CallKind::send_notice) return said(CallOutcome::retry, minutes{5});
            return std::nullopt;
        };
    }
    void bring(int how_many) {
        company.sim.stop();
        store::Turn turn;
        for (int i = 0; i < how_many; ++i)
            turn.marks.push_back({"stray", fmt::format("!stray-{}:corp.example", i), "of-another-time"});
        ASSERT_TRUE(company.sim.memory.commit(turn));
        company.sim.start();
        company.sim.run_for(minutes{1});
        ASSERT_EQ(engine().notices_owed(), 200U);
    }
    void read_the_directory(bool whole) {
        company.sim.directory.faults.partial = whole ? 0 : 100;
        company.sim.directory.request_sweep();
        company.sim.run_for(minutes{1});
        ASSERT_EQ(engine().world().frozen.empty(), whole);
    }
    void can_be_told() {
        homeserver().answer_instead = {};
        company.sim.run_for(minutes{20});
    }
    std::string room;
};

TEST_F(VeryMuchToTell, IsAllToldWhenItCanBe) {
    bring(210);
    read_the_directory(false);
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(told_in(room), 0U);
    can_be_told();
    EXPECT_EQ(told_in(room, "There is a room !stray-"), 210U);
    EXPECT_EQ(told_in(room, "Removals are frozen"), 1U);
    read_the_directory(true);
    EXPECT_TRUE(
        company.comes([&] { return told_in(room, "Removals are not frozen any more") == 1; }, minutes{20}));
    company.sim.restart();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(told_in(room, "Removals are "), 2U);
    EXPECT_EQ(told_in(room, "Held back as "), 1U) << "of removals, while they were frozen";
}

TEST_F(VeryMuchToTell, IsNotToldOfWhatWasOverBefore) {
    bring(200);
    read_the_directory(false);
    read_the_directory(true);
    can_be_told();
    EXPECT_EQ(told_in(room, "There is a room !stray-"), 200U);
    EXPECT_EQ(told_in(room, "Removals are "), 0U);
    EXPECT_EQ(told_in(room, "Held back as "), 0U);
}

TEST_F(VeryMuchToTell, IsSummedUpWhereItIsOfOneKind) {
    bring(503);
    read_the_directory(false);
    const auto known = [this](const std::string& first) {
        const auto marks = company.sim.memory.marks();
        return std::count_if(marks->begin(), marks->end(), [&](const store::StoredMark& row) {
            return row.kind == "told" && row.key.starts_with(first);
        });
    };
    EXPECT_EQ(known("unremembered/"), 500);
    EXPECT_EQ(known("more/unremembered"), 1);
    EXPECT_EQ(known("frozen"), 1);
}

}  // namespace
}  // namespace rollcall::engine
