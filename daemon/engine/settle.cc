// Engine: what cannot be known is read. After a crash, or a torn connection, a request may or may not have
// been carried out; the homeserver is asked, and if it was not it is sent again under the same intent.
// createRoom and notices are not idempotent and carry the intent's marker, by which they are found;
// everything else may simply be sent again.
#include <fmt/format.h>
#include <utility>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"
#include "daemon/failpoint.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;

namespace {

constexpr Duration kSettleAgain = std::chrono::seconds{1};
constexpr int kMostAttempts = 3;  // before it is tried more seldom
constexpr Duration kRefusedSettle = std::chrono::minutes{1};
// A homeserver goes on with a createRoom whose client is gone (1.2 s seen on a busy one): only a room that is
// still not there after this long was never made. A kick, a join or a state event may be sent twice, a
// createRoom may not.
constexpr Duration kCreateMayTake = std::chrono::seconds{5};
constexpr Duration kLookAgain = std::chrono::milliseconds{500};

}  // namespace

void Engine::settle_by_reading(Intent intent) {
    // A stored intent knows names only, and not all of them are of a user or a room: to look for what is not
    // known must not make it known.
    const bool membership = intent.action == ActionKind::add || intent.action == ActionKind::remove;
    if (intent.user.starts_with('@')) intent.user_id = world_.user(intent.user);
    if (const auto room = world_.room_by_key.find(intent.room_key()); room != world_.room_by_key.end())
        intent.room_ref = room->second;
    else if (intent.action == ActionKind::create)
        intent.room_ref = world_.room(intent.room);
    const ActionKey key = intent.key();
    Call call;
    call.room = intent.room_id;
    call.user = intent.user;
    call.marker = intent.marker;
    const bool direct = intent.notice() && intent.wanted == "direct room";
    if (direct && !intent.room_id.empty()) {  // found: are they in it?
        call.kind = CallKind::read_member;
    } else if (intent.action == ActionKind::create || direct) {
        if (intent.look_until == Tick{}) intent.look_until = world_.tick + kCreateMayTake;
        call.kind = CallKind::find_created;
        for (const policy::Room& room : world_.rooms)
            if (!room.id.empty()) call.known.push_back(room.id);
        for (const auto& [user, room] : direct_rooms_) call.known.push_back(room);
    } else if (intent.notice() && intent.wanted == "notice") {
        call.kind = CallKind::find_notice;
    } else if (membership && intent.room_ref.valid()) {
        call.kind = CallKind::read_member;
        if (intent.membership() == policy::MembershipState::leave &&
            sees_as_themselves(intent.room_ref, intent.user))
            call.as_user = intent.user;
        intent.held = static_cast<std::uint32_t>(held_event(intent.room_id, intent.user));
    } else if (!intent.event.empty()) {  // a piece of state that the homeserver said it wrote
        call.kind = CallKind::read_state;
        call.type = intent.type;
        call.state_key = intent.state_key;
    } else {
        return send_again(std::move(intent));
    }
    for (NoticeDebt& debt : notices_)
        if (intent.notice() && debt.key == intent.room) debt.busy = true;
    intent.settling = true;
    intent.call = call;
    busy_.insert(key);
    calls_.emplace_back(intent.id, std::move(call));
    in_flight_[intent.id] = std::move(intent);
}

// Of what does no harm if it is done twice.
void Engine::send_again(Intent intent) {
    if (intent.attempts > kMostAttempts && !std::exchange(intent.rested, false)) {
        CallResult again;
        again.outcome = CallOutcome::retry;
        again.text = fmt::format("no answer that says what became of it, {} times", intent.attempts);
        intent.rested = true;
        return put_off(std::move(intent), again);
    }
    keep_open(std::move(intent));
    more_ = true;
}

// A room that the bot is not in is shown to it as it was when it left: what has come about since is not
// there.
bool Engine::sees_now(RoomId room) const {
    return room.valid() && world_.rooms[room.index()].bot_joined;
}

// … But whoever may be in it themselves can say.
bool Engine::sees_as_themselves(RoomId room, const std::string& user) const {
    return room.valid() && !sees_now(room) && world_.is_local(user) && mask_ != Mask::none &&
           may_act_as_users() && world_.covered(world_.users.find(user));
}

// Nothing was looked at: the homeserver lets nobody act as them.
bool Engine::cannot_act_as(const std::string& user, const CallResult& result) {
    if (result.outcome == CallOutcome::no_mask)
        mask_seen(false);
    else if (result.outcome == CallOutcome::not_covered || result.outcome == CallOutcome::no_account)
        learn(policy::MaskCovers{world_.user(user), false});
    else
        return false;
    return true;
}

// Whoever may not look at a room any more is out of it, and was made to forget it.
void Engine::seen_by_themselves(const Intent& intent) {
    if (policy::is_present(world_.state_of(intent.user_id, intent.room_ref)))
        learn(policy::MembershipSet{intent.user_id, intent.room_ref, policy::MembershipState::leave, "",
                                    intent.held});
    effect_seen(intent, "done: found so when asked", "");
    forget_retry(intent.key());
}

// It could not be said what became of it.
void Engine::look_later(Intent intent, const CallResult& result) {
    const bool refused = result.outcome == CallOutcome::refused;
    const Duration told = std::min(result.retry_after.value_or(Duration{}), kLongestToldUrgent);
    intent.look_at = world_.tick + std::max(refused ? kRefusedSettle : kSettleAgain, told);
    busy_.insert(intent.key());  // until it is known, nobody does it anew
    to_settle_.push_back(std::move(intent));
}

void Engine::settled(Intent intent, const CallResult& result) {
    failpoint("settle");
    const ActionKey key = intent.key();
    if (intent.notice() && intent.call.kind == CallKind::read_member)
        return settled_direct_room(std::move(intent), result);
    // Only done and absent say what became of it. Anything else, a refusal too, is asked again later: taken
    // for an absence it would do twice what must not be done twice, or take somebody for out who is in.
    bool found = result.outcome == CallOutcome::done || result.outcome == CallOutcome::already_so;
    if (!intent.call.as_user.empty()) {
        if (result.outcome == CallOutcome::refused) return seen_by_themselves(intent);
        if (cannot_act_as(intent.user, result)) return settle_by_reading(std::move(intent));
    }
    if (!found && result.outcome != CallOutcome::absent) {
        const bool refused = result.outcome == CallOutcome::refused;
        if (refused &&
            intent.call.kind ==
                CallKind::read_member) {  // the bot is not in the room, perhaps; sent again, it does no harm
            read_room(intent.room_ref);
            return put_off(std::move(intent), result);
        }
        // Nobody will ever be able to say whether it stands there: whether it may be sent, sending it says.
        if (intent.call.kind == CallKind::find_notice && result.out_of_room()) {
            intent.settling = false;
            return not_carried_out(std::move(intent), result);
        }
        return look_later(std::move(intent), result);
    }
    if (intent.call.kind == CallKind::find_created && result.outcome == CallOutcome::absent &&
        world_.tick < intent.look_until) {
        intent.look_at = world_.tick + kLookAgain;
        busy_.insert(key);
        to_settle_.push_back(std::move(intent));
        return;
    }
    intent.look_until = Tick{};
    intent.settling = false;
    if (intent.call.kind == CallKind::read_member) {
        settled_member(std::move(intent), result);
    } else if (intent.call.kind == CallKind::read_state) {
        if (result.event == intent.event)
            return effect_seen(intent, "done: found so when asked", intent.event);
        if (const auto room = world_.room_by_id.find(intent.room_id); room != world_.room_by_id.end())
            read_room(room->second);  // something else has come after it, or it never was
        return found_not_so(std::move(intent));
    } else if (found && intent.call.kind == CallKind::find_created && intent.notice()) {
        intent.room_id = result.room;
        return settle_by_reading(std::move(intent));
    } else if (found && intent.notice()) {
        return finish_notice(intent, result);
    } else if (found) {
        return achieved(std::move(intent), result);
    } else {
        not_carried_out(std::move(intent), result);
    }
}

void Engine::settled_member(Intent intent, const CallResult& result) {
    const bool now = sees_now(intent.room_ref) || !intent.call.as_user.empty();
    const auto* shown = result.member ? std::get_if<policy::MemberContent>(&result.member->content) : nullptr;
    bool found = shown != nullptr && shown->membership == intent.membership();
    if (now) {
        // An event that came since it was asked knows better.
        const bool newest = held_event(intent.room_id, intent.user) == intent.held;
        if (newest) learn(policy::MemberRead{intent.room_id, intent.user, result.member});
        found = world_.state_of(intent.user_id, intent.room_ref) == intent.membership();
        if (!found && !newest) return settle_by_reading(std::move(intent));
    }
    if (found) {
        if (intent.put_back && !intent.accepted) learn(policy::PutBack{intent.user_id, intent.room_ref});
        if (!intent.accepted) ++counters_.actions[static_cast<std::size_t>(intent.action)];
        effect_seen(intent, "done: found so when asked", result.member ? result.member->event : "");
        return forget_retry(intent.key());
    }
    if (!intent.accepted) return not_carried_out(std::move(intent), result);
    if (now) return found_not_so(std::move(intent));
    say_accepted(intent, "the bot is not in the room any more, and does not see whether it is so");
    ended(intent, true);
}

// Sent again under the same intent, if it is still wanted then.
void Engine::not_carried_out(Intent intent, const CallResult& result) {
    for (NoticeDebt& debt : notices_)
        if (intent.notice() && debt.key == intent.room) debt.busy = false;
    intent.missed = world_.tick;
    if (intent.attempts > kMostAttempts && !std::exchange(intent.rested, false)) {
        CallResult again = result;
        again.outcome = CallOutcome::unreachable;
        again.text =
            intent.call.kind == CallKind::read_member
                ? "the homeserver says that it is so, or nothing that can be understood, and it is not so"
                : "the answer was lost, and it was not made";
        intent.rested = true;
        return put_off(std::move(intent), again);
    }
    keep_open(std::move(intent));
    more_ = true;
}

}  // namespace rollcall::engine
