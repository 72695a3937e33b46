#include "tests/daemon/store/random_world.h"

#include <limits>
#include <set>

#include "policy/plan.h"

namespace rollcall::store {
namespace {

constexpr std::size_t kMostPeople = 14, kGroups = 8, kRooms = 6, kUsers = 12, kContainers = 6;

}  // namespace

RandomWorld::RandomWorld(unsigned seed) : random_(seed) {
    world.bot = "@rollcall:corp.example.com";
    world.server_name = "corp.example.com";
}

Turn RandomWorld::take_turn() {
    Turn turn;
    turn.world = &world;
    turn.touched = std::move(world.touched);
    turn.cursor_changed = cursor_changed_;
    world.touched = {};
    cursor_changed_ = false;
    return turn;
}

std::string RandomWorld::text() {
    static const std::vector<std::string> kTexts = {"",
                                                    "a",
                                                    "Straße 7",
                                                    "日本",
                                                    "it's; DROP TABLE person",
                                                    "\"quoted\" \\ and | barred",
                                                    std::string("a\0b", 3),
                                                    std::string(300, 'x')};
    return kTexts[below(kTexts.size())];
}

Guid RandomWorld::guid(char kind, std::size_t number) {
    Guid guid;
    guid.bytes[0] = static_cast<std::uint8_t>(kind);
    guid.bytes[15] = static_cast<std::uint8_t>(number);
    return guid;
}

UserId RandomWorld::any_user() {
    const std::size_t number = below(kUsers);
    if (number == 0) return world.user(world.bot);
    return world.user("@user" + std::to_string(number) +
                      (number % 3 == 0 ? ":other.example" : ":corp.example.com"));
}

RoomId RandomWorld::any_room() {
    return world.room("room" + std::to_string(below(kRooms)));
}

void RandomWorld::change_person() {
    policy::PersonEntry entry;
    entry.guid = guid('p', below(kMostPeople));
    entry.dn = "CN=" + text();
    entry.login = text();
    if (chance(70)) entry.account_control = chance(50) ? 512 : std::numeric_limits<std::uint32_t>::max();
    if (chance(70)) entry.expires = chance(50) ? kNever : from_ms(static_cast<std::int64_t>(random_()));
    if (chance(70)) entry.primary_group = 513 + static_cast<std::uint32_t>(below(3));
    entry.deleted = chance(10);
    for (std::size_t i = below(4); i > 0; --i)
        entry.attributes["attribute" + std::to_string(below(3))].push_back(text());
    entry.usn = chance(2) ? std::numeric_limits<std::int64_t>::max() : ++usn_;
    world.put_person(entry);
}

void RandomWorld::change_person_marks() {
    if (world.people.empty()) return change_person();
    const PersonId id(below(world.people.size()));
    policy::Person& person = world.people[id.index()];
    person.depart_ordered = chance(50);
    person.departed_seen = chance(50);
    person.kept = chance(50) ? UserId{} : world.user("@kept:corp.example.com");
    world.touched.people.insert(id);
}

void RandomWorld::change_group() {
    policy::GroupEntry entry;
    const std::size_t number = below(kGroups);
    entry.guid = guid('g', number);
    entry.dn = "CN=" + text();
    entry.name = text();
    entry.cn = text();
    entry.rid = static_cast<std::uint32_t>(513 + number);
    const auto known = world.group_by_guid.find(entry.guid);
    const bool gone = known != world.group_by_guid.end() && world.groups[known->second.index()].deleted;
    entry.deleted = !gone && chance(5);
    entry.members_known = chance(80);
    std::set<Guid> members;  // the directory names nobody twice
    for (std::size_t i = below(9); i > 0; --i)
        members.insert(chance(70) ? guid('p', below(kMostPeople)) : guid('g', below(kGroups)));
    entry.members.assign(members.begin(), members.end());
    entry.usn = ++usn_;
    world.put_group(entry, chance(70));
}

void RandomWorld::change_container() {
    const std::string above = chance(50) ? ",OU=a" : ",OU=b";
    policy::ContainerEntry entry;
    entry.guid = guid('c', below(kContainers));
    entry.dn = "OU=" + text() + (chance(50) ? above : "");
    entry.deleted = chance(10);
    entry.usn = ++usn_;
    world.put_container(entry, chance(50));
}

void RandomWorld::lose_someone() {
    if (chance(20) && !world.containers.empty())
        world.container_missing(ContainerId(below(world.containers.size())));
    else if (chance(20) && !world.groups.empty())
        world.group_hidden(GroupId(below(world.groups.size())));
    else if (chance(50) && !world.people.empty())
        world.person_missing(PersonId(below(world.people.size())));
    else if (!world.groups.empty())
        world.group_missing(GroupId(below(world.groups.size())));
}

void RandomWorld::change_room() {
    const RoomId id = any_room();
    if (chance(40))
        world.set_room_id(id,
                          chance(20) ? "" : "!" + std::to_string(id.value) + "x" + std::to_string(below(3)));
    policy::Room& room = world.rooms[id.index()];
    room.phase = static_cast<policy::RoomPhase>(below(3));
    room.bot_joined = chance(50);
    room.released = chance(50);
    room.filling_since = from_ms(static_cast<std::int64_t>(random_()));
    room.claimed_alias = chance(50) ? "" : "#a:corp.example.com";
    room.alias_conflict = chance(50) ? "" : "#b:corp.example.com";
    world.mark_room(id);
}

void RandomWorld::change_room_state() {
    const RoomId id = any_room();
    policy::RoomState& state = world.rooms[id.index()].state;
    for (ShortText* part : {&state.name, &state.topic, &state.alias, &state.history, &state.tombstone})
        if (chance(20)) *part = text();
    if (chance(30)) {
        policy::PowerLevels levels;
        levels.ban = std::numeric_limits<std::int64_t>::min();
        levels.users = {{"@rollcall:corp.example.com", 100}, {"@o:x", static_cast<std::int64_t>(below(50))}};
        levels.events["m.room.name"] = static_cast<std::int64_t>(below(100));
        state.set_power(levels);
    }
    if (chance(10)) state.power.reset(), state.users.clear();
    if (chance(30)) state.join_rules = policy::JoinRules{"restricted", {"!a", "!b"}};
    if (chance(10)) state.join_rules.reset();
    if (chance(30)) state.acl = policy::ServerAcl{{"*"}, {"evil.example"}, chance(50)};
    if (chance(10)) state.acl.reset();
    if (chance(30))
        state.create = policy::CreateContent{"12", chance(50), {"@rollcall:corp.example.com"}, "7"};
    policy::TouchedParts& parts = world.touched.room_parts[id];
    if (chance(5)) {  // made anew
        state = {};
        parts.all = true;
    }
    const std::string child = "!child" + std::to_string(below(5));
    chance(60) ? static_cast<void>(state.children.insert(child))
               : static_cast<void>(state.children.erase(child));
    const std::string slot = "m.space.child|" + child;
    if (chance(80))
        state.events.set(slot, "$" + std::to_string(below(1000)));
    else
        state.events.erase(slot);
    if (chance(50)) state.events.set("3|", "$" + std::to_string(below(1000000)));
    parts.children.insert(child);
    parts.slots.insert({slot, "3|"});
    world.mark_room(id);
}

void RandomWorld::change_membership() {
    policy::Membership wanted{.room = any_room()};
    wanted.event = chance(20) ? 0 : static_cast<std::uint32_t>(random_());
    wanted.state = static_cast<policy::MembershipState>(below(6));
    wanted.cause = static_cast<policy::Cause>(below(3));
    wanted.needs_forget = chance(30);
    wanted.approved_once = chance(30);
    wanted.unbidden = chance(30);
    wanted.by_choice = chance(30);
    wanted.power = static_cast<std::int16_t>(static_cast<int>(below(65536)) - 32768);
    world.set_membership(any_user(), wanted);
}

void RandomWorld::forget_membership() {
    const UserId user = any_user();
    const RoomId room = any_room();
    if (world.membership(user, room) == nullptr) return;
    world.set_membership(user, policy::Membership{.room = room});  // so that it is not counted as joined
    world.memberships.erase(user.index(), policy::Membership{.room = room});
    world.room_users.erase(room.index(), user);
    const std::uint64_t pair = policy::World::pair(user, room);
    world.inviters.erase(pair);
    if (const auto at = world.put_back.find(pair); at != world.put_back.end()) {
        world.put_back.erase(at);
        world.revisit.clear();
        for (const auto& [other, time] : world.put_back)
            world.revisit.emplace(time + policy::kPutBackEvery,
                                  UserId(static_cast<std::size_t>(other >> 32U)));
    }
}

void RandomWorld::change_pair() {
    const UserId user = any_user();
    const RoomId room = any_room();
    if (world.membership(user, room) == nullptr) return;
    const std::uint64_t pair = policy::World::pair(user, room);
    if (chance(50)) {
        chance(70) ? static_cast<void>(world.inviters[pair] = any_user())
                   : static_cast<void>(world.inviters.erase(pair));
        world.touched.memberships.insert(pair);
        return;
    }
    if (chance(70))
        world.put_back[pair] = from_ms(static_cast<std::int64_t>(below(1'000'000)));
    else
        world.put_back.erase(pair);
    world.revisit.clear();
    for (const auto& [other, time] : world.put_back)
        world.revisit.emplace(time + policy::kPutBackEvery, UserId(static_cast<std::size_t>(other >> 32U)));
    world.touched.users.insert(user);
}

void RandomWorld::change_user() {
    const UserId user = any_user();
    world.set_account(user, static_cast<policy::Account>(below(3)));
    if (chance(30)) world.departing.erase(user);
    if (chance(50)) {
        policy::Departing& departing = world.departing[user];
        departing.signed_out = chance(50);
        departing.listed = chance(50);
        departing.late = chance(50);
        departing.rooms.clear();
        for (std::size_t i = below(4); i > 0; --i)
            departing.rooms.push_back({"!r" + std::to_string(i), chance(50)});
    }
    world.touched.users.insert(user);
}

void RandomWorld::change_cursor() {
    world.cursor = {"corp", "ldaps://dc" + std::to_string(below(3)), text(), ++usn_,
                    from_ms(static_cast<std::int64_t>(random_()))};
    world.attributes_read.insert("attribute" + std::to_string(below(4)));
    if (chance(20)) world.attributes_read.clear();
    world.directory_read = chance(50);
    world.frozen = text();
    cursor_changed_ = true;
}

// Anything may be doubted, in the words of any directory.
void RandomWorld::change_doubt() {
    policy::Doubt& doubt = world.doubt;
    doubt = {};
    world.touched.doubt = true;
    if (chance(30)) return;
    doubt.why = "another " + text();
    doubt.invocation_id = text();
    doubt.must_know = {{text(), ++usn_}, {"db-1", policy::kNeverSeen}};
    for (const policy::Person& person : world.people) {
        if (!chance(20)) continue;
        auto& base = doubt.people[person.guid];
        if (chance(30)) continue;
        base = world.entry_of(world.person(person.guid));
        base->usn = 0;
    }
    for (std::size_t i = 0; i < world.groups.size(); ++i) {
        if (!chance(20)) continue;
        auto& base = doubt.groups[world.groups[i].guid];
        if (chance(30)) continue;
        base = policy::GroupEntry{world.groups[i].guid};
        base->deleted = chance(20);
        base->members_known = chance(80);
        base->members = world.members_of(GroupId(i));
    }
}

void RandomWorld::step() {
    using Change = void (RandomWorld::*)();
    static constexpr Change kChanges[] = {
        &RandomWorld::change_person,     &RandomWorld::change_person,     &RandomWorld::change_person_marks,
        &RandomWorld::change_group,      &RandomWorld::change_group,      &RandomWorld::lose_someone,
        &RandomWorld::change_container,  &RandomWorld::change_room,       &RandomWorld::change_room_state,
        &RandomWorld::change_membership, &RandomWorld::change_membership, &RandomWorld::forget_membership,
        &RandomWorld::change_pair,       &RandomWorld::change_user,       &RandomWorld::change_cursor,
        &RandomWorld::change_doubt};
    (this->*kChanges[below(std::size(kChanges))])();
}

}  // namespace rollcall::store
