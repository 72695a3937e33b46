#include "tests/policy/world_builder.h"

#include <fmt/format.h>
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "policy/base/text.h"
#include "policy/gone.h"
#include "policy/room_rename.h"

namespace rollcall::policy::test {

namespace {
constexpr std::uint32_t kDomainUsers = 513;  // not among the groups of these tests, and in none of them
}

Guid guid_of(std::string_view kind, std::string_view name) {
    Guid guid;
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (std::size_t i = 0; i < guid.bytes.size(); ++i) {
        for (const std::string_view part : {kind, std::string_view("/"), name})
            for (const char c : part)
                hash = (hash ^ static_cast<unsigned char>(c) ^ (i << 8U)) * 0x100000001b3ULL;
        guid.bytes[i] = static_cast<std::uint8_t>(hash >> 40U);
    }
    return guid;
}

Time at(const char* rfc3339) {
    return parse_rfc3339(rfc3339).value();
}

// ---------------------------------------------------------------- directory

PersonEntry& Directory::person(const std::string& login, const std::vector<std::string>& member_of) {
    const auto [at, fresh] = people.try_emplace(login);
    PersonEntry& entry = at->second;
    if (fresh) {
        entry.guid = guid_of("person", login);
        entry.login = login;
        entry.dn = fmt::format("CN={},{}", login, container("OU=People,DC=corp,DC=example").dn);
        entry.account_control = 512;
        entry.expires = kNever;
        entry.primary_group = kDomainUsers;
        entry.usn = ++usn;
    }
    for (const std::string& name : member_of) join(name, login);
    return entry;
}

GroupEntry& Directory::group(const std::string& name, const std::vector<std::string>& parents) {
    const auto [at, fresh] = groups.try_emplace(name);
    GroupEntry& entry = at->second;
    if (fresh) {
        entry.guid = guid_of("group", name);
        entry.name = entry.cn = name;
        entry.dn = fmt::format("CN={},OU=Groups,DC=corp,DC=example", name);
        entry.rid = ++next_rid_;
        entry.members_known = true;
        entry.usn = ++usn;
    }
    for (const std::string& parent : parents) join(parent, name);
    return entry;
}

ContainerEntry& Directory::container(const std::string& dn) {
    if (const std::string above(dn_parent(dn)); !above.empty()) container(above);
    const auto [at, fresh] = containers.try_emplace(dn);
    if (fresh) at->second = {guid_of("container", dn), dn, false, ++usn};
    return at->second;
}

void Directory::move_container(const std::string& made_as, const std::string& dn) {
    ContainerEntry& moved = containers.at(made_as);
    const std::string before = moved.dn;
    const auto carry = [&](std::string& below) {
        if (below.ends_with("," + before)) below.replace(below.size() - before.size(), before.size(), dn);
    };
    for (auto& [login, entry] : people) carry(entry.dn);
    for (auto& [name, entry] : groups) carry(entry.dn);
    for (auto& [name, entry] : containers) carry(entry.dn);
    moved.dn = dn;
    moved.usn = ++usn;
}

void Directory::join(const std::string& name, const std::string& member) {
    const Guid guid = people.contains(member) ? people.at(member).guid : group(member).guid;
    GroupEntry& to = group(name);
    if (std::find(to.members.begin(), to.members.end(), guid) == to.members.end()) to.members.push_back(guid);
    to.usn = ++usn;
}

void Directory::leave(const std::string& name, const std::string& member) {
    const Guid guid = people.contains(member) ? people.at(member).guid : group(member).guid;
    GroupEntry& from = group(name);
    std::erase(from.members, guid);
    from.usn = ++usn;
}

void Directory::wrote(const std::string& name) {
    (people.contains(name) ? people.at(name).usn : groups.at(name).usn) = ++usn;
}

Evidence Directory::evidence() const {
    return {"corp", "ldaps://dc1.corp.example", usn, "DC=corp,DC=example", Time{}};
}

DirectorySnapshot Directory::snapshot() {
    DirectorySnapshot out{evidence(), invocation, attributes, {}, {}};
    for (const auto& [login, entry] : people) out.people.push_back(entry);
    for (const auto& [name, entry] : groups) out.groups.push_back(entry);
    for (const auto& [name, entry] : containers) out.containers.push_back(entry);
    return out;
}

DirectoryChanges Directory::changes(const std::vector<std::string>& names, bool verified) {
    DirectoryChanges out{evidence(), invocation, attributes, {}, {}, verified};
    for (const std::string& name : names)
        if (people.contains(name))
            out.people.push_back(people.at(name));
        else if (containers.contains(name))
            out.containers.push_back(containers.at(name));
        else
            out.groups.push_back(groups.at(name));
    return out;
}

// ---------------------------------------------------------------- policy

Scene::Scene() {
    world.bot = "@rollcall:corp.example";
    world.server_name = kServer;
    world.now = at("2026-11-22T09:00:00Z");
    policy.people = People{};
    policy.people->matrix_id = {"@{sAMAccountName|lower}:corp.example", {}};
    policy.people->employees = expression("group Staff", "people.employees");
    policy.guards.grace = {};  // where it is not what is tried
    directory.group("Staff");
}

RoomText& Scene::room(const std::string& key, const std::string& members, const std::string& owners) {
    RoomText text;
    text.key = key;
    text.name = key;
    text.at = {"test.yaml", static_cast<int>(policy.rooms.size()) + 1, 1};
    text.members = expression(members, "rooms." + key + ".members");
    if (!owners.empty()) text.owners = expression(owners, "rooms." + key + ".owners");
    return policy.rooms.emplace_back(std::move(text));
}

RoomText& Scene::space(const std::string& key, const std::string& members) {
    RoomText& text = room(key, members);
    text.space = true;
    return text;
}

Approval& Scene::approval(const std::string& key, const std::string& who,
                          const std::vector<std::string>& rooms, const std::string& sponsor, Time until) {
    Approval text;
    text.key = key;
    text.who = who;
    for (const std::string& name : rooms) text.rooms.push_back({name, {}});
    text.sponsor = {sponsor, {}};
    text.reason = "a contract";
    text.until = until;
    return policy.outsiders.emplace_back(std::move(text));
}

void Scene::service(const std::string& key, const std::string& who, const std::vector<std::string>& rooms) {
    Service text{{}, key, who, {}};
    for (const std::string& name : rooms) text.rooms.push_back({name, {}});
    policy.services.push_back(std::move(text));
}

// ---------------------------------------------------------------- what happens

bool Scene::apply() {
    Compiled next = compile(policy, world, pins, "test");
    compiled.diagnostics = std::move(next.diagnostics);
    if (!next.program) return false;
    compiled.program = std::move(next.program);
    if (decider) keep_approvals(world, *decider);
    pins = compiled.program->pins;
    for (const RoomRename& one : room_renames(world, *compiled.program)) {
        world.rename_room(one.room, one.to);
        rename_room(memory, one.from, one.to);
    }
    for (const CompiledRoom& spec : compiled.program->rooms)
        world.rooms[world.room(spec.key).index()].released = false;
    static_cast<void>(let_go_of_deleted_groups(world));
    decider = std::make_unique<Decider>(world, compiled.program);
    world.dirty = {};
    backlog.reset(*decider, abilities);
    for (std::size_t i = 0; i < world.people.size(); ++i) world.dirty.people.emplace(i);
    learn(TimePassed{world.now});
    return true;
}

Effects Scene::learn(const Fact& fact) {
    Effects effects = step(world, decider.get(), fact);
    if (decider) backlog.take(*decider, abilities, world.dirty);
    return effects;
}

RoomId Scene::create(const std::string& key) {
    const RoomId id = world.room(key);
    if (decider) decider->rooms_changed();
    learn(RoomCreated{id, fmt::format("!{}:{}", key, kServer), "", false});
    return id;
}

Effects Scene::event(const std::string& room, const std::string& user, MembershipState state,
                     const std::string& sender, const std::string& event_id) {
    RoomEvent event;
    event.room = fmt::format("!{}:{}", room, kServer);
    event.event = event_id.empty() ? fmt::format("$event{}", ++next_event_) : event_id;
    event.sender = sender.empty() ? user : sender;
    event.time = world.now;
    std::string& last = last_event_[{room, user}];
    event.replaces = std::exchange(last, event.event);
    event.state = true;
    event.content = MemberContent{user, state, ""};
    return learn(RoomEventSeen{event, false});
}

// ---------------------------------------------------------------- what is

UserId Scene::user(const std::string& who) {
    if (who.starts_with('@')) return world.user(who);
    const UserId id = decider->user_of(person(who));
    return id.valid() ? id : world.user(fmt::format("@{}:{}", fold(who), kServer));
}

PersonId Scene::person(const std::string& login) const {
    return world.person(guid_of("person", login));
}

std::uint32_t Scene::room_index(const std::string& key) const {
    const int index = decider->program().room_index(key);
    if (index < 0) throw std::invalid_argument("no room " + key);
    return static_cast<std::uint32_t>(index);
}

Verdict Scene::verdict(const std::string& who, const std::string& room) {
    return decider->verdict(user(who), room_index(room));
}

std::string Scene::says(const std::string& who, const std::string& room) {
    constexpr const char* kBasis[] = {"member",   "owner",     "service",    "approval",     "protected",
                                      "departed", "excepted",  "not_listed", "not_employee", "stranger",
                                      "outsider", "elsewhere", "undecided"};
    constexpr const char* kPresence[] = {"out", "unknown", "in"};
    const Verdict verdict = this->verdict(who, room);
    return fmt::format("{} {}", kPresence[static_cast<std::size_t>(verdict.presence)],
                       kBasis[static_cast<std::size_t>(verdict.basis)]);
}

std::string line_of(const PlanLine& line) {
    std::string out = fmt::format("{} {} {}", to_text(line.kind), line.room.empty() ? "-" : line.room,
                                  line.user.empty() ? "-" : line.user);
    if (line.kind == ActionKind::set_power) out += fmt::format(" {}", line.power);
    return out;
}

std::vector<std::string> Scene::plan() const {
    std::vector<std::string> out;
    for (const PlanLine& line : whole_plan(*decider, abilities)) out.push_back(line_of(line));
    return out;
}

std::vector<std::string> Scene::plan_of(const std::string& who) {
    const UserId wanted = user(who);
    std::vector<std::string> out;
    for (const PlanLine& line : whole_plan(*decider, abilities))
        if (line.user_id == wanted) out.push_back(line_of(line));
    return out;
}

std::vector<std::string> Scene::backlog_lines() {
    backlog.refresh(*decider, abilities, static_cast<std::size_t>(-1));
    std::vector<std::string> out;
    for (std::size_t u = 0; u < world.users.size(); ++u)
        for (const UserAction& action : backlog.actions(UserId(u))) {
            const bool in_room = action.room != kNoRoom && action.kind != ActionKind::leave_unmanaged;
            out.push_back(
                line_of({in_room ? decider->program().rooms[action.room].key : "", action.kind, action.lane,
                         world.users.text(UserId(u)), action.basis, action.power, UserId(u), action.room}));
        }
    for (std::uint32_t r = 0; r < backlog.rooms(); ++r)
        for (const RoomAction& action : backlog.actions(r))
            out.push_back(line_of({decider->program().rooms[r].key, action.kind, action.lane, "",
                                   Basis::member, 0, UserId{}, r}));
    std::sort(out.begin(), out.end());
    return out;
}

void Scene::evaluate_guards() {
    backlog.refresh(*decider, abilities, static_cast<std::size_t>(-1));
    for (const auto& [user, room] : backlog.take_welcome()) welcome(world, user, room);
    backlog.take(*decider, abilities, world.dirty);
    guards.evaluate(*decider, backlog, memory);
    backlog.counted();
    memory.held = guards.held();
    memory.held_since = guards.held_since(memory.held_since, world.now);
}

bool Scene::allowed(const std::string& line) {
    for (std::size_t u = 0; u < world.users.size(); ++u)
        for (const UserAction& action : backlog.actions(UserId(u)))
            if (key_of(*decider, UserId(u), action).text() == line)
                return guards.allows(*decider, memory, UserId(u), action);
    for (std::uint32_t r = 0; r < backlog.rooms(); ++r)
        for (const RoomAction& action : backlog.actions(r))
            if (ActionKey{action.kind, decider->program().rooms[r].key, ""}.text() == line)
                return guards.allows(*decider, memory, r, action);
    throw std::invalid_argument("not in the plan: " + line);
}

std::optional<Hold> Scene::hold(Guard guard, const std::string& room) const {
    for (const Hold& hold : guards.holds())
        if (hold.guard == guard && hold.room == room) return hold;
    return std::nullopt;
}

}  // namespace rollcall::policy::test
