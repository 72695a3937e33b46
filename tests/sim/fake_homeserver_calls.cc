// FakeHomeserver: the calls that take more than a line: memberships, rooms and their state, as Synapse
// answers them.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/way_back.h"
#include "schema/json.h"
#include "schema/matrix_content.h"
#include "tests/sim/fake_answers.h"
#include "tests/sim/fake_homeserver.h"

namespace rollcall::sim {

using engine::Call;
using engine::CallOutcome;
using engine::CallResult;
using policy::MemberContent;
using policy::MembershipState;
using policy::RoomContent;
using policy::RoomEvent;

// Said to be done, and nothing was. What a call looks at by itself shows it; the engine must see the rest.
CallResult FakeHomeserver::hollow_answer(const Call& call) {
    CallResult result;
    switch (call.kind) {
        case engine::CallKind::sign_out:
            return look_at_sessions(call.as_user);
        case engine::CallKind::forget:
        case engine::CallKind::leave_elsewhere:
            return look_at_past(call);
        case engine::CallKind::put_member:
            if (call.as_user.empty() && call.membership == MembershipState::leave) return result;
            [[fallthrough]];
        case engine::CallKind::put_state:
            result.event = fmt::format("$hollow{}", ++next_event_);
            return result;
        default:  // an answer that says which room, alias or message is believed
            return said(CallOutcome::torn, "no JSON");
    }
}

CallResult FakeHomeserver::look_at_sessions(const std::string& user) {
    CallResult result;
    result.accepted = true;
    const int left = accounts[user].sessions;
    if (left > 0) {
        result.outcome = CallOutcome::not_so;
        result.text = fmt::format("{} of their sessions are there all the same", left);
    }
    return result;
}

CallResult FakeHomeserver::look_at_past(const Call& call) {
    CallResult result;
    result.accepted = true;
    if (in_room(membership(call.room, call.as_user))) {
        result.outcome = CallOutcome::not_so;
        result.text = "they are in the room all the same";
    } else if (rooms[call.room].past_readers.contains(call.as_user) || keeps_the_past) {
        result.outcome = CallOutcome::accepted;
        result.text = "what they could read of the room they can read still";
    }
    return result;
}

// Calls in somebody's name that are more than one request.
CallResult FakeHomeserver::as_user(const Call& call) {
    if (not_covered.contains(call.as_user))
        return said(CallOutcome::not_covered,
                    "M_FORBIDDEN: Application service cannot masquerade as this user");
    if (!accounts.contains(call.as_user)) return said(CallOutcome::no_account);
    CallResult result;
    switch (call.kind) {
        case engine::CallKind::leave_elsewhere:
            if (in_room(membership(call.room, call.as_user)))
                emit(call.room, call.as_user, MemberContent{call.as_user, MembershipState::leave, ""},
                     call.as_user);
            break;
        case engine::CallKind::forget:
            if (in_room(membership(call.room, call.as_user)))
                return said(CallOutcome::refused, "M_UNKNOWN: user is in the room");
            break;
        case engine::CallKind::sign_out:
            accounts[call.as_user].sessions = 0;
            return look_at_sessions(call.as_user);
        case engine::CallKind::sessions:
            return look_at_sessions(call.as_user);
        default:
            result.rooms = rooms_of(call.as_user, true);
            return result;
    }
    if (!keeps_the_past) rooms[call.room].past_readers.erase(call.as_user);
    return look_at_past(call);
}

CallResult FakeHomeserver::put_member(const Call& call) {
    if (call.as_user.empty()) return put_member_as_bot(call);
    if (not_covered.contains(call.as_user))
        return said(CallOutcome::not_covered,
                    "M_FORBIDDEN: Application service cannot masquerade as this user");
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
    if (call.user == bot_ && call.membership == MembershipState::join) {
        if (!may_join(call.room, bot_)) return said(CallOutcome::refused, "M_FORBIDDEN: not invited");
        if (membership(call.room, bot_) != MembershipState::join)
            result.event = emit(call.room, bot_, MemberContent{bot_, MembershipState::join, ""}, bot_).event;
        return result;
    }
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
    if (makes_half) return said(CallOutcome::refused, "M_FORBIDDEN: You don't have permission to post that");
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

// Nobody changes the level of who has as much as they.
bool FakeHomeserver::touches_equals(const std::string& room, const policy::PowerLevels& next) const {
    const RoomEvent* held = state(room, "m.room.power_levels");
    if (held == nullptr) return false;
    const auto& before = std::get<policy::PowerLevels>(held->content).users;
    return std::any_of(before.begin(), before.end(), [&](const auto& user) {
        const auto after = next.users.find(user.first);
        return user.first != bot_ && user.second >= power(room, bot_) &&
               (after == next.users.end() || after->second != user.second);
    });
}

CallResult FakeHomeserver::put_state(const Call& call) {
    if (membership(call.room, bot_) != MembershipState::join)
        return said(CallOutcome::refused, "M_FORBIDDEN: the bot is not in the room");
    const Result<json::Value> body = json::parse(call.body);
    if (!body) {
        complain("state without JSON");
        return said(CallOutcome::refused, "M_NOT_JSON");
    }
    const RoomContent content = schema::read_content(call.type, call.state_key, bot_, *body);
    if (const auto* levels = std::get_if<policy::PowerLevels>(&content);
        levels != nullptr && touches_equals(call.room, *levels))
        return said(CallOutcome::refused,
                    "M_FORBIDDEN: You don't have permission to remove ops level equal to your own");
    // What the bot calls a room now is how the simulation finds it.
    if (const auto* name = std::get_if<policy::NameContent>(&content)) rooms[call.room].name = name->name;
    CallResult result;
    result.event = emit(call.room, bot_, content, call.state_key).event;
    return result;
}

// A room of the bot's alone, and one event of each kind in it.
CallResult FakeHomeserver::probe(const Call& call) {
    CallResult result;
    result.room = call.room.empty() ? make_room(bot_, "") : call.room;
    if (membership(result.room, bot_) != MembershipState::join)
        return said(CallOutcome::refused, "M_FORBIDDEN: the bot is not in the room");
    for (const std::string& kind : call.known) {
        if (kind == engine::member_kind(MembershipState::join))
            emit(result.room, bot_, MemberContent{bot_, MembershipState::join, ""}, bot_);
        else if (kind == engine::member_kind(MembershipState::invite) ||
                 kind == engine::member_kind(MembershipState::leave))
            for (const auto state : {MembershipState::invite, MembershipState::leave})
                emit(result.room, bot_, MemberContent{call.user, state, ""}, call.user);
        else
            emit(result.room, bot_, policy::OtherContent{kind}, "io.rollcall.probe");
    }
    return result;
}

CallResult FakeHomeserver::read_room(const Call& call) {
    if (int& garbled = rooms[call.room].garbled_reads; garbled > 0) {
        --garbled;
        return no_answer();
    }
    if (not_covered.contains(call.as_user))
        return said(CallOutcome::not_covered,
                    "M_FORBIDDEN: Application service cannot masquerade as this user");
    if (!call.as_user.empty() && !accounts.contains(call.as_user)) return said(CallOutcome::no_account);
    if (membership(call.room, call.as_user.empty() ? bot_ : call.as_user) != MembershipState::join) {
        CallResult outside;  // as the bridge reads 403 M_FORBIDDEN
        outside.read = policy::RoomRead{call.room, false, {}, {}, call.as_user};
        return outside;
    }
    policy::RoomRead read;
    read.room = call.room;
    read.seen_by = call.as_user;
    for (const auto& [slot, event] : rooms[call.room].state) {
        if (spoilt(event))
            read.unreadable.push_back(unusable(event));
        else
            read.state.push_back(event);
    }
    CallResult result;
    result.read = std::move(read);
    if (const auto size = large.find(call.room); size != large.end()) result.large = size->second;
    return result;
}

// What somebody is shown of a room: as it is, or as it was when they left it; nullptr: nothing.
const std::map<FakeRoom::Slot, RoomEvent>* FakeHomeserver::seen_by(const std::string& room,
                                                                   const std::string& user) const {
    const auto found = rooms.find(room);
    if (found == rooms.end()) return nullptr;
    const MembershipState held = membership(room, user);
    if (held == MembershipState::join) return &found->second.state;
    if (held != MembershipState::leave || !found->second.past_readers.contains(user)) return nullptr;
    return &found->second.as_left.at(user);
}

CallResult FakeHomeserver::read_member(const Call& call) {
    if (not_covered.contains(call.as_user))
        return said(CallOutcome::not_covered,
                    "M_FORBIDDEN: Application service cannot masquerade as this user");
    if (!call.as_user.empty() && !accounts.contains(call.as_user)) return said(CallOutcome::no_account);
    const auto* seen = seen_by(call.room, call.as_user.empty() ? bot_ : call.as_user);
    if (seen == nullptr) return said(CallOutcome::refused, "M_FORBIDDEN: not in the room");
    const auto at = seen->find({"m.room.member", call.user});
    if (at == seen->end()) return said(CallOutcome::absent);
    if (spoilt(at->second)) return no_answer();
    CallResult result;
    result.member = at->second;
    return result;
}

bool FakeHomeserver::spoilt(const RoomEvent& event) const {
    const auto room = rooms.find(event.room);
    if (room == rooms.end() || room->second.unusable.empty() || !event.state) return false;
    const auto* member = std::get_if<MemberContent>(&event.content);
    return room->second.unusable.contains(
        {std::string(schema::event_type(event.content)), member == nullptr ? "" : member->user});
}

}  // namespace rollcall::sim
