#include "daemon/engine/requests.h"

#include <fmt/format.h>

#include "policy/explain.h"
#include "schema/json.h"
#include "schema/matrix_content.h"

namespace rollcall::engine {

using policy::ActionKind;
using policy::MembershipState;

namespace {

// The key of creation_content and message content by which what was made is found if the answer is lost.
const std::string kMarker(schema::kIntentKey);

Call member_call(const policy::Room& room, const std::string& user, MembershipState state, std::string reason,
                 std::string as_user) {
    Call call;
    call.kind = CallKind::put_member;
    call.room = room.id;
    call.user = user;
    call.membership = state;
    call.reason = std::move(reason);
    call.as_user = std::move(as_user);
    return call;
}

Wanted add_member(const policy::Decider& decider, const policy::Abilities& abilities, UserId user,
                  std::uint32_t index, RoomId room_id) {
    const policy::World& world = decider.world();
    const policy::Room& room = world.rooms[room_id.index()];
    const policy::CompiledRoom& spec = decider.program().rooms[index];
    const std::string& name = world.users.text(user);
    const bool joins = spec.admission == policy::Admission::join && abilities.mask && world.is_local(name) &&
                       world.covered(user) && world.account(user) != policy::Account::absent;
    const policy::Membership* held = world.membership(user, room_id);
    const bool invited = held != nullptr && held->state == MembershipState::invite && !held->by_choice;
    if (joins && (invited || room.phase == policy::RoomPhase::filling))
        return {member_call(room, name, MembershipState::join, "", name), "join", policy::OtherContent{}};
    return {member_call(room, name, MembershipState::invite, "", ""), "invite", policy::OtherContent{}};
}

Wanted remove_member(const policy::World& world, UserId user, RoomId room_id, policy::Basis basis,
                     bool by_mask) {
    const std::string& name = world.users.text(user);
    return {member_call(world.rooms[room_id.index()], name, MembershipState::leave,
                        std::string(policy::public_reason(basis)), by_mask ? name : ""),
            "leave", policy::OtherContent{}};
}

Call state_call(const policy::Room& room, std::string type, const json::Value& content,
                std::string state_key = {}) {
    Call call;
    call.kind = CallKind::put_state;
    call.room = room.id;
    call.type = std::move(type);
    call.state_key = std::move(state_key);
    call.body = json::write(content);
    return call;
}

template <class Content>
Wanted put_state(const policy::Room& room, const char* type, Content content, std::string word) {
    return {state_call(room, type, schema::content_of(content)), std::move(word),
            policy::RoomContent(std::move(content))};
}

// One write of the power levels carries every change of power that the plan has for this room: of whoever is
// in it, and of `asked`, who may not be yet.
std::optional<Wanted> power_levels(const policy::Decider& decider, const policy::Backlog& backlog,
                                   std::uint32_t index, RoomId room_id, UserId asked) {
    const policy::World& world = decider.world();
    const policy::Room& room = world.rooms[room_id.index()];
    if (room.phase != policy::RoomPhase::open || !room.state.power) return std::nullopt;
    policy::PowerLevels levels = policy::wanted_power_levels(decider, index);
    for (const auto& [user, level] : room.state.users)
        if (user != world.bot && level != 0) levels.users[user] = level;
    const auto put = [&](UserId user) {
        for (const policy::UserAction& action : backlog.actions(user)) {
            if (action.kind != ActionKind::set_power || action.room != index) continue;
            if (action.power == 0)
                levels.users.erase(world.users.text(user));
            else
                levels.users[world.users.text(user)] = action.power;
        }
    };
    for (const UserId user : world.room_users.row(room_id.index())) put(user);
    if (asked.valid()) put(asked);
    return put_state(room, "m.room.power_levels", std::move(levels), "power levels");
}

json::Value initial_event(const char* type, json::Value content) {
    json::Value event;
    event.set("type", type);
    event.set("state_key", "");
    event.set("content", std::move(content));
    return event;
}

// A room is made with its lasting state but for the way in: while nobody can know its id it admits openly, so
// that a member costs one event and not two (15 ms against 39 ms on Synapse; figures in docs/carrying-on.md).
Wanted create_room(const policy::Decider& decider, const policy::Backlog& backlog,
                   const policy::Abilities& abilities, std::uint32_t index, const std::string& marker) {
    const policy::CompiledRoom& spec = decider.program().rooms[index];
    const bool hidden =
        abilities.mask && spec.admission == policy::Admission::join && backlog.adds_waiting(index) > 0;
    policy::JoinRules rules = policy::wanted_join_rules(decider, index);
    if (hidden) rules = {"public", {}};
    json::Value creation, body, state;
    creation.set(kMarker, marker);
    if (spec.space) creation.set("type", "m.space");
    state.push(initial_event("m.room.history_visibility", schema::content_of(policy::HistoryVisibilityContent{
                                                              std::string(policy::wanted_history(spec))})));
    state.push(
        initial_event("m.room.guest_access", schema::content_of(policy::GuestAccessContent{"forbidden"})));
    state.push(
        initial_event("m.room.server_acl", schema::content_of(policy::wanted_server_acl(decider, index))));
    state.push(initial_event("m.room.join_rules", schema::content_of(rules)));
    body.set("preset", "private_chat");
    body.set("visibility", "private");
    body.set("name", spec.name);
    if (!spec.topic.empty()) body.set("topic", spec.topic);
    body.set("creation_content", std::move(creation));
    body.set("initial_state", std::move(state));
    // Without `users`: the homeserver names its creator there, or must not, as the room version wants it.
    json::Value levels = schema::content_of(policy::wanted_power_levels(decider, index));
    std::erase_if(*levels.object(), [](const json::Member& member) { return member.first == "users"; });
    body.set("power_level_content_override", std::move(levels));
    Call call;
    call.kind = CallKind::create_room;
    call.body = json::write(body);
    call.marker = marker;
    return {std::move(call), hidden ? "hidden" : "open", policy::OtherContent{}};
}

std::optional<Wanted> space_child(const policy::Decider& decider, const policy::CompiledRoom& spec,
                                  const policy::Room& room) {
    const int parent = decider.program().room_index(spec.parent);
    const RoomId id = parent < 0 ? RoomId{} : decider.world_room(static_cast<std::uint32_t>(parent));
    if (!id.valid() || decider.world().rooms[id.index()].id.empty()) return std::nullopt;
    json::Value content, via;
    via.push(decider.world().server_name);
    content.set("via", std::move(via));
    return Wanted{state_call(decider.world().rooms[id.index()], "m.space.child", content, room.id),
                  "space " + spec.parent, policy::SpaceChildContent{room.id, true}};
}

}  // namespace

std::optional<Wanted> wanted_call(const policy::Decider& decider, const policy::Backlog& backlog,
                                  const policy::Abilities& abilities, UserId user,
                                  const policy::UserAction& action, bool by_mask) {
    const policy::World& world = decider.world();
    const std::string& name = world.users.text(user);
    Call call;
    call.as_user = name;
    switch (action.kind) {
        case ActionKind::sign_out:
            call.kind = CallKind::sign_out;
            return Wanted{std::move(call), "sign out", policy::OtherContent{}};
        case ActionKind::list_rooms:
            call.kind = CallKind::list_rooms;
            return Wanted{std::move(call), "list rooms", policy::OtherContent{}};
        case ActionKind::leave_unmanaged:
            call.kind = CallKind::leave_elsewhere;
            call.room = world.departing.at(user).rooms[action.room].room;
            return Wanted{std::move(call), "leave", policy::OtherContent{}};
        default:
            break;
    }
    const RoomId room = decider.world_room(action.room);
    if (!room.valid() || world.rooms[room.index()].id.empty()) return std::nullopt;
    if (policy::waits_for_room(world, room, action.kind)) return std::nullopt;
    // Where the bot is not, people of this server still leave in their own name.
    const bool bot_in = world.rooms[room.index()].bot_joined;
    if (!bot_in && (!abilities.mask || !world.is_local(name) || !world.covered(user))) return std::nullopt;
    switch (action.kind) {
        case ActionKind::remove:
            return remove_member(world, user, room, action.basis, by_mask || !bot_in);
        case ActionKind::add:
            return add_member(decider, abilities, user, action.room, room);
        case ActionKind::set_power:
            return power_levels(decider, backlog, action.room, room, user);
        case ActionKind::forget:
            call.kind = CallKind::forget;
            call.room = world.rooms[room.index()].id;
            return Wanted{std::move(call), "forget", policy::OtherContent{}};
        default:
            return std::nullopt;
    }
}

std::optional<Wanted> wanted_call(const policy::Decider& decider, const policy::Backlog& backlog,
                                  const policy::Abilities& abilities, std::uint32_t index,
                                  const policy::RoomAction& action, const std::string& marker) {
    const policy::CompiledRoom& spec = decider.program().rooms[index];
    if (action.kind == ActionKind::create) return create_room(decider, backlog, abilities, index, marker);
    const RoomId id = decider.world_room(index);
    if (!id.valid() || decider.world().rooms[id.index()].id.empty()) return std::nullopt;
    const policy::Room& room = decider.world().rooms[id.index()];
    switch (action.kind) {
        case ActionKind::set_name:
            return put_state(room, "m.room.name", policy::NameContent{spec.name}, "name");
        case ActionKind::set_topic:
            return put_state(room, "m.room.topic", policy::TopicContent{spec.topic}, "topic");
        case ActionKind::set_history:
            return put_state(room, "m.room.history_visibility",
                             policy::HistoryVisibilityContent{std::string(policy::wanted_history(spec))},
                             "history");
        case ActionKind::set_guest_access:
            return put_state(room, "m.room.guest_access", policy::GuestAccessContent{"forbidden"},
                             "guest access");
        case ActionKind::set_join_rule:
            return join_rule_call(room, policy::wanted_join_rules(decider, index));
        case ActionKind::set_server_acl:
            return put_state(room, "m.room.server_acl", policy::wanted_server_acl(decider, index),
                             "server ACL");
        case ActionKind::set_power_levels:
            return power_levels(decider, backlog, index, id, UserId{});
        case ActionKind::set_alias:
            return put_state(room, "m.room.canonical_alias",
                             policy::CanonicalAliasContent{policy::wanted_alias(decider, spec)},
                             "canonical alias");
        case ActionKind::set_space_child:
            return space_child(decider, spec, room);
        case ActionKind::claim_alias: {
            Call call;
            call.kind = CallKind::claim_alias;
            call.room = room.id;
            call.alias = policy::wanted_alias(decider, spec);
            std::string word = "alias " + call.alias;
            return Wanted{std::move(call), std::move(word), policy::OtherContent{}};
        }
        default:
            return std::nullopt;
    }
}

Wanted join_rule_call(const policy::Room& room, const policy::JoinRules& rules) {
    return put_state(room, "m.room.join_rules", rules, "join rule");
}

std::string notice_body(const std::string& text, const std::string& html, const std::string& marker) {
    json::Value body;
    body.set("msgtype", "m.notice");
    body.set("body", text);
    if (!html.empty()) {
        body.set("format", "org.matrix.custom.html");
        body.set("formatted_body", html);
        body.set("m.mentions", json::Object{});  // it names people, and calls nobody
    }
    body.set(kMarker, marker);
    return json::write(body);
}

std::string direct_room_body(const std::string& user, const std::string& marker) {
    json::Value body, creation, invite;
    creation.set(kMarker, marker);
    invite.push(user);
    body.set("preset", "private_chat");
    body.set("is_direct", true);
    body.set("name", "Rollcall");
    body.set("invite", std::move(invite));
    body.set("creation_content", std::move(creation));
    return json::write(body);
}

}  // namespace rollcall::engine
