#include "tests/policy/oracle.h"

#include <re2/re2.h>
#include <algorithm>

#include "policy/base/text.h"
#include "policy/matrix_id.h"

namespace rollcall::policy::test {
namespace {

Tri negated(Tri value) {
    return value == Tri::yes ? Tri::no : value == Tri::no ? Tri::yes : Tri::unknown;
}

bool lists(const std::vector<Text>& selectors, const std::string& key) {
    return std::any_of(selectors.begin(), selectors.end(), [&](const Text& selector) {
        return selector.value == "all" || glob_match(selector.value, key);
    });
}

}  // namespace

Oracle::Oracle(const World& world, const PolicyFile& policy, const Pins& pins, bool mask)
    : world_(world), policy_(policy), pins_(pins), mask_(mask) {
    for (std::size_t i = 0; i < world.people.size(); ++i)
        if (const std::string id = claim(i); valid_matrix_id(id)) claims_[id].push_back(i);
}

Guid Oracle::pinned(const std::string& what, const std::string& name) const {
    return pins_.at(what + ":" + fold(name));
}

bool Oracle::here(std::size_t person) const {
    return world_.people[person].present && !world_.people[person].deleted;
}

const Identity* Oracle::entry_of(std::size_t person) const {
    for (const Identity& identity : policy_.people->identities)
        if (pinned("user", identity.user) == world_.people[person].guid) return &identity;
    return nullptr;
}

// An entry says so, and nobody keeps the ID to whom no entry gives another. (Chains of entries are not
// generated.)
bool Oracle::is_given(std::size_t person, const std::string& id) const {
    const Identity* entry = entry_of(person);
    if (entry == nullptr || entry->matrix_id != id) return false;
    for (std::size_t i = 0; i < world_.people.size(); ++i) {
        const Person& other = world_.people[i];
        if (i == person || !other.kept.valid() || world_.users.text(other.kept) != id) continue;
        if (const Identity* moved = entry_of(i); moved == nullptr || moved->matrix_id == id) return false;
    }
    return true;
}

// Whose login made it until it changed, and who are known by no other: without that person.
std::size_t Oracle::may_be_others(std::size_t person, const std::string& id) const {
    const std::vector<std::size_t> all = candidates(id);
    return all.size() - static_cast<std::size_t>(std::count(all.begin(), all.end(), person));
}

std::vector<std::size_t> Oracle::candidates(const std::string& id) const {
    std::vector<std::size_t> out;
    const std::vector<Guid>& had = world_.in_question.candidates(world_.users.find(id));
    for (std::size_t i = 0; i < world_.people.size(); ++i) {
        const Person& other = world_.people[i];
        const Identity* entry = entry_of(i);
        if (!other.kept.valid() && (entry == nullptr || !is_given(i, entry->matrix_id)) &&
            std::find(had.begin(), had.end(), other.guid) != had.end())
            out.push_back(i);
    }
    return out;
}

bool Oracle::was_anothers(std::size_t person, const std::string& id) const {
    if (may_be_others(person, id) > 0) return true;
    const auto known = world_.former_ids.find(world_.users.find(id));
    if (known != world_.former_ids.end() && known->second != world_.people[person].guid &&
        world_.person(known->second).valid())
        return true;
    for (std::size_t i = 0; i < world_.people.size(); ++i)
        if (const Identity* entry = entry_of(i);
            i != person && entry != nullptr && entry->matrix_id != id && is_given(i, entry->matrix_id) &&
            world_.people[i].kept.valid() && world_.users.text(world_.people[i].kept) == id)
            return true;
    return false;
}

// Their login made another name before, and the homeserver, which can be asked, has not said whether there is
// an account of that one.
bool Oracle::waits_for_another(std::size_t person, const std::string& id) const {
    if (!mask_) return false;
    for (const auto& [name, had] : world_.in_question.all())
        if (world_.users.text(name) != id &&
            std::find(had.begin(), had.end(), world_.people[person].guid) != had.end())
            return true;
    return false;
}

std::string Oracle::claim(std::size_t index) const {
    const Person& person = world_.people[index];
    const Identity* entry = entry_of(index);
    if (entry != nullptr && is_given(index, entry->matrix_id)) return entry->matrix_id;
    if (person.kept.valid()) return world_.users.text(person.kept);
    return here(index) && entry == nullptr ? "@" + fold(person.login) + ":" + world_.server_name : "";
}

// ---------------------------------------------------------------- groups, downwards

void Oracle::gather(std::size_t index, std::set<std::size_t>& seen, People& out) const {
    const Group& group = world_.groups[index];
    if (group.deleted || !seen.insert(index).second) return;
    const auto by_rid = world_.group_by_rid.find(group.rid);
    if (by_rid != world_.group_by_rid.end() && by_rid->second.index() == index)
        for (std::size_t i = 0; i < world_.people.size(); ++i)
            if (here(i) && world_.people[i].primary_group == group.rid) out.insert(i);
    if (!group.members_known) return;
    for (const MemberRef member : world_.group_members.row(index)) {
        if (member.is_group())
            gather(member.as_group().index(), seen, out);
        else if (here(member.as_person().index()))
            out.insert(member.as_person().index());
    }
}

const Oracle::People& Oracle::people_of(std::size_t group) {
    const auto [at, fresh] = groups_.try_emplace(group);
    std::set<std::size_t> seen;
    if (fresh) gather(group, seen, at->second);
    return at->second;
}

bool Oracle::has_unread(std::size_t index, std::set<std::size_t>& seen) const {
    const Group& group = world_.groups[index];
    if (group.deleted || !seen.insert(index).second) return false;
    if (!group.members_known || world_.unresolved.contains(GroupId(index))) return true;
    const auto row = world_.group_members.row(index);
    return std::any_of(row.begin(), row.end(), [&](MemberRef member) {
        return member.is_group() && has_unread(member.as_group().index(), seen);
    });
}

// By a group that was deleted since, and was in this one, or in one that is in it.
bool Oracle::was_in_group(std::size_t person, std::size_t group) const {
    std::set<std::size_t> below{group};
    for (bool grows = true; grows;) {
        grows = false;
        for (std::size_t i = 0; i < world_.groups.size(); ++i)
            for (const GroupId parent : world_.group_parents.row(i))
                grows |= below.contains(parent.index()) && below.insert(i).second;
    }
    for (const auto& [deleted, was] : world_.deleted_groups)
        for (const GroupId parent : was.parents)
            if (below.contains(parent.index()) &&
                std::find(was.people.begin(), was.people.end(), PersonId(person)) != was.people.end())
                return true;
    return false;
}

Tri Oracle::in_group(std::size_t person, const Guid& guid, bool excepting) {
    const auto at = world_.group_by_guid.find(guid);
    if (at == world_.group_by_guid.end()) return Tri::unknown;
    if (people_of(at->second.index()).contains(person)) return Tri::yes;
    if (here(person) && !world_.people[person].primary_group) return Tri::unknown;
    if (excepting && world_.groups[at->second.index()].deleted) return Tri::unknown;
    if (excepting && here(person) && was_in_group(person, at->second.index())) return Tri::unknown;
    std::set<std::size_t> seen;
    return has_unread(at->second.index(), seen) ? Tri::unknown : Tri::no;
}

// ---------------------------------------------------------------- conditions

Tri Oracle::under(std::size_t person, const Guid& guid, bool excepting) const {
    const Container* meant = nullptr;
    bool placed = false;
    const std::string dn = fold_dn(world_.people[person].dn.text());
    for (const Container& container : world_.containers) {
        if (container.guid == guid) meant = &container;
        placed |= container.present && !container.deleted && dn_parent(dn) == fold_dn(container.dn);
    }
    if (meant == nullptr || !meant->present) return Tri::unknown;
    if (meant->deleted && excepting) return Tri::unknown;
    if (meant->deleted || !here(person)) return Tri::no;
    if (dn_under(dn, fold_dn(meant->dn))) return Tri::yes;
    return placed ? Tri::no : Tri::unknown;
}

Tri Oracle::attribute(std::size_t index, const Condition& condition) const {
    const std::string name = fold(condition.name);
    std::vector<std::string> values;
    if (name == "samaccountname") {
        values.push_back(world_.people[index].login.text());
    } else {
        for (const AttributeValue& held : world_.person_attributes.row(index))
            if (world_.attribute_names.text(held.attribute) == name)
                values.push_back(world_.attribute_values.text(held.value));
    }
    bool unreadable = false;
    for (const std::string& value : values) unreadable |= value == kUnreadable;
    for (const std::string& value : values)
        for (const std::string& wanted : condition.values) {
            RE2::Options options;
            options.set_case_sensitive(false);
            const bool fits = condition.test == Condition::Test::matches
                                  ? RE2::FullMatch(value, RE2(wanted, options))
                                  : fold(value) == fold(wanted);
            if (fits && value != kUnreadable && here(index)) return Tri::yes;
        }
    if (unreadable && here(index)) return Tri::unknown;
    return name == "samaccountname" || world_.attributes_read.contains(name) ? Tri::no : Tri::unknown;
}

Tri Oracle::holds(std::size_t person, const Condition& condition, bool excepting) {
    switch (condition.kind) {
        case Condition::Kind::group:
            return in_group(person, pinned("group", condition.name), excepting);
        case Condition::Kind::user:
            return here(person) && world_.people[person].guid == pinned("user", condition.name) ? Tri::yes
                                                                                                : Tri::no;
        case Condition::Kind::under:
            return under(person, pinned("under", condition.name), excepting);
        case Condition::Kind::attribute:
            return attribute(person, condition);
        case Condition::Kind::any:
        case Condition::Kind::all:
            break;
    }
    const bool any = condition.kind == Condition::Kind::any;
    Tri out = any ? Tri::no : Tri::yes;
    for (const Expression& inner : condition.list) {
        const Tri value = holds(person, inner, excepting);
        out = any ? std::max(out, value) : std::min(out, value);
    }
    return out;
}

Tri Oracle::holds_without_except(std::size_t person, const Expression& expression, bool excepting) {
    if (expression.word == Expression::Word::employees) return Tri::yes;
    if (expression.word == Expression::Word::nobody) return Tri::no;
    Tri out = Tri::yes;
    for (const Condition& condition : expression.conditions)
        out = std::min(out, holds(person, condition, excepting));
    return out;
}

Tri Oracle::holds(std::size_t person, const Expression& expression, bool excepting) {
    const Tri out = holds_without_except(person, expression, excepting);
    return expression.except ? std::min(out, negated(holds(person, *expression.except, !excepting))) : out;
}

// ---------------------------------------------------------------- verdicts

Tri Oracle::departed(std::size_t index) const {
    const Person& person = world_.people[index];
    const bool disabled = person.account_control && (*person.account_control & kAccountDisabled) != 0;
    const bool expired = person.expires && *person.expires <= world_.now;
    if (person.deleted || person.depart_ordered || disabled || expired) return Tri::yes;
    if (!person.present) return Tri::no;
    const bool perhaps = person.expires && *person.expires != kNever && *person.expires <= world_.latest;
    const bool hidden = !person.account_control || !person.expires;
    if (hidden && person.departed_seen) return Tri::yes;
    return hidden || perhaps ? Tri::unknown : Tri::no;
}

bool Oracle::approved(const std::string& user, const RoomText& room) {
    if (room.outsiders.value_or(Outsiders::none) == Outsiders::none) return false;
    for (const Approval& approval : policy_.outsiders) {
        if (world_.now >= approval.until || !lists(approval.rooms, room.key) ||
            !glob_match(approval.who, user))
            continue;
        const PersonId sponsor = world_.person(pinned("user", approval.sponsor.value));
        if (!sponsor.valid()) continue;
        const std::size_t index = sponsor.index();
        if (world_.people[index].present && departed(index) != Tri::yes &&
            holds(index, *policy_.people->employees) != Tri::no)
            return true;
    }
    return false;
}

Verdict Oracle::employee(std::size_t person, const RoomText& room) {
    const Tri excepted = room.members->except ? holds(person, *room.members->except, true) : Tri::no;
    if (excepted == Tri::yes) return {Presence::out, Tri::no, Basis::excepted};
    const Tri owner = room.owners ? holds(person, *room.owners) : Tri::no;
    const Tri listed = std::max(holds_without_except(person, *room.members), owner);
    if (listed == Tri::no) return {Presence::out, Tri::no, Basis::not_listed};
    if (listed == Tri::unknown || excepted == Tri::unknown)
        return {Presence::unknown, Tri::unknown, Basis::undecided};
    return {Presence::in, owner, owner == Tri::yes ? Basis::owner : Basis::member};
}

Oracle::Claims Oracle::claims_on(const std::string& user) const {
    std::vector<std::size_t> claimants;
    if (const auto at = claims_.find(user); at != claims_.end()) claimants = at->second;
    const auto none_is_theirs = [&](std::size_t i) {
        const bool keeps = world_.people[i].kept.valid() && world_.users.text(world_.people[i].kept) == user;
        return !is_given(i, user) && !keeps && (was_anothers(i, user) || waits_for_another(i, user));
    };
    const bool barred = std::erase_if(claimants, none_is_theirs) > 0;
    const bool several = claimants.size() > 1;
    const auto keep_only = [&](auto is) {
        if (several && std::any_of(claimants.begin(), claimants.end(), is))
            std::erase_if(claimants, [&](std::size_t i) { return !is(i); });
    };
    keep_only([&](std::size_t i) { return world_.people[i].kept == world_.users.find(user); });
    if (claimants.size() > 1) keep_only([&](std::size_t i) { return is_given(i, user); });
    const std::vector<std::size_t> had = candidates(user);
    const bool one_of_two = had.size() > 1 || (had.size() == 1 && waits_for_another(had[0], user));
    const bool disputed = (several && claimants.size() != 1) || (claimants.empty() && (barred || one_of_two));
    const bool perhaps = claimants.size() != 1 && (several || one_of_two || (had.size() == 1 && barred));
    return {claimants, disputed, perhaps};
}

// Whose login makes this ID, whose login made it until it changed, and whose it was.
Oracle::People Oracle::may_have(const std::string& user) const {
    const std::vector<std::size_t> had = candidates(user);
    People out(had.begin(), had.end());
    if (const auto have = claims_.find(user); have != claims_.end())
        out.insert(have->second.begin(), have->second.end());
    const auto former = world_.former_ids.find(world_.users.find(user));
    if (former != world_.former_ids.end())
        if (const PersonId person = world_.person(former->second); person.valid()) out.insert(person.index());
    return out;
}

// Whoever had it had another before, which may be theirs; and nobody else may have it.
bool Oracle::was_later_name_only(const std::string& user) const {
    const std::vector<std::size_t> had = candidates(user);
    const auto had_another_before = [&](std::size_t i) {
        const std::vector<UserId>& names = world_.in_question.names(world_.people[i].guid);
        return !names.empty() && world_.users.text(names.front()) != user;
    };
    const auto have = claims_.find(user);
    const bool nobody_has_it = have == claims_.end() || have->second.empty();
    return nobody_has_it && may_have(user).size() == had.size() &&
           std::all_of(had.begin(), had.end(), had_another_before);
}

bool Oracle::left_by_all(const std::string& user) const {
    const Claims claims = claims_on(user);
    if (claims.people.size() == 1) return departed(claims.people[0]) == Tri::yes;
    const bool service = std::any_of(policy_.services.begin(), policy_.services.end(),
                                     [&](const Service& one) { return one.who == user; });
    if (!claims.perhaps || service || was_later_name_only(user)) return false;
    const People people = may_have(user);
    return std::all_of(people.begin(), people.end(),
                       [this](std::size_t i) { return departed(i) == Tri::yes; });
}

bool Oracle::somebody_is_there(const std::string& user) const {
    const Claims claims = claims_on(user);
    if (claims.people.size() == 1) return departed(claims.people[0]) == Tri::no;
    const People people = may_have(user);
    return std::any_of(people.begin(), people.end(),
                       [this](std::size_t i) { return departed(i) == Tri::no; });
}

Verdict Oracle::plain(const std::string& user, const RoomText& room) {
    const auto [claimants, disputed, perhaps] = claims_on(user);
    const bool person = claimants.size() == 1;
    if (left_by_all(user)) return {Presence::out, Tri::no, Basis::departed};
    for (const Service& service : policy_.services)
        if (service.who == user)
            return lists(service.rooms, room.key) ? Verdict{Presence::in, Tri::no, Basis::service}
                                                  : Verdict{Presence::out, Tri::no, Basis::service_elsewhere};
    if (!world_.directory_read || disputed) return {};
    if (person) {
        const Tri employed = holds(claimants[0], *policy_.people->employees);
        if (departed(claimants[0]) == Tri::unknown || employed == Tri::unknown) return {};
        if (employed == Tri::yes) return employee(claimants[0], room);
    }
    if (approved(user, room)) return {Presence::unknown, Tri::no, Basis::approval};
    if (person) return {Presence::out, Tri::no, Basis::not_employee};
    return {Presence::out, Tri::no, world_.is_local(user) ? Basis::stranger : Basis::outsider};
}

Verdict Oracle::verdict(const std::string& user, const RoomText& room) {
    Verdict out = plain(user, room);
    const bool spared =
        user == world_.bot || std::any_of(policy_.protected_ids.begin(), policy_.protected_ids.end(),
                                          [&](const Text& id) { return id.value == user; });
    if (!spared) return out;
    if (out.presence != Presence::in) return {Presence::unknown, Tri::unknown, Basis::protected_id};
    if (out.owner != Tri::yes) out.owner = Tri::unknown;
    return out;
}

}  // namespace rollcall::policy::test
