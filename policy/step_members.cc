// Step: who is in a room, invited or out of it, by whose doing, and what follows from that.
#include <fmt/format.h>

#include "policy/step_facts.h"

namespace rollcall::policy {

void Step::member_event(RoomId room, const RoomEventSeen& fact, const MemberContent& content) {
    const UserId user = world_.user(content.user);
    const Membership* held = world_.membership(user, room);
    const std::uint32_t event = event_digest(fact.event.event);
    const std::uint32_t before = held == nullptr ? 0 : held->event;
    if (event == before) {  // read already; the last of those that were told late
        borne_out(user, room, event, content.membership);
        if (world_.told_late.erase(World::pair(user, room)) == 1)
            late_member(room, user, fact.event, content);
        return;
    }
    // An invitation back into a room that was lost is one whatever came before it: nobody told of that.
    if (content.user == world_.bot && content.membership == MembershipState::invite &&
        !world_.rooms[room.index()].bot_joined)
        return set_member(room, user, fact.event, content, Told::event);
    const bool first = held == nullptr || (held->state == MembershipState::none && held->event == 0);
    if (first ? !fact.event.replaces.empty() : event_digest(fact.event.replaces) != before) {
        effects_.read_members.emplace_back(fact.event.room, content.user);
        late_invitation(room, user, fact.event, content.membership);
        if (!fact.ours && late_member(room, user, fact.event, content))
            world_.told_late.insert(World::pair(user, room));
        return;
    }
    world_.told_late.erase(World::pair(user, room));
    set_member(room, user, fact.event, content, fact.ours ? Told::ours : Told::event);
}

namespace {

// Every change of a display name is an event of the membership too. One that came after others which nobody
// told us of says that somebody is in the room, and not since when.
bool may_be_older(const RoomEvent& event, const MemberContent& content, std::uint32_t held) {
    if (content.membership != MembershipState::join && content.membership != MembershipState::invite)
        return false;
    return !event.replaces.empty() && event_digest(event.replaces) != held &&
           event.before.value_or(content.membership) == content.membership;
}

}  // namespace

void Step::set_member(RoomId room, UserId user, const RoomEvent& event, const MemberContent& content,
                      Told told) {
    const Membership* held = world_.membership(user, room);
    Membership next = held == nullptr ? Membership{.room = room} : *held;
    const MembershipState before = next.state;
    const bool earlier = told == Told::read && may_be_older(event, content, next.event);
    next.event = event_digest(event.event);
    next.state = content.membership;
    next.cause = told == Told::ours || event.sender == world_.bot ? Cause::daemon
                 : event.sender == content.user                   ? Cause::self
                                                                  : Cause::other;
    const bool again = told != Told::ours && is_put_out_again(room, event, content, before);
    if (again) world_.put_out_again[World::pair(user, room)] = next.event;
    next.needs_forget |= again;
    if (!as_before_answer(user, next)) apply_membership(user, next, before);
    // Of what a request in flight brings about, its result will tell.
    if ((before != next.state || again) && (told != Told::ours || content.user == world_.bot))
        note_member(room, user, event, next.state, told, earlier);
    if (before != next.state && told != Told::ours && event.sender != world_.bot &&
        content.user != world_.bot)
        effects_.by_hand.push_back({room, ActionKind::add, user,
                                    next.state == MembershipState::leave && event.sender == content.user,
                                    event.sender});
    // Out already, as our own answer said: it is told now since when.
    if (!again && before == next.state && next.state == MembershipState::leave && told == Told::event)
        late_member(room, user, event, content);
    if (content.user == world_.bot) {
        bot_is_in(room, content.membership == MembershipState::join, event.sender);
        world_.mark_room(room);
        return;
    }
    if (content.membership == MembershipState::invite && event.sender != world_.bot)
        world_.inviters[World::pair(user, room)] = world_.user(event.sender);
    if (before == next.state) return;  // a changed display name
    if (next.cause != Cause::daemon) tell_inviter(room, user, event, next.state);
}

// Each leave and each ban lets an account of our own server read a room anew up to there, also one that was
// made to forget it, and one that never was in it (Synapse: what is forgotten hangs on the membership). Only
// somebody else can do that to whoever is out (room version 12, authorization rules 5.5 and 5.6).
bool Step::is_put_out_again(RoomId room, const RoomEvent& event, const MemberContent& content,
                            MembershipState before) const {
    const bool out =
        content.membership == MembershipState::leave || content.membership == MembershipState::ban;
    return out && !is_present(before) && !world_.rooms[room.index()].just_managed &&
           event.sender != world_.bot && event.sender != content.user && world_.is_local(content.user);
}

// An answer of ours said otherwise, and what was so before it is so still.
bool Step::as_before_answer(UserId user, const Membership& shown) {
    const auto kept = world_.before_answer.extract(World::pair(user, shown.room));
    if (kept.empty() || kept.mapped().event != shown.event || kept.mapped().state != shown.state)
        return false;
    Membership next = kept.mapped();
    next.power = shown.power;
    world_.set_membership(user, next);
    return true;
}

// What an answer said is shown. A kick's answer names no event: the one before it is held until then.
void Step::borne_out(UserId user, RoomId room, std::uint32_t event, MembershipState state) {
    const auto kept = world_.before_answer.find(World::pair(user, room));
    if (kept != world_.before_answer.end() && (kept->second.event != event || kept->second.state != state))
        world_.before_answer.erase(kept);
}

void Step::note_member(RoomId room, UserId user, const RoomEvent& event, MembershipState now, Told told,
                       bool earlier) {
    Note made;
    made.text = fmt::format("{} by {}", to_text(now), event.sender);
    made.user = user;
    if (decider_ != nullptr) made.person = decider_->person_of(user);
    made.room = world_.rooms[room.index()].key;
    made.event = event.event;
    made.membership = now;
    made.sender = event.sender;
    if (event.time != Time{}) made.event_time = event.time;
    made.read = told == Told::read;
    made.earlier = earlier;
    note(std::move(made));
}

// Held, but the homeserver knows nothing of it.
void Step::unknown_member(RoomId room, UserId user) {
    const Membership* held = world_.membership(user, room);
    world_.before_answer.erase(World::pair(user, room));
    Membership none{.room = room};
    none.power = held->power;
    world_.set_membership(user, none);
    Note made;
    made.text = "the homeserver knows of no membership";
    made.user = user;
    made.room = world_.rooms[room.index()].key;
    made.membership = MembershipState::none;
    made.read = true;
    note(std::move(made));
}

// Whoever departed and is in a room again has a session: what was done is undone (the homeserver was put back
// to a backup), and is done once more.
void Step::back_in(UserId user) {
    departs_again(world_, user);
}

// Shared by events and by our own results: what follows from a membership whatever told us of it.
void Step::apply_membership(UserId user, Membership next, MembershipState before) {
    const bool is_out = next.state == MembershipState::leave || next.state == MembershipState::ban;
    if (is_present(before) && is_out && world_.is_local(world_.users.text(user))) next.needs_forget = true;
    if (next.state == MembershipState::join || next.state == MembershipState::invite)
        next.needs_forget = false;
    if (next.state == MembershipState::join) {
        account_appeared(user);
        world_.set_account(user, Account::present);
    }
    const bool is_in = is_present(next.state), entered = is_in && !is_present(before);
    if (entered || !is_in) next.unbidden = false;
    if (next.state != MembershipState::invite) next.by_choice = false;
    const int managed = decider_ == nullptr ? -1 : decider_->managed(next.room);
    if (managed >= 0) {
        const Verdict verdict = decider_->verdict(user, static_cast<std::uint32_t>(managed));
        if (is_out)
            next.approved_once = false;  // who comes back comes without the old approval
        else if (verdict.basis == Basis::approval)
            next.approved_once = true;
        // Whoever is out because they no longer belong may be brought back when they belong again.
        if (verdict.presence == Presence::out && is_out) next.cause = Cause::daemon;
        if (verdict.presence == Presence::out && entered && next.cause != Cause::daemon &&
            !world_.rooms[next.room.index()].just_managed)
            next.unbidden = true;
    }
    // Not where a removal was only said to be done: its past has not been taken away then.
    const Membership* held = world_.membership(user, next.room);
    if (next.state == MembershipState::join && before != MembershipState::join && held != nullptr &&
        !held->needs_forget)
        back_in(user);
    world_.set_membership(user, next);
    if (is_in && decider_ != nullptr) leave_unnamed_rooms(world_, *decider_, user);
    if (!is_in) nobodys_any_more(user);
    if (is_out && next.cause == Cause::other)
        if (const auto at = world_.put_back.find(World::pair(user, next.room)); at != world_.put_back.end())
            world_.revisit.emplace(at->second + kPutBackEvery, user);
    if (next.state == MembershipState::join) {
        keep_account_in_question(user);
        keep_identity(user);
    }
}

void Step::tell_inviter(RoomId room, UserId user, const RoomEvent& event, MembershipState state) {
    if (decider_ == nullptr || state != MembershipState::invite) return;
    const int managed = decider_->managed(room);
    if (managed < 0 || event.sender == world_.bot || event.sender == world_.users.text(user)) return;
    const Verdict verdict = decider_->verdict(user, static_cast<std::uint32_t>(managed));
    if (verdict.presence == Presence::out && verdict.basis != Basis::departed)
        effects_.notices.push_back(
            {world_.user(event.sender), world_.rooms[room.index()].key, world_.users.text(user)});
}

// What is told of after what came of it decides nothing, but it was so for a time. Whether it is one of
// those: not what we did ourselves, of which the results tell, nor a changed display name.
bool Step::late_member(RoomId room, UserId user, const RoomEvent& event, const MemberContent& content) {
    if (event.sender == world_.bot || content.user == world_.bot || event.before == content.membership)
        return false;
    Note made;
    made.text = fmt::format("{} by {}, told late", to_text(content.membership), event.sender);
    made.user = user;
    if (decider_ != nullptr) made.person = decider_->person_of(user);
    made.room = world_.rooms[room.index()].key;
    made.event = event.event;
    made.was = to_text(content.membership);
    made.sender = event.sender;
    if (event.time != Time{}) made.event_time = event.time;
    note(std::move(made));
    return true;
}

// An invitation that is told of after what came of it decides nothing. But whoever sent it is owed the
// explanation all the same, once: who is remembered as the inviter has had it.
void Step::late_invitation(RoomId room, UserId user, const RoomEvent& event, MembershipState state) {
    if (state != MembershipState::invite || event.sender == world_.bot ||
        world_.membership(user, room) == nullptr)
        return;
    const UserId inviter = world_.user(event.sender);
    UserId& known = world_.inviters[World::pair(user, room)];
    if (known == inviter) return;
    known = inviter;
    world_.touched.memberships.insert(World::pair(user, room));
    tell_inviter(room, user, event, state);
}

// The same event may be held with another state: an answer of ours without an event ID said so.
bool Step::says_so(UserId user, RoomId room, const RoomEvent& event, const MemberContent& content) {
    const Membership* held = world_.membership(user, room);
    if (held == nullptr || held->event != event_digest(event.event) || held->state != content.membership)
        return false;
    borne_out(user, room, held->event, held->state);
    return true;
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

}  // namespace rollcall::policy
