#include "daemon/engine/intent.h"

#include "schema/json.h"

namespace rollcall::engine {

namespace {

json::Value written(const policy::Membership& held) {
    json::Value value;
    value.set("event", static_cast<std::int64_t>(held.event));
    value.set("state", static_cast<int>(held.state)).set("cause", static_cast<int>(held.cause));
    if (held.needs_forget) value.set("needs_forget", true);
    if (held.approved_once) value.set("approved_once", true);
    if (held.unbidden) value.set("unbidden", true);
    if (held.by_choice) value.set("by_choice", true);
    return value;
}

std::optional<policy::Membership> read_membership(const json::Value& value) {
    if (value.is_null()) return std::nullopt;
    policy::Membership held;
    held.event = static_cast<std::uint32_t>(value["event"].integer_or(0));
    held.state = static_cast<policy::MembershipState>(value["state"].integer_or(0));
    held.cause = static_cast<policy::Cause>(value["cause"].integer_or(0));
    held.needs_forget = value["needs_forget"].boolean_or(false);
    held.approved_once = value["approved_once"].boolean_or(false);
    held.unbidden = value["unbidden"].boolean_or(false);
    held.by_choice = value["by_choice"].boolean_or(false);
    return held;
}

}  // namespace

policy::ActionKey Intent::key() const {
    const bool elsewhere = action == policy::ActionKind::leave_unmanaged;
    return {action, elsewhere ? room_id : room, user};
}

policy::MembershipState Intent::membership() const {
    if (wanted == "join") return policy::MembershipState::join;
    if (wanted == "invite") return policy::MembershipState::invite;
    return policy::MembershipState::leave;
}

std::string Intent::text() const {
    json::Value value;
    value.set("action", std::string(policy::to_text(action)));
    value.set("room", room);
    value.set("room_id", room_id);
    value.set("user", user);
    value.set("wanted", wanted);
    if (!marker.empty()) value.set("marker", marker);
    if (put_back) value.set("put_back", true);
    if (!event.empty()) value.set("event", event).set("type", type).set("state_key", state_key);
    if (before) value.set("before", written(*before));
    if (sent_again) value.set("sent_again", true);
    value.set("basis", static_cast<int>(basis));
    value.set("lane", static_cast<int>(lane));
    return json::write(value);
}

std::optional<Intent> Intent::from_text(std::uint64_t id, const std::string& text) {
    const Result<json::Value> value = json::parse(text);
    if (!value) return std::nullopt;
    Intent intent;
    intent.id = id;
    const std::string action = (*value)["action"].text();
    for (int k = 0; k <= static_cast<int>(policy::ActionKind::notify); ++k)
        if (policy::to_text(static_cast<policy::ActionKind>(k)) == action)
            intent.action = static_cast<policy::ActionKind>(k);
    intent.room = (*value)["room"].text();
    intent.room_id = (*value)["room_id"].text();
    intent.user = (*value)["user"].text();
    intent.wanted = (*value)["wanted"].text();
    intent.marker = (*value)["marker"].text();
    intent.event = (*value)["event"].text();
    intent.type = (*value)["type"].text();
    intent.state_key = (*value)["state_key"].text();
    intent.before = read_membership((*value)["before"]);
    intent.put_back = (*value)["put_back"].boolean_or(false);
    intent.sent_again = (*value)["sent_again"].boolean_or(false);
    intent.basis = static_cast<policy::Basis>((*value)["basis"].integer_or(0));
    intent.lane = static_cast<policy::Lane>((*value)["lane"].integer_or(0));
    return intent;
}

}  // namespace rollcall::engine
