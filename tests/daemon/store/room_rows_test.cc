// Rooms as rows, at a size that shows what each change costs.
#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "daemon/store/room_rows.h"
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

}  // namespace
}  // namespace rollcall::store
