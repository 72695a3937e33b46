// The World's people and groups as entries again: what is known, in the form in which a directory says it.
#include <algorithm>
#include <charconv>

#include "policy/held_text.h"
#include "policy/world.h"

namespace rollcall::policy {
namespace {

std::optional<std::int64_t> number_of(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    return fault == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

PersonEntry World::entry_of(PersonId id) const {
    const Person& person = people[id.index()];
    PersonEntry out;
    out.guid = person.guid;
    out.dn = person.dn.text();
    out.login = person.login.view();
    out.account_control = person.account_control;
    out.expires = person.expires;
    out.primary_group = person.primary_group;
    out.deleted = person.deleted;
    out.usn = person.usn;
    for (const AttributeValue& held : person_attributes.row(id.index())) {
        const std::string& name = attribute_names.text(held.attribute);
        const std::string& value = attribute_values.text(held.value);
        if (value == kUnreadable) {
            out.unreadable.push_back(name);
            continue;
        }
        if (name == kExpiresAttribute && !person.expires) {
            out.odd_expires = number_of(value);
            if (!attributes_read.contains(name)) continue;  // held for want of a date alone
        }
        out.attributes[name].push_back(told_value(value));
    }
    return out;
}

GroupEntry World::entry_of(GroupId id) const {
    const Group& group = groups[id.index()];
    GroupEntry out;
    out.guid = group.guid;
    out.dn = group.dn;
    out.name = group.name;
    out.cn = group.cn;
    out.rid = group.rid;
    out.deleted = group.deleted;
    out.members_known = group.members_known;
    out.members = members_of(id);
    out.usn = group.usn;
    return out;
}

std::vector<Guid> World::members_of(GroupId id) const {
    std::vector<Guid> members;
    for (const MemberRef member : group_members.row(id.index()))
        members.push_back(member.is_group() ? groups[member.as_group().index()].guid
                                            : people[member.as_person().index()].guid);
    if (const auto waiting = unresolved.find(id); waiting != unresolved.end())
        members.insert(members.end(), waiting->second.begin(), waiting->second.end());
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    return members;
}

}  // namespace rollcall::policy
