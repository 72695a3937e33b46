// Engine: what the admins are told. Of something that is wrong and lasts they hear once that it has begun and
// once that it is over, whatever was restarted between: that they know of it is remembered in the store (mark
// "told"), and whether it is so still is looked at, not inferred from what this process has seen happen. What
// finds no place among the messages that wait is remembered likewise (mark "to_tell").
//
// Holds have a memory of their own (holds.cc), since a grown one is told again.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/base/text.h"

namespace rollcall::engine {

namespace {
constexpr std::size_t kMostOfAKind = 500;
constexpr const char* kToldMark = "told";
constexpr const char* kToTellMark = "to_tell";
constexpr std::string_view kEvents = "events";

std::string begun_key(std::string_view id) {
    return fmt::format("admin/{}", id);
}

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

const char* many(std::string_view what) {
    if (what == "lost") return "rooms that the bot is not in";
    if (what == "replaced") return "rooms that were upgraded";
    if (what == "large") return "rooms whose state is too large";
    if (what == "again") return "settings and memberships that are changed by hand again and again";
    if (what == "gone") return "groups that were deleted from the directory";
    if (what == "unremembered") return "rooms that Rollcall made and does not remember";
    return "people who cannot be taken out of a room";
}
}  // namespace

// What finds no place among the messages that wait is kept until there is one.
void Engine::tell_admins(const std::string& id, const std::string& text) {
    if (settings_.admin_room.empty() || owe(begun_key(id), settings_.admin_room, text)) return;
    to_tell_[id] = text;
    mark(kToTellMark, id, text);
}

void Engine::take_back_from_admins(const std::string& id) {
    take_back_notice(begun_key(id));
    if (to_tell_.erase(id) > 0) mark(kToTellMark, id, std::nullopt);
}

// What they were told under that id is so no more. Not said of what has come back before it could be.
bool Engine::tell_admins_over(std::string_view id, const std::string& text) {
    return settings_.admin_room.empty() || owe(over_key(id), settings_.admin_room, text);
}

// How many of that kind they were told of.
std::size_t Engine::told_of(std::string_view what) const {
    std::size_t found = 0;
    const std::string first = fmt::format("{}/", what);
    for (auto at = told_.lower_bound(first); at != told_.end() && at->first.starts_with(first); ++at) ++found;
    return found;
}

// Of one kind only so many by name, so that none of them takes the place of another kind.
void Engine::tell_trouble(std::string id, std::string text) {
    take_back_notice(over_key(id));
    if (settings_.admin_room.empty() || told_.contains(id)) return;
    if (const std::string what(parts_of(id).what); told_of(what) >= kMostOfAKind) {
        id = fmt::format("more/{}", what);
        text = fmt::format("There are more {} than the {} that were named here: `rollcall status` says more.",
                           many(what), kMostOfAKind);
        take_back_notice(over_key(id));
        if (told_.contains(id)) return;
    }
    told_[id] = "";
    mark(kToldMark, id, "");
    tell_admins(id, text);
}

void Engine::forget_trouble(const std::string& id) {
    if (told_.erase(id) > 0) mark(kToldMark, id, std::nullopt);
    if (to_tell_.erase(id) > 0) mark(kToTellMark, id, std::nullopt);
}

void Engine::load_trouble(const store::StoredMark& row) {
    (row.kind == kToTellMark ? to_tell_ : told_)[row.key] = *row.value;
    // Without a daemon nothing is heard for long enough to say that it is over.
    if (row.kind == kToldMark && row.key == kEvents && !settings_.one_shot)
        way_back_.were_missing(*row.value);
}

// What was over before anybody could be told is told to nobody.
void Engine::say_what_is_over() {
    std::vector<std::string> ended;
    std::set<std::string> said;
    for (const auto& [id, seen] : told_) {
        const std::optional<std::string> text = over(id);
        if (!text) continue;
        if (!to_tell_.contains(id) && !said.contains(*text)) {
            if (!tell_admins_over(id, *text)) continue;
            said.insert(*text);
        }
        ended.push_back(id);
    }
    for (const std::string& id : ended) forget_trouble(id);
    const auto events = told_.find(std::string(kEvents));
    if (events == told_.end() || events->second == way_back_.kinds_missing()) return;
    events->second = way_back_.kinds_missing();
    mark(kToldMark, events->first, events->second);
}

// What found no place among the debts, as soon as there is one.
void Engine::say_what_waits() {
    if (to_tell_.empty()) return;
    const bool nowhere = settings_.admin_room.empty();
    bool full = false;
    std::erase_if(to_tell_, [&](const auto& waiting) {
        const Parts parts = parts_of(waiting.first);
        const bool answered = parts.what == "hold" && !holds_.contains(std::string(parts.room));
        if (!nowhere && !answered) {
            full = full || !owe(begun_key(waiting.first), settings_.admin_room, waiting.second);
            if (full) return false;
        }
        mark(kToTellMark, waiting.first, std::nullopt);
        return true;
    });
}

// What to say of it now that it is over; nullopt where it is not, or that was not seen.
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
        if (stray != strays_.end() && stray->second.unremembered) return std::nullopt;
        return fmt::format("The room {} is settled: the bot has left it, or knows it now.",
                           tame_line(parts.room));
    }
    if (parts.what == "store")
        return when(store_trouble_.empty(), "The database is the one that Rollcall writes again.");
    if (parts.what == "gone")
        return when(
            !gone_.contains(std::string(parts.room)),
            "A deleted group of which you were told is there again, or no rule depends on it any more: "
            "`rollcall audit list` says which.");
    if (parts.what == "more") return more_over(parts.room);
    const auto known = world_.room_by_key.find(std::string(parts.room));
    if (known == world_.room_by_key.end() || world_.rooms[known->second.index()].released)
        return fmt::format(
            "The policy does not name #{} any more: what was told of that room is over. Whoever is in it "
            "stays, "
            "and nothing is done there.",
            parts.room);
    if (parts.what == "again") return changed_again_over(id);
    if (parts.what == "stays") return stay_over(known->second, std::string(parts.user));
    return room_over(parts.what, world_.rooms[known->second.index()]);
}

std::optional<std::string> Engine::more_over(std::string_view what) const {
    const std::size_t left = told_of(what);
    if (left >= kMostOfAKind) return std::nullopt;
    return fmt::format(
        "Of the {} that were named here {} are left: `rollcall status` says whether there are more.",
        many(what), left);
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
