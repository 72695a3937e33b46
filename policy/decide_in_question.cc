// Decider: whose a Matrix ID was, or may be, that the policy gives nobody now, and who is not given it for
// that.
#include <algorithm>

#include "policy/decide.h"

namespace rollcall::policy {

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

PersonId Decider::known_owner(UserId user) const {
    const PersonId holder = person_of(user);
    const bool known =
        holder.valid() && (world_.people[holder.index()].kept == user || given(holder) == user);
    return known ? holder : PersonId{};
}

std::vector<PersonId> Decider::candidates(UserId user) const {
    std::vector<PersonId> out;
    for (const Guid& guid : world_.in_question.candidates(user)) {
        const PersonId person = world_.person(guid);
        if (person.valid() && !world_.people[person.index()].kept.valid() && !given(person).valid())
            out.push_back(person);
    }
    return out;
}

const std::vector<PersonId>& Decider::barred_from(UserId user) const {
    static const std::vector<PersonId> none;
    const auto at = barred_from_.find(user);
    return at == barred_from_.end() ? none : at->second;
}

void Decider::bar(PersonId person, UserId from) {
    barred_[person] = from;
    barred_from_[from].push_back(person);
    world_.dirty.users.insert(from);
}

void Decider::unbar(PersonId person) {
    const auto barred = barred_.find(person);
    if (barred == barred_.end()) return;
    const auto from = barred_from_.find(barred->second);
    std::erase(from->second, person);
    if (from->second.empty()) barred_from_.erase(from);
    world_.dirty.users.insert(barred->second);
    barred_.erase(barred);
}

bool Decider::was_here(UserId user) const {
    const PersonId holder = person_of(user);
    return world_.was_seen(user) || !holder.valid() || world_.people[holder.index()].kept.valid() ||
           given(holder) == user;
}

bool Decider::contended(UserId user) const {
    const std::vector<PersonId> whose = candidates(user);
    if (whose.size() != 1) return whose.size() > 1;
    const Guid& only = world_.people[whose.front().index()].guid;
    return !barred_from(user).empty() || world_.in_question.waits_for(only, user).valid();
}

bool Decider::all_departed(UserId user) const {
    if (person_of(user).valid() || service(user) != nullptr ||
        !(rivals_.contains(user) || (world_.in_question.contains(user) && contended(user))))
        return false;
    const auto left = [this](PersonId person) { return departed(person) == Tri::yes; };
    const std::vector<PersonId> had = candidates(user), have = claimants(user);
    const PersonId former = formerly_of(user);
    if (!std::all_of(had.begin(), had.end(), left) || !std::all_of(have.begin(), have.end(), left) ||
        (former.valid() && !left(former)))
        return false;
    // Of several names that somebody had while nobody could be asked, the first is theirs where it is there;
    // the others may be accounts of people whom the directory does not know.
    const auto is_first = [this, user](PersonId person) {
        const std::vector<UserId>& names = world_.in_question.names(world_.people[person.index()].guid);
        return names.empty() || names.front() == user;
    };
    if (have.empty() && !former.valid() && std::none_of(had.begin(), had.end(), is_first)) return false;
    // Nor does an entry give it to somebody who was never seen in the directory.
    const std::string& id = world_.users.text(user);
    return std::none_of(program_->identities.begin(), program_->identities.end(),
                        [&id](const auto& entry) { return entry.second == id; });
}

UserId Decider::departs_as(PersonId person) const {
    if (const UserId theirs = user_of(person); theirs.valid()) return theirs;
    for (const UserId name : world_.in_question.names(world_.people[person.index()].guid))
        if (all_departed(name)) return name;
    const UserId made = claimed(person);
    return made.valid() && all_departed(made) ? made : UserId{};
}

bool Decider::disputed(UserId user) const {
    if (person_of(user).valid()) return false;
    return rivals_.contains(user) || !barred_from(user).empty() || contended(user);
}

// Whose it was or may be, if not this person's.
PersonId Decider::before_them(UserId user, PersonId person) const {
    if (const PersonId former = formerly_of(user); former.valid() && former != person) return former;
    for (const PersonId other : candidates(user))
        if (other != person) return other;
    return {};
}

}  // namespace rollcall::policy
