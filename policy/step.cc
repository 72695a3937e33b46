// step: time, and what follows from any fact.
#include "policy/step.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/explain.h"
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

void Step::approval_ended(const CompiledApproval& approval) {
    for (const std::uint32_t room : approval.rooms) {
        const RoomId id = decider_->world_room(room);
        if (!id.valid()) continue;
        world_.dirty.rooms.insert(id);  // the server ACL
        for (const UserId user : world_.room_users.row(id.index())) world_.dirty.users.insert(user);
    }
}

// After any fact: people whose entries it touched are bound anew, and departures and returns noticed.
void Step::settle(const std::unordered_set<PersonId>& dirty, bool first_look) {
    if (std::exchange(world_.dirty.containers, false)) decider_->containers_changed();
    if (std::exchange(world_.dirty.groups, false)) decider_->readability_changed();
    std::vector<PersonId> people(dirty.begin(), dirty.end());
    std::sort(people.begin(), people.end());
    for (const PersonId person : people) {
        correct_identity(person);
        keep_what_is_in_use(person);
    }
    std::vector<UserId> before;
    for (const PersonId person : people) {
        before.push_back(decider_->claimed(person));
        name_changed(person);
    }
    for (const PersonId person : people) {
        decider_->person_changed(person);
        keep_what_is_given(person);
        keep_what_is_in_use(person);
        notice_departure(person, first_look);
    }
    for (const UserId user : before)
        if (user.valid()) look_for_former_account(user);
}

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

void Step::notice_departure(PersonId id, bool first_look) {
    Person& person = world_.people[id.index()];
    // An order holds until the directory says so too: from then on it is the directory's word.
    if (person.depart_ordered && decider_->departed_in_directory(id) == Tri::yes) {
        person.depart_ordered = false;
        world_.touched.people.insert(id);
    }
    const Tri departed = decider_->departed(id);
    const UserId user = decider_->user_of(id);
    sponsor_changed(person.guid);
    const bool never_seen = !std::exchange(person.looked_at, true) || first_look;
    const bool waited = user.valid() && known_at_last(person.guid);
    if (departed == Tri::yes && (!person.departed_seen || waited)) {
        person.departed_seen = true;
        world_.touched.people.insert(id);
        if (!user.valid() && !never_seen) {
            world_.departed_unknown.insert(person.guid);
            effects_.departed_unknown.push_back(person.guid);
        }
        // Of those who had left before we ever looked, and of accounts that were made disabled, only whoever
        // was seen here is our business: who never belonged does not depart.
        if (!user.valid() || (never_seen && !waited && !seen_here(person, user))) return;
        world_.departing[user] = {};
        leave_unnamed_rooms(world_, *decider_, user);
        world_.uncovered.erase(user);  // tried once more, so that the trail says what cannot be done
        world_.touched.users.insert(user);
        world_.dirty.users.insert(user);
        Evidence evidence = evidence_of(person);
        if (known_until_ != Time{}) evidence.otherwise = std::min(known_until_, world_.now);
        if (!seen_here(person, user)) effects_.find_accounts.push_back(user);
        note({Note::Kind::departed, departure_text(person), id, user, "", "", std::move(evidence)});
    } else if (departed == Tri::no && person.departed_seen) {
        came_back(id);
    }
}

bool Step::seen_here(const Person& person, UserId user) const {
    return person.kept.valid() || world_.was_seen(user);
}

// An approval ends with its sponsor, so whoever it lets stay is looked at again.
void Step::sponsor_changed(const Guid& guid) {
    if (!decider_->is_sponsor(guid)) return;
    for (const CompiledApproval& approval : decider_->program().approvals)
        if (approval.sponsor_guid == guid) approval_ended(approval);
}

std::string Step::departure_text(const Person& person) const {
    if (person.deleted) return fmt::format("{}: account deleted", person.login.view());
    if (person.account_control && (*person.account_control & kAccountDisabled) != 0)
        return fmt::format("{}: account disabled", person.login.view());
    if (person.expires && *person.expires <= world_.now)
        return fmt::format("{}: account expired on {}", person.login.view(), to_rfc3339(*person.expires));
    return fmt::format("{}: ordered by an admin", person.login.view());
}

Evidence Step::evidence_of(const Person& person) const {
    return {world_.cursor.directory,
            world_.cursor.server,
            person.usn,
            person.dn.text(),
            evidence_ != nullptr ? evidence_->time : world_.cursor.time,
            person.guid,
            departure_attribute(person, world_.now),
            departed_since(person)};
}

// When what makes them departed began, as far as anybody knows: whoever runs out does so at that moment,
// unless it was written only later.
std::optional<Time> Step::departed_since(const Person& person) const {
    const auto told = written_.find(person.guid);
    const Written written = told == written_.end() ? Written{} : told->second;
    const std::string attribute = departure_attribute(person, world_.now);
    if (attribute == "isDeleted") return written.deleted;
    if (attribute == "userAccountControl") return written.account_control;
    if (attribute == "accountExpires") return std::max(*person.expires, written.expires.value_or(Time{}));
    return std::nullopt;
}

void Step::take(const DepartOrdered& fact) {
    Person& person = world_.people[fact.person.index()];
    const bool was_ordered = std::exchange(person.depart_ordered, !fact.taken_back);
    world_.touched.people.insert(fact.person);
    mark_person(fact.person);
    if (decider_ != nullptr && was_ordered && fact.taken_back && person.departed_seen &&
        decider_->shown_departed(fact.person) == Tri::unknown)
        came_back(fact.person);
}

// Whoever departed while nobody knew which account is theirs: no more.
bool Step::known_at_last(const Guid& person) {
    if (world_.departed_unknown.erase(person) == 0) return false;
    effects_.departed_unknown.push_back(person);
    return true;
}

void Step::came_back(PersonId id) {
    Person& person = world_.people[id.index()];
    const UserId user = decider_->user_of(id);
    person.departed_seen = false;
    world_.touched.people.insert(id);
    known_at_last(person.guid);
    if (!user.valid() || (world_.departing.erase(user) == 0 && !seen_here(person, user))) return;
    touch_user(user);
    note({Note::Kind::returned, fmt::format("{} is back", person.login.view()), id, user, "", "",
          evidence_of(person)});
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

void keep_approvals(World& world, const Decider& old) {
    for (std::size_t i = 0; i < world.users.size(); ++i) {
        const UserId user(i);
        if (old.person_of(user).valid()) continue;
        const auto row = world.memberships.row(i);
        const std::vector<Membership> held(row.begin(), row.end());
        for (Membership membership : held) {
            const int room = old.managed(membership.room);
            if (room < 0 || membership.approved_once ||
                old.approval(user, static_cast<std::uint32_t>(room)) == nullptr)
                continue;
            membership.approved_once = true;
            world.set_membership(user, membership);
        }
    }
}

void keep_departures(World& world, const Decider& old, const Decider& now) {
    std::vector<std::pair<UserId, UserId>> moved;
    for (const auto& [user, left] : world.departing) {
        const PersonId person = old.person_of(user);
        if (!person.valid() || now.person_of(user) == person) continue;
        moved.emplace_back(user, now.user_of(person));
        if (!moved.back().second.valid()) world.departed_unknown.insert(world.people[person.index()].guid);
    }
    for (const auto& [before, after] : moved) {
        world.departing.erase(before);
        world.touched.users.insert(before);
        if (!after.valid()) continue;
        world.departing[after] = {};
        world.touched.users.insert(after);
    }
}

void leave_unnamed_rooms(World& world, const Decider& decider, UserId user) {
    const auto leaving = world.departing.find(user);
    if (leaving == world.departing.end()) return;
    std::vector<Departing::Elsewhere>& rooms = leaving->second.rooms;
    for (const Membership& held : world.memberships.row(user.index())) {
        const Room& room = world.rooms[held.room.index()];
        if (!is_present(held.state) || room.id.empty() || room.released || decider.managed(held.room) >= 0)
            continue;
        const auto listed =
            std::find_if(rooms.begin(), rooms.end(), [&](const auto& one) { return one.room == room.id; });
        if (listed == rooms.end())
            rooms.push_back({room.id, false});
        else if (!std::exchange(listed->done, false))  // otherwise they were out, and are back
            continue;
        world.touched.users.insert(user);
        world.dirty.users.insert(user);
    }
}

void leave_unnamed_rooms(World& world, const Decider& decider) {
    for (const auto& [user, left] : world.departing) leave_unnamed_rooms(world, decider, user);
}

bool readmit(World& world, UserId user, RoomId room, bool by_approval) {
    const Membership* held = world.membership(user, room);
    if (held == nullptr || held->state != MembershipState::leave) return false;
    if (held->cause == Cause::daemon && !by_approval) return false;
    Membership next = *held;
    next.by_choice = by_approval || held->cause == Cause::self;
    next.cause = Cause::daemon;
    world.set_membership(user, next);
    return true;
}

void welcome(World& world, UserId user, RoomId room) {
    const Membership* held = world.membership(user, room);
    if (held == nullptr || !held->unbidden) return;
    Membership next = *held;
    next.unbidden = false;
    world.set_membership(user, next);
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
