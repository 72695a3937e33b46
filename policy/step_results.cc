// Step: what our own requests have done.
#include <fmt/format.h>
#include <utility>

#include "policy/step_facts.h"

namespace rollcall::policy {

void Step::take(const MembershipSet& fact) {
    const Membership* held = world_.membership(fact.user, fact.room);
    const std::uint32_t now = held == nullptr ? 0 : held->event;
    if (now != fact.held) return;  // an event has come since, and it may be a later one
    if (now != 0) world_.before_answer.try_emplace(World::pair(fact.user, fact.room), *held);
    Membership next = held == nullptr ? Membership{.room = fact.room} : *held;
    const MembershipState before = next.state;
    next.state = fact.state;
    next.cause = Cause::daemon;
    // An answer without an event ID leaves the old one held, so that the event, when it comes, is its
    // successor.
    if (!fact.event.empty()) next.event = event_digest(fact.event);
    apply_membership(fact.user, next, before);
}

void Step::take(const Forgotten& fact) {
    const Membership* held = world_.membership(fact.user, fact.room);
    if (held == nullptr || !held->needs_forget || world_.account(fact.user) == Account::absent) return;
    if (const auto again = world_.put_out_again.find(World::pair(fact.user, fact.room));
        again != world_.put_out_again.end()) {
        if (fact.held != 0 && again->second != fact.held) return;  // … and after this was asked for
        world_.put_out_again.erase(again);
    }
    Membership next = *held;
    next.needs_forget = false;
    // Only of who does not belong there any more is the past taken away. Whoever left by themselves before
    // that is brought back like anybody when they belong again.
    const int managed = decider_ == nullptr ? -1 : decider_->managed(fact.room);
    if (managed >= 0 &&
        decider_->verdict(fact.user, static_cast<std::uint32_t>(managed)).presence == Presence::out)
        next.cause = Cause::daemon;
    world_.set_membership(fact.user, next);
}

void Step::take(const StateSet& fact) {
    const std::string now = held_state_event(world_, fact.room, fact.content, fact.state_key);
    if (now != fact.held) return;  // an event has come since, and it may be a later one
    if (!fact.event.empty()) hold_event(fact.room, slot(fact.content, fact.state_key), fact.event);
    RoomEvent event;
    event.event = fact.event;
    event.sender = world_.bot;
    event.content = fact.content;
    set_state(fact.room, event, Told::ours);
}

void Step::take(const RoomCreated& fact) {
    world_.set_room_id(fact.room, fact.id);
    Room& room = world_.rooms[fact.room.index()];
    room.state = {};
    world_.touched.room_parts[fact.room].all = true;
    room.released = false;
    room.bot_joined = true;
    room.phase = fact.hidden ? RoomPhase::filling : RoomPhase::open;
    room.filling_since = world_.now;
    effects_.read_rooms.push_back(fact.room);
    dirty_children(fact.room);
}

// A new space is the place, and perhaps the join rule, of rooms that exist already.
void Step::dirty_children(RoomId space) {
    const int managed = decider_ == nullptr ? -1 : decider_->managed(space);
    if (managed < 0 || !decider_->program().rooms[static_cast<std::size_t>(managed)].space) return;
    for (std::uint32_t r = 0; r < decider_->program().rooms.size(); ++r)
        if (decider_->program().rooms[r].parent == world_.rooms[space.index()].key &&
            decider_->world_room(r).valid())
            world_.dirty.rooms.insert(decider_->world_room(r));
}

void Step::take(const Published& fact) {
    Room& room = world_.rooms[fact.room.index()];
    room.phase = RoomPhase::open;
    world_.mark_room(fact.room);
}

void Step::take(const Released& fact) {
    world_.rooms[fact.room.index()].released = true;
    world_.mark_room(fact.room);
}

void Step::take(const AliasClaimed& fact) {
    Room& room = world_.rooms[fact.room.index()];
    (fact.conflict ? room.alias_conflict : room.claimed_alias) = fact.alias;
    if (!fact.conflict) room.alias_conflict.clear();
    world_.mark_room(fact.room);
}

void Step::take(const AccountSeen& fact) {
    if (fact.account == Account::present) account_appeared(fact.user);
    world_.set_account(fact.user, fact.account);
    asked_for(fact.user);
    if (fact.account == Account::present) {
        keep_account_in_question(fact.user);
        keep_identity(fact.user);
    } else if (fact.account == Account::absent) {
        no_longer_in_question(fact.user);
        nobodys_any_more(fact.user);
    }
}

// An account that was not there when its person departed may have sessions now, and be in rooms: what was
// found to be nothing to do is to be done.
void Step::account_appeared(UserId user) {
    if (decider_ == nullptr || world_.account(user) != Account::absent) return;
    const PersonId person = decider_->person_of(user);
    if (!person.valid() || !world_.people[person.index()].departed_seen) return;
    // Somebody else's login makes that Matrix ID by now: it may be theirs.
    if (decider_->claimants(user).size() > 1) return;
    world_.departing[user] = {};
    world_.departing[user].late = true;
    touch_user(user);
    Evidence evidence = evidence_of(world_.people[person.index()]);
    evidence.attribute.clear();  // what made them depart is older than this
    evidence.written.reset();
    note({Note::Kind::departed,
          fmt::format("{}; the account {} has appeared since", departure_text(world_.people[person.index()]),
                      world_.users.text(user)),
          person, user, "", "", std::move(evidence)});
}

// Whoever departed and was never seen here: from now on what is to be done about it is known.
void Step::asked_for(UserId user) {
    const auto at = world_.departing.find(user);
    if (at == world_.departing.end() || std::exchange(at->second.asked, true)) return;
    world_.dirty.users.insert(user);
}

void Step::take(const MaskCovers& fact) {
    if (!fact.covered) {
        asked_for(fact.user);
        no_longer_in_question(fact.user);  // nobody will know, and nothing could be done with it
    }
    const bool changed =
        fact.covered ? world_.uncovered.erase(fact.user) > 0 : world_.uncovered.insert(fact.user).second;
    if (changed) world_.dirty.users.insert(fact.user);
}

void Step::take(const SignedOut& fact) {
    if (const auto at = world_.departing.find(fact.user); at != world_.departing.end())
        at->second.signed_out = true;
    if (world_.account(fact.user) != Account::absent) keep_identity(fact.user);
    touch_user(fact.user);
}

void Step::take(const RoomsListed& fact) {
    const auto at = world_.departing.find(fact.user);
    if (at == world_.departing.end()) return;
    at->second.listed = fact.whole;
    at->second.rooms.clear();
    for (const std::string& room : fact.rooms) at->second.rooms.push_back({room, false});
    if (decider_ != nullptr) leave_unnamed_rooms(world_, *decider_, fact.user);
    touch_user(fact.user);
}

void Step::take(const LeftUnmanaged& fact) {
    const auto at = world_.departing.find(fact.user);
    if (at == world_.departing.end()) return;
    for (Departing::Elsewhere& room : at->second.rooms)
        if (room.room == fact.room) room.done = true;
    touch_user(fact.user);
}

void Step::take(const PutBack& fact) {
    world_.put_back[World::pair(fact.user, fact.room)] = world_.now;
    world_.revisit.emplace(world_.now + kPutBackEvery, fact.user);
    touch_user(fact.user);
}

}  // namespace rollcall::policy
