// Step: what happens in rooms, told by events or read afresh.
#include <fmt/format.h>
#include <algorithm>

#include "policy/step_facts.h"

namespace rollcall::policy {

std::string slot(const RoomContent& content, const std::string& state_key) {
    return fmt::format("{}|{}", content.index(), state_key);
}

std::string held_state_event(const World& world, RoomId room, const RoomContent& content,
                             const std::string& state_key) {
    return std::string(world.rooms[room.index()].state.events.find(slot(content, state_key)));
}

void Step::take(const RoomEventSeen& fact) {
    const auto at = world_.room_by_id.find(fact.event.room);
    if (at == world_.room_by_id.end()) return;
    if (const auto* member = std::get_if<MemberContent>(&fact.event.content))
        member_event(at->second, fact, *member);
    else if (fact.event.state)
        state_event(at->second, fact.event);
}

void Step::member_event(RoomId room, const RoomEventSeen& fact, const MemberContent& content) {
    const UserId user = world_.user(content.user);
    const Membership* held = world_.membership(user, room);
    const std::uint32_t event = event_digest(fact.event.event);
    const std::uint32_t before = held == nullptr ? 0 : held->event;
    if (event == before) {  // read already; the last of those that were told late
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
    apply_membership(user, next, before);
    // Of what a request in flight brings about, its result will tell.
    if (before != next.state && (told != Told::ours || content.user == world_.bot))
        note_member(room, user, event, next.state, told, earlier);
    // Out already, as our own answer said: it is told now since when.
    if (before == next.state && next.state == MembershipState::leave && told == Told::event)
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

// Shared by events and by our own results: what follows from a membership whatever told us of it.
void Step::apply_membership(UserId user, Membership next, MembershipState before) {
    const bool was_in = before == MembershipState::join || before == MembershipState::invite;
    const bool is_out = next.state == MembershipState::leave || next.state == MembershipState::ban;
    if (was_in && is_out && world_.is_local(world_.users.text(user))) next.needs_forget = true;
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
    world_.set_membership(user, next);
    if (is_out && next.cause == Cause::other)
        if (const auto at = world_.put_back.find(World::pair(user, next.room)); at != world_.put_back.end())
            world_.revisit.emplace(at->second + kPutBackEvery, user);
    if (next.state == MembershipState::join) keep_identity(user);
}

// A Matrix ID is kept for life once an account of that name was seen in use.
void Step::keep_identity(UserId user) {
    if (decider_ == nullptr) return;
    const PersonId id = decider_->person_of(user);
    if (!id.valid() || world_.people[id.index()].kept.valid()) return;
    world_.people[id.index()].kept = user;
    world_.touched.people.insert(id);
    note(
        {Note::Kind::identity_kept,
         fmt::format("{} is {} from now on", world_.people[id.index()].login.view(), world_.users.text(user)),
         id,
         user,
         "",
         "",
         {}});
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

void Step::late_history(RoomId room, const RoomEvent& event) {
    const auto* history = std::get_if<HistoryVisibilityContent>(&event.content);
    if (history == nullptr) return;
    Note made;
    made.kind = Note::Kind::room_state;
    made.text = fmt::format("history visibility was {}, told late", history->visibility);
    made.room = world_.rooms[room.index()].key;
    made.event = event.event;
    made.was = history->visibility;
    made.sender = event.sender;
    if (event.time != Time{}) made.event_time = event.time;
    note(std::move(made));
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

std::string Step::state_key_of(const RoomEvent& event) {
    if (const auto* child = std::get_if<SpaceChildContent>(&event.content)) return child->child;
    return {};
}

void Step::state_event(RoomId room, const RoomEvent& event) {
    if (std::holds_alternative<OtherContent>(event.content)) return;
    const HeldEvents& events = world_.rooms[room.index()].state.events;
    const std::string place = slot(event.content, state_key_of(event));
    const std::string_view held = events.find(place);
    if (held == event.event) return;
    if (held != event.replaces) {  // not the successor of what we know: the room is read afresh
        effects_.read_rooms.push_back(room);
        late_history(room, event);
        return;
    }
    hold_event(room, place, event.event);
    set_state(room, event, Told::event);
}

void Step::hold_event(RoomId room, const std::string& slot, const std::string& event) {
    world_.rooms[room.index()].state.events.set(slot, event);
    world_.touched.room_parts[room].slots.insert(slot);
    world_.count_change(room);
}

void Step::set_state(RoomId id, const RoomEvent& event, Told told) {
    RoomState& state = world_.rooms[id.index()].state;
    const std::string history_before = state.history.text();
    struct Setter {
        Step& step;
        RoomId id;
        RoomState& state;
        void operator()(const PowerLevels& c) { step.set_power(id, c); }
        void operator()(const JoinRules& c) { state.join_rules = c; }
        void operator()(const ServerAcl& c) { state.acl = c; }
        void operator()(const NameContent& c) { state.name = c.name; }
        void operator()(const TopicContent& c) { state.topic = c.topic; }
        void operator()(const CanonicalAliasContent& c) { state.alias = c.alias; }
        void operator()(const HistoryVisibilityContent& c) { state.history = c.visibility; }
        void operator()(const GuestAccessContent& c) { state.guest_access = c.access; }
        void operator()(const CreateContent& c) {
            state.create = CreateContent{c.version, c.space, c.creators, {}};
        }
        void operator()(const TombstoneContent& c) {
            if (!c.replacement.empty() && state.tombstone != c.replacement)
                step.effects_.replaced.push_back(id);
            state.tombstone = c.replacement;
        }
        void operator()(const SpaceChildContent& c) {
            if (c.present)
                state.children.insert(c.child);
            else
                state.children.erase(c.child);
            step.world_.touched.room_parts[id].children.insert(c.child);
            if (const auto at = step.world_.room_by_id.find(c.child); at != step.world_.room_by_id.end())
                step.world_.dirty.rooms.insert(at->second);
        }
        void operator()(const MemberContent&) {}
        void operator()(const OtherContent&) {}
        void operator()(const ReactionContent&) {}
    };
    std::visit(Setter{*this, id, state}, event.content);
    world_.count_change(id);
    world_.parts.share(state);
    world_.mark_room(id);
    note_state(id, event, told, history_before);
}

// Who can read what depends on the history visibility, so each of its values is noted, ours too.
void Step::note_state(RoomId id, const RoomEvent& event, Told told, const std::string& history_before) {
    const Room& room = world_.rooms[id.index()];
    const std::string history = room.state.history.text();
    const bool seen =
        std::holds_alternative<HistoryVisibilityContent>(event.content) && history != history_before;
    if (!seen && (event.sender.empty() || event.sender == world_.bot)) return;
    Note made;
    made.kind = Note::Kind::room_state;
    made.text = seen ? fmt::format("history visibility is {}", history)
                     : fmt::format("{} changed the room's state", event.sender);
    if (const auto* tombstone = std::get_if<TombstoneContent>(&event.content);
        tombstone != nullptr && !tombstone->replacement.empty())
        made.text = fmt::format("{} upgraded the room: people are led on to {}", event.sender,
                                tombstone->replacement);
    made.room = room.key;
    made.event = event.event;
    if (seen) made.history = history;
    made.sender = event.sender;
    if (event.time != Time{}) made.event_time = event.time;
    made.read = told == Told::read;
    note(std::move(made));
}

void Step::set_power(RoomId id, const PowerLevels& levels) {
    Room& room = world_.rooms[id.index()];
    std::map<std::string, std::int64_t> next = levels.users;
    for (const auto& [user, level] : room.state.users) next.emplace(user, 0);
    room.state.set_power(levels);
    for (const auto& [name, level] : next) {
        if (name == world_.bot) continue;
        const UserId user = world_.user(name);
        const Membership* held = world_.membership(user, id);
        Membership changed = held == nullptr ? Membership{.room = id} : *held;
        changed.power = static_cast<std::int16_t>(std::clamp<std::int64_t>(level, -32768, 32767));
        if (held == nullptr || held->power != changed.power) world_.set_membership(user, changed);
    }
}

// The same event may be held with another state: an answer of ours without an event ID said so.
bool Step::says_so(const Membership* held, const RoomEvent& event, const MemberContent& content) {
    return held != nullptr && held->event == event_digest(event.event) && held->state == content.membership;
}

// Held, but the whole state has nothing there: an answer of ours said that it had been written. What a room
// always has is left alone.
void Step::drop_unknown_state(RoomId id, const std::set<std::string, std::less<>>& places) {
    std::vector<std::string> gone;
    world_.rooms[id.index()].state.events.each([&](std::string_view place, std::string_view) {
        if (!places.contains(place)) gone.emplace_back(place);
    });
    for (const std::string& place : gone) {
        RoomEvent nothing;
        nothing.sender = world_.bot;
        nothing.content = OtherContent{};
        const std::string key = place.substr(place.find('|') + 1);
        for (const RoomContent& content :
             {RoomContent{JoinRules{}}, RoomContent{ServerAcl{}}, RoomContent{NameContent{}},
              RoomContent{TopicContent{}}, RoomContent{CanonicalAliasContent{}},
              RoomContent{HistoryVisibilityContent{}}, RoomContent{GuestAccessContent{}},
              RoomContent{SpaceChildContent{key, false}}})
            if (slot(content, key) == place) nothing.content = content;
        if (std::holds_alternative<OtherContent>(nothing.content)) continue;
        world_.rooms[id.index()].state.events.erase(place);
        world_.touched.room_parts[id].slots.insert(place);
        set_state(id, nothing, Told::read);
    }
}

void Step::take(const RoomRead& fact) {
    const auto at = world_.room_by_id.find(fact.room);
    if (at == world_.room_by_id.end()) return;
    const RoomId id = at->second;
    bot_is_in(id, fact.joined, "");
    if (!fact.joined) return;
    const Room& room = world_.rooms[id.index()];
    std::unordered_set<UserId> seen;
    std::set<std::string, std::less<>> places;
    for (const RoomEvent& event : fact.state) {
        const auto* member = std::get_if<MemberContent>(&event.content);
        if (member == nullptr) {
            if (std::holds_alternative<OtherContent>(event.content)) continue;
            const std::string place = slot(event.content, state_key_of(event));
            places.insert(place);
            if (room.state.events.find(place) == event.event) continue;
            hold_event(id, place, event.event);
            set_state(id, event, Told::read);
            continue;
        }
        const UserId user = world_.user(member->user);
        seen.insert(user);
        const Membership* held = world_.membership(user, id);
        if (!says_so(held, event, *member)) set_member(id, user, event, *member, Told::read);
    }
    // Where something cannot be used, nothing is known not to be there.
    if (fact.unreadable.empty()) drop_unknown_state(id, places);
    nothing_said_of(id, fact, seen);
    world_.rooms[id.index()].just_managed = false;
}

// Of whom a room's state says nothing, the homeserver knows nothing, but where what it says cannot be used:
// they are as they were, and are looked at one by one.
void Step::nothing_said_of(RoomId id, const RoomRead& fact, const std::unordered_set<UserId>& seen) {
    std::unordered_set<UserId> unsure;
    bool anybody = false;
    for (const UnreadableEvent& event : fact.unreadable) {
        effects_.unreadable.push_back(event);
        if (!event.user.empty()) {
            unsure.insert(world_.user(event.user));
            effects_.read_members.emplace_back(fact.room, event.user);
        } else if (event.may_be_member()) {
            anybody = true;
        }
    }
    const auto row = world_.room_users.row(id.index());
    const std::vector<UserId> users(row.begin(), row.end());
    for (const UserId user : users) {
        const Membership* held = world_.membership(user, id);
        if (held == nullptr || seen.contains(user) || unsure.contains(user) ||
            held->state == MembershipState::none)
            continue;
        if (anybody)
            effects_.read_members.emplace_back(fact.room, world_.users.text(user));
        else
            unknown_member(id, user);
    }
}

void Step::take(const EventUnreadable& fact) {
    effects_.unreadable.push_back(fact.event);
    const auto at = world_.room_by_id.find(fact.event.room);
    if (at == world_.room_by_id.end()) return;
    if (fact.event.user.empty())
        effects_.read_rooms.push_back(at->second);
    else
        effects_.read_members.emplace_back(fact.event.room, fact.event.user);
}

// Whether the bot is in a room, by an event or by a read; `by`: who brought it about, where that is known.
void Step::bot_is_in(RoomId id, bool joined, std::string_view by) {
    Room& room = world_.rooms[id.index()];
    if (room.bot_joined == joined) return;
    room.bot_joined = joined;
    world_.mark_room(id);
    (joined ? effects_.regained : effects_.lost).push_back(id);
    if (room.released) return;
    Note made;
    made.kind = joined ? Note::Kind::room_regained : Note::Kind::room_lost;
    made.text = joined ? "the bot is in the room again" : "the bot is not in the room any more";
    if (!by.empty()) made.text += fmt::format(", by {}", by);
    made.room = room.key;
    note(std::move(made));
}

void Step::take(const MemberRead& fact) {
    const auto at = world_.room_by_id.find(fact.room);
    if (at == world_.room_by_id.end()) return;
    const UserId user = world_.user(fact.user);
    if (!fact.event) {
        const Membership* held = world_.membership(user, at->second);
        if (held != nullptr && held->state != MembershipState::none) unknown_member(at->second, user);
        return;
    }
    const auto* member = std::get_if<MemberContent>(&fact.event->content);
    const Membership* held = world_.membership(user, at->second);
    if (member != nullptr && !says_so(held, *fact.event, *member))
        set_member(at->second, user, *fact.event, *member, Told::read);
}

}  // namespace rollcall::policy
