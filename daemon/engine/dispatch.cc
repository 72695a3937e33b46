// Engine, second part of a turn: from the backlog to calls. Lanes in order, 8 slots of which one is kept for
// departures and outsiders, order kept per (room, user) and for a room's state, removals only after the
// guards have seen the whole plan. An intent goes into the turn's commit before its call is released.
#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <string_view>

#include "daemon/engine/engine.h"
#include "daemon/engine/requests.h"
#include "policy/explain.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;

namespace {
constexpr std::size_t kSlots =
    8;  // more in flight wins nothing on Synapse (measured, see docs/carrying-on.md)
constexpr std::size_t kReservedSlots = 1;  // for what is urgent; and of that, for outsiders who have come
constexpr std::size_t kOfOneKind = 4;      // sign-outs, lists or forgets: a slow one leaves room for kicks
// Calls that another homeserver may keep waiting have places of their own: it must keep nobody else here.
constexpr std::size_t kElsewhere = 6;
constexpr std::size_t kElsewhereNotUrgent = 3;  // … of them for what is neither departure nor outsider
constexpr std::size_t kElsewhereOfOne = 2;      // … of them in the name of one person, or into one room
constexpr int kMembersAtOnce =
    2;  // membership changes of one room in flight: the homeserver does them one by one
constexpr std::size_t kExamine = 20'000;  // users looked at in one turn of a lane

// Within one user: sessions end first, and what takes a room's past away waits until they are out of every
// room.
enum class Turn : std::uint8_t { sign_out, other, forget };
Turn turn_of(ActionKind kind) {
    if (kind == ActionKind::sign_out) return Turn::sign_out;
    return kind == ActionKind::forget ? Turn::forget : Turn::other;
}

int rounds_of(Lane lane) {
    return lane == Lane::departure ? 2 : lane == Lane::outsider || lane == Lane::removal ? 3 : 1;
}
}  // namespace

// Of outsiders only who has come is urgent: any number of invitations must keep no place from anybody else.
bool Engine::slot_free(Lane lane, int round) const {
    if (lane > Lane::outsider && reach_.slow(world_.tick)) return false;
    const bool urgent = lane == Lane::departure || (lane == Lane::outsider && round == 0);
    std::size_t used = reading_.size() + addresses_.in_flight() + departed_again_.in_flight(), departures = 0;
    for (const auto& [id, intent] : in_flight_) {
        if (may_wait_for_others(intent.call)) continue;
        ++used;
        if (intent.lane == Lane::departure) ++departures;
    }
    if (lane == Lane::departure && departures >= kSlots - kReservedSlots) return false;
    return used < (urgent ? kSlots : kSlots - kReservedSlots);
}

bool Engine::enough_of(CallKind kind) const {
    if (kind != CallKind::sign_out && kind != CallKind::list_rooms && kind != CallKind::forget) return false;
    return std::count_if(in_flight_.begin(), in_flight_.end(), [kind](const auto& sent) {
               return sent.second.call.kind == kind;
           }) >= static_cast<std::ptrdiff_t>(kOfOneKind);
}

// A room outside the policy may be on other homeservers, and of somebody there it is theirs that takes an
// invitation.
bool Engine::may_wait_for_others(const Call& call) const {
    if (call.kind == CallKind::leave_elsewhere) return true;
    return call.kind == CallKind::put_member && call.membership == policy::MembershipState::invite &&
           !world_.is_local(call.user);
}

// A change of memberships which the homeserver does one after the other in a room.
bool Engine::takes_turn_in_room(const Call& call) const {
    return (call.kind == CallKind::put_member || call.kind == CallKind::forget) && !may_wait_for_others(call);
}

bool Engine::place_elsewhere(const Call& call, Lane lane) const {
    if (lane > Lane::outsider && reach_.slow(world_.tick)) return false;
    std::size_t used = 0, of_one = 0;
    for (const auto& [id, intent] : in_flight_) {
        if (!may_wait_for_others(intent.call)) continue;
        ++used;
        of_one += static_cast<std::size_t>(call.as_user.empty() ? intent.call.room == call.room
                                                                : intent.call.as_user == call.as_user);
    }
    return of_one < kElsewhereOfOne && used < (lane <= Lane::outsider ? kElsewhere : kElsewhereNotUrgent);
}

bool Engine::ready(const ActionKey& key) const {
    if (busy_.contains(key) || put_backs_.waits(key, world_.tick)) return false;
    const auto retry = retries_.find(key);
    if (retry == retries_.end() || retry->second.not_before <= world_.tick) return true;
    return retry->second.nobody &&
           world_.account(world_.users.find(key.user)) == policy::Account::present;  // there is one now
}

bool Engine::room_busy(const std::string& room_id, Lane lane) const {
    if (room_state_.contains(room_id)) return true;
    if (lane > Lane::outsider && state_waits_.contains(room_id)) return true;
    const auto members = room_members_.find(room_id);
    return members != room_members_.end() && members->second >= kMembersAtOnce;
}

// A room's state is written and read while no membership of it changes. Where it must wait for that, no new
// changes but the urgent ones begin, so that its turn comes.
bool Engine::state_may_change(const std::string& room_id) {
    if (room_state_.contains(room_id)) return false;
    if (!room_members_.contains(room_id)) return true;
    state_waits_.insert(room_id);
    return false;
}

void Engine::dispatch() {
    ask_whether_it_answers();
    if (reach_.away()) return;
    look_at_ways();
    look_at_addresses();
    for (Intent& intent : std::exchange(to_settle_, {})) {
        if (intent.look_at > world_.tick || !slot_free(Lane::departure))
            to_settle_.push_back(std::move(intent));
        else
            settle_by_reading(std::move(intent));
    }
    look_for_effects();
    if (world_.tick >= next_verify_) look_for_made_up_accounts();
    if (world_.tick >= next_verify_ || (look_everywhere_ && rooms_to_read_.empty())) verify_rooms();
    look_at_lost_rooms();
    look_for_accounts();
    const bool may_act = !settings_.one_shot || converging_;
    if (!decider_ || !may_act) return dispatch_reads();
    const bool all = pause_ == Pause::none;
    const bool counted = !whole_pass_ && backlog_.complete();
    if (!directory_heard_) return dispatch_before_directory(all);
    if (pause_ != Pause::all) dispatch_lanes({Lane::departure});  // even while a pass is under way
    if (all && counted)
        dispatch_lanes({Lane::outsider, Lane::removal});
    else if (all)
        dispatch_lanes({Lane::outsider});
    if (std::erase_if(state_waits_,
                      [this](const std::string& room) { return !room_members_.contains(room); }))
        more_ = true;  // whoever made way for it
    close_rooms();     // in a pause as well: no door stays open
    dispatch_strays();
    dispatch_reads();
    look_at_the_departed();
    if (pause_ == Pause::all_but_departures && !whole_pass_) dispatch_notices();  // to the admins
    if (!all || whole_pass_) return;
    dispatch_rooms();
    if (counted) dispatch_lanes({Lane::addition});
    dispatch_lanes({Lane::cosmetic});
    dispatch_released();
    dispatch_notices();
}

// What the store says of the directory is as old as the last process: somebody may be an employee again
// since, or none any more. Outsiders do not depend on it, and doors are closed.
void Engine::dispatch_before_directory(bool all) {
    if (all) dispatch_lanes({Lane::outsider});
    close_rooms();
    dispatch_strays();
    dispatch_reads();
}

// In rounds over everybody: every leaver is signed out before anybody's rooms are gone through; whoever is in
// a room goes before whoever is only invited, in all of these lanes, so that a flood of invitations hides
// nobody; the past is taken away last.
void Engine::dispatch_lanes(std::initializer_list<Lane> lanes) {
    for (int round = 0; round < static_cast<int>(kRounds); ++round)
        for (const Lane lane : lanes)
            if (round < rounds_of(lane)) dispatch_round(lane, round);
}

int Engine::round_of(UserId user, const policy::UserAction& action) const {
    switch (action.lane) {
        case Lane::departure:
            return action.kind == ActionKind::sign_out ? 0 : 1;
        case Lane::outsider:
        case Lane::removal: {
            if (action.kind == ActionKind::forget) return 2;
            if (action.room == policy::kNoRoom || action.kind != ActionKind::remove) return 1;
            const policy::Membership* held = world_.membership(user, decider_->world_room(action.room));
            return held != nullptr && held->state == policy::MembershipState::join ? 0 : 1;
        }
        default:
            return 0;
    }
}

// Something has changed: everybody in the lanes is looked at.
void Engine::look_anew() {
    for (auto& rounds : laps_)
        for (Lap& lap : rounds) lap.left = policy::IdSet::npos;
    looked_from_ = world_.tick;
}

void Engine::dispatch_round(Lane lane, int round) {
    const policy::IdSet& users = backlog_.users_in(lane);
    Lap& lap = laps_[static_cast<std::size_t>(lane)][static_cast<std::size_t>(round)];
    lap.left = std::min(lap.left, users.size());
    for (std::size_t some = std::min(lap.left, kExamine); some > 0; --some, --lap.left) {
        if (!slot_free(lane, round)) return;
        std::size_t at = users.next(lap.next);
        if (at == policy::IdSet::npos) at = users.next(0);
        const UserId user(at);
        const auto row = backlog_.actions(user);
        for (const Turn turn : {Turn::sign_out, Turn::other, Turn::forget})
            for (const policy::UserAction& action : row) {
                if (action.lane != lane || turn_of(action.kind) != turn || round_of(user, action) != round)
                    continue;
                // This user again next time: a leaver is finished before the next one.
                if (!slot_free(lane, round)) return;
                dispatch_user(user, action);
            }
        lap.next = at + 1;
    }
    // What is not urgent is looked at on when an answer comes.
    look_on_ |= lap.left > 0 && (lane <= Lane::removal || in_flight_.empty());
}

bool Engine::waits_for_mask(UserId user, const policy::UserAction& action) const {
    if (may_act_as_users() || !decider_) return false;
    const ActionKey key = policy::key_of(*decider_, user, action);
    const std::optional<Wanted> wanted = wanted_call(*decider_, backlog_, settings_.abilities, user, action,
                                                     by_mask_.contains({key.room, key.user}));
    return wanted && !wanted->call.as_user.empty();
}

bool Engine::dispatch_user(UserId user, const policy::UserAction& action) {
    const ActionKey key = policy::key_of(*decider_, user, action);
    const bool removal = action.lane == Lane::removal || action.lane == Lane::outsider;
    const bool by_directory = removal && action.basis != policy::Basis::outsider;
    if ((action.lane == Lane::removal || by_directory) && suspect_rooms_.contains(key.room)) return false;
    // Not found, not listed: only of a directory whose present state is known.
    if (by_directory && !directory_current()) return false;
    if (action.kind == ActionKind::add && fill_is_over(decider_->world_room(action.room))) return false;
    const policy::GuardState& guards = whole_pass_ ? departures_guard_ : guards_;
    if (!ready(key) || !guards.allows(*decider_, memory_, user, action)) return false;
    if (grace_left(user, action) > Duration{} || waits_for_sponsor(user, action)) return false;
    const bool by_mask = by_mask_.contains({key.room, key.user});
    std::optional<Wanted> wanted =
        wanted_call(*decider_, backlog_, settings_.abilities, user, action, by_mask);
    if (!wanted || (!wanted->call.as_user.empty() && !may_act_as_users())) return false;
    if (enough_of(wanted->call.kind)) return false;
    const std::string& room_id = wanted->call.room;
    if (wanted->call.kind == CallKind::put_state) {
        if (!state_may_change(room_id)) return false;
    } else if (may_wait_for_others(wanted->call)) {
        if (!place_elsewhere(wanted->call, action.lane)) return false;
        if (room_state_.contains(room_id)) return false;
    } else if (!room_id.empty() && room_busy(room_id, action.lane)) {
        return false;
    }
    // Before the list is made, every room of it is there.
    if (action.kind == ActionKind::list_rooms && meeting(key.user)) return false;
    // One change of a user's membership in a room at a time: a forget waits for its leave, a join for its
    // invitation.
    for (const ActionKind kind : {ActionKind::remove, ActionKind::add, ActionKind::forget})
        if (action.kind != ActionKind::set_power && busy_.contains({kind, key.room, key.user})) return false;
    Intent intent;
    intent.action = action.kind;
    intent.room = action.kind == ActionKind::leave_unmanaged ? "" : key.room;
    intent.room_id = wanted->call.room;
    intent.user = key.user;
    intent.lane = action.lane;
    intent.basis = action.basis;
    intent.user_id = user;
    if (action.room != policy::kNoRoom && action.kind != ActionKind::leave_unmanaged) {
        intent.room_ref = decider_->world_room(action.room);
        const policy::Membership* held = world_.membership(user, intent.room_ref);
        intent.held = held == nullptr ? 0 : held->event;
        intent.put_back = action.kind == ActionKind::add && held != nullptr &&
                          held->cause == policy::Cause::other &&
                          held->state == policy::MembershipState::leave;
    }
    intent.wanted = wanted->word;
    intent.call = std::move(wanted->call);
    intent.content = std::move(wanted->content);
    if (const auto guard = policy::guard_of(*decider_, user, action);
        guard && !policy::answers(memory_.approved, key, action.basis))
        ledger(*guard, key.user, *guard == policy::Guard::departures ? "" : key.room);
    if (const auto filling = filling_.find(intent.room_ref);
        action.kind == ActionKind::add && filling != filling_.end())
        filling->second.last_join = world_.tick;
    send(std::move(intent), key);
    return true;
}

// Their approval lapsed because its sponsor is no employee any more, by mistake or for a moment perhaps: as
// long as the sponsor's own removals wait or are held, theirs do too. Not where one was refused, or cannot be
// asked for (the bot is not in that room): nobody knows whether it will ever be done.
bool Engine::waits_for_sponsor(UserId user, const policy::UserAction& action) const {
    if (action.kind != ActionKind::remove || action.lane == Lane::departure) return false;
    const PersonId sponsor = decider_->lapsed_sponsor(user, action.room);
    const UserId theirs = sponsor.valid() ? decider_->user_of(sponsor) : UserId{};
    if (!theirs.valid()) return false;
    const auto row = world_.memberships.row(theirs.index());
    return std::any_of(row.begin(), row.end(), [&](const policy::Membership& held) {
        const int managed = held.state == policy::MembershipState::join ? decider_->managed(held.room) : -1;
        if (managed < 0 ||
            decider_->verdict(theirs, static_cast<std::uint32_t>(managed)).presence != policy::Presence::out)
            return false;
        const ActionKey own{ActionKind::remove, world_.rooms[held.room.index()].key,
                            world_.users.text(theirs)};
        if (!sees_now(held.room) && !wanted_basis(own)) return false;
        const auto retry = retries_.find(own);
        return retry == retries_.end() || !retry->second.refused;
    });
}

Duration Engine::grace_left(UserId user, const policy::UserAction& action) const {
    if (settings_.one_shot || !Grace::concerns(action)) return {};
    // Whoever approved it has waited already.
    if (policy::answers(memory_.approved, policy::key_of(*decider_, user, action), action.basis)) return {};
    return grace_.left(*decider_, user, action, world_.tick);
}

// What was announced and is not wanted any more will not be sent again.
void Engine::drop_unwanted() {
    std::set<std::string_view> owed;
    for (const NoticeDebt& debt : notices_) owed.insert(debt.key);
    const auto over = [this, &owed](const ActionKey& key) {
        if (busy_.contains(key)) return false;
        if (key.user == world_.bot)  // its way back into a room
            return std::none_of(lost_.begin(), lost_.end(), [&](const auto& entry) {
                return world_.rooms[entry.first.index()].key == key.room;
            });
        if (about_admin_room(key))
            return direct_rooms_.contains(settings_.admin_room) || key.user != settings_.admin_room;
        if (key.kind == ActionKind::notify) return !owed.contains(key.room);
        return !wanted_basis(key);
    };
    for (auto at = open_.begin(); at != open_.end();) {
        if (!over(at->first)) {
            ++at;
            continue;
        }
        result_entry(at->second, "no longer wanted", "", true);
        ended(at->second, false);
        at = open_.erase(at);
    }
    std::erase_if(retries_, [&](const auto& retry) {
        if (!over(retry.first)) return false;
        mark("retry", retry.first.text(), std::nullopt);
        return true;
    });
    drop_answers();
}

}  // namespace rollcall::engine
