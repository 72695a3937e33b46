// Decider: which Matrix ID is whose. One that two claim is nobody's, but for whoever has kept it or was given
// it by people.identities.
#include <fmt/format.h>
#include <algorithm>

#include "policy/base/text.h"
#include "policy/decide.h"

namespace rollcall::policy {

bool valid_matrix_id(std::string_view id) {
    const std::size_t colon = id.find(':');
    if (id.size() > 255 || id.size() < 4 || id[0] != '@' || colon == std::string_view::npos || colon < 2 ||
        colon + 1 == id.size())
        return false;
    return std::all_of(id.begin() + 1, id.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("._=-/+").find(c) != std::string_view::npos;
    });
}

std::string template_id(const World& world, PersonId id, const std::vector<TemplatePart>& parts) {
    const Person& person = world.people[id.index()];
    std::string out;
    for (const TemplatePart& part : parts) {
        if (part.attribute.empty()) {
            out += part.literal;
            continue;
        }
        std::string value;
        if (part.attribute == "samaccountname") {
            value = person.login.text();
        } else {
            const AttributeId attribute = world.attribute_names.find(part.attribute);
            for (const AttributeValue& held : world.person_attributes.row(id.index()))
                if (attribute.valid() && held.attribute == attribute && value.empty() &&
                    world.attribute_values.text(held.value) != kUnreadable)
                    value = world.attribute_values.text(held.value);
        }
        if (value.empty()) return {};
        if (part.filter == TemplatePart::Filter::lower) value = fold(value);
        if (part.filter == TemplatePart::Filter::slug) value = slug(value);
        out += value;
    }
    return out;
}

// Who keeps the Matrix ID that is to be this person's, and is given no other one. Whoever swaps theirs with
// somebody is in nobody's way.
PersonId Decider::in_the_way(PersonId person, const std::unordered_map<UserId, PersonId>& keepers) const {
    PersonId at = person;
    for (std::size_t steps = 0; steps <= program_->identities.size(); ++steps) {
        const auto mine = program_->identities.find(world_.people[at.index()].guid);
        if (mine == program_->identities.end()) return at;
        const UserId wanted = world_.users.find(mine->second);
        if (at != person && world_.people[at.index()].kept == wanted) return at;
        const auto keeper = keepers.find(wanted);
        if (keeper == keepers.end() || keeper->second == at || keeper->second == person) return {};
        at = keeper->second;
    }
    return at;
}

// An admin's word goes before what was seen in use; but nobody is given what another one keeps.
void Decider::give_identities() {
    if (program_->identities.empty()) return;
    std::unordered_map<UserId, PersonId> keepers;
    for (const auto& [guid, id] : program_->identities) keepers[world_.user(id)] = {};
    for (std::size_t i = 0; i < world_.people.size(); ++i)
        if (const auto at = keepers.find(world_.people[i].kept); at != keepers.end())
            at->second = PersonId(i);
    std::erase_if(keepers, [](const auto& entry) { return !entry.second.valid(); });
    for (const auto& [guid, id] : program_->identities) {
        const PersonId person = world_.person(guid);
        if (!person.valid()) continue;
        const UserId kept = world_.people[person.index()].kept, wanted = world_.user(id);
        if (const PersonId other = in_the_way(person, keepers); other.valid()) {
            kept_from_[person] = other;
            continue;
        }
        given_[person] = wanted;
        if (kept.valid() && kept != wanted) given_up_[kept] = person;
    }
}

UserId Decider::given(PersonId person) const {
    const auto at = given_.find(person);
    return at == given_.end() ? UserId{} : at->second;
}

// Whose it was, though they may have it again.
PersonId Decider::formerly_of(UserId user) const {
    if (const auto at = given_up_.find(user); at != given_up_.end()) return at->second;
    const auto known = world_.former_ids.find(user);
    return known == world_.former_ids.end() ? PersonId{} : world_.person(known->second);
}

PersonId Decider::former_holder(UserId user) const {
    const PersonId former = formerly_of(user);
    return former.valid() && user_of(former) != user ? former : PersonId{};
}

std::vector<PersonId> Decider::maybe_of(UserId user) const {
    std::vector<PersonId> out;
    const auto renamed = world_.renamed.find(user);
    if (renamed == world_.renamed.end()) return out;
    for (const Guid& guid : renamed->second) {
        const PersonId person = world_.person(guid);
        if (person.valid() && !world_.people[person.index()].kept.valid() && !given(person).valid())
            out.push_back(person);
    }
    return out;
}

std::vector<PersonId> Decider::barred_from(UserId user) const {
    std::vector<PersonId> out;
    for (const auto& [person, from] : barred_)
        if (from == user) out.push_back(person);
    return out;
}

bool Decider::in_question(PersonId person) const {
    return world_.has_mask && world_.in_question.contains(world_.people[person.index()].guid);
}

bool Decider::was_here(UserId user) const {
    const PersonId holder = person_of(user);
    return world_.was_seen(user) || !holder.valid() || world_.people[holder.index()].kept.valid() ||
           given(holder) == user;
}

bool Decider::contended(UserId user) const {
    const std::size_t maybe = maybe_of(user).size();
    return maybe > 1 || (maybe == 1 && !barred_from(user).empty());
}

bool Decider::disputed(UserId user) const {
    if (person_of(user).valid()) return false;
    return rivals_.contains(user) || contended(user) ||
           std::any_of(barred_.begin(), barred_.end(), [&](const auto& at) { return at.second == user; });
}

// Whose it was or may be, if not this person's.
PersonId Decider::before_them(UserId user, PersonId person) const {
    if (const PersonId former = formerly_of(user); former.valid() && former != person) return former;
    for (const PersonId other : maybe_of(user))
        if (other != person) return other;
    return {};
}

UserId Decider::made_by_login(PersonId id) const {
    const Person& person = world_.people[id.index()];
    if (!person.present || person.deleted) return {};
    return world_.users.find(template_id(world_, id, program_->matrix_id));
}

// What is not given must not have been another's.
UserId Decider::wanted_id(PersonId id) {
    const Person& person = world_.people[id.index()];
    unusable_.erase(id);
    if (const auto barred = barred_.find(id); barred != barred_.end()) {
        world_.dirty.users.insert(barred->second);
        barred_.erase(barred);
    }
    if (const UserId user = given(id); user.valid()) return user;
    if (person.kept.valid()) return person.kept;
    if (!person.present || person.deleted || kept_from_.contains(id)) return {};
    const std::string wanted = template_id(world_, id, program_->matrix_id);
    if (wanted.empty()) return {};
    if (!valid_matrix_id(wanted)) {
        unusable_[id] = wanted;
        return {};
    }
    const UserId user = world_.user(wanted);
    const bool waits = in_question(id) && world_.in_question.at(person.guid) != user;
    if (waits || before_them(user, id).valid()) {
        barred_[id] = user;
        world_.dirty.users.insert(user);
        return {};
    }
    return user;
}

void Decider::claim(PersonId id) {
    if (id.index() >= claimed_.size()) claimed_.resize(id.index() + 1);
    const UserId after = wanted_id(id);
    const UserId before = claimed_[id.index()];
    if (before == after) {
        // A claim may have become a kept one.
        if (after.valid()) settle_claims(after);
        return;
    }
    claimed_[id.index()] = after;
    if (before.valid()) {
        if (const auto at = rivals_.find(before); at != rivals_.end())
            std::erase(at->second, id);
        else
            person_of_user_[before.index()] = PersonId{};
        settle_claims(before);
        world_.dirty.users.insert(before);
    }
    if (!after.valid()) return;
    if (after.index() >= person_of_user_.size())
        person_of_user_.resize(std::max(after.index() + 1, world_.users.size()));
    PersonId& holder = person_of_user_[after.index()];
    if (const auto at = rivals_.find(after); at != rivals_.end()) {
        at->second.push_back(id);
    } else if (holder.valid() && holder != id) {
        rivals_[after] = {holder, id};
    } else {
        holder = id;
        return;
    }
    settle_claims(after);
}

void Decider::settle_claims(UserId user) {
    const auto at = rivals_.find(user);
    if (at == rivals_.end()) return;
    std::sort(at->second.begin(), at->second.end());
    std::vector<PersonId> kept, given;
    for (const PersonId rival : at->second) {
        if (world_.people[rival.index()].kept == user) kept.push_back(rival);
        if (this->given(rival) == user) given.push_back(rival);
    }
    PersonId winner;
    if (at->second.size() == 1) winner = at->second.front();
    if (given.size() == 1) winner = given.front();
    if (kept.size() == 1) winner = kept.front();
    person_of_user_[user.index()] = winner;
    world_.dirty.users.insert(user);
    if (at->second.size() < 2) rivals_.erase(at);
}

std::vector<IdentityConflict> Decider::conflicts() const {
    std::vector<IdentityConflict> out;
    // One that is deleted may have the same login as the one that is there: only its GUID tells them apart.
    const auto deleted = [this](PersonId person) {
        return person.valid() && world_.people[person.index()].deleted;
    };
    const auto guid = [this](PersonId person) { return world_.people[person.index()].guid.text(); };
    for (const auto& [user, rivals] : rivals_)
        for (const PersonId rival : rivals) {
            const PersonId winner = person_of_user_[user.index()];
            if (winner == rival) continue;
            const std::string whose =
                deleted(winner)
                    ? fmt::format(
                          "an account that is deleted; give guid:{} another Matrix ID under "
                          "people.identities",
                          guid(winner))
                    : std::string("another account; give one of them an entry under people.identities");
            out.push_back(
                {rival, world_.users.text(user),
                 fmt::format("{} would be {} too, which belongs to {}",
                             world_.people[rival.index()].login.view(), world_.users.text(user), whose)});
        }
    for (const auto& [person, id] : unusable_)
        out.push_back(
            {person, id,
             fmt::format("{} has no usable Matrix ID: '{}' is not one; give an entry under people.identities",
                         world_.people[person.index()].login.view(), id)});
    const auto login = [this](PersonId person) { return world_.people[person.index()].login.view(); };
    for (const auto& [person, user] : barred_) {
        const PersonId other = before_them(user, person);
        const UserId before = other.valid() || !in_question(person)
                                  ? UserId{}
                                  : world_.in_question.at(world_.people[person.index()].guid);
        const bool gone = deleted(other);
        const std::string whose = !other.valid() ? std::string()
                                  : gone         ? fmt::format("guid:{}", guid(other))
                                                 : std::string(login(other));
        if (other.valid())
            out.push_back(
                {person, world_.users.text(user),
                 fmt::format("{} would be {}, which {} {}'s{}; give {} an entry under people.identities",
                             login(person), world_.users.text(user),
                             formerly_of(user).valid() ? "was" : "may be", whose,
                             gone ? ", which is deleted" : "", login(person))});
        else if (before.valid() && world_.account(before) != Account::present)
            out.push_back(
                {person, world_.users.text(user),
                 fmt::format("{} would be {} unless there is an account {}, of the login before: the "
                             "homeserver has not said yet",
                             login(person), world_.users.text(user), world_.users.text(before))});
    }
    for (const auto& [user, guids] : world_.renamed) {
        if (world_.account(user) != Account::present || person_of(user).valid()) continue;
        for (const PersonId person : maybe_of(user))
            out.push_back({person, world_.users.text(user),
                           fmt::format("{} was {} until the login changed, and whose account that is now "
                                       "is not known; give {} an entry under people.identities",
                                       login(person), world_.users.text(user), login(person))});
    }
    for (const auto& [person, other] : kept_from_) {
        const std::string& id = program_->identities.at(world_.people[person.index()].guid);
        out.push_back({person, id,
                       deleted(other)
                           ? fmt::format("{} cannot be {} while the deleted account {} is; give guid:{} "
                                         "another one under people.identities first",
                                         login(person), id, login(other), guid(other))
                           : fmt::format("{} cannot be {} while {} is; give {} another one under "
                                         "people.identities first",
                                         login(person), id, login(other), login(other))});
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
    return out;
}

UserId Decider::claimed(PersonId person) const {
    if (const auto barred = barred_.find(person); barred != barred_.end()) return barred->second;
    return person.index() < claimed_.size() ? claimed_[person.index()] : UserId{};
}

std::vector<PersonId> Decider::claimants(UserId user) const {
    std::vector<PersonId> out = barred_from(user);
    if (const auto rivals = rivals_.find(user); rivals != rivals_.end())
        out.insert(out.end(), rivals->second.begin(), rivals->second.end());
    else if (const PersonId holder = person_of(user); holder.valid())
        out.push_back(holder);
    return out;
}

UserId Decider::user_of(PersonId person) const {
    if (person.index() >= claimed_.size()) return {};
    const UserId user = claimed_[person.index()];
    return user.valid() && person_of(user) == person ? user : UserId{};
}

PersonId Decider::person_of(UserId user) const {
    return user.index() < person_of_user_.size() ? person_of_user_[user.index()] : PersonId{};
}

}  // namespace rollcall::policy
