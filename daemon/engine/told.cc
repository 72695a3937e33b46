// Engine: what the admins are told. Of something that is wrong and lasts they hear once that it has begun and
// once that it is over, whatever was restarted between: that they know of it is remembered in the store (mark
// "told"), and whether it is so still is looked at, not inferred from what this process has seen happen.
//
// Holds have a memory of their own (holds.cc), since a grown one is told again.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/base/text.h"

namespace rollcall::engine {

namespace {
constexpr std::size_t kMostTold = 1'000;
constexpr const char* kToldMark = "told";
constexpr std::string_view kEvents = "events";

std::string over_key(std::string_view id) {
    return fmt::format("admin/over/{}", id);
}

// The parts of "what/room/user". A Matrix ID may have any character.
struct Parts {
    std::string_view what, room, user;
};
Parts parts_of(std::string_view id) {
    Parts out;
    std::size_t at = id.find('/');
    out.what = id.substr(0, at);
    if (at == std::string_view::npos) return out;
    id.remove_prefix(at + 1);
    at = id.find('/');
    out.room = id.substr(0, at);
    if (at != std::string_view::npos) out.user = id.substr(at + 1);
    return out;
}
}  // namespace

bool Engine::tell_admins(std::string_view id, const std::string& text) {
    return !settings_.admin_room.empty() && owe(fmt::format("admin/{}", id), settings_.admin_room, text);
}

// What they were told under that id is so no more. Not said of what has come back before it could be.
bool Engine::tell_admins_over(std::string_view id, const std::string& text) {
    return settings_.admin_room.empty() || owe(over_key(id), settings_.admin_room, text);
}

void Engine::tell_trouble(const std::string& id, const std::string& text) {
    take_back_notice(over_key(id));
    if (told_.contains(id) || told_.size() >= kMostTold || !tell_admins(id, text)) return;
    told_[id] = "";
    mark(kToldMark, id, "");
}

void Engine::forget_trouble(const std::string& id) {
    if (told_.erase(id) > 0) mark(kToldMark, id, std::nullopt);
}

void Engine::load_trouble(const store::StoredMark& row) {
    told_[row.key] = *row.value;
    if (row.key == kEvents) way_back_.were_missing(*row.value);
}

void Engine::say_what_is_over() {
    std::vector<std::string> ended;
    for (const auto& [id, seen] : told_) {
        const std::optional<std::string> text = over(id);
        if (text && (text->empty() || tell_admins_over(id, *text))) ended.push_back(id);
    }
    for (const std::string& id : ended) forget_trouble(id);
    const auto events = told_.find(std::string(kEvents));
    if (events == told_.end() || events->second == way_back_.kinds_missing()) return;
    events->second = way_back_.kinds_missing();
    mark(kToldMark, events->first, events->second);
}

// What to say of it now that it is over; "" where there is nothing to say; nullopt where it is not over, or
// that was not seen.
std::optional<std::string> Engine::over(const std::string& id) const {
    const auto when = [](bool is_over, std::string text) {
        return is_over ? std::optional(std::move(text)) : std::nullopt;
    };
    const Parts parts = parts_of(id);
    if (parts.what == kEvents)
        return when(way_back_.well_again(), "Events of the homeserver reach Rollcall again.");
    if (parts.what == "frozen")
        return when(world_.frozen.empty(),
                    "Removals are not frozen any more: the directory can be believed again.");
    if (parts.what == "doubt") return when(!world_.doubt.any(), "The directory is believed again as it is.");
    if (parts.what == "older")
        return when(pause_ == Pause::none,
                    "Rollcall was resumed: it goes on with the state folder as it is.");
    if (parts.what == "unremembered") {
        const auto stray = strays_.find(std::string(parts.room));
        return when(stray == strays_.end() || !stray->second.unremembered,
                    fmt::format("The room {} is settled: the bot has left it, or knows it now.",
                                tame_line(parts.room)));
    }
    const auto known = world_.room_by_key.find(std::string(parts.room));
    // Whoever let go of the room knows.
    if (known == world_.room_by_key.end() || world_.rooms[known->second.index()].released) return "";
    if (parts.what == "stays") return stay_over(known->second, std::string(parts.user));
    return room_over(parts.what, world_.rooms[known->second.index()]);
}

std::optional<std::string> Engine::room_over(std::string_view what, const policy::Room& room) const {
    if (what == "lost" && room.bot_joined) return fmt::format("The bot is in #{} again.", room.key);
    if (what == "replaced" && room.state.tombstone.empty())
        return fmt::format("People are not led on from #{} any more.", room.key);
    if (what == "large" && !large_rooms_.contains(room.id))
        return fmt::format("The state of #{} is not too large any more.", room.key);
    return std::nullopt;
}

std::optional<std::string> Engine::stay_over(RoomId room, const std::string& user) const {
    const std::string& key = world_.rooms[room.index()].key;
    const UserId id = world_.users.find(user);
    if (!id.valid() || !policy::is_present(world_.state_of(id, room)))
        return fmt::format("{} is out of #{}.", tame_line(user), key);
    const int managed = decider_ ? decider_->managed(room) : -1;
    if (managed >= 0 &&
        decider_->verdict(id, static_cast<std::uint32_t>(managed)).presence == policy::Presence::in)
        return fmt::format("{} may be in #{} now.", tame_line(user), key);
    return std::nullopt;
}

}  // namespace rollcall::engine
