// Engine: the rooms in which people are written to, one for each. A room that the bot or the person has left
// is given up, and what is owed next makes another: once for a message, and so often a day for a person,
// whatever they do with it. A message that has no room then is given up, and that is said.
//
//     refused: the bot is not in it ─┐
//     the bot was put out, or        ├─► no room ─► one is made ─► sent
//     whoever it is for has left     ┘          └─► one was made for this message, or too many ─► given up
#include <fmt/format.h>
#include <algorithm>
#include <sstream>

#include "daemon/engine/engine.h"
#include "policy/base/text.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::MembershipState;

namespace {
constexpr int kMostRoomsMade = 5;  // for one person within
constexpr Duration kRoomsMadeWithin = std::chrono::hours{24};
constexpr Duration kUntoldSaidFor = std::chrono::hours{24};
constexpr std::size_t kMostUntold = 200;
constexpr const char* kTheyLeft = "they have left the room that was made for it";
constexpr const char* kBotIsOut = "the bot was put out of the room that was made for it";
}  // namespace

// Whoever has left the room of the two is not there to read in it, and where the bot was put out it cannot
// write.
void Engine::watch_direct_room(const policy::RoomEvent& event) {
    const auto* member = std::get_if<policy::MemberContent>(&event.content);
    if (member == nullptr ||
        (member->membership != MembershipState::leave && member->membership != MembershipState::ban))
        return;
    const bool bot = member->user == world_.bot;
    // Events may be quicker than the answer by which the room becomes known.
    if (const auto stray = strays_.find(event.room); stray != strays_.end() && !bot)
        stray->second.left = member->user;
    const auto direct = bot ? std::find_if(direct_rooms_.begin(), direct_rooms_.end(),
                                           [&](const auto& held) {
                                               return held.second == event.room && !is_admin_room(held.first);
                                           })
                            : direct_rooms_.find(member->user);
    if (direct == direct_rooms_.end() || direct->second != event.room) return;
    forget_direct_room(std::string(direct->first), bot ? kBotIsOut : kTheyLeft);
}

void Engine::look_whether_left(const std::string& user, const std::string& room) {
    const auto stray = strays_.find(room);
    if (stray != strays_.end() && stray->second.left == user) forget_direct_room(user, kTheyLeft);
}

// A room that was found, since the answer to its making was lost: they may have left it, or declined, before
// it was known whose it is.
void Engine::settled_direct_room(Intent intent, const CallResult& result) {
    const auto* shown = result.member ? std::get_if<policy::MemberContent>(&result.member->content) : nullptr;
    const bool bot_is_out = result.out_of_room();
    if (shown == nullptr && !bot_is_out && result.outcome != CallOutcome::absent)
        return look_later(std::move(intent), result);
    const bool there = shown != nullptr && policy::is_present(shown->membership);
    intent.settling = false;
    CallResult made;
    made.outcome = CallOutcome::done;
    made.room = intent.room_id;
    finish_notice(intent, made);
    if (!there && direct_rooms_.contains(intent.user))
        forget_direct_room(intent.user, bot_is_out ? kBotIsOut : kTheyLeft);
}

void Engine::forget_direct_room(const std::string& user, const std::string& why) {
    mark("direct_room", user, std::nullopt);
    direct_rooms_.erase(user);
    for (NoticeDebt& debt : notices_) {
        if (debt.to != user || !debt.room_made) continue;
        debt.trouble = why;
        keep(debt);
    }
    more_ = true;
}

void Engine::direct_room_made(const std::string& user, const std::string& room) {
    direct_rooms_[user] = room;
    mark("direct_room", user, room);
    std::erase_if(rooms_made_, [&](const auto& made) {
        if (made.second.until > world_.tick) return false;
        mark("rooms_made", made.first, std::nullopt);
        return true;
    });
    RoomsMade& made = rooms_made_[user];
    if (++made.count == 1) made.until = world_.tick + kRoomsMadeWithin;
    mark("rooms_made", user, fmt::format("{} {}", made.count, to_ms(time_of(made.until))));
}

// The bot is not in the room any more: nothing says that but the refusal where the room was deleted, or
// nobody told. Any other refusal is the last word.
void Engine::notice_refused(const Intent& intent, const CallResult& result) {
    // Of a room that is no more Synapse says M_UNKNOWN to who would write there.
    const bool out =
        intent.wanted == "notice" && (result.out_of_room() || result.text.starts_with("M_UNKNOWN:"));
    result_entry(intent, fmt::format("refused: {}", result.text), "", false);
    ended(intent, false);
    forget_retry(intent.key());
    const auto direct = direct_rooms_.find(intent.user);
    if (out && direct != direct_rooms_.end() && direct->second == intent.room_id)
        forget_direct_room(intent.user, result.text);
    const auto debt = std::find_if(notices_.begin(), notices_.end(),
                                   [&](const NoticeDebt& owed) { return owed.key == intent.room; });
    if (debt == notices_.end() || out) return;
    give_up(*debt, result.text);
    notices_.erase(debt);
}

// "" where there is one, or another may be made.
std::string Engine::why_no_room(const NoticeDebt& debt) const {
    if (direct_rooms_.contains(debt.to)) return {};
    if (debt.room_made) return debt.trouble.empty() ? "the room that was made for it is gone" : debt.trouble;
    const auto made = rooms_made_.find(debt.to);
    if (made == rooms_made_.end() || made->second.until <= world_.tick || made->second.count < kMostRoomsMade)
        return {};
    return fmt::format("{} rooms were made for them within a day, and the bot or they have left each of them",
                       made->second.count);
}

void Engine::give_up_notices() {
    std::erase_if(notices_, [&](const NoticeDebt& debt) {
        if (debt.busy || is_admin_room(debt.to) || meeting(debt.to)) return false;
        const ActionKey key{ActionKind::notify, debt.key, debt.to};
        if (std::any_of(to_settle_.begin(), to_settle_.end(),
                        [&](const Intent& intent) { return intent.key() == key; }))
            return false;
        const std::string why = why_no_room(debt);
        if (!why.empty()) give_up(debt, why);
        return !why.empty();
    });
}

// What was owed is owed no more; whoever asks learns that it was never said.
void Engine::give_up(const NoticeDebt& debt, const std::string& why) {
    mark("notice", debt.key, std::nullopt);
    log_.warn("RC-UNTOLD", fmt::format("a message is given up: {}", why), {{"user", debt.to}});
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::failure;
    entry.action = "notice";
    entry.user = debt.to;
    entry.result = fmt::format("given up: {}", why);
    record(std::move(entry));
    if (review_not_sent(debt.key, debt.to, why)) return;  // status has that among the reviews
    if (!untold_.contains(debt.to) && untold_.size() >= kMostUntold) {
        const auto oldest =
            std::min_element(untold_.begin(), untold_.end(),
                             [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
        mark("untold", oldest->first, std::nullopt);
        untold_.erase(oldest);
    }
    Untold& untold = untold_[debt.to];
    untold = {tame_line(why), world_.tick + kUntoldSaidFor};
    json::Value value;
    value.set("text", untold.text);
    value.set("until", to_ms(time_of(untold.until)));
    mark("untold", debt.to, json::write(value));
}

bool Engine::load_direct_room(const store::StoredMark& row) {
    const auto until = [&](std::int64_t ms) {
        return world_.tick + std::clamp(from_ms(ms) - date(), Duration{}, kRoomsMadeWithin);
    };
    if (row.kind == "direct_room") {
        direct_rooms_[row.key] = *row.value;
    } else if (row.kind == "rooms_made") {
        std::istringstream parts(*row.value);
        RoomsMade& made = rooms_made_[row.key];
        std::int64_t ms = 0;
        parts >> made.count >> ms;
        made.until = until(ms);
    } else if (row.kind == "untold") {
        if (const Result<json::Value> value = json::parse(*row.value))
            untold_[row.key] = {(*value)["text"].text(), until((*value)["until"].integer_or(0))};
    } else {
        return false;
    }
    return true;
}

}  // namespace rollcall::engine
