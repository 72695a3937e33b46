#include "tests/bench/settled_rooms.h"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

#include "policy/plan.h"
#include "policy/step.h"

namespace rollcall::policy::bench {

void forget_changes(World& world) {
    world.touched = {};
    world.dirty = {};
    world.dirty.settled = true;
}

void open_rooms(World& world, const Program& program) {
    world.rooms.reserve(program.rooms.size());
    for (const CompiledRoom& room : program.rooms) {
        const RoomId id = world.room(room.key);
        world.set_room_id(id, fmt::format("!{:043}", id.index()));
        world.rooms[id.index()].phase = RoomPhase::open;
    }
}

std::size_t bring_in(World& world, const Decider& decider) {
    std::size_t count = 0;
    std::vector<Membership> row;
    std::vector<std::uint32_t> sizes(world.rooms.size(), 0);
    world.memberships.reserve(world.users.size(), world.people.size() * 20 + world.people.size() / 5);
    for (std::size_t u = 0; u < world.users.size(); ++u) {
        row.clear();
        decider.each_room(UserId(u), [&](std::uint32_t room, const Verdict& verdict) {
            if (verdict.presence != Presence::in) return;
            Membership held{.room = decider.world_room(room), .event = 1, .state = MembershipState::join};
            held.power = verdict.owner == Tri::yes ? kOwnerPower : std::int8_t{0};
            row.push_back(held);
            ++sizes[held.room.index()];
        });
        if (const PersonId person = decider.person_of(UserId(u)); person.valid())
            world.people[person.index()].kept = UserId(u);
        std::sort(row.begin(), row.end());
        world.memberships.assign(u, row);
        count += row.size();
    }
    world.room_users.reserve(sizes.size(), count);
    for (std::size_t r = 0; r < sizes.size(); ++r) {
        world.room_users.assign(r, std::vector<UserId>(sizes[r], UserId(std::size_t{0})));
        world.room_users.assign(r, {});
        world.rooms[r].joined = sizes[r];
    }
    for (std::size_t u = 0; u < world.users.size(); ++u)
        for (const Membership& held : world.memberships.row(u))
            world.room_users.put(held.room.index(), UserId(u));
    return count;
}

namespace {

class Furnisher {
  public:
    Furnisher(World& world, Decider& decider) : world_(world), decider_(decider) {}

    void room(std::uint32_t index) {
        const CompiledRoom& spec = decider_.program().rooms[index];
        const RoomId id = decider_.world_room(index);
        say(id, CreateContent{"12", spec.space, {world_.bot}, fmt::format("rollcall-{}", index)});
        PowerLevels levels = wanted_power_levels(decider_, index);
        for (const UserId user : world_.room_users.row(id.index()))
            if (const int power = world_.membership(user, id)->power; power != 0)
                levels.users[world_.users.text(user)] = power;
        say(id, levels);
        say(id, wanted_join_rules(decider_, index));
        say(id, wanted_server_acl(decider_, index));
        say(id, NameContent{spec.name});
        say(id, CanonicalAliasContent{wanted_alias(decider_, spec)});
        say(id, HistoryVisibilityContent{std::string(wanted_history(spec))});
        say(id, GuestAccessContent{"forbidden"});
        world_.rooms[id.index()].claimed_alias = wanted_alias(decider_, spec);
        if (!spec.parent.empty())
            say(world_.room(spec.parent), SpaceChildContent{world_.rooms[id.index()].id, true});
        forget_changes(world_);
    }

  private:
    void say(RoomId room, RoomContent content) {
        RoomEvent event;
        event.room = world_.rooms[room.index()].id;
        event.event = fmt::format("${:043}", ++events_);
        event.sender = world_.bot;
        event.state = true;
        event.content = std::move(content);
        (void)step(world_, &decider_, RoomEventSeen{event, false});
    }

    World& world_;
    Decider& decider_;
    std::uint64_t events_ = 0;
};

}  // namespace

void furnish(World& world, Decider& decider) {
    Furnisher furnisher(world, decider);
    for (std::uint32_t r = 0; r < decider.program().rooms.size(); ++r) furnisher.room(r);
}

}  // namespace rollcall::policy::bench
