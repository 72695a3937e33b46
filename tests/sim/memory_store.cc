#include "tests/sim/memory_store.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "policy/plan.h"

namespace rollcall::sim {

using policy::Membership;
using policy::World;

Status MemoryStore::commit(const store::Turn& turn) {
    if (before_commit) before_commit(turn);
    if (fatal_) return fail(ErrorKind::io, "the store failed before");
    if (fault == Fault::disk_full) return fail(ErrorKind::limit, "no space left on the disk");
    if (fault == Fault::fsync) {
        fatal_ = true;
        return fail(ErrorKind::io, "fsync failed");
    }
    if (turn.world != nullptr) {
        save_people(*turn.world, turn.touched);
        save_groups(*turn.world, turn.touched);
        for (const ContainerId id : turn.touched.containers)
            containers_[turn.world->containers[id.index()].guid] = turn.world->containers[id.index()];
        rename_rooms(*turn.world, turn.touched);
        for (const RoomId id : turn.touched.rooms)
            rooms_[turn.world->rooms[id.index()].key] = turn.world->rooms[id.index()];
        save_memberships(*turn.world, turn.touched);
        save_users(*turn.world, turn.touched);
        if (turn.cursor_changed) {
            cursor_ = turn.world->cursor;
            attributes_read_ = turn.world->attributes_read;
            directory_read_ = turn.world->directory_read;
            frozen_ = turn.world->frozen;
        }
        if (turn.touched.doubt) doubt_ = turn.world->doubt;
    }
    for (const std::string& id : turn.transactions)
        if (!transactions_.insert(id).second) throw std::logic_error("transaction " + id + " taken in twice");
    for (const store::StoredIntent& intent : turn.intents) {
        intents_[intent.id] = intent.text;
        last_intent_ = std::max(last_intent_, intent.id);
    }
    for (const std::uint64_t id : turn.finished) intents_.erase(id);
    for (const store::StoredPersonKey& key : turn.person_keys) put(key);
    for (const store::TrailRow& row : turn.trail) {
        if (row.number != trail_.size() + 1) throw std::logic_error("a gap in the trail");
        for (const std::uint64_t key : {row.subject, row.caller})
            if (key != 0 && !person_keys_.contains(key)) throw std::logic_error("an entry without its key");
        trail_.push_back(row);
    }
    for (const std::uint64_t key : turn.erased_keys) erase(key);
    for (const store::StoredMark& mark : turn.marks) {
        if (mark.value)
            marks_[{mark.kind, mark.key}] = *mark.value;
        else
            marks_.erase({mark.kind, mark.key});
    }
    if (turn.policy) policy_ = turn.policy;
    ++commits_;
    if (after_commit) after_commit(turn);
    return {};
}

void MemoryStore::put(const store::StoredPersonKey& key) {
    store::StoredPersonKey& held = person_keys_[key.id];
    key_of_guid_.erase({held.guid, key.id});
    key_of_name_.erase({held.name, key.id});
    held = key;
    key_of_guid_.emplace(key.guid, key.id);
    key_of_name_.emplace(key.name, key.id);
}

// Its number stays, so that it is never given again.
void MemoryStore::erase(std::uint64_t key) {
    put({key, {}, {}, {}});
    for (store::TrailRow& row : trail_)
        std::erase_if(row.leaf.personal, [&](const schema::PersonalPart& part) {
            return (part.party == schema::Party::subject ? row.subject : row.caller) == key;
        });
}

void MemoryStore::rename_rooms(const World& world, const policy::Touched& touched) {
    std::map<std::string, std::string> keys;
    for (const auto& [id, stored] : touched.renamed)
        if (rooms_.contains(stored)) keys[stored] = world.rooms[id.index()].key;
    if (keys.empty()) return;
    const auto now = [&](const std::string& key) { return keys.contains(key) ? keys.at(key) : key; };
    for (auto& [key, row] : std::exchange(rooms_, {})) rooms_.emplace(now(key), std::move(row));
    const auto rename = [&](auto& rows) {
        for (auto& [pair, row] : std::exchange(rows, {}))
            rows.emplace(Pair{pair.first, now(pair.second)}, std::move(row));
    };
    rename(memberships_);
    rename(inviters_);
    rename(put_back_);
}

void MemoryStore::save_people(const World& world, const policy::Touched& touched) {
    for (const PersonId id : touched.people) {
        PersonRow row{world.people[id.index()], {}, {}};
        if (row.person.kept.valid()) row.kept = world.users.text(row.person.kept);
        for (const policy::AttributeValue& held : world.person_attributes.row(id.index()))
            row.attributes.emplace_back(world.attribute_names.text(held.attribute),
                                        world.attribute_values.text(held.value));
        people_[row.person.guid] = std::move(row);
    }
}

void MemoryStore::save_groups(const World& world, const policy::Touched& touched) {
    for (const GroupId id : touched.groups) {
        GroupRow row{world.groups[id.index()], {}};
        for (const policy::MemberRef member : world.group_members.row(id.index()))
            row.members.push_back(member.is_group() ? world.groups[member.as_group().index()].guid
                                                    : world.people[member.as_person().index()].guid);
        if (const auto waiting = world.unresolved.find(id); waiting != world.unresolved.end())
            row.members.insert(row.members.end(), waiting->second.begin(), waiting->second.end());
        groups_[row.group.guid] = std::move(row);
    }
}

void MemoryStore::save_users(const World& world, const policy::Touched& touched) {
    for (const UserId id : touched.users) {
        const std::string& name = world.users.text(id);
        UserRow& row = users_[name];
        row.account = world.account(id);
        const auto departing = world.departing.find(id);
        row.departing = departing == world.departing.end() ? std::optional<policy::Departing>{}
                                                           : std::optional(departing->second);
        for (const Membership& held : world.memberships.row(id.index())) {
            const auto at = world.put_back.find(World::pair(id, held.room));
            if (at != world.put_back.end())
                put_back_[{name, world.rooms[held.room.index()].key}] = at->second;
        }
    }
}

void MemoryStore::save_memberships(const World& world, const policy::Touched& touched) {
    for (const std::uint64_t packed : touched.memberships) {
        const UserId user(static_cast<std::size_t>(packed >> 32U));
        const RoomId room(static_cast<std::size_t>(packed & 0xffffffffU));
        const Pair pair{world.users.text(user), world.rooms[room.index()].key};
        users_.try_emplace(pair.first);
        const Membership* held = world.membership(user, room);
        if (held == nullptr) throw std::logic_error("a membership was touched that is not there");
        memberships_[pair] = *held;
        if (const auto inviter = world.inviters.find(packed); inviter != world.inviters.end())
            inviters_[pair] = world.users.text(inviter->second);
        if (const auto at = world.put_back.find(packed); at != world.put_back.end())
            put_back_[pair] = at->second;
    }
}

Status MemoryStore::load(World& world) {
    load_directory(world);
    load_rooms(world);
    return {};
}

void MemoryStore::load_directory(World& world) const {
    for (const auto& [guid, row] : people_) {
        const PersonId id(world.people.size());
        world.people.push_back(row.person);
        world.people.back().kept = row.kept.empty() ? UserId{} : world.user(row.kept);
        world.people_by_guid.add(world.people, id);
        if (row.person.expires && *row.person.expires != kNever)
            world.expiries.emplace(*row.person.expires, id);
        if (row.person.primary_group) world.primary_rids.insert(*row.person.primary_group);
        std::vector<policy::AttributeValue> values;
        for (const auto& [name, value] : row.attributes)
            values.push_back({world.attribute_names.intern(name), world.attribute_values.intern(value)});
        std::sort(values.begin(), values.end());
        world.person_attributes.assign(id.index(), values);
        world.person_groups.assign(id.index(), {});
    }
    for (const auto& [guid, row] : groups_) {
        const GroupId id(world.groups.size());
        world.groups.push_back(row.group);
        world.group_by_guid[guid] = id;
        if (row.group.rid != 0 && (!row.group.deleted || !world.group_by_rid.contains(row.group.rid)))
            world.group_by_rid[row.group.rid] = id;
        world.group_members.assign(id.index(), {});
        world.group_parents.assign(id.index(), {});
    }
    for (const auto& [guid, row] : groups_) {
        const GroupId group = world.group_by_guid.at(guid);
        for (const Guid& member : row.members) {
            if (const PersonId person = world.person(member); person.valid()) {
                world.group_members.put(group.index(), policy::MemberRef::person(person));
                world.person_groups.put(person.index(), group);
            } else if (const auto child = world.group_by_guid.find(member);
                       child != world.group_by_guid.end()) {
                world.group_members.put(group.index(), policy::MemberRef::group(child->second));
                world.group_parents.put(child->second.index(), group);
            } else {
                world.unresolved[group].push_back(member);
                world.waiting_for[member].insert(group);
            }
        }
    }
    for (const auto& [guid, container] : containers_) {
        world.container_by_guid[guid] = ContainerId(world.containers.size());
        world.containers.push_back(container);
    }
    world.cursor = cursor_;
    world.attributes_read = attributes_read_;
    world.directory_read = directory_read_;
    world.frozen = frozen_;
    world.doubt = doubt_;
}

void MemoryStore::load_rooms(World& world) const {
    for (const auto& [key, row] : rooms_) {
        const RoomId id(world.rooms.size());
        world.rooms.push_back(row);
        world.rooms.back().joined = 0;
        world.room_by_key[key] = id;
        if (!row.id.empty()) world.room_by_id[row.id] = id;
    }
    for (const auto& [name, row] : users_) {
        const UserId id = world.user(name);
        world.accounts[id.index()] = row.account;
        if (row.departing) world.departing[id] = *row.departing;
    }
    for (const auto& [pair, held] : memberships_) {
        const UserId user = world.user(pair.first);
        const RoomId room = world.room_by_key.at(pair.second);
        Membership membership = held;
        membership.room = room;
        world.memberships.put(user.index(), membership);
        if (held.state != policy::MembershipState::none || held.power != 0)
            world.room_users.put(room.index(), user);
        if (held.state == policy::MembershipState::join && pair.first != world.bot)
            ++world.rooms[room.index()].joined;
    }
    for (const auto& [pair, name] : inviters_)
        world.inviters[World::pair(world.user(pair.first), world.room_by_key.at(pair.second))] =
            world.user(name);
    for (const auto& [pair, time] : put_back_) {
        const UserId user = world.user(pair.first);
        world.put_back[World::pair(user, world.room_by_key.at(pair.second))] = time;
        world.revisit.emplace(time + policy::kPutBackEvery, user);
    }
}

Result<std::vector<store::StoredIntent>> MemoryStore::intents() {
    std::vector<store::StoredIntent> out;
    for (const auto& [id, text] : intents_) out.push_back({id, text});
    return out;
}

Result<std::vector<store::StoredMark>> MemoryStore::marks() {
    std::vector<store::StoredMark> out;
    for (const auto& [place, value] : marks_) out.push_back({place.first, place.second, value});
    return out;
}

Result<std::vector<store::StoredTrailEntry>> MemoryStore::trail(const store::TrailFilter& filter) {
    std::vector<store::StoredTrailEntry> out;
    const Status read = each_trail(filter, [&](const store::StoredTrailEntry& entry) {
        out.push_back(entry);
        return Status{};
    });
    if (!read) return pass(read);
    if (out.size() > filter.at_most)
        out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(filter.at_most));
    return out;
}

// Of that person, as the SQLite store finds them.
std::set<std::uint64_t> MemoryStore::keys_of(const store::TrailFilter& filter) const {
    std::set<std::uint64_t> keys;
    std::set<Guid> guids;
    if (!filter.person.empty()) guids.insert(filter.person);
    if (filter.subject != 0) keys.insert(filter.subject);
    for (const auto& [id, key] : person_keys_) {
        const bool named = !filter.user.empty() && key.name == filter.user;
        if (!named && id != filter.subject) continue;
        if (named && !filter.person.empty() && !key.guid.empty()) continue;  // another person's by now
        keys.insert(id);
        if (!key.guid.empty()) guids.insert(key.guid);
    }
    for (const auto& [id, key] : person_keys_)
        if (guids.contains(key.guid)) keys.insert(id);
    return keys;
}

Status MemoryStore::each_trail(const store::TrailFilter& filter, const store::TrailVisit& visit) {
    const auto fits = [](const std::string& wanted, const std::string& is) {
        return wanted.empty() || wanted == is;
    };
    const bool anybody = filter.user.empty() && filter.person.empty() && filter.subject == 0;
    const std::set<std::uint64_t> keys = keys_of(filter);
    for (const store::TrailRow& row : trail_) {
        if (row.number <= filter.after || (filter.upto != 0 && row.number > filter.upto) ||
            !fits(filter.room, row.room) || !fits(filter.kind, row.kind) ||
            !fits(filter.action, row.action) || (filter.from && row.time < *filter.from) ||
            (filter.to && row.time >= *filter.to) || (!anybody && !keys.contains(row.subject)))
            continue;
        const Result<json::Value> whole = schema::join_trail_entry(row.leaf.text, row.leaf.personal);
        if (!whole) return pass(whole);
        const std::string user = (*whole)["user"].text();
        if (Status seen =
                visit({row.number, row.time, row.kind, user, row.room, json::write(*whole), row.subject});
            !seen)
            return seen;
    }
    return {};
}

Result<std::optional<store::StoredPersonKey>> MemoryStore::person_key(const Guid& guid,
                                                                      const std::string& name) {
    const auto of_guid = key_of_guid_.lower_bound({guid, 0});
    if (!guid.empty() && of_guid != key_of_guid_.end() && of_guid->first == guid)
        return std::optional(person_keys_.at(of_guid->second));
    const auto of_name = key_of_name_.lower_bound({name, 0});
    if (!name.empty() && of_name != key_of_name_.end() && of_name->first == name)
        return std::optional(person_keys_.at(of_name->second));
    return std::optional<store::StoredPersonKey>{};
}

Result<std::vector<store::StoredPersonKey>> MemoryStore::person_keys() {
    std::vector<store::StoredPersonKey> out;
    for (const auto& [id, key] : person_keys_)
        if (!key.guid.empty() || !key.name.empty()) out.push_back(key);
    return out;
}

Result<std::map<std::uint64_t, Time>> MemoryStore::departures() {
    std::map<std::uint64_t, Time> out;
    for (const store::TrailRow& row : trail_)
        if (row.kind == "directory" && row.action == "departed" && person_keys_.contains(row.subject))
            out[row.subject] = std::max(out[row.subject], row.time);
    return out;
}

Result<std::uint64_t> MemoryStore::last_person_key() {
    return person_keys_.empty() ? 0 : person_keys_.rbegin()->first;
}

}  // namespace rollcall::sim
