#include "policy/held.h"

namespace rollcall::policy {
namespace {

const UserAction* find(const Decider& decider, const Backlog& backlog, UserId user, const ActionKey& key) {
    for (const UserAction& action : backlog.actions(user))
        if (action.kind == key.kind && key_of(decider, user, action) == key) return &action;
    return nullptr;
}

bool released(const Decider& decider, const std::string& key) {
    const World& world = decider.world();
    const auto room = world.room_by_key.find(key);
    return room == world.room_by_key.end() || world.rooms[room->second.index()].released ||
           decider.program().room(key) != nullptr;
}

bool room_wants(const Decider& decider, const Backlog& backlog, const ActionKey& key) {
    if (key.kind == ActionKind::release) return !released(decider, key.room);
    const int room = decider.program().room_index(key.room);
    if (room < 0) return false;
    for (const RoomAction& action : backlog.actions(static_cast<std::uint32_t>(room)))
        if (action.kind == key.kind) return true;
    return false;
}

// Not in the plan at this moment. Is its cause gone, or only not to be seen?
HeldState unwanted(const Decider& decider, UserId user, const ActionKey& key, const HeldBy& by) {
    const int room = decider.program().room_index(key.room);
    const bool member = key.kind == ActionKind::remove || key.kind == ActionKind::add;
    if (!member) return HeldState::over;
    if (room < 0) return rests(decider, key) ? HeldState::dormant : HeldState::over;
    const RoomId id = decider.world_room(static_cast<std::uint32_t>(room));
    const MembershipState state = id.valid() ? decider.world().state_of(user, id) : MembershipState::none;
    const bool done = key.kind == ActionKind::remove ? !is_present(state) : state == MembershipState::join;
    const Verdict verdict = decider.verdict(user, static_cast<std::uint32_t>(room));
    // What was approved is held no more: so it was not us.
    const bool by_hand = key.kind == ActionKind::remove && verdict.presence == Presence::out &&
                         verdict.basis != Basis::departed && by.guard != Guard::departures;
    if (done) return by_hand ? HeldState::gone : HeldState::over;
    const Presence cause = key.kind == ActionKind::remove ? Presence::out : Presence::in;
    return verdict.presence == cause || verdict.basis == Basis::undecided ? HeldState::dormant
                                                                          : HeldState::over;
}

}  // namespace

bool rests(const Decider& decider, const ActionKey& key) {
    const World& world = decider.world();
    const auto room = world.room_by_key.find(key.room);
    return !key.user.empty() && room != world.room_by_key.end() &&
           !world.rooms[room->second.index()].id.empty() && decider.program().room(key.room) == nullptr;
}

bool came_unbidden(const Decider& decider, UserId user, const UserAction& action) {
    if (action.kind != ActionKind::remove) return false;
    const Membership* held = decider.world().membership(user, decider.world_room(action.room));
    return held != nullptr && held->unbidden;
}

std::optional<Basis> wanted_basis(const Decider& decider, const Backlog& backlog, const ActionKey& key) {
    if (key.user.empty()) return room_wants(decider, backlog, key) ? std::optional(kNoBasis) : std::nullopt;
    const UserId user = decider.world().users.find(key.user);
    const UserAction* action = user.valid() ? find(decider, backlog, user, key) : nullptr;
    return action == nullptr ? std::nullopt : std::optional(action->basis);
}

HeldState held_state(const Decider& decider, const Backlog& backlog, const GuardMemory& memory,
                     const ActionKey& key, const HeldBy& by) {
    if (key.user.empty()) {
        if (!room_wants(decider, backlog, key) || answers(memory.approved, key, kNoBasis))
            return HeldState::over;
        return answers(memory.rejected, key, kNoBasis) ? HeldState::dormant : HeldState::waits;
    }
    const UserId user = decider.world().users.find(key.user);
    if (!user.valid()) return HeldState::over;
    const UserAction* action = find(decider, backlog, user, key);
    if (action == nullptr) return unwanted(decider, user, key, by);
    if (is_ordered(decider, user, *action)) return HeldState::over;
    if (answers(memory.rejected, key, action->basis)) return HeldState::dormant;
    if (answers(memory.approved, key, action->basis)) return HeldState::over;
    if (!stops(by, *action)) return HeldState::dormant;
    // An approval of a departure is one of all of it.
    const bool departs = action->lane == Lane::departure;
    if (!departs && came_unbidden(decider, user, *action)) return HeldState::gone;
    return departs && !guard_of(decider, user, *action) ? HeldState::over : HeldState::waits;
}

std::vector<ActionKey> gone_by_hand(const Decider& decider, const Backlog& backlog,
                                    const GuardMemory& memory) {
    std::vector<ActionKey> gone[2], out;  // a room's own guard and the one for all of them hold the same
    bool waits[2] = {false, false};
    for (const auto& [key, by] : memory.held) {
        if (key.kind != ActionKind::remove || by.guard == Guard::departures) continue;
        const std::size_t of = by.guard == Guard::outsiders ? 1 : 0;
        const HeldState state = held_state(decider, backlog, memory, key, by);
        waits[of] = waits[of] || state == HeldState::waits;
        if (state == HeldState::gone) gone[of].push_back(key);
    }
    for (const std::size_t of : {0U, 1U})
        if (waits[of]) out.insert(out.end(), gone[of].begin(), gone[of].end());
    return out;
}

HeldBy held_by_now(const Decider& decider, const Backlog& backlog, const ActionKey& key, const HeldBy& by) {
    if (by.guard != Guard::departures || key.kind != ActionKind::remove) return by;
    const UserAction* action = find(decider, backlog, decider.world().users.find(key.user), key);
    return action == nullptr || action->lane == Lane::departure ? by : HeldBy{Guard::removals, ""};
}

bool stops(const HeldBy& by, const UserAction& action) {
    return action.lane != Lane::departure || by.guard == Guard::departures;
}

}  // namespace rollcall::policy
