#include "tests/sim/fake_homeserver.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "schema/json.h"
#include "schema/matrix_content.h"
#include "tests/sim/fake_answers.h"

namespace rollcall::sim {

using engine::Call;
using engine::CallKind;
using engine::CallOutcome;
using engine::CallResult;
using policy::MemberContent;
using policy::MembershipState;
using policy::RoomContent;
using policy::RoomEvent;

namespace {

constexpr std::uint64_t kReads = std::uint64_t{1} << 62U;  // sendings without an intent
constexpr std::int64_t kCreator = 1'000'000;               // room version 12: nobody is above a creator
constexpr std::size_t kMostInFlight = 8;
constexpr std::size_t kMostElsewhere = 6;  // beside them, of what other homeservers may keep waiting

// Asks whether the ways are there; waits for nobody, and nobody for it.
bool asks_ways(CallKind kind) {
    return kind == CallKind::ping || kind == CallKind::know_mask || kind == CallKind::know_sign_in ||
           kind == CallKind::answers || kind == CallKind::probe;
}

bool changes_something(CallKind kind) {
    switch (kind) {
        case CallKind::sessions:
        case CallKind::list_rooms:
        case CallKind::find_created:
        case CallKind::read_room:
        case CallKind::read_member:
        case CallKind::read_state:
        case CallKind::find_account:
        case CallKind::find_notice:
        case CallKind::ping:
        case CallKind::answers:
        case CallKind::know_mask:
        case CallKind::find_alias:
        case CallKind::know_sign_in:
        case CallKind::probe:
            return false;
        default:
            return true;
    }
}

}  // namespace

FakeHomeserver::FakeHomeserver(Agenda& agenda, Random& random, std::string server_name, std::string bot)
    : agenda_(agenda), random_(random), server_name_(std::move(server_name)), bot_(std::move(bot)) {}

// ---------------------------------------------------------------- calls

bool FakeHomeserver::may_wait_for_others(const Call& call) const {
    return call.kind == CallKind::leave_elsewhere ||
           (call.kind == CallKind::put_member && call.membership == MembershipState::invite &&
            !call.user.ends_with(":" + server_name_));
}

void FakeHomeserver::send(std::uint64_t id, Call call) {
    if (on_send) on_send(id, call);
    if (id < kReads && !announced(id))
        complain(fmt::format("{} was sent without an announced intent {}", to_text(call.kind), id));
    if (call.kind != CallKind::ping) ++sent;  // one each half minute in which nothing happens
    ++calls[call.kind];
    const bool elsewhere = may_wait_for_others(call);
    if (elsewhere)
        ++elsewhere_in_flight;
    else if (!asks_ways(call.kind))
        ++in_flight;
    most_in_flight = std::max(most_in_flight, in_flight);
    if (in_flight > kMostInFlight) complain(fmt::format("{} requests in flight", in_flight));
    if (elsewhere_in_flight > kMostElsewhere)
        complain(fmt::format("{} requests that may wait for others in flight", elsewhere_in_flight));
    if (keep_log) log.emplace_back(agenda_.now(), call);
    const bool beside = asks_ways(call.kind);  // draws nothing: what else happens stays the same
    const auto some = static_cast<std::size_t>(latency.count());
    const Duration there{beside ? some : random_.between(1, some)};
    const Duration back{beside ? some : random_.between(1, some)};
    const Duration work = hangs && hangs(call)                 ? 2 * patience
                          : call.kind == CallKind::create_room ? create_takes
                                                               : Duration{0};
    const bool given_up = work > patience;
    if (given_up) answer(id, patience, said(CallOutcome::torn, "no answer in time"), call);
    agenda_.after(there + work, [this, id, back, given_up, process = process_, call = std::move(call)] {
        bool carried_out = true;
        CallResult result = fate(call, carried_out);
        if (carried_out) {
            CallResult done = perform(call);
            if (result.outcome == CallOutcome::done) result = std::move(done);
            if (on_carried_out && process == process_ && running_) on_carried_out(call);
        }
        if (!given_up && process == process_) answer(id, back, std::move(result), call);
    });
}

// As often as the daemon's own bridge passes it on.
void FakeHomeserver::tell_time() {
    if (!tells_time || (told_time_ && agenda_.tick() - *told_time_ < std::chrono::seconds{30})) return;
    told_time_ = agenda_.tick();
    deliver(policy::ClockReading{"the homeserver", agenda_.now() + clock_ahead, agenda_.tick()});
}

void FakeHomeserver::answer(std::uint64_t id, Duration wait, CallResult result, const Call& call) {
    const bool beside = asks_ways(call.kind), elsewhere = may_wait_for_others(call);
    agenda_.after(wait,
                  [this, id, beside, elsewhere, process = process_, result = std::move(result)]() mutable {
                      if (process != process_ || !running_) return;
                      if (on_answer) on_answer(result);
                      if (!running_) return;
                      if (elsewhere)
                          --elsewhere_in_flight;
                      else if (!beside)
                          --in_flight;
                      if (result.outcome != engine::CallOutcome::unreachable) tell_time();
                      deliver(engine::CallDone{id, std::move(result)});
                  });
}

CallResult FakeHomeserver::fate(const Call& call, bool& carried_out) {
    carried_out = false;
    if (answer_instead)
        if (std::optional<CallResult> result = answer_instead(call)) return std::move(*result);
    // Where nothing goes wrong, what is asked beside draws nothing either.
    const bool draws = !asks_ways(call.kind) || faults.unreachable + faults.retry > 0;
    if (down || (draws && random_.chance(faults.unreachable)))
        return said(CallOutcome::unreachable, "connection refused");
    if (draws && random_.chance(faults.retry)) {
        CallResult result = said(CallOutcome::retry, "M_LIMIT_EXCEEDED: too many requests");
        if (faults.retry_after > 0) result.retry_after = Duration{random_.between(1, faults.retry_after)};
        return result;
    }
    if (!changes_something(call.kind)) {
        const bool silent = call.kind == CallKind::know_sign_in && faults.garbled == 0;
        if (!silent && random_.chance(faults.garbled)) return no_answer();
        carried_out = true;
        return {};
    }
    if ((hollow && hollow(call)) || random_.chance(faults.hollow)) return hollow_answer(call);
    if (random_.chance(faults.refused)) return said(CallOutcome::refused, "M_FORBIDDEN: not allowed");
    if (random_.chance(faults.torn_before)) return said(CallOutcome::torn, "connection reset");
    carried_out = true;
    if (random_.chance(faults.torn_after)) return said(CallOutcome::torn, "connection reset");
    return {};
}

// As Synapse answers for a room that its administrator deleted.
CallResult FakeHomeserver::of_no_room(const Call& call) {
    if (call.kind == CallKind::forget) return {};
    if (!changes_something(call.kind)) return said(CallOutcome::refused, "M_FORBIDDEN: not in the room");
    return said(CallOutcome::refused, "M_UNKNOWN: Not a known room");
}

CallResult FakeHomeserver::perform(const Call& call) {
    CallResult result;
    if (!knows_mask && (call.kind == CallKind::know_mask || !call.as_user.empty()))
        return said(CallOutcome::no_mask, "M_UNKNOWN_TOKEN: unknown token");
    if (purged.contains(call.room)) return of_no_room(call);
    switch (call.kind) {
        case CallKind::put_member:
            return put_member(call);
        case CallKind::leave_elsewhere:
        case CallKind::forget:
        case CallKind::sessions:
        case CallKind::sign_out:
        case CallKind::list_rooms:
            return as_user(call);
        case CallKind::create_room:
            return create_room(call);
        case CallKind::find_created:
            for (const auto& [id, room] : rooms)
                if (room.marker == call.marker && membership(id, bot_) == MembershipState::join &&
                    std::find(call.known.begin(), call.known.end(), id) == call.known.end()) {
                    result.room = id;
                    return result;
                }
            return said(CallOutcome::absent);
        case CallKind::put_state:
            return put_state(call);
        case CallKind::claim_alias: {
            if (const auto at = aliases.find(call.alias); at != aliases.end() && at->second == call.from)
                aliases.erase(at);
            const auto [at, fresh] = aliases.try_emplace(call.alias, call.room);
            if (fresh) return result;
            result = said(at->second == call.room ? CallOutcome::already_so : CallOutcome::conflict,
                          "M_UNKNOWN: alias taken");
            result.room = at->second;
            return result;
        }
        case CallKind::read_room:
            return read_room(call);
        case CallKind::read_state: {
            const RoomEvent* event = state(call.room, call.type, call.state_key);
            if (event == nullptr) return said(CallOutcome::absent);
            result.event = event->event;
            return result;
        }
        case CallKind::read_member:
            return read_member(call);
        case CallKind::ping:
            if (!has_ping) return said(CallOutcome::absent);
            if (!reaches_us) return said(CallOutcome::refused, "the homeserver cannot reach the daemon");
            if (running_) deliver(engine::PingIn{call.marker});
            return result;
        case CallKind::answers:
        case CallKind::know_mask:
            return result;
        case CallKind::find_account:
            return said(accounts.contains(call.user) ? CallOutcome::done : CallOutcome::absent);
        case CallKind::know_sign_in:
            return said(sign_in_elsewhere ? CallOutcome::conflict : CallOutcome::done);
        case CallKind::probe:
            return probe(call);
        case CallKind::find_alias: {
            const auto at = aliases.find(call.alias);
            if (at == aliases.end()) return said(CallOutcome::absent);
            result.room = at->second;
            return result;
        }
        case CallKind::join_alias: {
            const auto at = aliases.find(call.alias);
            if (at == aliases.end() && !call.alias.starts_with('!')) return said(CallOutcome::absent);
            result.room = at == aliases.end() ? call.alias : at->second;
            if (const RoomEvent* create = state(result.room, "m.room.create"); create != nullptr)
                result.maker = create->sender;
            if (membership(result.room, bot_) == MembershipState::join) return result;
            if (!may_join(result.room, bot_)) return said(CallOutcome::refused, "M_FORBIDDEN: not invited");
            emit(result.room, bot_, MemberContent{bot_, MembershipState::join, ""}, bot_);
            return result;
        }
        case CallKind::leave_double:
            if (!in_room(membership(call.room, bot_)))
                return said(CallOutcome::refused, "M_FORBIDDEN: the bot is not in the room");
            for (const auto& [slot, event] : FakeRoom(rooms[call.room]).state)
                if (slot.first == "m.room.member" && slot.second != bot_ &&
                    in_room(membership(call.room, slot.second)))
                    emit(call.room, bot_, MemberContent{slot.second, MembershipState::leave, ""},
                         slot.second);
            emit(call.room, bot_, MemberContent{bot_, MembershipState::leave, ""}, bot_);
            return result;
        case CallKind::send_notice: {
            if (membership(call.room, bot_) != MembershipState::join)
                return said(CallOutcome::refused, "M_FORBIDDEN: not in the room");
            const Result<json::Value> body = json::parse(call.body);
            const std::string marker = (*body)[schema::kIntentKey].text();
            rooms[call.room].messages.emplace_back(marker, (*body)["body"].text());
            result.event = fmt::format("$message{}", ++next_event_);
            rooms[call.room].message_events[marker] = result.event;
            return result;
        }
        case CallKind::find_notice:
            for (const auto& [marker, text] : rooms[call.room].messages)
                if (marker == call.marker) {
                    result.event = rooms[call.room].message_events[marker];
                    return result;
                }
            return said(CallOutcome::absent);
    }
    return result;
}

// ---------------------------------------------------------------- what people do

void FakeHomeserver::add_account(const std::string& user) {
    accounts.try_emplace(user);
}

std::string FakeHomeserver::make_room(const std::string& creator, const std::string& name) {
    const std::string id = fmt::format("!room{}", ++next_room_);
    rooms[id].name = name;
    emit(id, creator, policy::CreateContent{"12", false, {creator}, ""});
    emit(id, creator, MemberContent{creator, MembershipState::join, ""}, creator);
    emit(id, creator, policy::PowerLevels{});
    emit(id, creator, policy::JoinRules{"invite", {}});
    return id;
}

bool FakeHomeserver::may_join(const std::string& room, const std::string& user) const {
    const MembershipState held = membership(room, user);
    if (held == MembershipState::ban) return false;
    if (held == MembershipState::invite || held == MembershipState::join) return true;
    const RoomEvent* event = state(room, "m.room.join_rules");
    if (event == nullptr) return false;
    const auto& rules = std::get<policy::JoinRules>(event->content);
    if (rules.rule == "public") return true;
    return rules.rule == "restricted" &&
           std::any_of(rules.allow_rooms.begin(), rules.allow_rooms.end(), [&](const std::string& from) {
               return membership(from, user) == MembershipState::join;
           });
}

bool FakeHomeserver::invite(const std::string& room, const std::string& by, const std::string& user) {
    const RoomEvent* levels = state(room, "m.room.power_levels");
    if (levels == nullptr || membership(room, by) != MembershipState::join) return false;
    const MembershipState held = membership(room, user);
    if (held == MembershipState::join || held == MembershipState::ban) return false;
    if (power(room, by) < std::get<policy::PowerLevels>(levels->content).invite) return false;
    emit(room, by, MemberContent{user, MembershipState::invite, ""}, user);
    return true;
}

bool FakeHomeserver::join(const std::string& room, const std::string& user) {
    if (membership(room, user) == MembershipState::join || !may_join(room, user)) return false;
    emit(room, user, MemberContent{user, MembershipState::join, ""}, user);
    return true;
}

bool FakeHomeserver::leave(const std::string& room, const std::string& user) {
    if (!in_room(membership(room, user))) return false;
    emit(room, user, MemberContent{user, MembershipState::leave, ""}, user);
    rooms[room].left_by_choice.insert(user);
    return true;
}

bool FakeHomeserver::kick(const std::string& room, const std::string& by, const std::string& user) {
    const RoomEvent* levels = state(room, "m.room.power_levels");
    const MembershipState held = membership(room, user);
    if (levels == nullptr || membership(room, by) != MembershipState::join || held == MembershipState::none ||
        held == MembershipState::ban)
        return false;
    if (power(room, by) < std::get<policy::PowerLevels>(levels->content).kick ||
        power(room, user) >= power(room, by))
        return false;
    emit(room, by, MemberContent{user, MembershipState::leave, ""}, user);
    return true;
}

bool FakeHomeserver::ban(const std::string& room, const std::string& by, const std::string& user) {
    const RoomEvent* levels = state(room, "m.room.power_levels");
    if (levels == nullptr || membership(room, by) != MembershipState::join ||
        membership(room, user) == MembershipState::ban)
        return false;
    if (power(room, by) < std::get<policy::PowerLevels>(levels->content).ban ||
        power(room, user) >= power(room, by))
        return false;
    emit(room, by, MemberContent{user, MembershipState::ban, ""}, user);
    return true;
}

bool FakeHomeserver::unban(const std::string& room, const std::string& by, const std::string& user) {
    const RoomEvent* levels = state(room, "m.room.power_levels");
    if (levels == nullptr || membership(room, by) != MembershipState::join ||
        membership(room, user) != MembershipState::ban ||
        power(room, by) < std::get<policy::PowerLevels>(levels->content).ban ||
        power(room, user) >= power(room, by))
        return false;
    emit(room, by, MemberContent{user, MembershipState::leave, ""}, user);
    return true;
}

bool FakeHomeserver::rename_self(const std::string& room, const std::string& user) {
    if (membership(room, user) != MembershipState::join) return false;
    emit(room, user, MemberContent{user, MembershipState::join, ""}, user);
    return true;
}

bool FakeHomeserver::set_state(const std::string& room, const std::string& by, const RoomContent& content,
                               const std::string& state_key) {
    const RoomEvent* event = state(room, "m.room.power_levels");
    if (event == nullptr || membership(room, by) != MembershipState::join) return false;
    const auto& levels = std::get<policy::PowerLevels>(event->content);
    const auto at = levels.events.find(std::string(schema::event_type(content)));
    if (power(room, by) < (at == levels.events.end() ? levels.state_default : at->second)) return false;
    emit(room, by, content, state_key);
    return true;
}

std::string FakeHomeserver::react(const std::string& room, const std::string& user, const std::string& event,
                                  const std::string& key) {
    if (membership(room, user) != MembershipState::join) return {};
    RoomEvent reaction;
    reaction.room = room;
    reaction.event = fmt::format("$reaction{}", ++next_event_);
    reaction.sender = user;
    reaction.time = agenda_.now();
    reaction.content = policy::ReactionContent{event, key};
    outgoing_.push_back(reaction);
    pump();
    return reaction.event;
}

bool FakeHomeserver::redact(const std::string& room, const std::string& by, const std::string& type,
                            const std::string& state_key) {
    const RoomEvent* levels = state(room, "m.room.power_levels");
    const auto at = rooms[room].state.find({type, state_key});
    if (levels == nullptr || at == rooms[room].state.end() ||
        power(room, by) < std::get<policy::PowerLevels>(levels->content).redact)
        return false;
    RoomEvent& event = at->second;
    // What is left of each is in the specification, "Redactions": of these parts nothing.
    if (type != "m.room.member" && type != "m.room.power_levels" && type != "m.room.join_rules" &&
        type != "m.room.history_visibility" && type != "m.room.create")
        event.content = schema::read_content(type, state_key, event.sender, json::Object{});
    // Room versions before 11.
    if (auto* taken = std::get_if<policy::PowerLevels>(&event.content)) taken->invite = 0;
    RoomEvent redaction;
    redaction.room = room;
    redaction.event = fmt::format("$redaction{}", ++next_event_);
    redaction.sender = by;
    redaction.time = agenda_.now();
    redaction.content = policy::RedactionContent{event.event};
    if (!deaf && !(swallows && swallows(redaction))) outgoing_.push_back(redaction);
    pump();
    return true;
}

void FakeHomeserver::force_state(const std::string& room, const RoomContent& content,
                                 const std::string& state_key) {
    emit(room, "@admin:" + server_name_, content, state_key);
}

void FakeHomeserver::put_bot_out(const std::string& room, bool told) {
    const bool before = std::exchange(deaf, !told);
    emit(room, told ? bot_ : "@admin:" + server_name_, MemberContent{bot_, MembershipState::leave, ""}, bot_);
    deaf = before;
}

void FakeHomeserver::spoil(const std::string& room, const std::string& type, const std::string& key,
                           bool spoilt) {
    if (spoilt)
        rooms[room].unusable.insert({type, key});
    else
        rooms[room].unusable.erase({type, key});
}

// ---------------------------------------------------------------- what is

const RoomEvent* FakeHomeserver::state(const std::string& room, const std::string& type,
                                       const std::string& key) const {
    const auto found = rooms.find(room);
    if (found == rooms.end()) return nullptr;
    const auto at = found->second.state.find({type, key});
    return at == found->second.state.end() ? nullptr : &at->second;
}

MembershipState FakeHomeserver::membership(const std::string& room, const std::string& user) const {
    const RoomEvent* event = state(room, "m.room.member", user);
    return event == nullptr ? MembershipState::none : std::get<MemberContent>(event->content).membership;
}

std::int64_t FakeHomeserver::power(const std::string& room, const std::string& user) const {
    if (const RoomEvent* create = state(room, "m.room.create");
        create != nullptr && create->sender == user &&
        std::get<policy::CreateContent>(create->content).version == "12")
        return kCreator;
    const RoomEvent* event = state(room, "m.room.power_levels");
    if (event == nullptr) return 0;
    const auto& levels = std::get<policy::PowerLevels>(event->content);
    const auto at = levels.users.find(user);
    return at == levels.users.end() ? levels.users_default : at->second;
}

std::vector<std::string> FakeHomeserver::rooms_of(const std::string& user, bool invited_too) const {
    std::vector<std::string> out;
    for (const auto& [id, room] : rooms) {
        const MembershipState held = membership(id, user);
        if (held == MembershipState::join || (invited_too && held == MembershipState::invite))
            out.push_back(id);
    }
    return out;
}

}  // namespace rollcall::sim
