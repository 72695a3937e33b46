#include "tests/daemon/store/world_text.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <sstream>
#include <vector>

#include "daemon/store/room_state_text.h"

namespace rollcall::store {
namespace {

using policy::World;

class Lines {
  public:
    template <class... Parts>
    void add(const Parts&... parts) {
        std::string line;
        ((line += fmt::format("{}|", parts)), ...);
        lines_.push_back(std::move(line));
    }
    [[nodiscard]] std::string text() {
        std::sort(lines_.begin(), lines_.end());
        std::string text;
        for (const std::string& line : lines_) text += line + "\n";
        return text;
    }

  private:
    std::vector<std::string> lines_;
};

template <class T>
std::string maybe(const std::optional<T>& value) {
    return value ? fmt::format("{}", *value) : "unreadable";
}

void add_people(Lines& lines, const World& world) {
    for (std::size_t i = 0; i < world.people.size(); ++i) {
        const policy::Person& person = world.people[i];
        const std::string guid = person.guid.text();
        lines.add("person", guid, person.dn.text(), person.login.view(), maybe(person.account_control),
                  person.expires ? fmt::format("{}", to_ms(*person.expires)) : "unreadable",
                  maybe(person.primary_group), person.deleted, person.present, person.depart_ordered,
                  person.usn, person.departed_seen, person.kept.valid() ? world.users.text(person.kept) : "");
        lines.add("person by guid", guid, world.person(person.guid).index() == i);
        for (const auto& held : world.person_attributes.row(i))
            lines.add("attribute", guid, world.attribute_names.text(held.attribute),
                      world.attribute_values.text(held.value));
        for (const GroupId group : world.person_groups.row(i))
            lines.add("person in", guid, world.groups[group.index()].guid.text());
        if (person.primary_group)
            lines.add("primary rid known", world.primary_rids.contains(*person.primary_group));
    }
    for (const auto& [time, id] : world.expiries)
        lines.add("expiry", to_ms(time), world.people[id.index()].guid.text());
}

void add_groups(Lines& lines, const World& world) {
    for (std::size_t i = 0; i < world.groups.size(); ++i) {
        const policy::Group& group = world.groups[i];
        const std::string guid = group.guid.text();
        lines.add("group", guid, group.dn, group.name, group.cn, group.rid, group.deleted,
                  group.members_known, group.usn);
        lines.add("group by guid", guid, world.group_by_guid.at(group.guid).index() == i);
        for (const policy::MemberRef member : world.group_members.row(i))
            lines.add("member", guid,
                      member.is_group() ? world.groups[member.as_group().index()].guid.text()
                                        : world.people[member.as_person().index()].guid.text());
        for (const GroupId parent : world.group_parents.row(i))
            lines.add("group in", guid, world.groups[parent.index()].guid.text());
    }
    for (std::size_t i = 0; i < world.containers.size(); ++i) {
        const policy::Container& container = world.containers[i];
        lines.add("container", container.guid.text(), container.dn, container.deleted, container.present,
                  container.usn, world.container_by_guid.at(container.guid).index() == i);
    }
    for (const auto& [rid, id] : world.group_by_rid)
        lines.add("rid", rid, world.groups[id.index()].guid.text());
    for (const auto& [guid, groups] : world.waiting_for)
        for (const GroupId group : groups)
            lines.add("waiting", guid.text(), world.groups[group.index()].guid.text());
    for (const auto& [group, guids] : world.unresolved)
        for (const Guid& guid : guids)
            lines.add("unresolved", world.groups[group.index()].guid.text(), guid.text());
}

void add_rooms(Lines& lines, const World& world) {
    for (std::size_t i = 0; i < world.rooms.size(); ++i) {
        const policy::Room& room = world.rooms[i];
        lines.add("room", room.key, room.id, static_cast<int>(room.phase), room.bot_joined, room.released,
                  to_ms(room.filling_since), room.claimed_alias, room.alias_conflict, room.joined,
                  write_room_state(room.state));
        lines.add("room by key", room.key, world.room_by_key.at(room.key).index() == i);
        for (const std::string& child : room.state.children) lines.add("child", room.key, child);
        room.state.events.each([&](std::string_view slot, std::string_view event) {
            lines.add("state", room.key, slot, event);
        });
        for (const UserId user : world.room_users.row(i))
            lines.add("room user", room.key, world.users.text(user));
    }
    for (const auto& [id, room] : world.room_by_id)
        lines.add("room by id", id, world.rooms[room.index()].key);
}

std::string pair_text(const World& world, std::uint64_t pair) {
    return world.users.text(UserId(static_cast<std::size_t>(pair >> 32U))) + " in " +
           world.rooms[pair & 0xffffffffU].key;
}

void add_users(Lines& lines, const World& world) {
    for (std::size_t i = 0; i < world.users.size(); ++i) {
        const UserId id(i);
        const std::string& user = world.users.text(id);
        if (world.account(id) != policy::Account::unknown)
            lines.add("account", user, static_cast<int>(world.account(id)));
        for (const policy::Membership& held : world.memberships.row(i))
            lines.add("membership", user, world.rooms[held.room.index()].key, held.event,
                      static_cast<int>(held.state), static_cast<int>(held.cause), bool{held.needs_forget},
                      bool{held.approved_once}, bool{held.unbidden}, bool{held.by_choice}, held.power);
    }
    for (const auto& [pair, by] : world.inviters)
        lines.add("inviter", pair_text(world, pair), world.users.text(by));
    for (const auto& [pair, time] : world.put_back)
        lines.add("put back", pair_text(world, pair), to_ms(time));
    for (const auto& [time, id] : world.revisit) lines.add("revisit", to_ms(time), world.users.text(id));
    for (const auto& [id, departing] : world.departing) {
        lines.add("departing", world.users.text(id), departing.signed_out, departing.listed, departing.late);
        for (std::size_t i = 0; i < departing.rooms.size(); ++i)
            lines.add("departing from", world.users.text(id), i, departing.rooms[i].room,
                      departing.rooms[i].done);
    }
}

void add_doubt(Lines& lines, const World& world) {
    const policy::Doubt& doubt = world.doubt;
    if (!doubt.any()) return;
    lines.add("doubt", doubt.why, doubt.invocation_id);
    for (const auto& [invocation_id, usn] : doubt.must_know) lines.add("must know", invocation_id, usn);
    for (const auto& [guid, base] : doubt.people) {
        lines.add("doubted", guid.text(), base.has_value());
        if (!base) continue;
        lines.add("base", guid.text(), base->dn, base->login, base->deleted,
                  base->account_control.value_or(7), to_ms(base->expires.value_or(Time{})),
                  base->primary_group.value_or(7));
        for (const auto& [name, values] : base->attributes)
            for (const std::string& value : values) lines.add("base of", guid.text(), name, value);
        for (const std::string& name : base->unreadable) lines.add("base hides", guid.text(), name);
    }
    for (const auto& [guid, base] : doubt.groups) {
        lines.add("doubted", guid.text(), base.has_value());
        if (!base) continue;
        lines.add("base", guid.text(), base->deleted, base->members_known);
        for (const Guid& member : base->members) lines.add("base of", guid.text(), member.text());
    }
}

}  // namespace

std::string world_text(const World& world) {
    Lines lines;
    add_people(lines, world);
    add_groups(lines, world);
    add_rooms(lines, world);
    add_users(lines, world);
    lines.add("cursor", world.cursor.directory, world.cursor.server, world.cursor.invocation_id,
              world.cursor.usn, to_ms(world.cursor.time), world.directory_read, world.frozen);
    for (const std::string& name : world.attributes_read) lines.add("attribute read", name);
    add_doubt(lines, world);
    return lines.text();
}

std::string difference(const std::string& a, const std::string& b) {
    const auto lines_of = [](const std::string& text) {
        std::multiset<std::string> lines;
        std::istringstream stream(text);
        for (std::string line; std::getline(stream, line);) lines.insert(line);
        return lines;
    };
    const auto in_a = lines_of(a), in_b = lines_of(b);
    std::vector<std::string> only;
    std::set_difference(in_a.begin(), in_a.end(), in_b.begin(), in_b.end(), std::back_inserter(only));
    std::string text;
    for (const std::string& line : only) text += "- " + line + "\n";
    only.clear();
    std::set_difference(in_b.begin(), in_b.end(), in_a.begin(), in_a.end(), std::back_inserter(only));
    for (const std::string& line : only) text += "+ " + line + "\n";
    return text;
}

}  // namespace rollcall::store
