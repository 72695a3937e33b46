#include "policy/world.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "policy/base/text.h"
#include "policy/held_text.h"

namespace rollcall::policy {

World::World() = default;
World::~World() = default;
World::World(World&&) noexcept = default;
World& World::operator=(World&&) noexcept = default;

Touched::Touched() = default;
Touched::~Touched() = default;
Touched::Touched(const Touched&) = default;
Touched& Touched::operator=(const Touched&) = default;
Touched::Touched(Touched&&) noexcept = default;
Touched& Touched::operator=(Touched&&) noexcept = default;

Dirty::Dirty() = default;
Dirty::~Dirty() = default;
Dirty::Dirty(const Dirty&) = default;
Dirty& Dirty::operator=(const Dirty&) = default;
Dirty::Dirty(Dirty&&) noexcept = default;
Dirty& Dirty::operator=(Dirty&&) noexcept = default;

std::uint32_t event_digest(std::string_view event_id) {
    if (event_id.empty()) return 0;
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a: event IDs are hashes already, any mixing will do
    for (const char c : event_id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    const auto folded = static_cast<std::uint32_t>(hash ^ (hash >> 32U));
    return folded == 0 ? 1 : folded;
}

const Membership* World::membership(UserId user_id, RoomId room_id) const {
    if (!user_id.valid()) return nullptr;
    return memberships.find(user_id.index(), Membership{.room = room_id});
}

MembershipState World::state_of(UserId user_id, RoomId room_id) const {
    const Membership* found = membership(user_id, room_id);
    return found == nullptr ? MembershipState::none : found->state;
}

bool World::is_local(std::string_view matrix_id) const {
    const std::size_t colon = matrix_id.find(':');
    return colon != std::string_view::npos && matrix_id.substr(colon + 1) == server_name;
}

bool World::was_seen(UserId user) const {
    return account(user) == Account::present || !memberships.row(user.index()).empty();
}

Account World::account(UserId user_id) const {
    return user_id.index() < accounts.size() ? accounts[user_id.index()] : Account::unknown;
}

std::vector<PersonId> World::people_named(std::string_view login) const {
    std::vector<PersonId> found;
    if (login.starts_with("guid:")) {
        const auto guid = Guid::from_text(login.substr(5));
        if (const PersonId id = guid ? person(*guid) : PersonId{}; id.valid()) found.push_back(id);
        return found;
    }
    const std::string wanted = fold(login);
    for (std::size_t i = 0; i < people.size(); ++i)
        if (people[i].present && !people[i].deleted && fold(people[i].login) == wanted) found.emplace_back(i);
    return found;
}

std::vector<GroupId> World::groups_named(std::string_view name) const {
    std::vector<GroupId> found;
    if (name.starts_with("guid:")) {
        const auto guid = Guid::from_text(name.substr(5));
        const auto at = guid ? group_by_guid.find(*guid) : group_by_guid.end();
        if (at != group_by_guid.end()) found.push_back(at->second);
        return found;
    }
    const std::string wanted = fold(name);
    const std::string wanted_dn = fold_dn(name);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const Group& group = groups[i];
        if (group.deleted) continue;
        if (fold(group.name) == wanted || fold(group.cn) == wanted || fold_dn(group.dn) == wanted_dn)
            found.emplace_back(i);
    }
    return found;
}

PersonId World::put_person(const PersonEntry& entry) {
    PersonId id = person(entry.guid);
    const bool fresh = !id.valid();
    if (fresh) {
        id = PersonId(people.size());
        people.emplace_back().guid = entry.guid;
        people_by_guid.add(people, id);
        person_groups.assign(id.index(), {});
        resolve_waiting(entry.guid, MemberRef::person(id));
    }
    Person& person = people[id.index()];
    const Person before = person;
    person.usn = entry.usn;
    if (entry.deleted && !person.deleted) end_places(MemberRef::person(id));
    person.deleted = entry.deleted;
    person.present = true;
    if (!entry.deleted) {  // a tombstone keeps what was last known: its own attributes are stripped
        person.dn = dn_pool.dn(entry.dn);
        if (!entry.login.empty()) person.login = entry.login;  // everybody has one: none is a hidden one
        person.account_control = entry.account_control;
        if (person.expires) expiries.erase({*person.expires, id});
        person.expires = entry.expires;
        if (person.expires && *person.expires != kNever) expiries.emplace(*person.expires, id);
        person.primary_group = entry.primary_group;
        if (entry.primary_group) primary_rids.insert(*entry.primary_group);
        set_attributes(id, entry);
    }
    const bool same = !fresh && before.dn.text() == person.dn.text() && before.login == person.login &&
                      before.account_control == person.account_control && before.expires == person.expires &&
                      before.primary_group == person.primary_group && before.deleted == person.deleted &&
                      before.present == person.present;
    if (!same) entry_changed(id);
    if (!same || before.usn != person.usn) touched.people.insert(id);
    return id;
}

void World::entry_changed(PersonId id) {
    dirty.people.insert(id);
    dirty.entries.insert(id);
}

void World::set_attributes(PersonId id, const PersonEntry& entry) {
    std::vector<AttributeValue> values;
    for (const auto& [name, texts] : entry.attributes)
        for (const std::string& text : texts)
            values.push_back({attribute_names.intern(name), attribute_values.intern(held_value(text))});
    if (entry.odd_expires && !entry.expires)
        values.push_back({attribute_names.intern(kExpiresAttribute),
                          attribute_values.intern(std::to_string(*entry.odd_expires))});
    for (const std::string& name : entry.unreadable)
        values.push_back({attribute_names.intern(name), attribute_values.intern(kUnreadable)});
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    const auto held = person_attributes.row(id.index());
    if (std::equal(held.begin(), held.end(), values.begin(), values.end())) return;
    person_attributes.assign(id.index(), values);
    touched.people.insert(id);
    entry_changed(id);
}

void World::resolve_waiting(const Guid& guid, MemberRef member) {
    const auto waiting = waiting_for.find(guid);
    if (waiting == waiting_for.end()) return;
    for (const GroupId group : waiting->second) {
        link(group, member);
        std::vector<Guid>& left = unresolved[group];
        std::erase(left, guid);
        if (left.empty()) unresolved.erase(group), dirty.groups = true;
    }
    waiting_for.erase(waiting);
}

void World::replace_unresolved(GroupId group, std::vector<Guid> guids) {
    if (guids.empty() && !unresolved.contains(group)) return;
    std::vector<Guid>& held = unresolved[group];
    if (held == guids) return;
    touched.groups.insert(group);
    dirty.groups |= held.empty() || guids.empty();
    for (const Guid& guid : held)
        if (const auto at = waiting_for.find(guid); at != waiting_for.end()) {
            at->second.erase(group);
            if (at->second.empty()) waiting_for.erase(at);
        }
    held = std::move(guids);
    for (const Guid& guid : held) waiting_for[guid].insert(group);
    if (held.empty()) unresolved.erase(group);
}

GroupId World::put_group(const GroupEntry& entry, bool absence_counts) {
    const auto [at, fresh] = group_by_guid.try_emplace(entry.guid, GroupId(groups.size()));
    const GroupId id = at->second;
    if (fresh) {
        groups.emplace_back().guid = entry.guid;
        group_parents.assign(id.index(), {});
        group_members.assign(id.index(), {});
        resolve_waiting(entry.guid, MemberRef::group(id));
        touched.groups.insert(id);
        dirty.groups = true;
    }
    if (entry.deleted) {
        if (!groups[id.index()].deleted) end_places(MemberRef::group(id)), group_missing(id);
        groups[id.index()].usn = entry.usn;
        return id;
    }
    Group& group = groups[id.index()];
    // Every group has a name and a cn: none is a hidden one.
    const std::string& name = entry.name.empty() ? group.name : entry.name;
    const std::string& cn = entry.cn.empty() ? group.cn : entry.cn;
    if (group.usn != entry.usn || group.dn != entry.dn || group.name != name || group.cn != cn)
        touched.groups.insert(id);
    group.usn = entry.usn;
    group.dn = entry.dn;
    group.name = name;
    group.cn = cn;
    // Where objectSid is hidden, its last part is what it was; of one that never showed it nobody knows whose
    // primary group it is.
    if (entry.rid != 0 && group.rid != entry.rid) {
        group.rid = entry.rid;
        group_by_rid[entry.rid] = id;
        touched.groups.insert(id);
        touch_primary(entry.rid);
    }
    const bool known = entry.members_known && group.rid != 0;
    if (group.deleted || group.members_known != known) {
        group.deleted = false;
        group.members_known = known;
        touched.groups.insert(id);
        dirty.groups = true;  // whom this concerns besides is the decider's to say
        touch_group_below(id);
    }
    if (!known) return id;  // what was known stays; decisions treat the rest as unknown
    std::vector<MemberRef> wanted;
    std::vector<Guid> unseen;
    for (const Guid& guid : entry.members) {
        if (const PersonId member = person(guid); member.valid()) {
            if (!people[member.index()].deleted) wanted.push_back(MemberRef::person(member));
        } else if (const auto child = group_by_guid.find(guid); child != group_by_guid.end()) {
            wanted.push_back(MemberRef::group(child->second));
        } else {
            unseen.push_back(guid);
        }
    }
    if (const auto held = unresolved.find(id); !absence_counts && held != unresolved.end())
        unseen.insert(unseen.end(), held->second.begin(), held->second.end());
    std::sort(unseen.begin(), unseen.end());
    unseen.erase(std::unique(unseen.begin(), unseen.end()), unseen.end());
    replace_unresolved(id, std::move(unseen));
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    change_members(id, wanted, absence_counts);
    return id;
}

void World::change_members(GroupId group, const std::vector<MemberRef>& wanted, bool absence_counts) {
    const auto held_span = group_members.row(group.index());
    const std::vector<MemberRef> held(held_span.begin(), held_span.end());
    std::vector<MemberRef> added, removed;
    std::set_difference(wanted.begin(), wanted.end(), held.begin(), held.end(), std::back_inserter(added));
    if (absence_counts)
        std::set_difference(held.begin(), held.end(), wanted.begin(), wanted.end(),
                            std::back_inserter(removed));
    for (const MemberRef member : removed) {
        unlink(group, member);
        if (!member.is_group()) left_group[member.as_person()] = group;
        member_changed(member);
    }
    for (const MemberRef member : added) link(group, member), member_changed(member);
}

void World::link(GroupId group, MemberRef member) {
    group_members.put(group.index(), member);
    if (member.is_group())
        group_parents.put(member.as_group().index(), group), dirty.groups = true;
    else
        person_groups.put(member.as_person().index(), group);
    touched.groups.insert(group);
}

void World::unlink(GroupId group, MemberRef member) {
    group_members.erase(group.index(), member);
    if (member.is_group())
        group_parents.erase(member.as_group().index(), group), dirty.groups = true;
    else
        person_groups.erase(member.as_person().index(), group);
    touched.groups.insert(group);
}

// Links to an object end with it (MS-ADTS 3.1.1.5.5), and whether they are there again once it is restored is
// for the groups to say.
void World::end_places(MemberRef member) {
    const auto row = member.is_group() ? group_parents.row(member.as_group().index())
                                       : person_groups.row(member.as_person().index());
    for (const GroupId group : std::vector<GroupId>(row.begin(), row.end())) unlink(group, member);
    member_changed(member);
}

void World::member_changed(MemberRef member) {
    if (member.is_group())
        touch_group_below(member.as_group());
    else
        dirty.people.insert(member.as_person());
}

std::vector<PersonId> World::people_below(GroupId group) const {
    std::vector<PersonId> out;
    std::vector<GroupId> queue{group};
    std::unordered_set<GroupId> seen{group};
    while (!queue.empty()) {
        const GroupId at = queue.back();
        queue.pop_back();
        for (const MemberRef member : group_members.row(at.index())) {
            if (!member.is_group())
                out.push_back(member.as_person());
            else if (seen.insert(member.as_group()).second)
                queue.push_back(member.as_group());
        }
        if (const std::uint32_t rid = groups[at.index()].rid; primary_rids.contains(rid))
            for (std::size_t i = 0; i < people.size(); ++i)
                if (people[i].primary_group == rid) out.emplace_back(i);
    }
    for (const auto& [deleted, was] : deleted_groups)
        if (std::any_of(was.parents.begin(), was.parents.end(),
                        [&](GroupId at) { return seen.contains(at); }))
            out.insert(out.end(), was.people.begin(), was.people.end());
    return out;
}

void World::touch_group_below(GroupId group) {
    for (const PersonId person : people_below(group)) dirty.people.insert(person);
}

void World::touch_primary(std::uint32_t rid) {
    if (!primary_rids.contains(rid)) return;
    for (std::size_t i = 0; i < people.size(); ++i)
        if (people[i].primary_group == rid) dirty.people.emplace(i);
}

void World::person_missing(PersonId id) {
    Person& person = people[id.index()];
    if (!person.present) return;
    person.present = false;
    // Their places in groups stay: a group's own `member` says who is in it, and may well still name them.
    touched.people.insert(id);
    entry_changed(id);
}

void World::group_missing(GroupId id) {
    Group& group = groups[id.index()];
    group.deleted = true;
    group.members_known = true;
    touched.groups.insert(id);
    dirty.groups = true;
    touch_group_below(id);
    replace_unresolved(id, {});
    change_members(id, {}, true);  // its own place in other groups stays: those say who is in them
}

void World::group_hidden(GroupId id) {
    Group& group = groups[id.index()];
    if (!std::exchange(group.members_known, false)) return;
    touched.groups.insert(id);
    dirty.groups = true;
    touch_group_below(id);
}

UserId World::user(std::string_view matrix_id) {
    const UserId id = users.intern(matrix_id);
    if (id.index() >= accounts.size()) accounts.resize(id.index() + 1, Account::unknown);
    return id;
}

RoomId World::room(std::string_view key) {
    const auto [at, fresh] = room_by_key.try_emplace(std::string(key), RoomId(rooms.size()));
    if (fresh) {
        rooms.emplace_back().key = key;
        mark_room(at->second);
    }
    return at->second;
}

void World::rename_room(RoomId room_id, const std::string& key) {
    const std::string former = rooms[room_id.index()].key;
    const auto call = [this](RoomId id, const std::string& name) {
        touched.renamed.try_emplace(id, rooms[id.index()].key);
        rooms[id.index()].key = name;
        room_by_key[name] = id;
        mark_room(id);
    };
    const auto other = room_by_key.find(key);
    if (other != room_by_key.end())
        call(RoomId(other->second), former);
    else
        room_by_key.erase(former);
    call(room_id, key);
}

void World::set_room_id(RoomId room_id, std::string id) {
    Room& at = rooms[room_id.index()];
    if (!at.id.empty()) room_by_id.erase(at.id);
    at.id = std::move(id);
    if (!at.id.empty()) room_by_id[at.id] = room_id;
    mark_room(room_id);
}

void World::mark_room(RoomId room_id) {
    touched.rooms.insert(room_id);
    dirty.rooms.insert(room_id);
}

void World::set_membership(UserId user_id, Membership wanted) {
    const RoomId room_id = wanted.room;
    const Membership* held = membership(user_id, room_id);
    const MembershipState before = held == nullptr ? MembershipState::none : held->state;
    const bool counts = users.text(user_id) != bot;
    Room& at = rooms[room_id.index()];
    if (counts && before == MembershipState::join) --at.joined;
    if (counts && wanted.state == MembershipState::join) ++at.joined;
    if (held == nullptr || held->state != wanted.state || held->event != wanted.event ||
        held->power != wanted.power)
        count_change(room_id);
    memberships.put(user_id.index(), wanted);
    if (wanted.state == MembershipState::none && wanted.power == 0)
        room_users.erase(room_id.index(), user_id);
    else
        room_users.put(room_id.index(), user_id);
    touched.memberships.insert(pair(user_id, room_id));
    dirty.users.insert(user_id);
}

void World::count_change(RoomId room) {
    if (room.index() >= room_changes.size()) room_changes.resize(rooms.size(), 0);
    ++room_changes[room.index()];
}

void World::compact() {
    person_groups.compact();
    group_parents.compact();
    group_members.compact();
    person_attributes.compact();
    memberships.compact();
    room_users.compact();
}

void World::set_account(UserId user_id, Account account_now) {
    if (account(user_id) == account_now) return;
    accounts[user_id.index()] = account_now;
    touched.users.insert(user_id);
    dirty.users.insert(user_id);
}

}  // namespace rollcall::policy
