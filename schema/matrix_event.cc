#include "schema/matrix_event.h"

#include <fmt/format.h>
#include <algorithm>

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

// The error names the part, never its value: it may be anything, of any length.
[[nodiscard]] tl::unexpected<Error> bad_event(std::string_view part) {
    return fail(ErrorKind::invalid_input, fmt::format("an event has no usable {}", part));
}

// `room` is the room that the text is known to be about; "" where the event itself must say.
Result<policy::RoomEvent> read_event(std::string_view text, std::string_view room) {
    const auto value = json::salvage(text, kEventLimits);
    if (!value) return pass(value);
    const Value& event = *value;
    policy::RoomEvent made;
    made.room = event["room_id"].text(room);
    made.event = event["event_id"].text();
    made.sender = event["sender"].text();
    if (!is_opaque_id(made.room, '!') || (!room.empty() && made.room != room)) return bad_event("room_id");
    if (!is_opaque_id(made.event, '$')) return bad_event("event_id");
    if (!is_opaque_id(made.sender, '@')) return bad_event("sender");
    const std::string* const type = event["type"].string();
    if (type == nullptr || type->size() > kLongestId) return bad_event("type");
    made.time = from_ms(event["origin_server_ts"].integer_or(0));
    const std::string* const state_key = event["state_key"].string();
    made.state = state_key != nullptr;
    if (!made.state) {
        if (*type == kReaction)
            made.content = read_reaction(event["content"]);
        else
            made.content = policy::OtherContent{*type};
        return made;
    }
    if (*type == "m.room.member" && !is_opaque_id(*state_key, '@')) return bad_event("state_key");
    // Synapse writes replaces_state into `unsigned`; older servers beside it.
    made.replaces = event["unsigned"]["replaces_state"].text(event["replaces_state"].text());
    if (!made.replaces.empty() && !is_opaque_id(made.replaces, '$')) return bad_event("replaces_state");
    made.content = read_content(*type, *state_key, made.sender, event["content"]);
    const Value& former = event["unsigned"]["prev_content"];
    if (std::holds_alternative<policy::MemberContent>(made.content) && former.is_object()) {
        const auto content = read_content(*type, *state_key, made.sender, former);
        if (const auto* member = std::get_if<policy::MemberContent>(&content))
            made.before = member->membership;
    }
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
        if (auto event = read_event(element.text, {}))
            made.events.push_back(std::move(*event));
        else
            ++made.skipped;
    }
    return made;
}

Result<policy::RoomRead> read_room_state(std::string_view room, std::string_view body) {
    const auto elements = json::elements(body);
    if (!elements) return pass(elements);
    policy::RoomRead made{std::string(room), true, {}};
    made.state.reserve(elements->size());
    for (const json::Slice& element : *elements) {
        auto event = read_event(element.text, room);
        if (!event) return pass(event);
        if (!event->state) return bad_event("state_key");
        made.state.push_back(std::move(*event));
    }
    return made;
}

Result<policy::RoomEvent> read_state_event(std::string_view body) {
    auto event = read_event(body, {});
    if (event && !event->state) return bad_event("state_key");
    return event;
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
