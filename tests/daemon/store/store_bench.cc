// How long the store takes: a turn of the usual size, a company's first turn, and starting with that company.
// Prints the figures; the file system under the folder given (default: where temporary files go) decides most
// of them.
#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/store/store.h"

namespace {

using namespace rollcall;
using namespace rollcall::store;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPeople = 50'000, kGroups = 5'000, kRooms = 5'000, kEach = 20;

double since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void must(const Status& status) {
    if (status) return;
    fmt::print(stderr, "{}\n", status.error().text());
    std::exit(1);
}

Guid guid(std::uint8_t kind, std::size_t number) {
    Guid made;
    made.bytes[0] = kind;
    for (std::size_t i = 0; i < 4; ++i) made.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return made;
}

UserId user(policy::World& world, std::size_t number) {
    return world.user(fmt::format("@first.last{}:corp.example.com", number));
}

// Everybody in 20 groups and 20 rooms.
void fill(policy::World& world) {
    for (std::size_t i = 0; i < kPeople; ++i) {
        policy::PersonEntry entry;
        entry.guid = guid(1, i);
        entry.dn = fmt::format("CN=First Last {},OU=People,DC=corp,DC=example,DC=com", i);
        entry.login = fmt::format("first.last{}", i);
        entry.account_control = 512;
        entry.expires = kNever;
        entry.primary_group = 513;
        entry.attributes = {{"department", {fmt::format("Department {}", i % 500)}}, {"title", {"Engineer"}}};
        world.put_person(entry);
    }
    for (std::size_t g = 0; g < kGroups; ++g) {
        policy::GroupEntry entry;
        entry.guid = guid(2, g);
        entry.name = fmt::format("group{}", g);
        entry.dn = "CN=" + entry.name + ",OU=Groups,DC=corp,DC=example,DC=com";
        entry.members_known = true;
        for (std::size_t i = 0; i < kPeople * kEach / kGroups; ++i)
            entry.members.push_back(guid(1, (g * 7 + i * (kGroups / kEach)) % kPeople));
        world.put_group(entry, true);
    }
    for (std::size_t r = 0; r < kRooms; ++r)
        world.set_room_id(world.room(fmt::format("room{}", r)), fmt::format("!{}:corp.example.com", r));
    for (std::size_t i = 0; i < kPeople; ++i)
        for (std::size_t r = 0; r < kEach; ++r) {
            policy::Membership held{.room = RoomId((i + r * (kRooms / kEach)) % kRooms)};
            held.state = policy::MembershipState::join;
            held.event = static_cast<std::uint32_t>(i);
            world.set_membership(user(world, i), held);
        }
}

void bench_turns(Store& store, policy::World& world, const char* what) {
    std::vector<double> times;
    std::uint64_t next = *store.trail_size() + 1;
    for (std::size_t turn = 0; turn < 1000; ++turn) {
        Turn now;
        now.world = &world;
        for (std::uint64_t i = 0; i < 50; ++i, ++next) {
            now.trail.push_back({next,
                                 from_ms(static_cast<std::int64_t>(next)),
                                 "membership",
                                 "join",
                                 "engineering",
                                 "",
                                 "done",
                                 next % 1000 + 1,
                                 0,
                                 {std::string(700, 'x'), {{schema::Party::subject, std::string(200, 'x')}}}});
            now.intents.push_back({next, std::string(200, 'x')});
            if (next > 50) now.finished.push_back(next - 50);
            policy::Membership held{.room = RoomId((next * 13) % world.rooms.size())};
            held.state = policy::MembershipState::join;
            held.event = static_cast<std::uint32_t>(next);
            world.set_membership(user(world, (next * 7919) % kPeople), held);
        }
        now.touched = std::move(world.touched);
        world.touched = {};
        const auto start = Clock::now();
        must(store.commit(now));
        times.push_back(since(start));
    }
    std::sort(times.begin(), times.end());
    fmt::print("{}: 50 entries, 50 memberships, 50 intents: median {:.2f} ms, 99th of a hundred {:.2f} ms\n",
               what, times[times.size() / 2], times[times.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
    const std::filesystem::path under = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
    std::string folder = (under / "rollcall-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return 1;
    auto store = open_sqlite_store(folder);
    if (!store) return 1;
    {
        policy::World small;
        for (std::size_t r = 0; r < 100; ++r) static_cast<void>(small.room(fmt::format("room{}", r)));
        bench_turns(**store, small, "small company");
    }
    store->reset();
    std::filesystem::remove_all(folder);
    store = open_sqlite_store(folder);
    if (!store) return 1;
    {
        policy::World world;
        fill(world);
        Turn turn;
        turn.world = &world;
        turn.touched = std::move(world.touched);
        world.touched = {};
        auto start = Clock::now();
        must((*store)->commit(turn));
        fmt::print("first turn of {} people, {} edges, {} memberships: {:.0f} ms\n", kPeople,
                   world.group_members.element_count(), world.memberships.element_count(), since(start));
        bench_turns(**store, world, "that company");
    }
    store->reset();
    store = open_sqlite_store(folder);
    if (!store) return 1;
    policy::World loaded;
    const auto start = Clock::now();
    must((*store)->load(loaded));
    fmt::print("load: {:.0f} ms; {} MB on disk\n", since(start),
               std::filesystem::file_size(folder + "/rollcall.db") >> 20U);
    store->reset();
    std::filesystem::remove_all(folder);
    return 0;
}
