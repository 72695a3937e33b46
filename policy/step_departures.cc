// step: who departed, and who is back.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/explain.h"
#include "policy/step_facts.h"

namespace rollcall::policy {

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
    const std::optional<Time> waited = user.valid() ? known_at_last(person.guid) : std::nullopt;
    if (departed == Tri::yes && (!person.departed_seen || waited)) {
        person.departed_seen = true;
        world_.touched.people.insert(id);
        if (!user.valid() && !never_seen) {
            world_.in_question.add_departed(person.guid, known_until_);
            effects_.departed_unknown.push_back(person.guid);
        }
        // Of those who had left before we ever looked, and of accounts that were made disabled, only whoever
        // was seen here is our business: who never belonged does not depart.
        if (!user.valid() || (never_seen && !waited && !seen_here(person, user))) return;
        if (user == decider_->bot()) return bots_account(id);
        world_.departing[user] = {};
        leave_unnamed_rooms(world_, *decider_, user);
        world_.uncovered.erase(user);  // tried once more, so that the trail says what cannot be done
        world_.touched.users.insert(user);
        world_.dirty.users.insert(user);
        Evidence evidence = evidence_of(person);
        const Time until = waited.value_or(Time{}) == Time{} ? known_until_ : *waited;
        if (until != Time{}) evidence.otherwise = std::min(until, world_.now);
        if (!seen_here(person, user)) effects_.find_accounts.push_back(user);
        note({Note::Kind::departed, departure_text(person), id, user, "", "", std::move(evidence)});
    } else if (departed == Tri::no && person.departed_seen) {
        came_back(id);
    }
}

// A directory account whose login makes the bot's own name: whatever becomes of it, the bot goes on.
void Step::bots_account(PersonId id) {
    const UserId user = decider_->bot();
    const Person& person = world_.people[id.index()];
    note({Note::Kind::departed,
          fmt::format("{}; {} is the bot's own account, and stays", departure_text(person),
                      world_.users.text(user)),
          id, user, "", "", evidence_of(person)});
}

bool Step::seen_here(const Person& person, UserId user) const {
    return person.kept.valid() || world_.was_seen(user);
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
std::optional<Time> Step::known_at_last(const Guid& person) {
    const std::optional<Time> until = world_.in_question.remove_departed(person);
    if (until) effects_.departed_unknown.push_back(person);
    return until;
}

void Step::came_back(PersonId id) {
    Person& person = world_.people[id.index()];
    const UserId user = decider_->user_of(id);
    person.departed_seen = false;
    world_.touched.people.insert(id);
    (void)known_at_last(person.guid);
    if (!user.valid() || (world_.departing.erase(user) == 0 && !seen_here(person, user))) return;
    touch_user(user);
    note({Note::Kind::returned, fmt::format("{} is back", person.login.view()), id, user, "", "",
          evidence_of(person)});
}

std::vector<Guid> keep_departures(World& world, const Decider& old, const Decider& now) {
    std::vector<std::pair<UserId, UserId>> moved;
    std::vector<Guid> unknown;
    for (const auto& [user, left] : world.departing) {
        const PersonId person = old.person_of(user);
        if (!person.valid() || now.person_of(user) == person) continue;
        moved.emplace_back(user, now.user_of(person));
        const Guid guid = world.people[person.index()].guid;
        if (!moved.back().second.valid() && world.in_question.add_departed(guid, Time{}))
            unknown.push_back(guid);
    }
    for (const auto& [before, after] : moved) {
        world.departing.erase(before);
        world.touched.users.insert(before);
        if (!after.valid()) continue;
        world.departing[after] = {};
        world.touched.users.insert(after);
    }
    return unknown;
}

bool departs_again(World& world, UserId user) {
    const auto at = world.departing.find(user);
    if (at == world.departing.end() || (!at->second.signed_out && !at->second.listed)) return false;
    at->second = {.late = true};
    world.touched.users.insert(user);
    world.dirty.users.insert(user);
    return true;
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

}  // namespace rollcall::policy
