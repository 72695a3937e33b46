// Rooms as rows, at a size that shows what each change costs.
#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "daemon/store/room_rows.h"
#include "daemon/store/trail_reader.h"
#include "tests/daemon/store/store_fixture.h"

namespace rollcall::store {
namespace {

// Rooms are placed in their space one after the other. If each of them cost all that are there already, this
// would read a billion rows.
TEST(RoomRows, ARoomMoreInALargeSpaceCostsOneRoom) {
    constexpr std::size_t kMany = 50'000;
    const TemporaryFolder folder;
    ASSERT_NE(open_or_fail(folder.path()), nullptr);  // makes the tables
    auto database = Database::open(folder.database());
    ASSERT_TRUE(database) << database.error().text();
    policy::World world;
    const RoomId space = world.room("company");
    world.set_room_id(space, "!company");
    policy::RoomState& state = world.rooms[space.index()].state;
    const Status saved = (*database)->transaction([&]() -> Status {
        for (std::size_t i = 0; i < kMany; ++i) {
            const std::string child = "!room" + std::to_string(i), slot = "m.space.child|" + child;
            state.children.insert(child);
            state.events.set(slot, "$" + std::to_string(i));
            world.mark_room(space);
            policy::TouchedParts& parts = world.touched.room_parts[space];
            parts.children.insert(child);
            parts.slots.insert(slot);
            const policy::Touched touched = std::exchange(world.touched, {});
            Numbers numbers(**database, world);
            if (Status one = save_rooms(**database, world, touched, numbers); !one) return one;
        }
        return {};
    });
    ASSERT_TRUE(ok(saved));
    policy::World loaded;
    NumberedIds ids;
    ASSERT_TRUE(ok(load_rooms(**database, loaded, ids)));
    EXPECT_EQ(loaded.rooms.at(0).state.children, state.children);
    EXPECT_EQ(loaded.rooms.at(0).state.events.find("m.space.child|!room49999"), "$49999");
}

// Two rooms can change places in one commit, and whoever is in one of them stays there.
TEST(RoomRows, ARoomOfAnotherKeyKeepsItsRow) {
    const TemporaryFolder folder;
    const auto store = open_or_fail(folder.path());
    policy::World world;
    world.server_name = "corp.example";
    const RoomId room = world.room("project-x"), never = world.room("apollo");
    world.set_room_id(room, "!x");
    const UserId anna = world.user("@anna:corp.example");
    policy::Membership held{.room = room};
    held.state = policy::MembershipState::join;
    world.set_membership(anna, held);
    const auto commit = [&](std::vector<StoredMark> marks = {}) {
        Turn turn;
        turn.world = &world;
        turn.touched = std::exchange(world.touched, {});
        turn.marks = std::move(marks);
        return store->commit(turn);
    };
    ASSERT_TRUE(ok(commit()));
    world.rename_room(room, "apollo");
    EXPECT_EQ(world.rooms[never.index()].key, "project-x") << "which was never made";
    ASSERT_TRUE(ok(commit({{"former_key", "project-x", "apollo"}})));
    policy::World loaded;
    ASSERT_TRUE(ok(store->load(loaded)));
    ASSERT_EQ(loaded.rooms.size(), 2U);
    const RoomId now = loaded.room_by_key.at("apollo");
    EXPECT_EQ(loaded.rooms[now.index()].id, "!x");
    EXPECT_EQ(loaded.state_of(loaded.users.find("@anna:corp.example"), now), policy::MembershipState::join);
    EXPECT_EQ(loaded.rooms[loaded.room_by_key.at("project-x").index()].id, "");
    const auto reader = TrailReader::open(folder.path());
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_EQ((*reader)->room_id("apollo").value(), "!x");
    EXPECT_EQ((*reader)->room_id("project-x").value(), "!x") << "an anchor that names it so goes on";
    world.set_room_id(never, "!y");
    ASSERT_TRUE(ok(commit()));
    EXPECT_EQ((*reader)->room_id("project-x").value(), "!y") << "another room has the key by now";
    world.rooms[now.index()].phase = policy::RoomPhase::filling;
    world.mark_room(now);
    ASSERT_TRUE(ok(commit()));
    EXPECT_EQ((*reader)->room_id("apollo").value(), std::nullopt) << "nobody writes there yet";
    EXPECT_EQ((*reader)->room_id("project-x").value(), "!y");
}

}  // namespace
}  // namespace rollcall::store
