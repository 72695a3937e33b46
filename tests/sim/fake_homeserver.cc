#include "tests/sim/fake_homeserver.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "schema/json.h"
#include "schema/matrix_content.h"

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
constexpr Duration kSendAgain = std::chrono::seconds{62};
constexpr std::size_t kMostInFlight = 8;

CallResult said(CallOutcome outcome, std::string text = {}) {
    CallResult result;
    result.outcome = outcome;
    result.text = std::move(text);
    return result;
}

bool changes_something(CallKind kind) {
    switch (kind) {
        case CallKind::list_rooms:
        case CallKind::find_created:
        case CallKind::read_room:
        case CallKind::read_member:
        case CallKind::find_account:
        case CallKind::find_notice:
            return false;
        default:
            return true;
    }
}

bool in_room(MembershipState state) {
    return state == MembershipState::join || state == MembershipState::invite ||
           state == MembershipState::knock;
}

}  // namespace

FakeHomeserver::FakeHomeserver(Agenda& agenda, Random& random, std::string server_name, std::string bot)
    : agenda_(agenda), random_(random), server_name_(std::move(server_name)), bot_(std::move(bot)) {}

// ---------------------------------------------------------------- calls

void FakeHomeserver::send(std::uint64_t id, Call call) {
    if (on_send) on_send(id, call);
    if (id < kReads && !announced(id))
        complain(fmt::format("{} was sent without an announced intent {}", to_text(call.kind), id));
    ++sent;
    ++calls[call.kind];
    ++in_flight;
    most_in_flight = std::max(most_in_flight, in_flight);
    if (in_flight > kMostInFlight) complain(fmt::format("{} requests in flight", in_flight));
    if (keep_log) log.emplace_back(agenda_.now(), call);
    const Duration there{random_.between(1, static_cast<std::size_t>(latency.count()))};
    const Duration back{random_.between(1, static_cast<std::size_t>(latency.count()))};
    const Duration work = call.kind == CallKind::create_room ? create_takes : Duration{0};
    const bool given_up = work > patience;
    if (given_up) answer(id, patience, said(CallOutcome::torn, "no answer in time"));
    agenda_.after(there + work, [this, id, back, given_up, process = process_, call = std::move(call)] {
        bool carried_out = true;
        CallResult result = fate(call, carried_out);
        if (carried_out) {
            CallResult done = perform(call);
            if (result.outcome == CallOutcome::done) result = std::move(done);
            if (on_carried_out && process == process_ && running_) on_carried_out(call);
        }
        if (!given_up && process == process_) answer(id, back, std::move(result));
    });
}

void FakeHomeserver::answer(std::uint64_t id, Duration wait, CallResult result) {
    agenda_.after(wait, [this, id, process = process_, result = std::move(result)]() mutable {
        if (process != process_ || !running_) return;
        if (on_answer) on_answer(result);
        if (!running_) return;
        --in_flight;
        deliver(engine::CallDone{id, std::move(result)});
    });
}

CallResult FakeHomeserver::fate(const Call& call, bool& carried_out) {
    carried_out = false;
    if (answer_instead)
        if (std::optional<CallResult> result = answer_instead(call)) return std::move(*result);
    if (down || random_.chance(faults.unreachable))
        return said(CallOutcome::unreachable, "connection refused");
    if (random_.chance(faults.retry)) {
        CallResult result = said(CallOutcome::retry, "M_LIMIT_EXCEEDED: too many requests");
        if (faults.retry_after > 0) result.retry_after = Duration{random_.between(1, faults.retry_after)};
        return result;
    }
    if (!changes_something(call.kind)) {
        carried_out = true;
        return {};
    }
    if (random_.chance(faults.refused)) return said(CallOutcome::refused, "M_FORBIDDEN: not allowed");
    if (random_.chance(faults.torn_before)) return said(CallOutcome::torn, "connection reset");
    carried_out = true;
    if (random_.chance(faults.torn_after)) return said(CallOutcome::torn, "connection reset");
    return {};
}

CallResult FakeHomeserver::perform(const Call& call) {
    CallResult result;
    switch (call.kind) {
        case CallKind::put_member:
            return put_member(call);
        case CallKind::leave_elsewhere:
            if (!accounts.contains(call.as_user)) return said(CallOutcome::no_account);
            if (in_room(membership(call.room, call.as_user)))
                emit(call.room, call.as_user, MemberContent{call.as_user, MembershipState::leave, ""},
                     call.as_user);
            rooms[call.room].past_readers.erase(call.as_user);
            return result;
        case CallKind::forget:
            if (!accounts.contains(call.as_user)) return said(CallOutcome::no_account);
            if (in_room(membership(call.room, call.as_user)))
                return said(CallOutcome::refused, "M_UNKNOWN: user is in the room");
            rooms[call.room].past_readers.erase(call.as_user);
            return result;
        case CallKind::sign_out:
            if (!accounts.contains(call.as_user)) return said(CallOutcome::no_account);
            accounts[call.as_user].sessions = 0;
            return result;
        case CallKind::list_rooms:
            if (!accounts.contains(call.as_user)) return said(CallOutcome::no_account);
            result.rooms = rooms_of(call.as_user, true);
            return result;
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
            const auto [at, fresh] = aliases.try_emplace(call.alias, call.room);
            if (fresh) return result;
            return said(at->second == call.room ? CallOutcome::already_so : CallOutcome::conflict,
                        "M_UNKNOWN: alias taken");
        }
        case CallKind::read_room:
            return read_room(call);
        case CallKind::read_member: {
            if (membership(call.room, bot_) != MembershipState::join)
                return said(CallOutcome::refused, "M_FORBIDDEN: not in the room");
            const RoomEvent* event = state(call.room, "m.room.member", call.user);
            if (event == nullptr) return said(CallOutcome::absent);
            result.member = *event;
            return result;
        }
        case CallKind::find_account:
            return said(accounts.contains(call.user) ? CallOutcome::done : CallOutcome::absent);
        case CallKind::join_alias: {
            const auto at = aliases.find(call.alias);
            if (at == aliases.end()) return said(CallOutcome::refused, "M_NOT_FOUND: no such room");
            result.room = at->second;
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

CallResult FakeHomeserver::put_member(const Call& call) {
    if (call.as_user.empty()) return put_member_as_bot(call);
    if (not_covered.contains(call.as_user))
        return said(CallOutcome::refused, "M_FORBIDDEN: Application service cannot masquerade as this user");
    CallResult result;
    if (!accounts.contains(call.as_user)) return said(CallOutcome::no_account);
    const MembershipState held = membership(call.room, call.user);
    if (held == call.membership) {
        if (held == MembershipState::join) result.event = state(call.room, "m.room.member", call.user)->event;
        return held == MembershipState::join ? result : said(CallOutcome::already_so, "not in the room");
    }
    if (call.membership == MembershipState::join &&
        (!may_join(call.room, call.user) || accounts[call.as_user].deactivated))
        return said(CallOutcome::refused, "M_FORBIDDEN: you are not invited to this room");
    if (call.membership == MembershipState::leave && !in_room(held))
        return said(CallOutcome::already_so, "not in the room");
    result.event =
        emit(call.room, call.as_user, MemberContent{call.user, call.membership, call.reason}, call.user)
            .event;
    return result;
}

CallResult FakeHomeserver::put_member_as_bot(const Call& call) {
    CallResult result;
    if (membership(call.room, bot_) != MembershipState::join)
        return said(CallOutcome::refused, "M_FORBIDDEN: the bot is not in the room");
    const MembershipState held = membership(call.room, call.user);
    if (call.membership == MembershipState::invite) {
        if (held == MembershipState::join) return said(CallOutcome::already_so, "is already in the room");
        if (held == MembershipState::ban) return said(CallOutcome::refused, "M_FORBIDDEN: is banned");
        result.event =
            emit(call.room, bot_, MemberContent{call.user, MembershipState::invite, ""}, call.user).event;
        return result;
    }
    if (!in_room(held)) return said(CallOutcome::already_so, "the target user is not in the room");
    if (power(call.room, call.user) >= power(call.room, bot_))
        return said(CallOutcome::refused, "M_FORBIDDEN: you cannot kick this user");
    emit(call.room, bot_, MemberContent{call.user, MembershipState::leave, call.reason}, call.user);
    return result;  // a kick answers {}
}

CallResult FakeHomeserver::create_room(const Call& call) {
    const Result<json::Value> parsed = json::parse(call.body);
    if (!parsed) {
        complain("createRoom without JSON");
        return said(CallOutcome::refused, "M_NOT_JSON");
    }
    const json::Value& body = *parsed;
    json::Value levels = body["power_level_content_override"];
    if (room_version != "12") {
        if (levels["users"].is_null()) levels.set("users", json::Object{{bot_, 100}});
        if (levels["users"][bot_].is_null())
            return said(CallOutcome::refused, "M_UNKNOWN: 'users' did not contain the creator");
    }
    const std::string id = fmt::format("!room{}", ++next_room_);
    FakeRoom& room = rooms[id];
    room.name = body["name"].text();
    room.marker = body["creation_content"][schema::kIntentKey].text();
    room.direct = body["is_direct"].boolean_or(false);
    json::Value creation = body["creation_content"];
    creation.set("room_version", room_version);
    emit(id, bot_, schema::read_content("m.room.create", "", bot_, creation));
    emit(id, bot_, MemberContent{bot_, MembershipState::join, ""}, bot_);
    emit(id, bot_, schema::read_content("m.room.power_levels", "", bot_, levels));
    emit(id, bot_, policy::JoinRules{"invite", {}});
    if (const json::Array* initial = body["initial_state"].array())
        for (const json::Value& event : *initial)
            emit(
                id, bot_,
                schema::read_content(event["type"].text(), event["state_key"].text(), bot_, event["content"]),
                event["state_key"].text());
    if (!room.name.empty()) emit(id, bot_, policy::NameContent{room.name});
    if (const std::string topic = body["topic"].text(); !topic.empty())
        emit(id, bot_, policy::TopicContent{topic});
    if (const json::Array* invited = body["invite"].array())
        for (const json::Value& user : *invited)
            emit(id, bot_, MemberContent{user.text(), MembershipState::invite, ""}, user.text());
    CallResult result;
    result.room = id;
    return result;
}

CallResult FakeHomeserver::put_state(const Call& call) {
    if (membership(call.room, bot_) != MembershipState::join)
        return said(CallOutcome::refused, "M_FORBIDDEN: the bot is not in the room");
    const Result<json::Value> body = json::parse(call.body);
    if (!body) {
        complain("state without JSON");
        return said(CallOutcome::refused, "M_NOT_JSON");
    }
    CallResult result;
    result.event =
        emit(call.room, bot_, schema::read_content(call.type, call.state_key, bot_, *body), call.state_key)
            .event;
    return result;
}

CallResult FakeHomeserver::read_room(const Call& call) {
    if (membership(call.room, bot_) != MembershipState::join)
        return said(CallOutcome::refused, "M_FORBIDDEN: not in the room");
    policy::RoomRead read;
    read.room = call.room;
    for (const auto& [slot, event] : rooms[call.room].state) read.state.push_back(event);
    CallResult result;
    result.read = std::move(read);
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
    if (levels == nullptr || membership(room, by) != MembershipState::join ||
        !in_room(membership(room, user)))
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

void FakeHomeserver::force_state(const std::string& room, const RoomContent& content,
                                 const std::string& state_key) {
    emit(room, "@admin:" + server_name_, content, state_key);
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

// ---------------------------------------------------------------- events and transactions

const RoomEvent& FakeHomeserver::emit(const std::string& room_id, const std::string& sender,
                                      RoomContent content, const std::string& state_key) {
    FakeRoom& room = rooms[room_id];
    RoomEvent& held = room.state[{std::string(schema::event_type(content)), state_key}];
    const auto* member = std::get_if<MemberContent>(&content);
    if (member != nullptr && !held.event.empty()) {
        const MembershipState before = std::get<MemberContent>(held.content).membership;
        const bool local = member->user.ends_with(":" + server_name_);
        if (local && before == MembershipState::join && member->membership == MembershipState::leave)
            room.past_readers.insert(member->user);
    }
    if (member != nullptr && in_room(member->membership)) {
        room.past_readers.erase(member->user);
        room.left_by_choice.erase(member->user);
    }
    RoomEvent next;
    next.room = room_id;
    next.event = fmt::format("$event{}", ++next_event_);
    next.sender = sender;
    next.time = agenda_.now();
    next.replaces = held.event;
    next.state = true;
    next.content = std::move(content);
    held = std::move(next);
    const bool concerns_bot = std::holds_alternative<MemberContent>(held.content) && state_key == bot_;
    // As Synapse does: also the first events of a room that the bot makes, before it is in it.
    if (!deaf && (concerns_bot || sender == bot_ || membership(room_id, bot_) == MembershipState::join)) {
        outgoing_.push_back(held);
        pump();
    }
    return held;
}

void FakeHomeserver::pump() {
    if (!running_ || !open_.id.empty() || pumping_ || (outgoing_.empty() && late_.empty())) return;
    pumping_ = true;
    const Duration wait{random_.between(1, static_cast<std::size_t>(latency.count()))};
    agenda_.after(wait, [this, process = process_] {
        if (process != process_) return;
        pumping_ = false;
        if (!running_ || !open_.id.empty()) return;
        Transaction next;
        // What was open when the daemon died comes when the homeserver happens to think of it.
        if (!late_.empty() && (outgoing_.empty() || random_.chance(50))) {
            next = std::move(late_.front());
            late_.pop_front();
        } else if (!outgoing_.empty()) {
            next.id = fmt::format("txn{}", ++next_transaction_);
            const std::size_t most = random_.between(1, events_a_transaction);
            while (!outgoing_.empty() && next.events.size() < most) {
                next.events.push_back(std::move(outgoing_.front()));
                outgoing_.pop_front();
            }
        } else {
            return;
        }
        push(std::move(next));
    });
}

void FakeHomeserver::push(Transaction transaction) {
    open_ = std::move(transaction);
    const std::string id = open_.id;
    const std::string known = engine::Engine::identity({id, open_.events, {}});
    deliver(engine::TransactionIn{id, open_.events, [this, id, known, process = process_](bool durable) {
                                      if (durable && !kept(known))
                                          complain("transaction " + id +
                                                   " was acknowledged and is not in the store");
                                      if (process == process_ && running_) answered(id, durable);
                                  }});
    // An answer that does not come: the same again.
    agenda_.after(kSendAgain, [this, id, process = process_] {
        if (process == process_ && running_ && open_.id == id) push(std::exchange(open_, {}));
    });
}

void FakeHomeserver::answered(const std::string& id, bool durable) {
    if (open_.id != id) return;
    if (!durable || random_.chance(faults.repeat_transaction)) {
        agenda_.after(Duration{5}, [this, id, process = process_] {
            if (process == process_ && running_ && open_.id == id) push(std::exchange(open_, {}));
        });
        return;
    }
    open_ = {};
    pump();
}

void FakeHomeserver::process_ended() {
    running_ = false;
    in_flight = 0;
    if (!open_.id.empty()) late_.push_back(std::exchange(open_, {}));
}

void FakeHomeserver::process_started() {
    ++process_;
    running_ = true;
    pumping_ = false;
    pump();
}

}  // namespace rollcall::sim
