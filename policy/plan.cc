#include "policy/plan.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace rollcall::policy {

std::string_view to_text(ActionKind kind) {
    switch (kind) {
        case ActionKind::sign_out:
            return "sign_out";
        case ActionKind::list_rooms:
            return "list_rooms";
        case ActionKind::leave_unmanaged:
            return "leave_unmanaged";
        case ActionKind::remove:
            return "remove";
        case ActionKind::forget:
            return "forget";
        case ActionKind::add:
            return "add";
        case ActionKind::set_power:
            return "set_power";
        case ActionKind::create:
            return "create";
        case ActionKind::publish:
            return "publish";
        case ActionKind::set_name:
            return "set_name";
        case ActionKind::set_topic:
            return "set_topic";
        case ActionKind::set_history:
            return "set_history";
        case ActionKind::set_guest_access:
            return "set_guest_access";
        case ActionKind::set_join_rule:
            return "set_join_rule";
        case ActionKind::set_server_acl:
            return "set_server_acl";
        case ActionKind::set_power_levels:
            return "set_power_levels";
        case ActionKind::claim_alias:
            return "claim_alias";
        case ActionKind::set_alias:
            return "set_alias";
        case ActionKind::set_space_child:
            return "set_space_child";
        case ActionKind::release:
            return "release";
        case ActionKind::notify:
            return "notify";
    }
    return "";
}

std::string_view room_change_words(ActionKind kind) {
    switch (kind) {
        case ActionKind::create:
            return "the room";
        case ActionKind::publish:
            return "open it when it is filled";
        case ActionKind::set_name:
            return "name";
        case ActionKind::set_topic:
            return "topic";
        case ActionKind::set_history:
            return "who sees the past";
        case ActionKind::set_guest_access:
            return "guest access";
        case ActionKind::set_join_rule:
            return "who may join";
        case ActionKind::set_server_acl:
            return "which servers may take part";
        case ActionKind::set_power_levels:
            return "power levels";
        case ActionKind::claim_alias:
            return "address";
        case ActionKind::set_alias:
            return "published address";
        case ActionKind::set_space_child:
            return "place in its space";
        case ActionKind::release:
            return "let go of it";
        default:
            return "";
    }
}

std::optional<ActionKind> setting_of(const RoomContent& content) {
    struct Writer {
        using Kind = std::optional<ActionKind>;
        Kind operator()(const NameContent&) const { return ActionKind::set_name; }
        Kind operator()(const TopicContent&) const { return ActionKind::set_topic; }
        Kind operator()(const HistoryVisibilityContent&) const { return ActionKind::set_history; }
        Kind operator()(const GuestAccessContent&) const { return ActionKind::set_guest_access; }
        Kind operator()(const JoinRules&) const { return ActionKind::set_join_rule; }
        Kind operator()(const ServerAcl&) const { return ActionKind::set_server_acl; }
        Kind operator()(const PowerLevels&) const { return ActionKind::set_power_levels; }
        Kind operator()(const CanonicalAliasContent&) const { return ActionKind::set_alias; }
        Kind operator()(const SpaceChildContent&) const { return ActionKind::set_space_child; }
        Kind operator()(const MemberContent&) const { return std::nullopt; }
        Kind operator()(const CreateContent&) const { return std::nullopt; }
        Kind operator()(const TombstoneContent&) const { return std::nullopt; }
        Kind operator()(const OtherContent&) const { return std::nullopt; }
        Kind operator()(const ReactionContent&) const { return std::nullopt; }
        Kind operator()(const RedactionContent&) const { return std::nullopt; }
    };
    return std::visit(Writer{}, static_cast<const RoomContentVariant&>(content));
}

bool decides_who_reads(ActionKind kind) {
    switch (kind) {
        case ActionKind::set_history:
        case ActionKind::set_guest_access:
        case ActionKind::set_join_rule:
        case ActionKind::set_server_acl:
        case ActionKind::set_power_levels:
            return true;
        default:
            return false;
    }
}

namespace {

Lane removal_lane(Basis basis, const Membership& held) {
    if (basis == Basis::departed) return Lane::departure;
    // Whoever came without an approval and is no user of ours goes at once, and so does whoever was let in by
    // hand against the verdict; everyone else meets the guard.
    const bool came = basis == Basis::outsider ? !held.approved_once : held.unbidden;
    return came ? Lane::outsider : Lane::removal;
}

// Wanted, and not in: may the daemon bring them in now?
bool may_add(const Decider& decider, UserId user, std::uint32_t room, const Membership* held) {
    if (held == nullptr || held->state == MembershipState::none) return true;
    if (held->state == MembershipState::knock) return true;
    if (held->state == MembershipState::ban) return false;  // an owner's ban stands and shows in status
    if (held->cause == Cause::daemon) return true;
    if (held->cause == Cause::self) return decider.program().rooms[room].leaving == Leaving::rejoin;
    const World& world = decider.world();
    const auto at = world.put_back.find(World::pair(user, held->room));
    return at == world.put_back.end() || at->second + kPutBackEvery <= world.now;
}

// readmit() has made it so: out, to be invited, and to come by themselves.
bool asked_back(const Membership& held) {
    return held.state == MembershipState::leave && held.by_choice;
}

void derive_membership(const Decider& decider, const Abilities& abilities, UserId user, std::uint32_t room,
                       const Verdict& verdict, std::vector<UserAction>& out) {
    const World& world = decider.world();
    const RoomId id = decider.world_room(room);
    const Membership* held = id.valid() ? world.membership(user, id) : nullptr;
    const MembershipState state = held == nullptr ? MembershipState::none : held->state;
    if (verdict.presence == Presence::out && held != nullptr) {
        if (is_present(state))
            out.push_back({room, ActionKind::remove, removal_lane(verdict.basis, *held), verdict.basis, 0});
        else if (held->needs_forget && abilities.mask && world.covered(user) &&
                 world.account(user) != Account::absent)  // which may be made yet, and reads then
            out.push_back({room, ActionKind::forget,
                           verdict.basis == Basis::departed ? Lane::departure : Lane::removal, verdict.basis,
                           0});
        if (!is_present(state) && held->power != 0)
            out.push_back({room, ActionKind::set_power, Lane::cosmetic, verdict.basis, 0});
        return;
    }
    // Whom an approval lets stay may not thereby have a say in the room.
    if (verdict.basis == Basis::approval && verdict.owner == Tri::no && held != nullptr && held->power != 0)
        out.push_back({room, ActionKind::set_power, Lane::addition, verdict.basis, 0});
    // Nor does it let anybody in, but whom somebody has asked back by name.
    if (verdict.basis == Basis::approval && held != nullptr && asked_back(*held)) {
        const CompiledApproval* approval = decider.approval(user, room);
        if (approval != nullptr && decider.answered_for(*approval))
            out.push_back({room, ActionKind::add, Lane::addition, verdict.basis, 0});
    }
    if (verdict.presence != Presence::in) return;
    const auto joins = [&] {
        return decider.program().rooms[room].admission == Admission::join && abilities.mask &&
               world.covered(user) && world.account(user) != Account::absent &&
               (held == nullptr || !held->by_choice);
    };
    const bool incomplete = state == MembershipState::invite ? joins() : state != MembershipState::join;
    if (incomplete && may_add(decider, user, room, held))
        out.push_back({room, ActionKind::add, Lane::addition, verdict.basis, 0});
    const std::int8_t power = verdict.owner == Tri::yes ? kOwnerPower : std::int8_t{0};
    const bool differs = held == nullptr ? power != 0 : held->power != power;
    if (verdict.owner != Tri::unknown && differs)
        out.push_back({room, ActionKind::set_power, Lane::addition, verdict.basis, power});
}

}  // namespace

void derive_user(const Decider& decider, const Abilities& abilities, UserId user,
                 std::vector<UserAction>& out) {
    const World& world = decider.world();
    if (user == decider.bot()) return;
    const std::size_t first = out.size();
    decider.each_room(user, [&](std::uint32_t room, const Verdict& verdict) {
        derive_membership(decider, abilities, user, room, verdict, out);
    });
    const auto leaving = world.departing.find(user);
    // Who departed may be somebody else than whose this account is: people.identities has said so, or a login
    // has changed.
    const PersonId holder = decider.person_of(user);
    const bool one =
        !decider.former_holder(user).valid() && !decider.contended(user) && !decider.disputed(user);
    const Tri departed = holder.valid() ? decider.departed(holder) : Tri::unknown;
    const bool theirs =
        departed == Tri::yes || (one && departed == Tri::unknown) || decider.all_departed(user);
    if (leaving != world.departing.end() && theirs && abilities.mask && world.covered(user) &&
        !decider.is_protected(user) && (leaving->second.asked || decider.was_here(user))) {
        const Departing& left = leaving->second;
        if (!left.signed_out && decider.program().sign_out)
            out.push_back({kNoRoom, ActionKind::sign_out, Lane::departure, Basis::departed, 0});
        const bool every_room = decider.program().leave == LeaveScope::every_room;
        if (every_room && !left.listed)
            out.push_back({kNoRoom, ActionKind::list_rooms, Lane::departure, Basis::departed, 0});
        for (std::uint32_t i = 0; i < left.rooms.size(); ++i)
            if (!left.rooms[i].done && (every_room || world.room_by_id.contains(left.rooms[i].room)))
                out.push_back({i, ActionKind::leave_unmanaged, Lane::departure, Basis::departed, 0});
    }
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

// ---------------------------------------------------------------- rooms

std::string_view wanted_history(const CompiledRoom& room) {
    switch (room.history) {
        case History::joined:
            return "joined";
        case History::invited:
            return "invited";
        case History::shared:
            return "shared";
    }
    return "joined";
}

std::string wanted_alias(const Decider& decider, const CompiledRoom& room) {
    return "#" + room.alias + ":" + decider.world().server_name;
}

bool gives_alias_up(const Decider& decider, const std::string& room_id, const std::string& alias) {
    const auto room = decider.world().room_by_id.find(room_id);
    if (room == decider.world().room_by_id.end()) return false;
    const std::int32_t managed = decider.managed(room->second);
    return managed >= 0 &&
           wanted_alias(decider, decider.program().rooms[static_cast<std::size_t>(managed)]) != alias;
}

bool creator_is_privileged(const RoomState& state) {
    if (!state.create) return false;
    const std::string& version = state.create->version;
    if (!std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return false;
    return version.size() > 2 || (version.size() == 2 && version >= "12");
}

bool waits_for_room(const World& world, RoomId id, ActionKind kind) {
    if (kind != ActionKind::add && kind != ActionKind::set_power) return false;
    const Room& room = world.rooms[id.index()];
    return !room.bot_joined || (kind == ActionKind::add && !room.state.tombstone.empty());
}

namespace {

constexpr std::int64_t kCreatorPower = std::numeric_limits<std::int64_t>::max();

std::int64_t power_in(const RoomState& state, const std::string& user) {
    if (creator_is_privileged(state) &&
        std::find(state.create->creators.begin(), state.create->creators.end(), user) !=
            state.create->creators.end())
        return kCreatorPower;
    const auto level = state.users.find(user);
    if (level != state.users.end()) return level->second;
    return state.power ? state.power->users_default : 0;
}

std::string power_text(std::int64_t power) {
    return power == kCreatorPower ? "that of a creator, which nobody is above" : std::to_string(power);
}

}  // namespace

bool not_below_bot(const World& world, RoomId id, UserId user) {
    const RoomState& state = world.rooms[id.index()].state;
    return power_in(state, world.users.text(user)) >= power_in(state, world.bot);
}

std::string power_words(const World& world, RoomId id, UserId user) {
    const RoomState& state = world.rooms[id.index()].state;
    return "has power " + power_text(power_in(state, world.users.text(user))) + ", and the bot " +
           power_text(power_in(state, world.bot));
}

PowerLevels wanted_power_levels(const Decider& decider, std::uint32_t room) {
    const CompiledRoom& spec = decider.program().rooms[room];
    PowerLevels levels;
    levels.state_default = 100;
    levels.events_default = spec.who_posts == WhoPosts::owners ? kOwnerPower : 0;
    switch (spec.who_invites) {
        case WhoInvites::everyone:
            levels.invite = 0;
            break;
        case WhoInvites::owners:
            levels.invite = kOwnerPower;
            break;
        case WhoInvites::nobody:
            levels.invite = 100;
            break;
    }
    for (const char* type : {"m.room.name", "m.room.topic", "m.room.avatar", "m.room.pinned_events"})
        levels.events[type] = kOwnerPower;
    const RoomId id = decider.world_room(room);
    if (id.valid() && !creator_is_privileged(decider.world().rooms[id.index()].state))
        levels.users[decider.world().bot] = 100;
    return levels;
}

namespace {

// Is whoever can be in this space an employee? Nobody but the daemon lets anybody in there, and it nobody
// else.
bool holds_employees_alone(const Program& program, std::uint32_t space) {
    const CompiledRoom& spec = program.rooms[space];
    return spec.whole_employees && spec.who_invites == WhoInvites::nobody &&
           spec.outsiders == Outsiders::none &&
           std::none_of(program.services.begin(), program.services.end(),
                        [space](const CompiledService& service) {
                            return std::binary_search(service.rooms.begin(), service.rooms.end(), space);
                        });
}

}  // namespace

JoinRules wanted_join_rules(const Decider& decider, std::uint32_t room) {
    // Restricted only where the members are the whole space: otherwise any member of the space could walk
    // back in, and whoever lets somebody into the space lets them into the room.
    const Program& program = decider.program();
    const CompiledRoom& spec = program.rooms[room];
    const int parent = spec.parent.empty() ? -1 : program.room_index(spec.parent);
    if (!spec.space && spec.whole_employees && spec.admission == Admission::join && parent >= 0 &&
        holds_employees_alone(program, static_cast<std::uint32_t>(parent))) {
        const RoomId id = decider.world_room(static_cast<std::uint32_t>(parent));
        if (id.valid() && !decider.world().rooms[id.index()].id.empty())
            return {"restricted", {decider.world().rooms[id.index()].id}};
    }
    return {"invite", {}};
}

namespace {
std::string server_of(std::string_view matrix_id) {
    const std::size_t colon = matrix_id.find(':');
    return colon == std::string_view::npos ? "" : std::string(matrix_id.substr(colon + 1));
}
}  // namespace

ServerAcl wanted_server_acl(const Decider& decider, std::uint32_t room) {
    const World& world = decider.world();
    const Program& program = decider.program();
    ServerAcl acl;
    acl.allow.push_back(world.server_name);
    for (const auto& [person, id] : program.identities) acl.allow.push_back(server_of(id));
    for (const CompiledApproval& approval : program.approvals)
        if (std::binary_search(approval.rooms.begin(), approval.rooms.end(), room) &&
            decider.in_force(approval))
            acl.allow.push_back(server_of(approval.who));
    std::sort(acl.allow.begin(), acl.allow.end());
    acl.allow.erase(std::unique(acl.allow.begin(), acl.allow.end()), acl.allow.end());
    // A server whose own name is an address must not shut itself out.
    acl.allow_ip_literals =
        !world.server_name.empty() &&
        ((world.server_name[0] >= '0' && world.server_name[0] <= '9') || world.server_name[0] == '[');
    return acl;
}

namespace {

bool same_levels(const RoomState& held, PowerLevels wanted, const std::string& bot) {
    const auto level = [&bot](const std::map<std::string, std::int64_t>& users) {
        const auto at = users.find(bot);
        return at == users.end() ? std::int64_t{0} : at->second;
    };
    if (level(held.users) != level(wanted.users)) return false;
    wanted.users.clear();
    return held.power == wanted;
}

// The room's place in its space is written in the space.
bool misplaced(const Decider& decider, const CompiledRoom& spec, const Room& room) {
    if (spec.parent.empty()) return false;
    const int parent = decider.program().room_index(spec.parent);
    const RoomId id = parent < 0 ? RoomId{} : decider.world_room(static_cast<std::uint32_t>(parent));
    if (!id.valid() || decider.world().rooms[id.index()].id.empty()) return false;
    return !decider.world().rooms[id.index()].state.children.contains(room.id);
}

}  // namespace

void derive_room(const Decider& decider, std::uint32_t index, std::vector<RoomAction>& out) {
    const World& world = decider.world();
    const CompiledRoom& spec = decider.program().rooms[index];
    const RoomId id = decider.world_room(index);
    if (!id.valid() || world.rooms[id.index()].id.empty()) {
        out.push_back({ActionKind::create, Lane::addition});
        return;
    }
    const Room& room = world.rooms[id.index()];
    if (!room.bot_joined) return;
    if (room.phase == RoomPhase::filling) {
        out.push_back({ActionKind::publish, Lane::addition});
        return;
    }
    const RoomState& state = room.state;
    const auto want = [&out](bool differs, ActionKind kind, Lane lane) {
        if (differs) out.push_back({kind, lane});
    };
    want(state.join_rules != wanted_join_rules(decider, index), ActionKind::set_join_rule, Lane::addition);
    want(state.acl != wanted_server_acl(decider, index), ActionKind::set_server_acl, Lane::addition);
    if (!state.tombstone.empty()) return;  // its name and address have gone with whoever was led on
    want(!state.power || !same_levels(state, wanted_power_levels(decider, index), world.bot),
         ActionKind::set_power_levels, Lane::addition);
    want(state.history != wanted_history(spec), ActionKind::set_history, Lane::addition);
    want(state.guest_access != "forbidden" && !state.guest_access.empty(), ActionKind::set_guest_access,
         Lane::addition);
    want(misplaced(decider, spec, room), ActionKind::set_space_child, Lane::cosmetic);
    want(state.name != spec.name, ActionKind::set_name, Lane::cosmetic);
    want(state.topic != spec.topic, ActionKind::set_topic, Lane::cosmetic);
    const std::string alias = wanted_alias(decider, spec);
    if (room.claimed_alias != alias)
        want(room.alias_conflict != alias, ActionKind::claim_alias, Lane::cosmetic);
    else
        want(state.alias != alias, ActionKind::set_alias, Lane::cosmetic);
}

// ---------------------------------------------------------------- whole plans

void stream_plan(const Decider& decider, const Abilities& abilities,
                 const std::function<void(UserId, const UserAction&)>& visit) {
    std::vector<UserAction> actions;
    const std::size_t count = decider.world().users.size();
    for (std::size_t i = 0; i < count; ++i) {
        actions.clear();
        derive_user(decider, abilities, UserId(i), actions);
        for (const UserAction& action : actions) visit(UserId(i), action);
    }
}

std::vector<PlanLine> whole_plan(const Decider& decider, const Abilities& abilities) {
    const World& world = decider.world();
    const Program& program = decider.program();
    std::vector<PlanLine> lines;
    stream_plan(decider, abilities, [&](UserId user, const UserAction& action) {
        const bool in_room = action.room != kNoRoom && action.kind != ActionKind::leave_unmanaged;
        if (const RoomId id = in_room ? decider.world_room(action.room) : RoomId{};
            id.valid() && waits_for_room(world, id, action.kind))
            return;
        lines.push_back({in_room ? program.rooms[action.room].key : "", action.kind, action.lane,
                         world.users.text(user), action.basis, action.power, user,
                         in_room ? action.room : kNoRoom});
    });
    std::vector<RoomAction> actions;
    for (std::uint32_t r = 0; r < program.rooms.size(); ++r) {
        actions.clear();
        derive_room(decider, r, actions);
        for (const RoomAction& action : actions)
            lines.push_back(
                {program.rooms[r].key, action.kind, action.lane, "", Basis::member, 0, UserId{}, r});
    }
    for (std::size_t i = 0; i < world.rooms.size(); ++i)
        if (const Room& room = world.rooms[i];
            !room.released && !room.id.empty() && decider.managed(RoomId(i)) < 0)
            lines.push_back(
                {room.key, ActionKind::release, Lane::cosmetic, "", Basis::member, 0, UserId{}, kNoRoom});
    std::sort(lines.begin(), lines.end(), [](const PlanLine& a, const PlanLine& b) {
        const bool a_room = a.user.empty(), b_room = b.user.empty();
        return std::tuple(a.room, !a_room, a.lane, a.kind, a.user) <
               std::tuple(b.room, !b_room, b.lane, b.kind, b.user);
    });
    return lines;
}

}  // namespace rollcall::policy
