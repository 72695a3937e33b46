// step: whose login was changed. The account of the homeserver is not renamed with it: where none of that
// name was ever seen, there may be one all the same, with sessions and in rooms that the policy does not
// name.
#include <algorithm>

#include "policy/step_facts.h"

namespace rollcall::policy {

// Before anybody claims anything anew, so that nobody is given what may be another's.
void Step::name_changed(PersonId id) {
    const UserId before = decider_->claimed(id);  // somebody else may have come to that login first
    if (!before.valid() || before == decider_->made_by_login(id)) return;
    if (decider_->in_question(id)) return;  // what their login made since was never theirs
    if (world_.people[id.index()].kept.valid() || decider_->given(id).valid()) return;
    if (!world_.is_local(world_.users.text(before))) return;
    std::vector<Guid>& had = world_.renamed[before];
    const Guid guid = world_.people[id.index()].guid;
    if (std::find(had.begin(), had.end(), guid) != had.end()) return;
    had.push_back(guid);
    world_.in_question[guid] = before;
    renamed_changed(before);
}

// Whoever would have that Matrix ID now is bound to their entry anew.
void Step::renamed_changed(UserId user) {
    effects_.renamed.push_back(user);
    world_.dirty.users.insert(user);
    for (const PersonId person : decider_->claimants(user)) world_.dirty.entries.insert(person);
    if (const auto had = world_.renamed.find(user); had != world_.renamed.end())
        for (const Guid& guid : had->second)
            if (const PersonId person = world_.person(guid); person.valid())
                world_.dirty.entries.insert(person);
}

void Step::look_for_former_account(UserId before) {
    if (!world_.renamed.contains(before)) return;
    if (world_.account(before) == Account::present) return keep_former_account(before);
    effects_.find_accounts.push_back(before);
}

// It is there: it is theirs for life if it can be nobody else's, and what is to be done about a departure
// concerns it. Of a name that two have had, or that somebody else has by now, nobody knows whose account it
// is.
void Step::keep_former_account(UserId user) {
    if (decider_ == nullptr || !world_.renamed.contains(user)) return;
    const std::vector<PersonId> maybe = decider_->maybe_of(user);
    if (maybe.empty()) return forget_renamed(user);
    if (decider_->contended(user)) return;
    const PersonId id = maybe.front(), holder = decider_->person_of(user);
    if (holder.valid() && holder != id) return;
    const UserId made = decider_->user_of(id);
    keep(id, user);
    world_.dirty.entries.insert(id);
    mark_person(id);
    touch_user(user);
    if (made.valid()) touch_user(made);
    if (!world_.people[id.index()].departed_seen ||
        world_.departed_unknown.contains(world_.people[id.index()].guid))
        return;
    if (made.valid() && made != user) world_.departing.erase(made);  // of nobody's account
    world_.departing[user] = {};
}

// There is no such account, or it is known whose it is: whoever would have that name now is free to.
void Step::forget_renamed(UserId user) {
    const auto renamed = world_.renamed.find(user);
    if (decider_ == nullptr || renamed == world_.renamed.end()) return;
    for (const Guid& guid : renamed->second)
        if (const auto at = world_.in_question.find(guid);
            at != world_.in_question.end() && at->second == user)
            world_.in_question.erase(at);
    renamed_changed(user);
    world_.renamed.erase(user);
}

// They are known by a Matrix ID: none of those that their login made before is theirs.
void Step::known_by_one(PersonId id) {
    world_.in_question.erase(world_.people[id.index()].guid);
    std::vector<UserId> settled;
    for (auto& [user, had] : world_.renamed) {
        if (std::erase(had, world_.people[id.index()].guid) == 0) continue;
        renamed_changed(user);
        if (had.empty()) settled.push_back(user);
    }
    for (const UserId user : settled) world_.renamed.erase(user);
}

}  // namespace rollcall::policy
