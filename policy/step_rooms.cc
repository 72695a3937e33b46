// Step: what a room's state says, told by events.
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
    else if (const auto* redaction = std::get_if<RedactionContent>(&fact.event.content))
        redacted(at->second, fact.event, redaction->event);
    else if (fact.event.state)
        state_event(at->second, fact.event);
}

// What a state event says without what was taken from it, the room itself must say.
void Step::redacted(RoomId room, const RoomEvent& redaction, std::string_view event) {
    const std::string place =
        event.empty() ? std::string() : world_.rooms[room.index()].state.events.slot_of(event);
    if (place.empty()) return;
    effects_.read_rooms.push_back(room);
    if (redaction.sender == world_.bot) return;
    // Of power levels only some are taken, in room versions before 11 who may invite.
    const bool levels = place == slot(PowerLevels{}, "");
    setting_by_hand(room, levels ? PowerLevels{} : nothing_at(place), redaction.sender);
    Note made;
    made.kind = Note::Kind::room_state;
    made.text = fmt::format("{} redacted an event of the room's state", redaction.sender);
    made.room = world_.rooms[room.index()].key;
    made.event = redaction.event;
    made.sender = redaction.sender;
    if (redaction.time != Time{}) made.event_time = redaction.time;
    note(std::move(made));
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
        void operator()(const RedactionContent&) {}
    };
    std::visit(Setter{*this, id, state}, event.content);
    world_.count_change(id);
    world_.parts.share(state);
    world_.mark_room(id);
    note_state(id, event, told, history_before);
    if (told != Told::ours) setting_by_hand(id, event.content, event.sender);
}

// Of what the policy says of this room, somebody has changed something, whatever it is now.
void Step::setting_by_hand(RoomId id, const RoomContent& content, const std::string& by) {
    if (by.empty() || by == world_.bot || world_.rooms[id.index()].just_managed) return;
    const std::optional<ActionKind> setting = setting_of(content);
    if (!setting) return;
    if (const auto* child = std::get_if<SpaceChildContent>(&content)) {
        const auto room = world_.room_by_id.find(child->child);
        if (room == world_.room_by_id.end()) return;
        id = room->second;
    }
    effects_.by_hand.push_back({id, *setting, {}, false, by});
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

}  // namespace rollcall::policy
