#include "policy/doubt.h"

#include <algorithm>
#include <iterator>

namespace rollcall::policy {
namespace {

using Values = std::optional<std::vector<std::string>>;  // nullopt: could not be read

Values values(const PersonEntry& entry, const std::string& name) {
    if (std::find(entry.unreadable.begin(), entry.unreadable.end(), name) != entry.unreadable.end())
        return std::nullopt;
    const auto at = entry.attributes.find(name);
    if (at == entry.attributes.end()) return std::vector<std::string>{};
    std::vector<std::string> out = at->second;
    std::sort(out.begin(), out.end());
    return out;
}

void set_values(PersonEntry& entry, const std::string& name, const Values& values) {
    std::erase(entry.unreadable, name);
    entry.attributes.erase(name);
    if (!values)
        entry.unreadable.push_back(name);
    else if (!values->empty())
        entry.attributes.emplace(name, *values);
}

// Of userAccountControl only this decides anything; the rest of it is the entry's.
std::optional<bool> disabled(const PersonEntry& entry) {
    if (!entry.account_control) return std::nullopt;
    return (*entry.account_control & kAccountDisabled) != 0;
}

bool is_expired(const PersonEntry& entry, Time now) {
    return entry.expires && *entry.expires <= now;
}

std::vector<Guid> sorted(std::vector<Guid> guids) {
    std::sort(guids.begin(), guids.end());
    guids.erase(std::unique(guids.begin(), guids.end()), guids.end());
    return guids;
}

}  // namespace

bool says_departed(const PersonEntry& entry, Time now) {
    return entry.deleted || disabled(entry).value_or(false) || is_expired(entry, now);
}

PersonEntry weigh(const PersonEntry& known, const PersonEntry& base, const PersonEntry& entry,
                  const std::vector<std::string>& asked, const std::vector<std::string>& known_attributes,
                  Time now) {
    PersonEntry out = entry;
    if (entry.deleted) return out;
    if (!base.deleted) out.deleted = known.deleted;
    if (disabled(entry) == disabled(base) && !disabled(entry).value_or(false))
        out.account_control = known.account_control;
    if (entry.expires == base.expires && !is_expired(entry, now)) out.expires = known.expires;
    if (entry.primary_group == base.primary_group) out.primary_group = known.primary_group;
    if (entry.dn == base.dn) out.dn = known.dn;
    if (entry.login == base.login) out.login = known.login;
    for (const std::string& name : asked)
        if (values(entry, name) == values(base, name) &&
            std::find(known_attributes.begin(), known_attributes.end(), name) != known_attributes.end())
            set_values(out, name, values(known, name));
    return out;
}

GroupEntry weigh(const GroupEntry& known, const GroupEntry& base, const GroupEntry& entry) {
    GroupEntry out = entry;
    if (entry.deleted) return out;
    if (!base.deleted) out.deleted = known.deleted;
    if (!entry.members_known || !base.members_known) return out;
    out.members_known = known.members_known || !same(base, entry);
    if (!known.members_known) return out;
    const auto held = sorted(known.members), before = sorted(base.members), now = sorted(entry.members);
    std::vector<Guid> came, went, stayed;
    std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(came));
    std::set_difference(before.begin(), before.end(), now.begin(), now.end(), std::back_inserter(went));
    std::set_difference(held.begin(), held.end(), went.begin(), went.end(), std::back_inserter(stayed));
    out.members.clear();
    std::set_union(stayed.begin(), stayed.end(), came.begin(), came.end(), std::back_inserter(out.members));
    return out;
}

bool same(const PersonEntry& a, const PersonEntry& b, const std::vector<std::string>& asked) {
    return a.deleted == b.deleted && disabled(a) == disabled(b) && a.expires == b.expires &&
           a.primary_group == b.primary_group && a.dn == b.dn && a.login == b.login &&
           std::all_of(asked.begin(), asked.end(),
                       [&](const std::string& name) { return values(a, name) == values(b, name); });
}

bool same(const GroupEntry& a, const GroupEntry& b) {
    return a.deleted == b.deleted && a.members_known == b.members_known &&
           sorted(a.members) == sorted(b.members);
}

}  // namespace rollcall::policy
