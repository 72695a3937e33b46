// Engine: whether the homeserver reaches us, and whether it knows the registrations. What is not seen to work
// is said once, by its cause, and what depends on it waits instead of failing one by one.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

namespace {
constexpr Duration kMaskAgain = std::chrono::minutes{1};  // while it is not known
constexpr Duration kSignInAgain = std::chrono::hours{1};  // where it did not say
}  // namespace

void Engine::listening(const Status& listener) {
    hears_ = true;
    if (!listener) way_back_.cannot_listen(listener.error().text());
}

policy::Abilities Engine::abilities_now() const {
    policy::Abilities abilities = settings_.abilities;
    abilities.mask = abilities.mask && may_act_as_users();
    return abilities;
}

// Beside everything else: it takes no slot, and no slot waits for it.
void Engine::ask(CallKind kind, std::string marker) {
    Call call;
    call.kind = kind;
    call.marker = std::move(marker);
    ask(std::move(call));
}

void Engine::ask(Call call) {
    const std::uint64_t id = next_read_++;
    asked_.emplace(id, call.kind);
    calls_.emplace_back(id, std::move(call));
}

void Engine::ask_whether_it_answers() {
    if (!reach_.ask_due(world_.tick)) return;
    reach_.asked();
    ask(CallKind::answers, "");
}

// Before anything else is sent, so that one answer tells what a hundred would.
void Engine::look_at_ways() {
    if (settings_.one_shot && !look_at_ways_now_ && !converging_) return;
    const bool asking_mask = std::any_of(
        asked_.begin(), asked_.end(), [](const auto& asked) { return asked.second == CallKind::know_mask; });
    // Without a mask the bot asks for itself, where somebody wants to know.
    if ((mask_ != Mask::none || look_at_ways_now_) && !asking_mask && world_.tick >= next_mask_) {
        next_mask_ = kNoTick;
        ask(CallKind::know_mask, "");
    }
    const bool asking_sign_in = std::any_of(asked_.begin(), asked_.end(), [](const auto& asked) {
        return asked.second == CallKind::know_sign_in;
    });
    if (!asking_sign_in && world_.tick >= next_sign_in_) {
        next_sign_in_ = kNoTick;
        ask(CallKind::know_sign_in, "");
    }
    if (hears_ && way_back_.ping_due(world_.tick)) ask(CallKind::ping, way_back_.begin_ping(world_.tick));
    probe_the_way_back();
    if (look_at_ways_now_ && asked_.empty() && !trying()) {
        look_at_ways_now_ = false;
        ways_looked_at_ = world_.tick;
    }
    if (!hears_ || settings_.one_shot) return;
    const std::string before = way_back_.trouble();
    way_back_.notice_missing(world_.tick);
    way_back_changed(before);
    if (way_back_.ping_due(world_.tick)) more_ = true;
    if (!rooms_to_read_.empty() || !way_back_.look_due(world_.tick)) return;
    way_back_.looked(world_.tick);
    verify_rooms();
}

bool Engine::take_asked(const CallDone& message) {
    const auto at = asked_.find(message.id);
    if (at == asked_.end()) return false;
    const CallKind kind = at->second;
    asked_.erase(at);
    if (kind == CallKind::answers) {
        more_ = true;
    } else if (kind == CallKind::ping) {
        const std::string before = way_back_.trouble();
        way_back_.ping_ended(message.result, {world_.now, world_.tick});
        way_back_changed(before);
    } else if (kind == CallKind::know_sign_in) {
        sign_in_seen(message.result);
    } else if (kind == CallKind::read_member) {
        take_admin_room(message.result);
    } else if (kind == CallKind::probe) {
        take_probe(message.result);
    } else if (message.result.outcome == CallOutcome::done) {
        mask_seen(true);
    } else if (message.result.outcome == CallOutcome::no_mask) {
        mask_seen(false);
    } else {
        next_mask_ = world_.tick + kMaskAgain;  // it did not say
    }
    if (look_at_ways_now_) more_ = true;
    return true;
}

bool Engine::addresses_looked_at(const std::vector<std::string>& addresses) {
    if (reach_.away()) {
        addresses_.give_up();
        return true;
    }
    if (addresses_.known(addresses, world_.tick)) return true;
    more_ = true;
    return false;
}

void Engine::look_at_addresses() {
    while (slot_free(policy::Lane::removal)) {
        std::optional<std::string> address = addresses_.next(next_read_);
        if (!address) return;
        Call call;
        call.kind = CallKind::find_alias;
        call.alias = std::move(*address);
        calls_.emplace_back(next_read_++, std::move(call));
    }
}

// An address that led to somebody else's room, and leads nowhere now, or to a room of ours, is claimed again.
bool Engine::take_address(const CallDone& message) {
    const std::optional<std::string> address = addresses_.answered(message.id, message.result, world_.tick);
    if (!address) return false;
    more_ = true;
    const std::string& room = message.result.room;
    const bool free = message.result.outcome == CallOutcome::absent ||
                      (decider_ && policy::gives_alias_up(*decider_, room, *address));
    for (std::size_t i = 0; i < world_.rooms.size(); ++i)
        if (world_.rooms[i].alias_conflict == *address && (free || world_.rooms[i].id == room))
            learn(policy::AliasClaimed{RoomId(i), "", true});
    return true;
}

void Engine::set_had_mask(bool had) {
    if (std::exchange(had_mask_, had) == had) return;
    mark("had_mask", "", had ? std::optional<std::string>("1") : std::nullopt);
}

// In a room of its own, which is made once: so it is the same however often that is needed.
void Engine::probe_the_way_back() {
    if (!hears_ || settings_.one_shot || !way_back_.probe_due(world_.tick)) return;
    Call call;
    call.kind = CallKind::probe;
    call.room = probe_room_;
    call.user = settings_.sender;
    call.marker = fmt::format("{}.{}", run_, next_read_);
    call.known = way_back_.begin_probe();
    ask(std::move(call));
}

void Engine::take_probe(const CallResult& result) {
    if (!result.room.empty() && result.room != probe_room_) {
        probe_room_ = result.room;
        mark("probe_room", "id", probe_room_);
        TrailEntry entry;
        entry.kind = TrailKind::result;
        entry.action = "try events";
        entry.room = probe_room_;
        entry.result = "done: made a room of the bot's own, in which it tries whether events arrive";
        record(std::move(entry));
    }
    way_back_.probe_ended(result, world_.tick);
    // The bot was put out of it, or its administrator deleted it.
    if (!result.out_of_room() || probe_room_.empty() || std::exchange(probe_room_lost_, true)) return;
    probe_room_.clear();
    mark("probe_room", "id", std::nullopt);
    way_back_.probe_soon();
    more_ = true;
}

void Engine::take(PingIn& message) {
    way_back_.ping_arrived(message.id);
}

void Engine::take(TransactionRefused& message) {
    const std::string before = way_back_.trouble();
    way_back_.refused(std::move(message.why), world_.tick);
    way_back_changed(before);
    more_ = true;
}

void Engine::way_back_changed(const std::string& before) {
    const std::string now = way_back_.trouble();
    if (before.empty() == now.empty()) return;
    if (now.empty()) {
        log_.info("RC-EVENTS-BACK", "events arrive again");
        verify_rooms();  // what was not told meanwhile is looked for once more
        return;
    }
    log_.error("RC-EVENTS-MISSING", now);
    tell_trouble("events", "Events of the homeserver do not reach Rollcall: " + now + ".");
    TrailEntry entry;
    entry.kind = TrailKind::failure;
    entry.action = "hear events";
    entry.result = now;
    record(std::move(entry));
}

void Engine::mask_seen(bool known) {
    if (mask_ == Mask::none) {
        next_mask_ = kNoTick;
        return;
    }
    next_mask_ = known ? kNoTick : world_.tick + kMaskAgain;
    const Mask before = std::exchange(mask_, known ? Mask::known : Mask::unknown);
    if (before == mask_) return;
    if (known && before == Mask::unknown) {
        log_.info("RC-MASK-KNOWN", "the homeserver knows the mask registration");
        more_ = true;
    }
    if (known) return;
    log_.error("RC-MASK-UNKNOWN", std::string(kMaskUnknown));
    TrailEntry entry;
    entry.kind = TrailKind::failure;
    entry.action = "act as users";
    entry.result = kMaskUnknown;
    record(std::move(entry));
}

void Engine::sign_in_seen(const CallResult& result) {
    const bool said = result.outcome == CallOutcome::done || result.outcome == CallOutcome::conflict;
    next_sign_in_ = said ? kNoTick : world_.tick + kSignInAgain;
    if (!said) return;
    const bool before = std::exchange(sign_in_elsewhere_, result.outcome == CallOutcome::conflict);
    if (sign_in_elsewhere_ && !before) log_.warn("RC-SIGN-IN-ELSEWHERE", std::string(kSignInElsewhere));
}

}  // namespace rollcall::engine
