#include "schema/matrix_event.h"

#include <algorithm>
#include <variant>

#include "schema/json.h"
#include "schema/json_salvage.h"
#include "schema/matrix_content.h"
#include "schema/matrix_id.h"

namespace rollcall::schema {
namespace {

using json::Value;

// A homeserver takes no event over 64 KiB (spec, "Size limits"); what it adds under `unsigned` may be another
// event.
constexpr json::Limits kEventLimits{.bytes = 512U << 10U, .depth = 64, .values = 100'000};

// Of what cannot be used so many are described: a transaction may hold nothing else.
constexpr std::size_t kDescribed = 20;

// The years that a time can be written with (RFC 3339): what is dated outside of them is taken as the nearest
// that can be read again.
constexpr std::int64_t kFirstTime = 0;
constexpr std::int64_t kLastTime = 253'402'300'799'999;

using Read = std::variant<policy::RoomEvent, policy::UnreadableEvent>;

// Why names the part, never its value: that may be anything, of any length.
Read unusable(const policy::RoomEvent& event, const Value& value, const std::string& part) {
    policy::UnreadableEvent made{is_opaque_id(event.room, '!') ? event.room : "",
                                 is_opaque_id(event.event, '$') ? event.event : "",
                                 value["type"].text(),
                                 {},
                                 "no usable " + part};
    if (made.type.size() > kLongestForeignId) made.type.clear();
    const std::string user = value["state_key"].text();
    if (made.may_be_member() && is_opaque_id(user, '@')) made.user = user;
    return made;
}

std::string event_id_of(const Value& value) {
    const std::string* const id = value.string();
    return id != nullptr && is_opaque_id(*id, '$') ? *id : std::string();
}

// Synapse writes replaces_state into `unsigned`; older servers beside it. One that cannot be used is no
// event's, so that what it stands in is no successor of anything, and is looked at.
std::string replaced_by(const Value& event) {
    for (const Value* const at : {&event["unsigned"]["replaces_state"], &event["replaces_state"]})
        if (!at->is_null()) {
            const std::string id = event_id_of(*at);
            return id.empty() ? "$" : id;
        }
    return {};
}

// In the content from room version 11 on, beside it before that (spec, "Room version 11").
std::string redacted_by(const Value& event) {
    for (const Value* const at : {&event["content"]["redacts"], &event["redacts"]})
        if (std::string id = event_id_of(*at); !id.empty()) return id;
    return {};
}

bool is_member(const policy::RoomContent& content) {
    return std::holds_alternative<policy::MemberContent>(content);
}

std::optional<policy::MembershipState> former_membership(const Value& event, std::string_view user,
                                                         std::string_view sender) {
    const Value& former = event["unsigned"]["prev_content"];
    if (!former.is_object()) return std::nullopt;
    const policy::RoomContent content = read_content("m.room.member", user, sender, former);
    const auto state = std::get<policy::MemberContent>(content).membership;
    return state == policy::MembershipState::none ? std::nullopt : std::optional(state);
}

// `room` is the room that the text is known to be about; "" where the event itself must say.
Read read_event(std::string_view text, std::string_view room) {
    const auto salvaged = json::salvage(text, kEventLimits);
    policy::RoomEvent made;
    made.room = room;
    if (!salvaged) return unusable(made, Value(), "JSON");
    const Value& event = *salvaged;
    made.room = event["room_id"].text(room);
    made.event = event["event_id"].text();
    made.sender = event["sender"].text();
    if (!room.empty() && made.room != room) {
        made.room = room;
        return unusable(made, event, "room_id");
    }
    if (!is_opaque_id(made.room, '!')) return unusable(made, event, "room_id");
    if (!is_opaque_id(made.event, '$')) return unusable(made, event, "event_id");
    if (!is_opaque_id(made.sender, '@')) return unusable(made, event, "sender");
    const std::string* const type = event["type"].string();
    if (type == nullptr || type->size() > kLongestForeignId) return unusable(made, event, "type");
    made.time = from_ms(std::clamp(event["origin_server_ts"].integer_or(0), kFirstTime, kLastTime));
    const std::string* const state_key = event["state_key"].string();
    made.state = state_key != nullptr;
    if (!made.state) {
        // A membership that says of nobody whose it is.
        if (*type == "m.room.member") return unusable(made, event, "state_key");
        if (*type == kReaction)
            made.content = read_reaction(event["content"]);
        else if (*type == kRedaction)
            made.content = policy::RedactionContent{redacted_by(event)};
        else
            made.content = policy::OtherContent{*type};
        return made;
    }
    if (*type == "m.room.member" && !is_opaque_id(*state_key, '@')) return unusable(made, event, "state_key");
    made.replaces = replaced_by(event);
    made.content = read_content(*type, *state_key, made.sender, event["content"]);
    if (!is_member(made.content)) return made;
    if (std::get<policy::MemberContent>(made.content).membership == policy::MembershipState::none)
        return unusable(made, event, "membership");
    made.before = former_membership(event, *state_key, made.sender);
    return made;
}

}  // namespace

Result<Transaction> read_transaction(std::string_view body) {
    const auto members = json::members(body);
    if (!members) return pass(members);
    const auto events =
        std::find_if(members->begin(), members->end(), [](const auto& m) { return m.key == "events"; });
    if (events == members->end()) return fail(ErrorKind::invalid_input, "the transaction has no events");
    const auto elements = json::elements(events->text);
    if (!elements) return pass(elements);
    Transaction made;
    made.events.reserve(elements->size());
    for (const json::Slice& element : *elements) {
        Read read = read_event(element.text, {});
        if (auto* event = std::get_if<policy::RoomEvent>(&read)) {
            made.events.push_back(std::move(*event));
            continue;
        }
        if (++made.unusable <= kDescribed)
            made.unreadable.push_back(std::get<policy::UnreadableEvent>(std::move(read)));
    }
    return made;
}

Result<policy::RoomRead> read_room_state(std::string_view room, std::string_view body) {
    const auto elements = json::elements(body);
    if (!elements) return pass(elements);
    policy::RoomRead made{std::string(room), true, {}, {}};
    made.state.reserve(elements->size());
    for (const json::Slice& element : *elements) {
        Read read = read_event(element.text, room);
        if (auto* event = std::get_if<policy::RoomEvent>(&read)) {
            if (event->state)
                made.state.push_back(std::move(*event));
            else
                made.unreadable.push_back({event->room, event->event, {}, {}, "no usable state_key"});
        } else {
            made.unreadable.push_back(std::get<policy::UnreadableEvent>(std::move(read)));
        }
    }
    return made;
}

Result<policy::RoomEvent> read_state_event(std::string_view body) {
    Read read = read_event(body, {});
    if (const auto* unreadable = std::get_if<policy::UnreadableEvent>(&read))
        return fail(ErrorKind::invalid_input, "an event has " + unreadable->why);
    auto& event = std::get<policy::RoomEvent>(read);
    if (!event.state) return fail(ErrorKind::invalid_input, "an event has no usable state_key");
    return std::move(event);
}

std::string error_code(std::string_view body) {
    const auto value = json::parse(body);
    return value ? (*value)["errcode"].text() : std::string();
}

std::optional<Duration> retry_after(std::string_view body) {
    constexpr std::int64_t kLongest = 24 * 60 * 60 * 1000;
    const auto value = json::parse(body);
    if (!value) return std::nullopt;
    const std::int64_t* const wait = (*value)["retry_after_ms"].integer();
    if (wait == nullptr || *wait < 0) return std::nullopt;
    return Duration{std::min(*wait, kLongest)};
}

}  // namespace rollcall::schema
