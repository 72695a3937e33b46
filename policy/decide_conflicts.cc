// Decider: who has no Matrix ID, and what an admin can do about it.
#include <fmt/format.h>
#include <algorithm>
#include <string_view>

#include "policy/decide.h"

namespace rollcall::policy {

std::vector<IdentityConflict> Decider::conflicts() const {
    std::vector<IdentityConflict> out;
    rival_conflicts(out);
    for (const auto& [person, id] : unusable_)
        out.push_back(
            {person, id,
             fmt::format("{} has no usable Matrix ID: '{}' is not one; give an entry under people.identities",
                         world_.people[person.index()].login.view(), id)});
    for (const auto& [person, user] : barred_)
        if (!all_departed(user)) barred_conflict(person, user, out);
    candidate_conflicts(out);
    kept_from_conflicts(out);
    bot_conflict(out);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
    return out;
}

// An account of the directory for the daemon itself may well have the bot's login: that one is no employee.
void Decider::bot_conflict(std::vector<IdentityConflict>& out) const {
    const PersonId person = bot_.valid() ? person_of(bot_) : PersonId{};
    if (!person.valid() || departed(person) == Tri::yes || employee(person) == Tri::no) return;
    const std::string_view login = world_.people[person.index()].login.view();
    out.push_back({person, world_.users.text(bot_),
                   fmt::format("{} would be {}, which is the bot's own account; give {} an entry under "
                               "people.identities",
                               login, world_.users.text(bot_), login)});
}

void Decider::rival_conflicts(std::vector<IdentityConflict>& out) const {
    for (const auto& [user, rivals] : rivals_) {
        if (all_departed(user)) continue;
        for (const PersonId rival : rivals) {
            const PersonId winner = person_of_user_[user.index()];
            if (winner == rival) continue;
            // One that is deleted may have the same login as the one that is there: only its GUID tells them
            // apart.
            const bool gone = winner.valid() && world_.people[winner.index()].deleted;
            const std::string whose =
                gone ? fmt::format(
                           "an account that is deleted; give guid:{} another Matrix ID under "
                           "people.identities",
                           world_.people[winner.index()].guid.text())
                     : std::string("another account; give one of them an entry under people.identities");
            out.push_back(
                {rival, world_.users.text(user),
                 fmt::format("{} would be {} too, which belongs to {}",
                             world_.people[rival.index()].login.view(), world_.users.text(user), whose)});
        }
    }
}

void Decider::barred_conflict(PersonId person, UserId user, std::vector<IdentityConflict>& out) const {
    const std::string_view login = world_.people[person.index()].login.view();
    const std::string& id = world_.users.text(user);
    if (const PersonId other = before_them(user, person); other.valid()) {
        const Person& before = world_.people[other.index()];
        const std::string whose =
            before.deleted ? fmt::format("guid:{}", before.guid.text()) : before.login.text();
        out.push_back(
            {person, id,
             fmt::format("{} would be {}, which {} {}'s{}; give {} an entry under people.identities", login,
                         id, formerly_of(user).valid() ? "was" : "may be", whose,
                         before.deleted ? ", which is deleted" : "", login)});
        return;
    }
    const UserId before = world_.in_question.waits_for(world_.people[person.index()].guid, user);
    if (before.valid() && world_.account(before) != Account::present)
        out.push_back({person, id,
                       fmt::format("{} would be {} unless there is an account {}, of the login before: the "
                                   "homeserver has not said yet",
                                   login, id, world_.users.text(before))});
}

void Decider::candidate_conflicts(std::vector<IdentityConflict>& out) const {
    for (const auto& [user, guids] : world_.in_question.all()) {
        if (world_.account(user) != Account::present || person_of(user).valid() || all_departed(user))
            continue;
        for (const PersonId person : candidates(user)) {
            const Person& had = world_.people[person.index()];
            // Somebody else may have the login by now of one who is deleted.
            const std::string name = had.deleted ? fmt::format("guid:{}", had.guid.text()) : had.login.text();
            out.push_back(
                {person, world_.users.text(user),
                 fmt::format("{}{} was {} until {}, and whose account that is now is not known; "
                             "give {} an entry under people.identities",
                             name, had.deleted ? ", which is deleted," : "", world_.users.text(user),
                             had.deleted ? "then" : "the login changed", name)});
        }
    }
}

void Decider::kept_from_conflicts(std::vector<IdentityConflict>& out) const {
    for (const auto& [person, other] : kept_from_) {
        const std::string& id = program_->identities.at(world_.people[person.index()].guid);
        const std::string_view login = world_.people[person.index()].login.view();
        const Person& keeper = world_.people[other.index()];
        const std::string_view keeps = keeper.login.view();
        out.push_back({person, id,
                       keeper.deleted
                           ? fmt::format("{} cannot be {} while the deleted account {} is; give guid:{} "
                                         "another one under people.identities first",
                                         login, id, keeps, keeper.guid.text())
                           : fmt::format("{} cannot be {} while {} is; give {} another one under "
                                         "people.identities first",
                                         login, id, keeps, keeps)});
    }
}

}  // namespace rollcall::policy
