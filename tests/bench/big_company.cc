#include "tests/bench/big_company.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstring>
#include <ctime>

namespace rollcall::policy::bench {
namespace {

constexpr const char* kServer = "corp.example";
constexpr std::size_t kLeavesEach = 7;
constexpr std::uint32_t kPersonKind = 1, kGroupKind = 2;

std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 31U)) * 0x7fb5d329728ea185ULL;
    value = (value ^ (value >> 27U)) * 0x81dadef4bc2dd44dULL;
    return value ^ (value >> 33U);
}

}  // namespace

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

Guid numbered_guid(std::uint32_t kind, std::uint64_t number) {
    Guid guid;
    const std::uint64_t low = mixed(number * 8 + kind), high = mixed(low);
    std::memcpy(guid.bytes.data(), &low, sizeof low);
    std::memcpy(guid.bytes.data() + sizeof low, &high, sizeof high);
    return guid;
}

BigCompany::BigCompany(std::size_t people)
    : people_(people), triples_(std::max<std::size_t>(8, people / 27)) {
    world.bot = "@rollcall:corp.example";
    world.server_name = kServer;
    world.now = from_ms(1'795'000'000'000);
    make_directory();
    make_policy();
}

std::size_t BigCompany::leaf_of(std::size_t person, std::size_t nth) const {
    return mixed(person * kLeavesEach + nth) % triples_;
}

PersonEntry BigCompany::person_entry(std::size_t person) const {
    PersonEntry entry;
    entry.guid = numbered_guid(kPersonKind, person);
    entry.login = fmt::format("p{}", person);
    entry.dn = fmt::format("CN=Person Number {},OU=Site{},OU=People,DC=corp,DC=example", person, person % 40);
    entry.account_control = 512;
    entry.expires = kNever;
    entry.primary_group = 513;
    entry.attributes["department"] = {fmt::format("Department {}", person % 200)};
    entry.usn = person + 1;
    return entry;
}

GroupEntry BigCompany::group_entry(GroupId id) const {
    const Group& group = world.groups[id.index()];
    GroupEntry entry;
    entry.guid = group.guid;
    entry.dn = group.dn;
    entry.name = group.name;
    entry.cn = group.cn;
    entry.rid = group.rid;
    entry.members_known = true;
    entry.usn = group.usn;
    for (const MemberRef member : world.group_members.row(id.index()))
        entry.members.push_back(member.is_group() ? world.groups[member.as_group().index()].guid
                                                  : world.people[member.as_person().index()].guid);
    return entry;
}

GroupId BigCompany::make_group(const std::string& name) {
    GroupEntry entry;
    entry.guid = numbered_guid(kGroupKind, world.groups.size());
    entry.name = entry.cn = name;
    entry.dn = fmt::format("CN={},OU=Groups,DC=corp,DC=example", name);
    entry.rid = static_cast<std::uint32_t>(10'000 + world.groups.size());
    entry.members_known = true;
    entry.usn = 1;
    return world.put_group(entry, true);
}

void BigCompany::link(GroupId group, MemberRef member) {
    world.group_members.put(group.index(), member);
    if (member.is_group())
        world.group_parents.put(member.as_group().index(), group);
    else
        world.person_groups.put(member.as_person().index(), group);
}

void BigCompany::make_directory() {
    for (std::size_t t = 0; t < triples_; ++t) {
        const GroupId leaf = make_group(fmt::format("Team {}", t));
        const GroupId middle = make_group(fmt::format("Area {}", t));
        const GroupId top = make_group(fmt::format("Unit {}", t));
        link(middle, MemberRef::group(leaf));
        link(top, MemberRef::group(middle));
    }
    staff_ = make_group("Staff");
    contractors_ = make_group("Contractors");
    quarter_ = make_group("Quarter");
    const GroupId half = make_group("Quarter, west"), eighth = make_group("Quarter, west, ground floor");
    link(quarter_, MemberRef::group(half));
    link(half, MemberRef::group(eighth));
    for (std::size_t i = 0; i < people_; ++i) {
        const PersonId id = world.put_person(person_entry(i));
        for (std::size_t n = 0; n < kLeavesEach; ++n) link(leaf(leaf_of(i, n)), MemberRef::person(id));
        link(staff_, MemberRef::person(id));
        if (i % 20 == 7) link(eighth, MemberRef::person(id));
        if (i % 1000 == 1) link(contractors_, MemberRef::person(id));
        if (i % 4096 == 0) world.touched = {}, world.dirty = {};
    }
    world.compact();
    world.attributes_read = {"department", "samaccountname"};
    world.directory_read = true;
    world.cursor = {"corp", "ldaps://dc1", "db-1", people_ + 1, world.now};
    world.touched = {};
    world.dirty = {};
}

void BigCompany::make_policy() {
    const auto condition = [](Condition::Kind kind, std::string name) {
        Condition out;
        out.kind = kind;
        out.name = std::move(name);
        return out;
    };
    const auto only = [](Condition inner) {
        Expression out;
        out.conditions.push_back(std::move(inner));
        return out;
    };
    policy.people = People{};
    policy.people->matrix_id = {"@{sAMAccountName|lower}:corp.example", {}};
    policy.people->employees = only(condition(Condition::Kind::group, "Staff"));
    const auto contractors =
        std::make_shared<const Expression>(only(condition(Condition::Kind::group, "Contractors")));
    const FileName file("policy/company.yaml");
    const auto room = [&](std::string key, Expression members) -> RoomText& {
        RoomText& text = policy.rooms.emplace_back();
        text.key = text.name = std::move(key);
        text.at = {file, static_cast<int>(policy.rooms.size()) * 4, 3};
        members.at = text.at;
        members.path = "rooms." + text.key + ".members";
        text.members = std::move(members);
        return text;
    };
    Expression everybody;
    everybody.word = Expression::Word::employees;
    room("company", everybody).space = true;
    for (std::size_t g = 0; g < triples_ * 3; ++g) {
        if (!has_room(g)) continue;
        const std::string& name = world.groups[g].name;
        Expression members = only(condition(Condition::Kind::group, name));
        if (g % 7 == 0) members.except = contractors;
        RoomText& text = room("room " + name, std::move(members));
        text.owners = only(condition(Condition::Kind::user, fmt::format("p{}", g * 7 % people_)));
        text.owners->at = text.at;
        text.owners->path = "rooms." + text.key + ".owners";
        text.parent = Text{"company", {}};
    }
    room("quarter", only(condition(Condition::Kind::group, "Quarter")));
    for (int d = 0; d < 20; ++d) {
        Condition department = condition(Condition::Kind::attribute, "department");
        department.values = {fmt::format("Department {}", d)};
        room(fmt::format("department-{}", d), only(std::move(department)));
    }
    rooms_ = policy.rooms.size();
}

}  // namespace rollcall::policy::bench
