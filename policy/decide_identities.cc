// Decider: which Matrix ID is whose. One that two claim is nobody's, but for whoever has kept it or was given
// it by people.identities.
#include <algorithm>

#include "policy/decide.h"
#include "policy/matrix_id.h"

namespace rollcall::policy {

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

// An admin's word goes before what was seen in use; but nobody is given what another one keeps. Done again
// where that one keeps it no more: whom that concerns is bound to their entry anew.
void Decider::give_identities() {
    if (program_->identities.empty()) return;
    for (const auto& [person, other] : kept_from_) world_.dirty.entries.insert(person);
    kept_from_.clear();
    given_.clear();
    given_up_.clear();
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
        if (!kept.valid() || kept == wanted) continue;
        given_up_[kept] = person;
        for (const PersonId claimant : claimants(kept)) world_.dirty.entries.insert(claimant);
    }
}

UserId Decider::given(PersonId person) const {
    const auto at = given_.find(person);
    return at == given_.end() ? UserId{} : at->second;
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
    unbar(id);
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
    if (!world_.in_question.waits_for(person.guid, user).valid() && !before_them(user, id).valid())
        return user;
    bar(id, user);
    return {};
}

void Decider::claim(PersonId id) {
    if (id.index() >= claimed_.size()) claimed_.resize(id.index() + 1);
    if (!world_.people[id.index()].kept.valid() &&
        std::any_of(kept_from_.begin(), kept_from_.end(), [id](const auto& at) { return at.second == id; }))
        give_identities();
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
