#include "daemon/store/directory_rows.h"

#include <algorithm>
#include <vector>

#include "daemon/store/doubt_rows.h"
#include "daemon/store/meta.h"
#include "daemon/store/numbers.h"
#include "daemon/store/row_order.h"
#include "schema/json.h"

namespace rollcall::store {
namespace {

using policy::AttributeValue;
using policy::Group;
using policy::MemberRef;
using policy::Person;
using policy::World;

Status save_person(Database& database, const World& world, const Person& person) {
    return database.run(
        "INSERT INTO person (guid, dn, login, account_control, expires, primary_group, deleted, present, "
        "depart_ordered, departed_seen, usn, matrix_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
        "$11, $12) "
        "ON CONFLICT (guid) DO UPDATE SET dn = excluded.dn, login = excluded.login, "
        "account_control = excluded.account_control, expires = excluded.expires, "
        "primary_group = excluded.primary_group, deleted = excluded.deleted, present = excluded.present, "
        "depart_ordered = excluded.depart_ordered, departed_seen = excluded.departed_seen, usn = "
        "excluded.usn, "
        "matrix_id = excluded.matrix_id",
        person.guid, person.dn.text(), person.login.view(), person.account_control, person.expires,
        person.primary_group, person.deleted, person.present, person.depart_ordered, person.departed_seen,
        person.usn,
        person.kept.valid() ? std::string_view(world.users.text(person.kept)) : std::string_view{});
}

Status save_attributes(Database& database, const World& world, PersonId id) {
    const Guid& guid = world.people[id.index()].guid;
    if (Status gone = database.run("DELETE FROM person_attribute WHERE person = $1", guid); !gone)
        return gone;
    for (const AttributeValue& held : world.person_attributes.row(id.index())) {
        Status put =
            database.run("INSERT INTO person_attribute (person, name, value) VALUES ($1, $2, $3)", guid,
                         world.attribute_names.text(held.attribute), world.attribute_values.text(held.value));
        if (!put) return put;
    }
    return {};
}

Status save_group(Database& database, const Group& group) {
    return database.run(
        "INSERT INTO directory_group (guid, dn, name, cn, rid, deleted, members_known, usn) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
        "ON CONFLICT (guid) DO UPDATE SET dn = excluded.dn, name = excluded.name, cn = excluded.cn, "
        "rid = excluded.rid, deleted = excluded.deleted, members_known = excluded.members_known, usn = "
        "excluded.usn",
        group.guid, group.dn, group.name, group.cn, group.rid, group.deleted, group.members_known, group.usn);
}

Status save_members(Database& database, const World& world, GroupId id) {
    const Guid& group = world.groups[id.index()].guid;
    std::vector<Guid> stored;
    Status read = database.each(
        "SELECT member FROM group_member WHERE directory_group = $1 ORDER BY member",
        [&](const Row& row) {
            stored.push_back(row.guid(0));
            return Status{};
        },
        group);
    if (!read) return read;
    const std::vector<Guid> wanted = world.members_of(id);
    std::vector<Guid> added, removed;
    std::set_difference(wanted.begin(), wanted.end(), stored.begin(), stored.end(),
                        std::back_inserter(added));
    std::set_difference(stored.begin(), stored.end(), wanted.begin(), wanted.end(),
                        std::back_inserter(removed));
    for (const Guid& member : removed) {
        Status gone = database.run("DELETE FROM group_member WHERE directory_group = $1 AND member = $2",
                                   group, member);
        if (!gone) return gone;
    }
    for (const Guid& member : added) {
        Status put =
            database.run("INSERT INTO group_member (directory_group, member) VALUES ($1, $2)", group, member);
        if (!put) return put;
    }
    return {};
}

// ---- loading ----

Status load_people(Database& database, World& world) {
    return database.each(
        "SELECT guid, dn, login, account_control, expires, primary_group, deleted, present, depart_ordered, "
        "departed_seen, usn, matrix_id FROM person",
        [&](const Row& row) -> Status {
            const PersonId id(world.people.size());
            Person& person = world.people.emplace_back();
            person.guid = row.guid(0);
            person.dn = world.dn_pool.dn(row.text(1));
            person.login = row.text(2);
            if (!row.is_null(3)) person.account_control = static_cast<std::uint32_t>(row.integer(3));
            if (!row.is_null(4)) person.expires = row.time(4);
            if (!row.is_null(5)) person.primary_group = static_cast<std::uint32_t>(row.integer(5));
            person.deleted = row.flag(6);
            person.present = row.flag(7);
            person.depart_ordered = row.flag(8);
            person.departed_seen = row.flag(9);
            person.usn = static_cast<std::uint64_t>(row.integer(10));
            if (!row.text(11).empty()) person.kept = world.user(row.text(11));
            if (person.expires && *person.expires != kNever) world.expiries.emplace(*person.expires, id);
            if (person.primary_group) world.primary_rids.insert(*person.primary_group);
            if (person.guid.empty() || !world.people_by_guid.add(world.people, id))
                return damaged(database, "person", "a GUID");
            return {};
        });
}

Status load_attributes(Database& database, World& world) {
    std::vector<std::pair<std::uint32_t, AttributeValue>> pairs;
    const Status read =
        database.each("SELECT person, name, value FROM person_attribute", [&](const Row& row) -> Status {
            const PersonId person = world.person(row.guid(0));
            if (!person.valid()) return damaged(database, "person_attribute", "nobody's value");
            pairs.emplace_back(person.value, AttributeValue{world.attribute_names.intern(row.text(1)),
                                                            world.attribute_values.intern(row.text(2))});
            return {};
        });
    if (!read) return read;
    assign_all(world.person_attributes, world.people.size(), pairs);
    return {};
}

Status load_groups(Database& database, World& world) {
    return database.each(
        "SELECT guid, dn, name, cn, rid, deleted, members_known, usn FROM directory_group",
        [&](const Row& row) -> Status {
            const GroupId id(world.groups.size());
            Group& group = world.groups.emplace_back();
            group.guid = row.guid(0);
            group.dn = row.text(1);
            group.name = row.text(2);
            group.cn = row.text(3);
            group.rid = static_cast<std::uint32_t>(row.integer(4));
            group.deleted = row.flag(5);
            group.members_known = row.flag(6);
            group.usn = static_cast<std::uint64_t>(row.integer(7));
            if (group.guid.empty() || !world.group_by_guid.emplace(group.guid, id).second)
                return damaged(database, "directory_group", "a GUID");
            // A living group has its RID before a deleted one, which may be the same group under another
            // GUID.
            if (group.rid != 0 && (!group.deleted || !world.group_by_rid.contains(group.rid)))
                world.group_by_rid[group.rid] = id;
            return {};
        });
}

Status load_members(Database& database, World& world) {
    std::vector<std::pair<std::uint32_t, MemberRef>> members;
    std::vector<std::pair<std::uint32_t, GroupId>> person_groups, group_parents;
    const auto one = [&](const Row& row) -> Status {
        const auto found = world.group_by_guid.find(row.guid(0));
        if (found == world.group_by_guid.end()) return damaged(database, "group_member", "no such group");
        const GroupId group = found->second;
        const Guid member = row.guid(1);
        if (const PersonId person = world.person(member); person.valid()) {
            members.emplace_back(group.value, MemberRef::person(person));
            person_groups.emplace_back(person.value, group);
        } else if (const auto child = world.group_by_guid.find(member); child != world.group_by_guid.end()) {
            members.emplace_back(group.value, MemberRef::group(child->second));
            group_parents.emplace_back(child->second.value, group);
        } else {
            world.unresolved[group].push_back(member);
            world.waiting_for[member].insert(group);
        }
        return {};
    };
    if (Status read = database.each("SELECT directory_group, member FROM group_member", one); !read)
        return read;
    assign_all(world.group_members, world.groups.size(), members);
    assign_all(world.group_parents, world.groups.size(), group_parents);
    assign_all(world.person_groups, world.people.size(), person_groups);
    return {};
}

Status load_containers(Database& database, World& world) {
    return database.each(
        "SELECT guid, dn, deleted, present, usn FROM directory_container", [&](const Row& row) -> Status {
            const ContainerId id(world.containers.size());
            policy::Container& container = world.containers.emplace_back();
            container.guid = row.guid(0);
            container.dn = row.text(1);
            container.deleted = row.flag(2);
            container.present = row.flag(3);
            container.usn = static_cast<std::uint64_t>(row.integer(4));
            if (!container.guid.empty() && world.container_by_guid.emplace(container.guid, id).second)
                return {};
            return damaged(database, "directory_container", "a GUID");
        });
}

Status load_cursor(Database& database, World& world) {
    const auto cursor = get_meta(database, "cursor");
    const auto read = get_meta(database, "attributes_read");
    const auto ever = get_meta(database, "directory_read");
    const auto frozen = get_meta(database, "frozen");
    for (const auto* value : {&cursor, &read, &ever, &frozen})
        if (!*value) return pass(*value);
    if (!*cursor) return {};  // a new store: they are written together
    const Result<json::Value> at = json::parse(**cursor);
    const Result<json::Value> names = json::parse(read->value_or("[]"));
    if (!at || !names) return damaged(database, "meta", "the cursor");
    world.cursor.directory = (*at)["directory"].text();
    world.cursor.server = (*at)["server"].text();
    world.cursor.invocation_id = (*at)["invocation_id"].text();
    world.cursor.usn = static_cast<std::uint64_t>((*at)["usn"].integer_or(0));
    world.cursor.time = from_ms((*at)["time"].integer_or(0));
    if (const json::Array* array = names->array())
        for (const json::Value& name : *array) world.attributes_read.insert(name.text());
    world.directory_read = ever->value_or("") == "1";
    world.frozen = frozen->value_or("");
    return {};
}

}  // namespace

Status save_people(Database& database, const World& world, const policy::Touched& touched) {
    for (const PersonId id : in_order(touched.people)) {
        if (Status saved = save_person(database, world, world.people[id.index()]); !saved) return saved;
        if (Status saved = save_attributes(database, world, id); !saved) return saved;
    }
    return {};
}

Status save_groups(Database& database, const World& world, const policy::Touched& touched) {
    for (const GroupId id : in_order(touched.groups)) {
        if (Status saved = save_group(database, world.groups[id.index()]); !saved) return saved;
        if (Status saved = save_members(database, world, id); !saved) return saved;
    }
    return {};
}

Status save_containers(Database& database, const World& world, const policy::Touched& touched) {
    for (const ContainerId id : in_order(touched.containers)) {
        const policy::Container& container = world.containers[id.index()];
        Status saved = database.run(
            "INSERT INTO directory_container (guid, dn, deleted, present, usn) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (guid) DO UPDATE SET dn = excluded.dn, deleted = excluded.deleted, "
            "present = excluded.present, usn = excluded.usn",
            container.guid, container.dn, container.deleted, container.present, container.usn);
        if (!saved) return saved;
    }
    return {};
}

Status save_cursor(Database& database, const World& world) {
    const World::Cursor& at = world.cursor;
    json::Value cursor;
    cursor.set("directory", at.directory).set("server", at.server).set("invocation_id", at.invocation_id);
    cursor.set("usn", static_cast<std::int64_t>(at.usn)).set("time", to_ms(at.time));
    json::Value names{json::Array{}};
    for (const std::string& name : world.attributes_read) names.push(name);
    Status saved = put_meta(database, "cursor", json::write(cursor));
    if (saved) saved = put_meta(database, "attributes_read", json::write(names));
    if (saved) saved = put_meta(database, "directory_read", world.directory_read ? "1" : "0");
    if (saved) saved = put_meta(database, "frozen", world.frozen);
    return saved;
}

Status load_directory(Database& database, World& world) {
    Status loaded = load_people(database, world);
    if (loaded) loaded = load_attributes(database, world);
    if (loaded) loaded = load_groups(database, world);
    if (loaded) loaded = load_members(database, world);
    if (loaded) loaded = load_containers(database, world);
    if (loaded) loaded = load_cursor(database, world);
    if (loaded) loaded = load_doubt(database, world);
    return loaded;
}

}  // namespace rollcall::store
