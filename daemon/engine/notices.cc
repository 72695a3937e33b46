// Engine: messages owed to people: to whoever invited an outsider, to the admin room. A debt until it is
// sent.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/requests.h"
#include "daemon/failpoint.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using policy::Lane;

namespace {
// What whoever invited somebody is told: no more than they can see anyway, and what they can do.
std::string explanation(const std::string& who, const policy::CompiledRoom& room, policy::Basis basis) {
    const bool from_outside = basis == policy::Basis::outsider || basis == policy::Basis::stranger;
    if (!from_outside)
        return fmt::format(
            "{} was removed from “{}”: who is in that room follows from the company directory, and they are "
            "not "
            "among its members. If they should be, ask one of the room's owners or your IT department.",
            who, room.name);
    return fmt::format(
        "{} was removed from “{}”: {}. If they need to be there, ask one of the room's owners or your IT "
        "department "
        "for an approval (who, which room, why, until when).",
        who, room.name,
        room.outsiders == policy::Outsiders::approved ? "people from outside need an approval to be there"
                                                      : "that room is not open to people from outside");
}

// Waiting messages. What some bring about never takes the place of what others are to be told.
constexpr std::ptrdiff_t kMostForAdmins = 200;
constexpr std::ptrdiff_t kMostForOne = 20;  // of what they brought about; the rest is one message more
constexpr std::ptrdiff_t kMostForPeople = 500;
constexpr const char* kMoreWereRemoved =
    "More people whom you invited were removed from rooms in which they may not be: too many to write to you "
    "about each. If they should be there, ask one of the rooms' owners or your IT department.";

bool about_review(const std::string& key) {
    return key.starts_with("review");
}
}  // namespace

void Engine::owe(const policy::Notice& notice) {
    const std::string& to = world_.users.text(notice.to);
    const int room = program_ ? program_->room_index(notice.room) : -1;
    if (!world_.is_local(to) || room < 0) return;
    const auto index = static_cast<std::uint32_t>(room);
    const policy::Basis basis = decider_->verdict(world_.user(notice.outsider), index).basis;
    const auto theirs = std::count_if(notices_.begin(), notices_.end(), [&to](const NoticeDebt& debt) {
        return debt.to == to && !about_review(debt.key);
    });
    NoticeDebt debt;
    debt.to = to;
    if (theirs < kMostForOne) {
        debt.key = fmt::format("{}/{}/{}", to, notice.room, notice.outsider);
        debt.text = explanation(notice.outsider, program_->rooms[index], basis);
    } else {
        debt.key = fmt::format("{}/more", to);
        debt.text = kMoreWereRemoved;
    }
    if (!owe(debt.key, debt.to, debt.text))
        give_up(debt, fmt::format("{} messages to people wait to be sent already", kMostForPeople));
}

// Reviews have a limit of their own.
bool Engine::full_for(const std::string& to) const {
    const bool admins = is_admin_room(to);
    return std::count_if(notices_.begin(), notices_.end(), [&](const NoticeDebt& debt) {
               return is_admin_room(debt.to) == admins && !about_review(debt.key);
           }) >= (admins ? kMostForAdmins : kMostForPeople);
}

// False: there are too many.
bool Engine::owe(std::string key, std::string to, std::string text, std::string html) {
    if (std::any_of(notices_.begin(), notices_.end(),
                    [&](const NoticeDebt& debt) { return debt.key == key; }))
        return true;
    if (!about_review(key) && full_for(to)) return false;
    notices_.push_back({std::move(key), std::move(to), std::move(text), std::move(html)});
    keep(notices_.back());
    return true;
}

void Engine::keep(const NoticeDebt& debt) {
    json::Value value;
    value.set("to", debt.to);
    value.set("text", debt.text);
    if (!debt.html.empty()) value.set("html", debt.html);
    if (debt.room_made) value.set("room_made", true);
    if (!debt.trouble.empty()) value.set("trouble", debt.trouble);
    mark("notice", debt.key, json::write(value));
}

void Engine::load_notice(const store::StoredMark& row) {
    const Result<json::Value> debt = json::parse(*row.value);
    if (!debt) return;
    notices_.push_back({row.key, (*debt)["to"].text(), (*debt)["text"].text(), (*debt)["html"].text(), false,
                        (*debt)["room_made"].boolean_or(false), (*debt)["trouble"].text()});
}

void Engine::tell(const std::string& user, std::string_view id, const std::string& text) {
    owe(fmt::format("review-answer/{}/{}", user, id), user, text);
}

// Who has departed is told nothing: they would be invited into a room again.
void Engine::drop_notices_to_departed() {
    std::erase_if(notices_, [this](const NoticeDebt& debt) {
        const UserId user = world_.users.find(debt.to);
        const PersonId person = user.valid() ? decider_->person_of(user) : PersonId{};
        if (debt.busy || !person.valid() || decider_->departed(person) != policy::Tri::yes) return false;
        mark("notice", debt.key, std::nullopt);
        return true;
    });
}

// Whom an explanation is about, if they are in that room still, or invited, or nobody has seen that they are
// not: then it is not true yet.
std::optional<std::pair<UserId, RoomId>> Engine::not_removed_yet(const NoticeDebt& debt) const {
    if (!debt.key.starts_with(debt.to + "/")) return std::nullopt;
    const std::string_view about = std::string_view(debt.key).substr(debt.to.size() + 1);
    const std::size_t end = about.find('/');
    if (end == std::string_view::npos) return std::nullopt;
    const auto room = world_.room_by_key.find(std::string(about.substr(0, end)));
    const UserId user = world_.users.find(about.substr(end + 1));
    if (room == world_.room_by_key.end() || !user.valid()) return std::nullopt;
    if (!policy::is_present(world_.state_of(user, room->second)) &&
        !world_.before_answer.contains(policy::World::pair(user, room->second)))
        return std::nullopt;
    return std::pair(user, room->second);
}

// Who may be there after all was not removed.
void Engine::drop_untrue_notices() {
    std::erase_if(notices_, [this](const NoticeDebt& debt) {
        const auto stays = debt.busy ? std::nullopt : not_removed_yet(debt);
        const int room = stays ? decider_->managed(stays->second) : -1;
        if (room < 0) return false;
        const policy::Verdict verdict = decider_->verdict(stays->first, static_cast<std::uint32_t>(room));
        if (verdict.presence != policy::Presence::in && verdict.basis != policy::Basis::approval)
            return false;
        mark("notice", debt.key, std::nullopt);
        return true;
    });
}

// A room to write in is being made for them.
bool Engine::meeting(const std::string& user) const {
    return !direct_rooms_.contains(user) &&
           std::any_of(notices_.begin(), notices_.end(),
                       [&](const NoticeDebt& debt) { return debt.busy && debt.to == user; });
}

// In a pause only the admins are written to: of some it is they who have to end it.
void Engine::dispatch_notices() {
    drop_notices_to_departed();
    drop_untrue_notices();
    give_up_notices();
    go_to_admin_room();
    for (NoticeDebt& debt : notices_) {
        if (!slot_free(Lane::cosmetic)) return;
        const ActionKey key{ActionKind::notify, debt.key, debt.to};
        if (debt.busy || !ready(key) || meeting(debt.to) || not_removed_yet(debt)) continue;
        if (pause_ != Pause::none && !is_admin_room(debt.to)) continue;
        const auto direct = direct_rooms_.find(debt.to);
        if (direct == direct_rooms_.end() && is_admin_room(debt.to)) continue;  // it must be there first
        Intent intent;
        intent.action = ActionKind::notify;
        intent.room = debt.key;
        intent.user = debt.to;
        intent.wanted = direct != direct_rooms_.end() ? "notice" : "direct room";
        const auto held = open_.find(key);
        const bool same = held != open_.end() && held->second.wanted == intent.wanted;
        if (same && look_first(key, intent.wanted)) continue;
        debt.busy = true;
        intent.call.marker = same ? held->second.marker : new_marker();
        if (direct != direct_rooms_.end()) {
            intent.room_id = direct->second;
            intent.call.kind = CallKind::send_notice;
            intent.call.room = direct->second;
            intent.call.body = notice_body(debt.text, debt.html, intent.call.marker);
        } else {
            intent.call.kind = CallKind::create_room;
            intent.call.body = direct_room_body(debt.to, intent.call.marker);
        }
        intent.marker = intent.call.marker;
        send(std::move(intent), key);
    }
}

void Engine::finish_notice(Intent& intent, const CallResult& result) {
    if (about_admin_room(intent.key())) return in_admin_room(intent, result);
    const auto debt = std::find_if(notices_.begin(), notices_.end(),
                                   [&](const NoticeDebt& d) { return d.key == intent.room; });
    if (intent.wanted != "notice") {  // the room to write in is there now
        direct_room_made(intent.user, result.room);
        intent.room_id = result.room;
        if (debt != notices_.end()) {
            debt->busy = false;
            debt->room_made = true;
            keep(*debt);
        }
        look_whether_left(intent.user, result.room);
        more_ = true;
    } else if (debt != notices_.end()) {
        failpoint("notice_sent");
        review_sent(debt->key, debt->to, intent.room_id, result.event);
        if (untold_.erase(debt->to) > 0) mark("untold", debt->to, std::nullopt);
        mark("notice", debt->key, std::nullopt);
        notices_.erase(debt);
    }
    result_entry(intent, "done", result.event, true);
    ended(intent, true);
}

}  // namespace rollcall::engine
