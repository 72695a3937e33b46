#include "tests/policy/homeserver.h"

#include <fmt/format.h>
#include <stdexcept>

namespace rollcall::policy::test {

RoomEvent Homeserver::put_member(const std::string& room, const std::string& user, MembershipState state,
                                 const std::string& sender) {
    Room& at = rooms.at(room);
    RoomEvent event{at.id, fmt::format("${}", ++next_),   sender, scene_.world.now, "",
                    true,  MemberContent{user, state, ""}};
    RoomEvent& held = at.members[user];
    event.replaces = held.event;
    return held = event;
}

RoomEvent Homeserver::put_state(const std::string& room, const RoomContent& content,
                                const std::string& sender) {
    Room& at = rooms.at(room);
    const auto* child = std::get_if<SpaceChildContent>(&content);
    RoomEvent event{at.id, fmt::format("${}", ++next_), sender, scene_.world.now, "", true, content};
    RoomEvent& held = at.state[fmt::format("{}|{}", content.index(), child == nullptr ? "" : child->child)];
    event.replaces = held.event;
    return held = event;
}

void Homeserver::create(const std::string& key, bool hidden) {
    const RoomId id = scene_.world.room(key);
    scene_.decider->rooms_changed();
    rooms[key].id = fmt::format("!{}:{}", key, kServer);
    put_member(key, scene_.world.bot, MembershipState::join, scene_.world.bot);
    put_state(key, CreateContent{"10", false, {scene_.world.bot}, ""}, scene_.world.bot);
    PowerLevels levels;
    levels.users[scene_.world.bot] = 100;
    put_state(key, levels, scene_.world.bot);
    learn(RoomCreated{id, rooms[key].id, "", hidden});
}

MembershipState Homeserver::state_of(const std::string& room, const std::string& user) const {
    const auto at = rooms.find(room);
    if (at == rooms.end()) return MembershipState::none;
    const auto held = at->second.members.find(user);
    return held == at->second.members.end() ? MembershipState::none
                                            : std::get<MemberContent>(held->second.content).membership;
}

RoomRead Homeserver::read(const std::string& room) const {
    RoomRead out{rooms.at(room).id, true, {}};
    for (const auto& [key, event] : rooms.at(room).state) out.state.push_back(event);
    for (const auto& [user, event] : rooms.at(room).members) out.state.push_back(event);
    return out;
}

MemberRead Homeserver::read_member(const std::string& room, const std::string& user) const {
    MemberRead out{rooms.at(room).id, user, {}};
    const auto held = rooms.at(room).members.find(user);
    if (held != rooms.at(room).members.end()) out.event = held->second;
    return out;
}

void Homeserver::answer(const Effects& effects) {
    for (const auto& [id, user] : effects.read_members)
        for (const auto& [key, room] : rooms)
            if (room.id == id) learn(read_member(key, user));
    for (const RoomId id : effects.read_rooms) learn(read(scene_.world.rooms[id.index()].key));
}

// ---------------------------------------------------------------- doing

void Homeserver::set_membership(UserId user, std::uint32_t index, MembershipState state) {
    const std::string& key = scene_.decider->program().rooms[index].key;
    const RoomId id = scene_.decider->world_room(index);
    const std::string& name = scene_.world.users.text(user);
    const Membership* held = scene_.world.membership(user, id);
    const std::uint32_t before = held == nullptr ? 0 : held->event;
    const RoomEvent event =
        put_member(key, name, state, state == MembershipState::join ? name : scene_.world.bot);
    const bool kick = state == MembershipState::leave;  // whose answer has no event ID
    learn(MembershipSet{user, id, state, kick ? "" : event.event, before});
    if (tell_events) learn(RoomEventSeen{event, true});
}

void Homeserver::set(const std::string& room, const RoomContent& content) {
    const auto* child = std::get_if<SpaceChildContent>(&content);
    const std::string key = child == nullptr ? "" : child->child;
    const RoomId id = scene_.world.room(room);
    const std::string held = held_state_event(scene_.world, id, content, key);
    const RoomEvent event = put_state(room, content, scene_.world.bot);
    learn(StateSet{id, content, key, event.event, held});
    if (tell_events) learn(RoomEventSeen{event, true});
}

void Homeserver::set_power(UserId user, std::uint32_t index, int power) {
    const Room& room = rooms.at(scene_.decider->program().rooms[index].key);
    PowerLevels levels;
    if (const auto held = room.state.find(fmt::format("{}|", RoomContent(PowerLevels{}).index()));
        held != room.state.end())
        levels = std::get<PowerLevels>(held->second.content);
    if (power == 0)
        levels.users.erase(scene_.world.users.text(user));
    else
        levels.users[scene_.world.users.text(user)] = power;
    set(scene_.decider->program().rooms[index].key, levels);
}

void Homeserver::carry_out(UserId user, const UserAction& action, const std::string& elsewhere) {
    const std::string name = scene_.world.users.text(user);
    switch (action.kind) {
        case ActionKind::sign_out:
            return learn(SignedOut{user});
        case ActionKind::list_rooms:
            return learn(RoomsListed{user, {"!dm-of-" + name, "!other:" + std::string(kServer)}});
        case ActionKind::leave_unmanaged:
            return learn(LeftUnmanaged{user, elsewhere});
        default:
            break;
    }
    const CompiledRoom& spec = scene_.decider->program().rooms[action.room];
    if (!rooms.contains(spec.key)) return;  // not created yet
    const RoomId id = scene_.decider->world_room(action.room);
    if (action.kind == ActionKind::forget) return learn(Forgotten{user, id});
    if (action.kind == ActionKind::set_power) return set_power(user, action.room, action.power);
    if (action.kind == ActionKind::remove) return set_membership(user, action.room, MembershipState::leave);
    const bool joins = spec.admission == Admission::join && scene_.abilities.mask &&
                       scene_.world.account(user) != Account::absent;
    const Membership* held = scene_.world.membership(user, id);
    if (held != nullptr && held->cause == Cause::other) learn(PutBack{user, id});
    set_membership(user, action.room, joins ? MembershipState::join : MembershipState::invite);
}

void Homeserver::carry_out(std::uint32_t index, const RoomAction& action) {
    const Decider& decider = *scene_.decider;
    const CompiledRoom& spec = decider.program().rooms[index];
    const RoomId id = decider.world_room(index);
    switch (action.kind) {
        case ActionKind::create:
            return create(spec.key, scene_.abilities.mask);
        case ActionKind::publish:
            return learn(Published{id});
        case ActionKind::set_name:
            return set(spec.key, NameContent{spec.name});
        case ActionKind::set_topic:
            return set(spec.key, TopicContent{spec.topic});
        case ActionKind::set_history:
            return set(spec.key, HistoryVisibilityContent{std::string(wanted_history(spec))});
        case ActionKind::set_guest_access:
            return set(spec.key, GuestAccessContent{"forbidden"});
        case ActionKind::set_join_rule:
            return set(spec.key, wanted_join_rules(decider, index));
        case ActionKind::set_server_acl:
            return set(spec.key, wanted_server_acl(decider, index));
        case ActionKind::set_alias:
            return set(spec.key, CanonicalAliasContent{wanted_alias(decider, spec)});
        case ActionKind::claim_alias:
            return learn(AliasClaimed{id, wanted_alias(decider, spec), false});
        case ActionKind::set_space_child:
            return set(spec.parent, SpaceChildContent{rooms.at(spec.key).id, true});
        case ActionKind::set_power_levels: {
            PowerLevels levels = wanted_power_levels(decider, index);
            for (const auto& [user, level] : scene_.world.rooms[id.index()].state.users)
                if (user != scene_.world.bot && level != 0) levels.users[user] = level;
            return set(spec.key, levels);
        }
        default:
            throw std::logic_error("an action that nobody knows how to do");
    }
}

bool Homeserver::carry_out() {
    Backlog& backlog = scene_.backlog;
    backlog.refresh(*scene_.decider, scene_.abilities, static_cast<std::size_t>(-1));
    bool any = false;
    for (std::uint32_t r = 0; r < backlog.rooms(); ++r) {
        const std::vector<RoomAction> actions = backlog.actions(r);
        for (const RoomAction& action : actions) carry_out(r, action), any = true;
    }
    for (std::size_t u = 0; u < scene_.world.users.size(); ++u) {
        const auto row = backlog.actions(UserId(u));
        const std::vector<UserAction> actions(row.begin(), row.end());
        std::vector<std::string> elsewhere;  // by their names: what is done first may list the rooms anew
        for (const UserAction& action : actions)
            elsewhere.push_back(action.kind == ActionKind::leave_unmanaged
                                    ? scene_.world.departing.at(UserId(u)).rooms.at(action.room).room
                                    : "");
        for (std::size_t i = 0; i < actions.size(); ++i) carry_out(UserId(u), actions[i], elsewhere[i]);
        any = any || !actions.empty();
    }
    for (std::size_t i = 0; i < scene_.world.rooms.size(); ++i) {
        const policy::Room& room = scene_.world.rooms[i];
        if (room.released || room.id.empty() || scene_.decider->program().room(room.key) != nullptr) continue;
        learn(Released{RoomId(i)});
        any = true;
    }
    return any;
}

int Homeserver::converge(int most) {
    for (int round = 0; round < most; ++round)
        if (!carry_out()) return round;
    throw std::runtime_error("the plan does not get empty; first: " + scene_.plan().front());
}

}  // namespace rollcall::policy::test
