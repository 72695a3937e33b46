// Engine: what became of the calls. A result becomes a fact, a line in the trail, and, where it failed, a
// debt: when to try again. A lost answer is settled by reading the homeserver, under the same intent.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"
#include "daemon/failpoint.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using schema::TrailEntry;
using schema::TrailKind;

namespace {

constexpr Duration kLeastRetry = std::chrono::milliseconds{100};
constexpr Duration kLongestRetry = std::chrono::minutes{5};
constexpr Duration kLongestUrgentRetry = std::chrono::seconds{30};  // whoever has to be out
constexpr int kRefusedAdds = 4;
constexpr std::ptrdiff_t kNobodiesAtOnce = 20;
constexpr Duration kRepeatsWithin = std::chrono::minutes{1};
constexpr int kMostAccepted = 3;  // times that something was accepted and looking did not show it
constexpr int kMostRepeats = 6;   // of one action within that; an invitation and a join are two

// What one room's requests ran into is over with the first that was done there: the others need not wait for
// their turn. None is sent again so soon after it failed, for it may be that person's own trouble.
constexpr Duration kWokenAgain = std::chrono::seconds{5};

template <class Retries>
void wake_of_room(Retries& retries, const std::string& room, Tick now) {
    for (auto& [key, retry] : retries) {
        if (!retry.unanswered || key.room != room || retry.not_before <= now + kWokenAgain) continue;
        const Tick failed = retry.not_before - backoff(kFirstRetry, kLongestUrgentRetry, retry.attempts);
        retry.not_before = std::min(retry.not_before, std::max(now, failed + kWokenAgain));
    }
}

bool was_done(const CallResult& result) {
    return result.outcome == CallOutcome::done || result.outcome == CallOutcome::already_so;
}

// For people: what a room is made with is a word of ours.
std::string words(const Intent& intent) {
    return intent.action == ActionKind::create ? "make the room" : intent.wanted;
}

}  // namespace

void Engine::take(CallDone& message) {
    // A date in Retry-After is compared with this machine's own clock, and what says it may be anything.
    if (auto& wait = message.result.retry_after) wait = std::min(*wait, kRefusedRetry);
    heard_of_it(message);
    if (take_asked(message) || take_address(message) || take_departed(message)) return;
    if (const auto read = reading_.find(message.id); read != reading_.end()) {
        const Reading reading = read->second;
        reading_.erase(read);
        if (reading.kind == ReadKind::room) room_state_.erase(reading.room);
        if (reading.room_ref.valid() && was_done(message.result))
            wake_of_room(retries_, world_.rooms[reading.room_ref.index()].key, world_.tick);
        read_done(reading, message.result);
        return;
    }
    const auto at = in_flight_.find(message.id);
    if (at == in_flight_.end()) return;
    Intent intent = std::move(at->second);
    in_flight_.erase(at);
    busy_.erase(intent.key());
    if (const std::string room = intent.room_key(); !room.empty() && was_done(message.result))
        wake_of_room(retries_, room, world_.tick);
    if (was_done(message.result)) over_for_the_bot(intent.key());
    if (intent.call.kind == CallKind::put_state) room_state_.erase(intent.call.room);
    if (takes_turn_in_room(intent.call))
        if (--room_members_[intent.call.room] == 0) room_members_.erase(intent.call.room);
    failpoint("after_answer");
    if (intent.call.kind == CallKind::leave_double)
        stray_left(intent, message.result);
    else if (intent.settling)
        settled(std::move(intent), message.result);
    else
        finish(intent, message.result);
}

std::vector<std::string> Engine::outside_the_policy(const std::vector<std::string>& rooms) const {
    std::vector<std::string> outside;
    for (const std::string& room : rooms)
        if (const auto known = world_.room_by_id.find(room);
            known == world_.room_by_id.end() || world_.rooms[known->second.index()].released)
            outside.push_back(room);
    return outside;
}

// In their own list stands a managed room which they are thought to be out of: that is asked.
void Engine::look_where_listed(const Intent& intent, const std::vector<std::string>& rooms) {
    for (const std::string& id : rooms) {
        const auto known = world_.room_by_id.find(id);
        if (known == world_.room_by_id.end() || world_.rooms[known->second.index()].released) continue;
        const policy::MembershipState held = world_.state_of(intent.user_id, known->second);
        if (held != policy::MembershipState::join && held != policy::MembershipState::invite)
            look_at_member(id, intent.user);
    }
}

// What is under way about them looks by itself.
void Engine::look_at_member(const std::string& room, const std::string& user) {
    if (!is_under_way(room, user)) members_to_read_.emplace_back(room, user);
}

bool Engine::is_under_way(const std::string& room, const std::string& user) const {
    const auto about = [&](const Intent& intent) {
        return intent.room_id == room && intent.user == user && intent.action != ActionKind::forget;
    };
    return std::any_of(to_settle_.begin(), to_settle_.end(), about) ||
           std::any_of(in_flight_.begin(), in_flight_.end(),
                       [&](const auto& sent) { return about(sent.second); }) ||
           std::any_of(open_.begin(), open_.end(), [&](const auto& held) { return about(held.second); }) ||
           std::any_of(accepted_.begin(), accepted_.end(),
                       [&](const auto& accepted) { return about(accepted.second.intent); });
}

void Engine::finish(Intent& intent, const CallResult& result) {
    if (result.partly) learn(policy::RoomsListed{intent.user_id, outside_the_policy(result.rooms), false});
    switch (result.outcome) {
        case CallOutcome::torn:
            return settle_by_reading(std::move(intent));
        case CallOutcome::no_mask:  // one cause, told once; what needs it waits
            mask_seen(false);
            intent.not_made = true;
            keep_open(std::move(intent));
            return;
        case CallOutcome::not_covered:
            return not_covered(std::move(intent), result);
        case CallOutcome::accepted:
            // Where looking shows nothing (Dendrite lets the past be read after a forget), nothing more can
            // be done.
            if (++intent.times_accepted >= kMostAccepted) break;
            return put_off(std::move(intent), result);
        case CallOutcome::not_so:
            return put_off(std::move(intent), result);
        case CallOutcome::no_account:
            if (intent.action != ActionKind::remove || intent.call.kind != CallKind::put_member) break;
            return cannot_leave(std::move(intent), result);
        case CallOutcome::retry:
        case CallOutcome::unreachable:
            return put_off(std::move(intent), result);
        case CallOutcome::refused:
            // "They are in the room": what was believed of them is not so.
            if (intent.action == ActionKind::forget) look_at_member(intent.room_id, intent.user);
            // Whoever may not leave a room that the bot is not in may be out of it, or it is no more: they
            // look.
            if (intent.action == ActionKind::remove && !intent.call.as_user.empty() && intent.attempts == 1 &&
                intent.room_ref.valid() && !world_.rooms[intent.room_ref.index()].bot_joined)
                return settle_by_reading(std::move(intent));
            // A kick that the power levels forbid: the user is made to leave instead.
            if (intent.action == ActionKind::remove && settings_.abilities.mask &&
                world_.is_local(intent.user) && intent.call.as_user.empty()) {
                by_mask_.emplace(intent.room, intent.user);
                keep_open(std::move(intent));
                more_ = true;
                return;
            }
            // The room is not as it was thought to be (still being made, closed by hand): read, and tried
            // again before that counts as an answer for long.
            if (intent.action == ActionKind::add && intent.attempts < kRefusedAdds) {
                look_after_refusal(intent.room_ref);
                CallResult again = result;
                again.outcome = CallOutcome::retry;
                return put_off(std::move(intent), again);
            }
            return put_off(std::move(intent), result);
        case CallOutcome::already_so:
            // Somebody else was first: what is so now is read, not assumed. Where the bot is not, it cannot.
            if (intent.call.kind == CallKind::put_member &&
                !(intent.room_ref.valid() && !world_.rooms[intent.room_ref.index()].bot_joined))
                return settle_by_reading(std::move(intent));
            [[fallthrough]];
        default:
            break;
    }
    if (intent.notice()) return finish_notice(intent, result);
    const ActionKey key = intent.key();
    achieved(std::move(intent), result);
    forget_retry(key);
    not_too_often(key, result);
}

// What was done and is wanted again at once, though nobody has changed it (changed_by_hand()), has not
// brought about what it should have: a fault of ours, or of the homeserver. It is tried more and more seldom,
// and shows in status.
void Engine::not_too_often(const ActionKey& key, const CallResult& result) {
    if (world_.tick >= repeats_until_) {
        repeats_until_ = world_.tick + kRepeatsWithin;
        repeats_.clear();
    }
    if (const int times = ++repeats_[key]; times > kMostRepeats) {
        CallResult again = result;
        again.text = fmt::format("done {} times within a minute, and it is still not so", times);
        try_later(key, again, times - kMostRepeats, false);
    }
}

// Nobody can act as them. What the bot can do goes on, and what is wanted of whom it cannot act as is derived
// anew.
void Engine::not_covered(Intent intent, const CallResult& result) {
    by_mask_.erase({intent.room, intent.user});
    if (intent.user_id.valid()) learn(policy::MaskCovers{intent.user_id, false});
    if (intent.action == ActionKind::remove) {
        CallResult refused = result;
        refused.outcome = CallOutcome::refused;
        return put_off(std::move(intent), refused);
    }
    log_.warn("RC-NOT-COVERED",
              "the mask registration does not cover them: nothing can be done in their name",
              {{"user", intent.user}, {"action", intent.wanted}});
    result_entry(intent, "the mask registration does not cover them: " + result.text, "", false);
    ended(intent, false);
    forget_retry(intent.key());
}

// In a room that the bot cannot put them out of, and there is nobody who could leave it: whom somebody has
// invited under a name that no account has.
void Engine::cannot_leave(Intent intent, const CallResult& result) {
    by_mask_.erase({intent.room, intent.user});
    if (intent.user_id.valid()) learn(policy::AccountSeen{intent.user_id, policy::Account::absent});
    CallResult refused = result;
    refused.outcome = CallOutcome::refused;
    refused.text = "the bot cannot put them out of this room, and no account has this name that could leave";
    put_off(std::move(intent), refused, true);
}

// Anybody makes up as many names as they like: however many there are, so many are tried in each of these
// waits. One that is somebody's after all is tried at once (ready()).
Duration Engine::wait_for_an_account() const {
    const auto nobodies = std::count_if(retries_.begin(), retries_.end(),
                                        [](const auto& retry) { return retry.second.nobody; });
    return kRefusedRetry * (1 + nobodies / kNobodiesAtOnce);
}

// Done, or found to be so: the fact, and the result in the trail, once it was seen.
void Engine::achieved(Intent intent, const CallResult& result) {
    const bool no_account = result.outcome == CallOutcome::no_account;
    if (no_account && intent.user_id.valid())
        learn(policy::AccountSeen{intent.user_id, policy::Account::absent});
    std::string text = no_account ? "no such account" : "done";
    if (result.outcome == CallOutcome::accepted) text = "accepted: " + result.text;
    put_back(intent);
    const bool seen = was_seen(intent, result);
    if (!seen) await_event(intent, result.event);
    switch (intent.call.kind) {
        case CallKind::put_member:
            if (no_account) break;
            if (filling_.contains(intent.room_ref)) ++fill_pace_.joins, failpoint("during_fill");
            learn(policy::MembershipSet{intent.user_id, intent.room_ref, intent.call.membership, result.event,
                                        intent.held});
            if (intent.put_back) learn(policy::PutBack{intent.user_id, intent.room_ref});
            if (intent.user == world_.bot) read_room(intent.room_ref);
            break;
        case CallKind::forget:
            learn(policy::Forgotten{intent.user_id, intent.room_ref, intent.held});
            break;
        case CallKind::sign_out:
            failpoint("signed_out");
            learn(policy::SignedOut{intent.user_id});
            break;
        case CallKind::list_rooms: {
            std::vector<std::string> elsewhere = outside_the_policy(result.rooms);
            look_where_listed(intent, result.rooms);
            text = fmt::format("in {} rooms outside the policy", elsewhere.size());
            learn(policy::RoomsListed{intent.user_id, std::move(elsewhere)});
            break;
        }
        case CallKind::leave_elsewhere:
            learn(policy::LeftUnmanaged{intent.user_id, intent.call.room});
            break;
        case CallKind::create_room:
        case CallKind::find_created:
            failpoint("room_made");
            intent.room_id = result.room;
            learn(
                policy::RoomCreated{intent.room_ref, result.room, intent.marker, intent.wanted == "hidden"});
            if (intent.wanted == "hidden") begin_fill(intent.room_ref);
            break;
        case CallKind::put_state:
            // Of a room's place in its space the state is the space's.
            if (const auto room = world_.room_by_id.find(intent.call.room); room != world_.room_by_id.end())
                learn(policy::StateSet{room->second, intent.content, intent.call.state_key, result.event,
                                       intent.held_state});
            if (intent.action == ActionKind::publish) failpoint("closed");
            if (intent.action == ActionKind::publish) {
                learn(policy::Published{intent.room_ref});
                after_closing_.shut(intent.room_ref, world_.tick);
            }
            break;
        case CallKind::claim_alias: {
            text = alias_answered(intent, result, std::move(text));
            break;
        }
        default:
            break;
    }
    ++counters_.actions[static_cast<std::size_t>(intent.action)];
    by_mask_.erase({intent.room, intent.user});
    if (!seen) return await_effect(std::move(intent), result.event);
    result_entry(intent, text, result.event.empty() ? intent.seen : result.event,
                 result.outcome != CallOutcome::conflict);
    ended(intent, true);
}

// What the trail says of it.
std::string Engine::alias_answered(const Intent& intent, const CallResult& result, std::string text) {
    const std::string& alias = intent.call.alias;
    const bool conflict = result.outcome == CallOutcome::conflict;
    if (conflict && policy::gives_alias_up(*decider_, result.room, alias)) {
        more_ = true;
        alias_from_[alias] = result.room;
        return fmt::format("{} leads to {} still, which is to have another address: it is taken from there",
                           alias, result.room);
    }
    alias_from_.erase(alias);
    if (!conflict)
        for (std::size_t i = 0; i < world_.rooms.size(); ++i)
            if (RoomId(i) != intent.room_ref && world_.rooms[i].claimed_alias == alias)
                learn(policy::AliasClaimed{RoomId(i), "", false});
    learn(policy::AliasClaimed{intent.room_ref, alias, conflict});
    return conflict ? fmt::format("{} leads to somebody else's room", alias) : text;
}

// Not carried out, or never to be: when it is tried again, visible in status until then.
void Engine::put_off(Intent intent, const CallResult& result, bool nobody) {
    const ActionKey key = intent.key();
    const bool refused = result.outcome == CallOutcome::refused;
    if (result.accepted) say_accepted(intent, result.text);
    Retry& retry = retries_[key];
    retry.as_bot = intent.call.as_user.empty();
    retry.nobody = nobody;
    // What was accepted forgot its retry, and counts all the same.
    try_later(key, result, std::max(retry.attempts + 1, intent.told_accepted ? intent.attempts : 1),
              intent.lane <= policy::Lane::outsider);
    if (!reach_.away())
        log_.warn(refused ? "RC-REFUSED" : "RC-RETRY", fmt::format("{}: {}", words(intent), result.text),
                  {{"room", intent.room}, {"user", intent.user}});
    if (intent.notice())
        for (NoticeDebt& debt : notices_)
            if (debt.key == intent.room) debt.busy = false;
    // An explanation that cannot be given is not owed for ever.
    if (refused && intent.notice() && !is_admin_room(intent.user)) {
        notice_refused(intent, result);
    } else if (refused) {
        if (intent.action == ActionKind::create) refused_rooms_[intent.marker] = key;
        tell_who_stays(intent, result);
        if (about_admin_room(key)) not_in_admin_room(result, intent.room_id);
        result_entry(intent, fmt::format("refused: {}", result.text), "", false);
        ended(intent, false);
    } else {
        intent.not_made = result.outcome == CallOutcome::retry;
        keep_open(std::move(intent));
    }
}

void Engine::try_later(const ActionKey& key, const CallResult& result, int attempts, bool urgent) {
    Retry& retry = retries_[key];
    retry.attempts = attempts;
    retry.refused = result.outcome == CallOutcome::refused;
    retry.unanswered = result.outcome == CallOutcome::unreachable;
    retry.text = result.text;
    // A homeserver that says when is taken at its word, within limits; else ever longer.
    const Duration told =
        std::min(result.retry_after.value_or(Duration{}), urgent ? kLongestToldUrgent : kLongestTold);
    keep_retry(key, retry,
               retry.nobody    ? wait_for_an_account()
               : retry.refused ? kRefusedRetry
               : result.retry_after
                   ? std::max(told, kLeastRetry)
                   : backoff(kFirstRetry, urgent ? kLongestUrgentRetry : kLongestRetry, attempts));
}

void Engine::keep_retry(const ActionKey& key, Retry& retry, Duration wait) {
    retry.not_before = world_.tick + wait;
    json::Value value;
    value.set("attempts", retry.attempts);
    value.set("not_before", to_ms(date() + wait));
    value.set("text", retry.text);
    value.set("refused", retry.refused);
    value.set("as_bot", retry.as_bot);
    mark("retry", key.text(), json::write(value));
}

void Engine::forget_retry(const ActionKey& key) {
    if (retries_.erase(key) > 0) mark("retry", key.text(), std::nullopt);
}

void Engine::result_entry(const Intent& intent, const std::string& result, const std::string& event,
                          bool ok) {
    TrailEntry entry;
    entry.kind = !ok ? TrailKind::failure : intent.notice() ? TrailKind::notice : TrailKind::result;
    entry.intent = intent.id;
    entry.action = intent.wanted;
    entry.room_key = intent.room_key();
    entry.room = intent.room_id;
    entry.user = intent.user;
    entry.event = event;
    entry.result = result;
    if (const PersonId person =
            decider_ && intent.user_id.valid() ? decider_->person_of(intent.user_id) : PersonId{};
        person.valid())
        entry.person = world_.people[person.index()].guid;
    const bool unseen = intent.told_accepted && !result.starts_with("done");
    if (!unseen && (intent.action == ActionKind::add || intent.action == ActionKind::remove)) {
        // As it is known to be now: another event may have come before the answer.
        const auto room = world_.room_by_key.find(intent.room);
        const UserId user = world_.users.find(intent.user);
        if (room != world_.room_by_key.end() && user.valid())
            entry.membership = to_text(world_.state_of(user, room->second));
    }
    // Of a room that a policy named before, it is told under its name.
    const auto known = world_.room_by_id.find(intent.room_id);
    if (intent.action == ActionKind::leave_unmanaged && known != world_.room_by_id.end()) {
        entry.room_key = world_.rooms[known->second.index()].key;
        if (result.starts_with("done")) {
            entry.membership = to_text(policy::MembershipState::leave);
            entry.result = schema::kLeftAndForgotten;
        }
    }
    record(std::move(entry));
}

}  // namespace rollcall::engine
