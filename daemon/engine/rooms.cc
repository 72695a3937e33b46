// Engine: what is to be done about a room itself: made, filled while it is hidden, closed and shown,
// repaired, let go of.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/requests.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;
using schema::TrailEntry;
using schema::TrailKind;

void Engine::dispatch_rooms() {
    for (std::uint32_t r = 0; r < backlog_.rooms() && slot_free(Lane::addition); ++r) {
        const std::vector<policy::RoomAction> actions = backlog_.actions(r);  // publish changes them
        for (const policy::RoomAction& action : actions) {
            if (!slot_free(Lane::addition)) return;
            if (dispatch_room(r, action)) break;  // one at a time: what follows may be different then
        }
    }
}

bool Engine::dispatch_room(std::uint32_t index, const policy::RoomAction& action) {
    const RoomId id = decider_->world_room(index);
    const policy::Room& room = world_.rooms[id.index()];
    const ActionKey key{action.kind, room.key, ""};
    if (!ready(key) || !guards_.allows(*decider_, memory_, index, action)) return false;
    if (action.kind == ActionKind::publish) {
        const bool over = room.filling_since + policy::kFillAtMost <= world_.now;
        if ((backlog_.adds_waiting(index) > 0 && !over) || room_busy(room.id, true)) return false;
        learn(policy::Published{id});
        more_ = true;
        return true;
    }
    if (!room.id.empty() && room_busy(room.id, true)) return false;
    const auto held = open_.find(key);
    const std::uint64_t intent_id = held == open_.end() ? next_intent_ : held->second.id;
    std::optional<Wanted> wanted = wanted_call(*decider_, backlog_, settings_.abilities, index, action,
                                               fmt::format("rollcall-{}", intent_id));
    if (!wanted) return false;
    if (wanted->call.kind == CallKind::put_state && wanted->call.room != room.id &&
        room_busy(wanted->call.room, true))
        return false;
    Intent intent;
    intent.action = action.kind;
    intent.room = room.key;
    intent.room_id = wanted->call.room;
    intent.room_ref = id;
    intent.lane = action.lane;
    intent.wanted = wanted->word;
    intent.call = std::move(wanted->call);
    intent.content = std::move(wanted->content);
    if (action.kind == ActionKind::create && !policy::answers(memory_.approved, key, policy::kNoBasis))
        ledger(policy::Guard::rooms_created, "", room.key);
    send(std::move(intent), key);
    return true;
}

void Engine::dispatch_released() {
    for (std::size_t i = 0; i < world_.rooms.size(); ++i) {
        const policy::Room& room = world_.rooms[i];
        if (room.released || room.id.empty() || program_->room(room.key) != nullptr) continue;
        const ActionKey key{ActionKind::release, room.key, ""};
        const bool approved = policy::answers(memory_.approved, key, policy::kNoBasis);
        if (policy::answers(memory_.rejected, key, policy::kNoBasis) ||
            (!approved &&
             !guards_.allows(*decider_, memory_, policy::kNoRoom, {ActionKind::release, Lane::cosmetic})))
            continue;
        if (!approved) ledger(policy::Guard::rooms_released, "", room.key);
        TrailEntry entry;
        entry.kind = TrailKind::result;
        entry.action = "release";
        entry.room_key = room.key;
        entry.room = room.id;
        entry.result = "the policy no longer names this room: members stay, nothing is done there any more";
        record(std::move(entry));
        learn(policy::Released{RoomId(i)});
    }
}

}  // namespace rollcall::engine
