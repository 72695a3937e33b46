// Engine: rooms that have another key from now on (policy/room_rename.h). Everything that names a room by its
// key follows, in the commit by which the policy comes into force: after a crash there is one or the other.
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::RoomRename;
using schema::TrailEntry;
using schema::TrailKind;

namespace {
constexpr const char* kFormerKeyMark = "former_key";

// Told as "what/room/user".
std::optional<std::string> with_room(const std::string& id, const std::string& from, const std::string& to) {
    const std::size_t begin = id.find('/');
    if (begin == std::string::npos) return std::nullopt;
    const std::size_t end = std::min(id.find('/', begin + 1), id.size());
    if (id.compare(begin + 1, end - begin - 1, from) != 0) return std::nullopt;
    return id.substr(0, begin + 1) + to + id.substr(end);
}
}  // namespace

// What is owed to people is an intent of a key of its own; `notice` says which of both is meant. When
// something is tried again is forgotten with every apply.
void Engine::rename_requests(bool notice, const std::string& from, const std::string& to) {
    const auto is_it = [&](ActionKind kind, const std::string& room) {
        return (kind == ActionKind::notify) == notice && room == from;
    };
    const auto rename = [&](Intent& intent) {
        if (!is_it(intent.action, intent.room)) return;
        intent.room = to;
        turn_.intents.push_back({intent.id, intent.text()});
    };
    for (auto& [id, intent] : in_flight_) rename(intent);
    for (Intent& intent : to_settle_) rename(intent);
    for (auto& [id, accepted] : accepted_) rename(accepted.intent);
    for (auto& [key, intent] : std::exchange(open_, {})) {
        rename(intent);
        open_.emplace(intent.key(), std::move(intent));
    }
    const auto key_of = [&](ActionKey key) {
        if (is_it(key.kind, key.room)) key.room = to;
        return key;
    };
    for (const ActionKey& key : std::exchange(busy_, {})) busy_.insert(key_of(key));
    for (const auto& [key, times] : std::exchange(repeats_, {})) repeats_.emplace(key_of(key), times);
    for (auto& [marker, key] : refused_rooms_) key = key_of(key);
}

// What the admins were told of it is so still.
void Engine::rename_told(const std::string& from, const std::string& to) {
    for (const char* kind : {"told", "to_tell"}) {
        std::map<std::string, std::string>& told = std::string_view(kind) == "told" ? told_ : to_tell_;
        for (auto& [id, value] : std::exchange(told, {})) {
            const auto now = with_room(id, from, to);
            if (now) mark(kind, id, std::nullopt), mark(kind, *now, value);
            told.emplace(now.value_or(id), std::move(value));
        }
    }
}

// The message that shows a review stays the one that was asked for.
void Engine::rename_reviews(const std::string& from, const std::string& to) {
    for (auto& [key, ask] : std::exchange(review_asks_, {})) {
        if (ask.room_key == from) {
            const std::string notice = ask.notice_key();
            mark("review_ask", key.first + " " + key.second, std::nullopt);
            ask.room_key = to;
            keep(ask);
            for (NoticeDebt& debt : notices_)
                if (debt.key == notice) {
                    mark("notice", notice, std::nullopt);
                    debt.key = ask.notice_key();
                    keep(debt);
                }
            rename_requests(true, notice, ask.notice_key());
        }
        const ReviewKey now = ask.key();
        review_asks_.emplace(now, std::move(ask));
    }
    for (auto& [event, key] : review_messages_)
        if (key.second == from) key.second = to;
    for (ReviewKey key : std::exchange(reacted_, {})) {
        if (key.second == from) key.second = to;
        reacted_.insert(std::move(key));
    }
}

// So that the room is found by what it was called.
void Engine::remember_former_key(const std::string& from, const std::string& to) {
    former_keys_[from] = to;
    for (auto& [former, now] : former_keys_) {
        if (now == from) now = to;
        if (former != to && now == to) mark(kFormerKeyMark, former, to);
    }
    forget_former_key(to);
}

// Another room has it from now on.
void Engine::forget_former_key(const std::string& key) {
    if (former_keys_.erase(key) > 0) mark(kFormerKeyMark, key, std::nullopt);
}

bool Engine::load_former_key(const store::StoredMark& row) {
    if (row.kind != kFormerKeyMark) return false;
    former_keys_[row.key] = *row.value;
    return true;
}

const std::string& Engine::key_now(const std::string& key) const {
    const auto now = world_.room_by_key.contains(key) ? former_keys_.end() : former_keys_.find(key);
    return now == former_keys_.end() ? key : now->second;
}

void Engine::rename_room(const RoomRename& one, const policy::CompiledRoom& spec,
                         const std::string& version) {
    world_.rename_room(one.room, one.to);
    rename_requests(false, one.from, one.to);
    rename_held(one.from, one.to);
    rename_told(one.from, one.to);
    put_backs_.rename_room(one.from, one.to);
    rename_reviews(one.from, one.to);
    for (const auto& [room, user] : std::exchange(by_mask_, {}))
        by_mask_.emplace(room == one.from ? one.to : room, user);
    if (suspect_rooms_.erase(one.from) > 0) suspect_rooms_.insert(one.to);
    remember_former_key(one.from, one.to);
    // Without whoever called: the apply says that, and this is to be known when nothing is known of them any
    // more.
    TrailEntry entry;
    entry.kind = TrailKind::policy;
    entry.action = schema::kRenameRoom;
    entry.policy = version;
    entry.room_key = one.to;
    entry.room = world_.rooms[one.room.index()].id;
    entry.before = one.from;
    entry.after = one.to;
    for (const policy::Text& key : spec.formerly)
        if (key.value == one.from) entry.rule = key.at.file_line();
    entry.rule_path = (spec.space ? "spaces." : "rooms.") + spec.key;
    record(std::move(entry));
}

void Engine::rename_rooms(const policy::Program& program, const std::vector<RoomRename>& renames) {
    for (const RoomRename& one : renames) rename_room(one, program.rooms[one.index], program.version);
}

// A room that is being made may be there already: which room it is can be said once its answer has come.
bool Engine::being_made(const std::string& key) const {
    const auto makes = [&](const Intent& intent) {
        return intent.action == ActionKind::create && intent.room == key;
    };
    return std::any_of(in_flight_.begin(), in_flight_.end(),
                       [&](const auto& at) { return makes(at.second); }) ||
           std::any_of(open_.begin(), open_.end(), [&](const auto& at) { return makes(at.second); }) ||
           std::any_of(to_settle_.begin(), to_settle_.end(), makes);
}

}  // namespace rollcall::engine
