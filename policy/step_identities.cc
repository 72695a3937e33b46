// step: who keeps which Matrix ID.
#include <fmt/format.h>
#include <algorithm>

#include "policy/step_facts.h"

namespace rollcall::policy {

// people.identities gives them another Matrix ID than they kept: that one is nobody's from now on, and what
// was still to be done about a departure concerns the other account.
void Step::correct_identity(PersonId id) {
    Person& person = world_.people[id.index()];
    const UserId former = person.kept, given = decider_->given(id);
    if (!former.valid() || !given.valid() || former == given) return;
    person.kept = {};
    world_.touched.people.insert(id);
    world_.former_ids[former] = person.guid;
    if (world_.departing.erase(former) > 0) touch_user(former);
    if (person.departed_seen && decider_->user_of(id) == given) {
        world_.departing[given] = {};
        touch_user(given);
    }
    note({Note::Kind::identity_given,
          fmt::format("{} is {} from now on, as people.identities says, and no longer {}",
                      person.login.view(), world_.users.text(given), world_.users.text(former)),
          id,
          given,
          "",
          "",
          {}});
    effects_.notes.back().former = former;
}

// An entry outlasts the policy that has it, once there is such an account.
void Step::keep_what_is_given(PersonId id) {
    const UserId given = decider_->given(id);
    if (!given.valid() || world_.people[id.index()].kept.valid() || decider_->user_of(id) != given) return;
    if (world_.account(given) == Account::present)
        keep(id, given);
    else if (world_.account(given) == Account::unknown)
        effects_.find_accounts.push_back(given);
}

// Whoever is in a room under a Matrix ID keeps it, and so does an account that is gone while anything is
// still to be taken back from it.
void Step::keep_what_is_in_use(PersonId id) {
    const UserId user = decider_->user_of(id);
    if (!user.valid() || world_.people[id.index()].kept.valid()) return;
    const bool deleted = world_.people[id.index()].deleted;
    const auto row = world_.memberships.row(user.index());
    if (std::any_of(row.begin(), row.end(), [deleted](const Membership& held) {
            return held.state == MembershipState::join ||
                   (deleted &&
                    (held.state == MembershipState::invite || held.state == MembershipState::knock));
        }))
        keep_identity(user);
}

// A Matrix ID is kept for life once an account of that name was seen in use; a bot's or a bridge's is
// nobody's by a login alone.
void Step::keep_identity(UserId user) {
    if (decider_ == nullptr || decider_->service(user) != nullptr) return;
    const PersonId id = decider_->person_of(user);
    if (id.valid() && !world_.people[id.index()].kept.valid()) keep(id, user);
}

void Step::keep(PersonId id, UserId user) {
    world_.people[id.index()].kept = user;
    world_.touched.people.insert(id);
    known_by_one(id);
    no_longer_in_question(user);
    note(
        {Note::Kind::identity_kept,
         fmt::format("{} is {} from now on", world_.people[id.index()].login.view(), world_.users.text(user)),
         id,
         user,
         "",
         "",
         {}});
}

// Somebody who is deleted, and of whose Matrix ID there is no account and nothing to take back: it is free
// for the next who has that login.
void Step::nobodys_any_more(UserId user) {
    if (decider_ == nullptr || world_.account(user) != Account::absent) return;
    const PersonId id = decider_->person_of(user);
    if (!id.valid() || !world_.people[id.index()].deleted || world_.people[id.index()].kept != user) return;
    const auto row = world_.memberships.row(user.index());
    if (std::any_of(row.begin(), row.end(), [](const Membership& held) { return is_present(held.state); }))
        return;
    world_.people[id.index()].kept = {};
    world_.departing.erase(user);
    world_.touched.people.insert(id);
    world_.dirty.entries.insert(id);
    touch_user(user);
}

}  // namespace rollcall::policy
