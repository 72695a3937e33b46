// step: whose login was changed, and what becomes of the account of the login before, which is in question
// (accounts_in_question.h): where none of that name was ever seen, there may be one all the same, with
// sessions and in rooms that the policy does not name.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/step_facts.h"

namespace rollcall::policy {

// Before anybody claims anything anew, so that nobody is given what may be another's.
void Step::login_changed(PersonId id) {
    const UserId before = decider_->claimed(id);  // somebody else may have come to that login first
    if (!before.valid() || before == decider_->made_by_login(id)) return;
    const Person& person = world_.people[id.index()];
    if (person.kept.valid() || decider_->given(id).valid()) return;
    if (!world_.is_local(world_.users.text(before))) return;
    // It is another's, or was, or a bot's: they only had that login for a while.
    if (decider_->service(before) != nullptr) return;
    for (const PersonId owner : {decider_->known_owner(before), decider_->former_holder(before)})
        if (owner.valid() && owner != id) return;
    if (world_.in_question.add(before, person.guid)) in_question_changed(before);
}

// Whoever would have that Matrix ID now is bound to their entry anew.
void Step::in_question_changed(UserId user) {
    effects_.in_question.push_back(user);
    questions_.insert(user);
    world_.dirty.users.insert(user);
    for (const PersonId person : decider_->claimants(user)) world_.dirty.entries.insert(person);
    for (const Guid& guid : world_.in_question.candidates(user))
        if (const PersonId person = world_.person(guid); person.valid()) world_.dirty.entries.insert(person);
}

void Step::look_for_account_in_question(UserId user) {
    if (!world_.in_question.contains(user)) return;
    if (world_.account(user) == Account::present) return keep_account_in_question(user);
    effects_.find_accounts.push_back(user);
}

// It is there: it is the candidate's for life if it can be nobody else's, and what is to be done about a
// departure concerns it. Of a name that two have had, or that somebody else has by now, nobody knows whose
// account it is.
void Step::keep_account_in_question(UserId user) {
    if (decider_ == nullptr || !world_.in_question.contains(user)) return;
    questions_.insert(user);
    const std::vector<PersonId> candidates = decider_->candidates(user);
    const PersonId owner = decider_->known_owner(user);
    if (candidates.empty() || (owner.valid() && owner != candidates.front()))
        return no_longer_in_question(user);
    if (decider_->contended(user)) return;
    const PersonId id = candidates.front(), holder = decider_->person_of(user);
    if (holder.valid() && holder != id) return;
    const UserId made = decider_->user_of(id);
    keep(id, user);
    world_.dirty.entries.insert(id);
    mark_person(id);
    touch_user(user);
    if (made.valid()) touch_user(made);
    const Person& person = world_.people[id.index()];
    if (!person.departed_seen || world_.in_question.departed(person.guid)) return;
    if (made.valid() && made != user) world_.departing.erase(made);  // of nobody's account
    world_.departing[user] = {};
}

// Whatever has changed about them may have been the last that was not known of these.
void Step::keep_accounts_in_question(PersonId id) {
    const std::vector<UserId> names = world_.in_question.names(world_.people[id.index()].guid);
    questions_.insert(names.begin(), names.end());
    for (const UserId name : names)
        if (world_.account(name) == Account::present || decider_->known_owner(name).valid())
            keep_account_in_question(name);
}

// There is no such account, or it is known whose it is: whoever would have that name now is free to.
void Step::no_longer_in_question(UserId user) {
    if (decider_ == nullptr || !world_.in_question.contains(user)) return;
    in_question_changed(user);
    world_.in_question.remove(user);
}

// After a fact: what is to be done about a departure concerns an account only while whoever has it has
// departed, or everybody who may have it.
void Step::depart_or_stay(UserId user) {
    world_.dirty.users.insert(user);
    if (decider_->all_departed(user)) {
        if (world_.account(user) == Account::present) leave_whosever_it_is(user);
        return;
    }
    const auto seen_to_depart = [this](PersonId id) { return world_.people[id.index()].departed_seen; };
    const std::vector<PersonId> candidates = decider_->candidates(user);
    const PersonId holder = decider_->person_of(user);
    if (holder.valid() && seen_to_depart(holder)) return;
    // The only candidate's, who departed before the login changed.
    if (!holder.valid() && candidates.size() == 1 && !decider_->contended(user) &&
        seen_to_depart(candidates.front()))
        return;
    if (world_.departing.erase(user) == 0) return;
    touch_user(user);
    if (!holder.valid() && !decider_->contended(user)) return;
    note({Note::Kind::returned,
          fmt::format("{} may be somebody's who has not departed", world_.users.text(user)),
          holder,
          user,
          "",
          "",
          {}});
}

// Whose of several people's it is, nobody knows. Who departed last is named, and counts.
void Step::leave_whosever_it_is(UserId user) {
    if (world_.departing.contains(user)) return;
    std::vector<PersonId> people = decider_->candidates(user);
    for (const PersonId claimant : decider_->claimants(user)) people.push_back(claimant);
    const Person& last = world_.people[last_departed(people).index()];
    world_.departing[user] = {};
    leave_unnamed_rooms(world_, *decider_, user);
    world_.uncovered.erase(user);
    touch_user(user);
    Evidence evidence = evidence_of(last);
    const Time until = world_.in_question.departed(last.guid).value_or(Time{});
    if (until != Time{} || known_until_ != Time{})
        evidence.otherwise = std::min(until != Time{} ? until : known_until_, world_.now);
    note({Note::Kind::departed,
          fmt::format("{}; whoever else may have this account has departed too", departure_text(last)),
          world_.person(last.guid), user, "", "", std::move(evidence)});
}

PersonId Step::last_departed(const std::vector<PersonId>& people) const {
    const auto when = [this](PersonId id) {
        const Guid& guid = world_.people[id.index()].guid;
        return std::pair(world_.in_question.departed(guid).value_or(Time{}), written_.contains(guid));
    };
    return *std::max_element(people.begin(), people.end(),
                             [&when](PersonId a, PersonId b) { return when(a) < when(b); });
}

// They are known by a Matrix ID: none of those that their login made before is theirs.
void Step::known_by_one(PersonId id) {
    const Guid guid = world_.people[id.index()].guid;
    for (const UserId user : world_.in_question.remove(guid)) in_question_changed(user);
}

}  // namespace rollcall::policy
