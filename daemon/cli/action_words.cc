#include "daemon/cli/action_words.h"

#include <fmt/format.h>

#include "policy/plan.h"

namespace rollcall::cli {
Kind kind_of(std::string_view action) {
    if (action == "add" || action == "create") return Kind::addition;
    if (action == "remove" || action == "leave_unmanaged" || action == "sign_out") return Kind::removal;
    return Kind::change;
}

std::string_view room_change(std::string_view action) {
    for (int kind = 0; kind <= static_cast<int>(policy::ActionKind::notify); ++kind)
        if (to_text(static_cast<policy::ActionKind>(kind)) == action)
            return policy::room_change_words(static_cast<policy::ActionKind>(kind));
    return {};
}

std::string user_words(const json::Value& line) {
    const std::string kind = line["kind"].text();
    const std::int64_t power = line["power"].integer_or(0);
    if (kind == "add") return power >= 50 ? "as owner" : "";
    if (kind == "set_power")
        return power >= 50  ? "becomes owner"
               : power == 0 ? "no longer owner"
                            : fmt::format("gets power {}", power);
    if (kind == "forget") return "can no longer read the past";
    if (kind == "sign_out") return "all sessions end";
    if (kind == "list_rooms") return "rooms outside the policy are looked up";
    if (kind == "leave_unmanaged") return "leaves a room outside the policy";
    if (kind == "notify") return "gets a message";
    return {};
}

std::string action_words(std::string_view text) {
    const std::size_t a = text.find(' ');
    const std::size_t b = a == std::string_view::npos ? a : text.find(' ', a + 1);
    if (b == std::string_view::npos) return std::string(text);
    const std::string_view kind = text.substr(0, a), user = text.substr(b + 1);
    const std::string room =
        text.substr(a + 1, b - a - 1) == "-" ? "" : "#" + std::string(text.substr(a + 1, b - a - 1));
    if (kind == "remove") return fmt::format("remove {} from {}", user, room);
    if (kind == "add") return fmt::format("add {} to {}", user, room);
    if (kind == "set_power") return fmt::format("set the power of {} in {}", user, room);
    if (kind == "forget") return fmt::format("take the past of {} from {}", room, user);
    if (kind == "sign_out") return fmt::format("end the sessions of {}", user);
    if (kind == "list_rooms") return fmt::format("look up the rooms of {}", user);
    if (kind == "leave_unmanaged") return fmt::format("take {} out of rooms outside the policy", user);
    if (kind == "notify") return fmt::format("write to {}", user);
    if (kind == "create") return "create " + room;
    if (kind == "release") return "let go of " + room;
    if (kind == "publish") return "open " + room;
    const std::string_view change = room_change(kind);
    return change.empty() ? std::string(text) : fmt::format("set {} of {}", change, room);
}

}  // namespace rollcall::cli
