// step: time, and what follows from any fact.
#include "policy/step.h"

#include <algorithm>
#include <utility>

#include "policy/step_facts.h"

namespace rollcall::policy {

namespace {
// Can it change who is an employee?
bool about_people(const Fact& fact) {
    return std::holds_alternative<DirectorySnapshot>(fact) ||
           std::holds_alternative<DirectoryChanges>(fact) || std::holds_alternative<TimePassed>(fact);
}
}  // namespace

Effects Step::run(const Fact& fact) {
    // Whoever puts a policy in force marks everybody dirty: they are looked at for the first time.
    std::unordered_set<PersonId> unsettled;
    if (!world_.dirty.settled) {
        unsettled = world_.dirty.people;
        unsettled.merge(world_.dirty.entries);
        world_.dirty.entries.clear();
    }
    known_until_ = world_.cursor.time;
    std::visit([this](const auto& f) { take(f); }, fact);
    if (decider_ != nullptr) {
        settle(unsettled, true);
        // An account that is known again to be somebody's is bound to their entry, and whoever waited for
        // that to theirs.
        do settle(std::exchange(world_.dirty.entries, {}), first_read_);
        while (!world_.dirty.entries.empty());
        for (const UserId user : questions_) depart_or_stay(user);
        if (about_people(fact))
            for (const Guid& guid : decider_->changed_sponsors(world_.dirty)) sponsor_changed(guid);
        world_.dirty.settled = true;
    } else {
        world_.dirty.entries.merge(unsettled);
    }
    return std::move(effects_);
}

void Step::take(const TimePassed& fact) {
    const Time before = world_.now;
    world_.now = std::max(before, fact.now);  // a clock that goes back undoes nothing
    world_.tick = std::max(world_.tick, fact.tick);
    doubt_until(fact.latest);
    while (!world_.expiries.empty() && world_.expiries.begin()->first <= world_.now) {
        mark_person(world_.expiries.begin()->second);
        world_.expiries.erase(world_.expiries.begin());
    }
    while (!world_.revisit.empty() && world_.revisit.begin()->first <= world_.now) {
        world_.dirty.users.insert(world_.revisit.begin()->second);
        world_.revisit.erase(world_.revisit.begin());
    }
    if (decider_ == nullptr) return;
    for (const CompiledApproval& approval : decider_->program().approvals)
        if (before < approval.until && approval.until <= world_.now) approval_ended(approval);
}

// Whose end may have come, and whose may have no more, is decided anew.
void Step::doubt_until(Time latest) {
    latest = std::min(latest, kNever - Duration{1});  // kNever is no end of anybody's
    const Time before = std::exchange(world_.latest, latest > world_.now ? latest : Time{});
    if (before == world_.latest) return;
    const auto [from, to] = std::minmax(before, world_.latest);
    for (auto at = world_.expiries.lower_bound({from, PersonId{}});
         at != world_.expiries.end() && at->first <= to; ++at)
        mark_person(at->second);
}

// After any fact: people whose entries it touched are bound anew, and departures and returns noticed.
void Step::settle(const std::unordered_set<PersonId>& dirty, bool first_look) {
    const bool containers = std::exchange(world_.dirty.containers, false);
    if (containers) decider_->containers_changed();
    const bool groups = std::exchange(world_.dirty.groups, false);
    effects_.groups_changed |= groups || containers;
    if (groups) decider_->readability_changed();
    std::vector<PersonId> people(dirty.begin(), dirty.end());
    std::sort(people.begin(), people.end());
    for (const PersonId person : people) {
        correct_identity(person);
        keep_what_is_in_use(person);
    }
    std::vector<UserId> before;
    for (const PersonId person : people) {
        before.push_back(decider_->claimed(person));
        login_changed(person);
    }
    for (const PersonId person : people) {
        decider_->person_changed(person);
        keep_what_is_given(person);
        keep_what_is_in_use(person);
        notice_departure(person, first_look);
    }
    for (const UserId user : before)
        if (user.valid()) look_for_account_in_question(user);
    for (const PersonId person : people) keep_accounts_in_question(person);
    for (const PersonId person : people) before.push_back(decider_->claimed(person));
    for (const UserId user : before)
        if (user.valid() && (world_.in_question.contains(user) || decider_->disputed(user)))
            questions_.insert(user);
}

void Step::mark_person(PersonId person) {
    world_.dirty.people.insert(person);
    world_.dirty.entries.insert(person);
}

void Step::touch_user(UserId user) {
    world_.touched.users.insert(user);
    world_.dirty.users.insert(user);
}

void Step::note(Note note) {
    effects_.notes.push_back(std::move(note));
}

Effects step(World& world, Decider* decider, const Fact& fact) {
    return Step(world, decider).run(fact);
}

Time next_moment(const World& world, const Decider* decider) {
    Time next = kNever;
    if (!world.expiries.empty()) next = std::min(next, world.expiries.begin()->first);
    if (!world.revisit.empty()) next = std::min(next, world.revisit.begin()->first);
    if (decider != nullptr)
        for (const CompiledApproval& approval : decider->program().approvals)
            if (approval.until > world.now) next = std::min(next, approval.until);
    return next;
}

}  // namespace rollcall::policy
