// Engine: is this state folder older than what was done with it? Somebody puts back a copy: orders, approvals
// and policies given since are not in it, and whoever departed by one of these would be let in again. What
// the bot did meanwhile stands in the rooms.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/base/text.h"

namespace rollcall::engine {

using policy::MemberContent;

namespace {
// What the process before noted last may be half a minute old, and the homeserver's clock may differ.
constexpr Duration kAtLeast = std::chrono::minutes{2};
}  // namespace

// Something that this state does not know, that nothing in it waits for, and that is younger than it.
bool Engine::is_a_later_deed(const policy::RoomEvent& event) const {
    const auto* member = std::get_if<MemberContent>(&event.content);
    if (member == nullptr || event.sender != world_.bot) return false;
    if (event.time < alive_before_->shown + kAtLeast || event.time > began_) return false;
    if (held_event(event.room, member->user) == policy::event_digest(event.event)) return false;
    return !is_under_way(event.room, member->user);
}

// Called with each room that is read, before it is learned.
void Engine::look_for_later_deeds(const policy::RoomRead& read) {
    if (!alive_before_ || older_state_ || settings_.one_shot) return;
    const auto found =
        std::find_if(read.state.begin(), read.state.end(),
                     [this](const policy::RoomEvent& event) { return is_a_later_deed(event); });
    if (found == read.state.end()) return;
    older_state_ = true;
    const auto& member = std::get<MemberContent>(found->content);
    const std::string text = fmt::format(
        "this state folder was put back to a copy: it ends at {}, and the bot changed the membership of {} "
        "at {}; "
        "orders and policies given since are not known. Nobody is put into a room until you have looked at "
        "`rollcall plan`, given orders like `rollcall depart` again, and resumed",
        to_rfc3339(alive_before_->shown), tame_text(member.user), to_rfc3339(found->time));
    log_.error("RC-STATE-OLDER", text);
    tell_trouble("older", text + ".");
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::failure;
    entry.action = "start";
    entry.result = text;
    entry.room = read.room;
    record(std::move(entry));
    if (pause_ == Pause::none) pause(Pause::all_but_departures, {-1, -1, "rollcall"}, text);
}

}  // namespace rollcall::engine
