// createRoom cannot be repeated: however late a homeserver makes a room, there is one in the end.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"
#include "tests/sim/disk_store.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Slow {
    const char* name;
    Duration takes, patience;
    bool crash;
};

class SlowCreation : public testing::TestWithParam<Slow> {};

TEST_P(SlowCreation, MakesOneRoom) {
    Company company;
    company.people(4);
    company.room("crew");
    company.sim.homeserver.create_takes = GetParam().takes;
    company.sim.homeserver.patience = GetParam().patience;
    company.sim.start();
    company.sim.apply();
    ASSERT_TRUE(company.comes([&] { return company.calls(CallKind::create_room) == 1; }));
    if (GetParam().crash) company.sim.restart();
    company.sim.run_for(minutes{2});
    company.sim.homeserver.create_takes = Duration{0};
    company.sim.converge();
    EXPECT_EQ(company.wrongs(), "");
    EXPECT_TRUE(company.in("p4", "crew"));
}

TEST_P(SlowCreation, MakesOneDirectRoomForANotice) {
    Company company;
    company.people(4);
    company.room("crew");
    company.open();
    company.sim.homeserver.create_takes = GetParam().takes;
    company.sim.homeserver.patience = GetParam().patience;
    const std::size_t before = company.calls(CallKind::create_room);
    ASSERT_TRUE(company.sim.homeserver.invite(company.sim.room_id("crew"), Company::id("p2"),
                                              "@guest:elsewhere.example"));
    ASSERT_TRUE(company.comes([&] { return company.calls(CallKind::create_room) > before; }));
    if (GetParam().crash) company.sim.restart();
    company.sim.run_for(minutes{2});
    company.sim.homeserver.create_takes = Duration{0};
    company.sim.converge();
    EXPECT_EQ(company.wrongs(), "");
    std::size_t notices = 0;
    for (const auto& [id, room] : company.sim.homeserver.rooms) {
        notices += room.messages.size();
        const bool left = company.sim.homeserver.membership(id, sim::kBot) != policy::MembershipState::join;
        if (room.direct && left) {
            EXPECT_NE(company.sim.homeserver.membership(id, Company::id("p2")),
                      policy::MembershipState::invite)
                << "an invitation to a room that nobody is in";
        }
    }
    EXPECT_EQ(notices, 1U);
}

INSTANTIATE_TEST_SUITE_P(, SlowCreation,
                         testing::Values(Slow{"AnswerLost", seconds{3}, seconds{1}, false},
                                         Slow{"MadeAfterTheNextOne", seconds{8}, seconds{1}, false},
                                         Slow{"MadeMuchLater", seconds{20}, seconds{1}, false},
                                         Slow{"CrashThenMade", seconds{3}, seconds{30}, true},
                                         Slow{"CrashThenMadeMuchLater", seconds{20}, seconds{30}, true}),
                         [](const auto& test) { return test.param.name; });

// What the homeserver adds to a room's power levels forbids the bot what it wrote after them: a room without
// rules is there, and the request was refused.
TEST(HalfMade, ARoomIsSaidOnceAndNotMadeAgainUntilSomethingWasMended) {
    Company company;
    company.people(4);
    company.room("crew");
    company.sim.homeserver.makes_half = true;
    company.sim.start();
    company.sim.apply();
    company.sim.run_for(std::chrono::hours{3});
    EXPECT_EQ(company.calls(CallKind::create_room), 1U);
    ASSERT_EQ(company.sim.homeserver.rooms.size(), 1U);
    const std::string half = company.sim.homeserver.rooms.begin()->first;
    EXPECT_EQ(company.sim.homeserver.membership(half, sim::kBot), policy::MembershipState::leave);
    const std::vector<Failure> failures = company.sim.engine().failures();
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_EQ(failures[0].action, "create crew -");
    EXPECT_TRUE(failures[0].text.starts_with("M_FORBIDDEN: You don't have permission")) << failures[0].text;
    EXPECT_NE(failures[0].text.find("default_power_level_content_override"), std::string::npos);
    EXPECT_EQ(company.sim.engine().unremembered_rooms(), std::vector<std::string>{});

    company.sim.homeserver.makes_half = false;
    company.sim.homeserver.down = true;  // it is restarted
    company.sim.run_for(seconds{20});
    company.sim.homeserver.down = false;
    company.sim.converge();
    EXPECT_EQ(company.wrongs(), "");
    EXPECT_TRUE(company.in("p4", "crew"));
    EXPECT_EQ(company.sim.engine().failures().size(), 0U);
}

// The database is put back as it was before the room was made; the homeserver has the room and the people
// in it, and tells of it again.
class Restored : public testing::Test {
  protected:
    Restored() {
        company.people(4);
        company.room("crew");
        admins = company.sim.homeserver.make_room(kAdmin, "IT");
        EXPECT_TRUE(company.sim.homeserver.invite(admins, kAdmin, sim::kBot));
        company.sim.settings.admin_room = admins;
        company.open();
        company.sim.stop();
        store.backup();
        company.sim.start();
        company.room("late");
        company.sim.apply();
        company.sim.run_for(minutes{1});
        late = company.sim.room_id("late");
        company.sim.stop();
        store.restore();
        company.sim.start();
        company.sim.run_for(minutes{1});
    }
    void tell_of_it_again() {
        std::vector<policy::RoomEvent> events;
        for (const auto& [slot, event] : company.sim.homeserver.rooms.at(late).state) events.push_back(event);
        company.sim.homeserver.deliver(TransactionIn{"again", std::move(events), [](bool) {}});
        company.sim.run_for(minutes{10});
    }
    [[nodiscard]] policy::MembershipState in_late(const std::string& user) const {
        return company.sim.homeserver.membership(late, user);
    }
    // What the admins were told.
    [[nodiscard]] std::vector<std::string> told() {
        std::vector<std::string> out;
        for (const auto& [marker, text] : company.sim.homeserver.rooms[admins].messages) out.push_back(text);
        return out;
    }

    sim::DiskStore store;
    Company company{{.store = &store, .restarted = [this] { store.reopen(); }}};
    std::string late, admins;
};

TEST_F(Restored, ARoomThatWasMadeSinceIsLeftAloneAndNamed) {
    using State = policy::MembershipState;
    ASSERT_EQ(in_late(Company::id("p2")), State::join);
    tell_of_it_again();
    const auto untouched = [this] {
        EXPECT_EQ(in_late(Company::id("p2")), State::join);
        EXPECT_EQ(in_late(sim::kBot), State::join);
        EXPECT_EQ(company.sim.engine().unremembered_rooms(), std::vector{late});
    };
    untouched();
    company.sim.restart();
    tell_of_it_again();
    untouched();
    std::size_t said = 0;
    for (const schema::TrailEntry& entry : company.trail()) said += entry.action == "remember room" ? 1U : 0U;
    EXPECT_EQ(said, 1U);
    EXPECT_EQ(company.calls(CallKind::leave_double), 0U);
    // Once the bot is out of it, there is nothing to say any more.
    ASSERT_TRUE(company.sim.homeserver.leave(late, sim::kBot));
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.sim.engine().unremembered_rooms(), std::vector<std::string>{});
    company.sim.restart();
    company.sim.run_for(minutes{1});
    ASSERT_EQ(told().size(), 2U);
    EXPECT_TRUE(told()[0].starts_with("There is a room " + late + " that Rollcall made")) << told()[0];
    EXPECT_TRUE(told()[1].starts_with("The room " + late + " is settled")) << told()[1];
    EXPECT_EQ(company.sim.engine().unremembered_rooms(), std::vector<std::string>{});
}

// Its intent's number is given again; the room of that time is not taken for the one that is wanted now.
TEST_F(Restored, ARoomThatWasMadeSinceIsNotTakenForAnother) {
    company.room("other");
    company.sim.homeserver.create_takes = seconds{3};
    company.sim.homeserver.patience = seconds{1};
    company.sim.apply();
    company.sim.run_for(minutes{2});
    tell_of_it_again();
    EXPECT_EQ(in_late(Company::id("p2")), policy::MembershipState::join);
    const std::string other = company.sim.room_id("other");
    EXPECT_NE(company.sim.homeserver.rooms.at(other).marker, company.sim.homeserver.rooms.at(late).marker);
    const policy::World& world = company.sim.engine().world();
    EXPECT_EQ(world.rooms[world.room_by_key.at("other").index()].id, other);
}

TEST(Creation, ARoomOfALostStateFolderIsNotTakenForOneOfOurs) {
    Company company;
    company.people(4);
    company.room("crew");
    company.open();
    const std::string old = company.sim.room_id("crew");
    // The same homeserver, and a state folder that knows nothing.
    sim::DiskStore fresh;
    Engine engine(fresh, company.sim.homeserver, company.sim.directory, company.sim.engine().log(),
                  company.sim.settings);
    ASSERT_TRUE(engine.start(company.sim.agenda.moment(),
                             [](const auto&, auto&) { return std::shared_ptr<const policy::Program>(); }));
    ASSERT_TRUE(engine.turn({}, company.sim.agenda.moment()));
    const auto folder_of = [](store::Store& store) {
        std::string id;
        const auto marks = store.marks();
        for (const store::StoredMark& mark : *marks)
            if (mark.kind == "folder") id = *mark.value;
        return id;
    };
    EXPECT_NE(folder_of(fresh), "");
    EXPECT_NE(folder_of(fresh), folder_of(company.sim.store()));
    EXPECT_TRUE(company.sim.homeserver.rooms.at(old).marker.find(folder_of(company.sim.store())) !=
                std::string::npos);
}

}  // namespace
}  // namespace rollcall::engine
