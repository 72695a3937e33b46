// Step: a room, or a member of it, read afresh; and whether the bot is in it.
#include <fmt/format.h>

#include "policy/step_facts.h"

namespace rollcall::policy {

// What that piece of a room's state says where nothing is there; of a piece that a room always has, or that
// decides nothing, OtherContent.
RoomContent nothing_at(std::string_view place) {
    const std::string key(place.substr(place.find('|') + 1));
    for (const RoomContent& content :
         {RoomContent{JoinRules{}}, RoomContent{ServerAcl{}}, RoomContent{NameContent{}},
          RoomContent{TopicContent{}}, RoomContent{CanonicalAliasContent{}},
          RoomContent{HistoryVisibilityContent{}}, RoomContent{GuestAccessContent{}},
          RoomContent{SpaceChildContent{key, false}}})
        if (slot(content, key) == place) return content;
    return OtherContent{};
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
        nothing.content = nothing_at(place);
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
    if (fact.seen_by.empty()) bot_is_in(id, fact.joined, "");
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
            if (room.state.events.find(place) != event.event) {
                hold_event(id, place, event.event);
                set_state(id, event, Told::read);
            } else if (!room.state.says(event.content)) {
                // Something was taken from it, and the read does not say by whom.
                RoomEvent redacted = event;
                redacted.sender.clear();
                set_state(id, redacted, Told::read);
            }
            continue;
        }
        const UserId user = world_.user(member->user);
        seen.insert(user);
        if (!says_so(user, id, event, *member)) set_member(id, user, event, *member, Told::read);
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
    if (member != nullptr && !says_so(user, at->second, *fact.event, *member))
        set_member(at->second, user, *fact.event, *member, Told::read);
}

}  // namespace rollcall::policy
