#include "daemon/engine/probe.h"

#include <algorithm>
#include <string_view>

#include "daemon/engine/way_back.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;

constexpr std::string_view kKey = "io.rollcall.probe";

// As plain as a homeserver that looks into it takes it.
json::Value state_of(std::string_view type, const std::string& marker) {
    json::Value content = json::Object{};
    if (type == "m.room.join_rules") content.set("join_rule", "invite");
    if (type == "m.room.history_visibility") content.set("history_visibility", "shared");
    if (type == "m.room.guest_access") content.set("guest_access", "forbidden");
    if (type == "m.room.name") content.set("name", "");
    if (type == "m.room.topic") content.set("topic", "");
    if (type == "m.room.server_acl") content.set("allow", json::Array{"*"});
    content.set(std::string(kKey), marker);
    return content;
}

}  // namespace

json::Value probe_room() {
    json::Value body;
    body.set("preset", "private_chat");
    body.set("visibility", "private");
    body.set("name", "Rollcall: do events arrive?");
    return body;
}

std::vector<matrix::Call> probe_calls(const Probe& probe, const std::vector<std::string>& kinds) {
    const auto wanted = [&kinds](MembershipState state) {
        return std::find(kinds.begin(), kinds.end(), member_kind(state)) != kinds.end();
    };
    std::vector<matrix::Call> out;
    for (const std::string& kind : kinds)
        if (!kind.starts_with("m.room.member"))
            out.push_back(matrix::put_state(probe.room, kind, kKey, state_of(kind, probe.marker)));
    if (wanted(MembershipState::join))
        out.push_back(matrix::put_member(probe.room, probe.bot, MembershipState::join, probe.marker, ""));
    if (wanted(MembershipState::invite) || wanted(MembershipState::leave)) {
        out.push_back(matrix::put_member(probe.room, probe.guest, MembershipState::invite, probe.marker, ""));
        out.push_back(matrix::kick(probe.room, probe.guest, probe.marker));
    }
    return out;
}

}  // namespace rollcall::engine
