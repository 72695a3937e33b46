// Engine: the way into the admin room (admin_room.h says whose room is believed).
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "policy/base/text.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;

namespace {
constexpr std::string_view kGoing = "admin-room";  // in place of the key of what is owed
// Whoever invites the bot again and again has it look no oftener.
constexpr Duration kInvitedAgain = std::chrono::minutes{1};
}  // namespace

void Engine::take_back_notice(std::string_view key) {
    std::erase_if(notices_, [&](const NoticeDebt& debt) {
        if (debt.key != key || debt.busy) return false;
        mark("notice", debt.key, std::nullopt);
        return true;
    });
}

bool Engine::about_admin_room(const ActionKey& key) {
    return key.kind == ActionKind::notify && key.room == kGoing;
}

// What was owed to an admin room that was named otherwise.
void Engine::redirect_to_admins() {
    for (NoticeDebt& debt : notices_) {
        if (!is_admin_room(debt.to) || debt.to == settings_.admin_room || settings_.admin_room.empty())
            continue;
        debt.to = settings_.admin_room;
        keep(debt);
    }
    std::erase_if(notices_, [this](const NoticeDebt& debt) {
        if (!is_admin_room(debt.to) || !settings_.admin_room.empty()) return false;
        mark("notice", debt.key, std::nullopt);
        return true;
    });
}

ActionKey Engine::way_to_admins() const {
    return {ActionKind::notify, std::string(kGoing), settings_.admin_room};
}

// Soon after the start, so that what is wrong is known before there is something to tell; then only where
// something may have changed, or is owed.
void Engine::go_to_admin_room() {
    const std::string& name = settings_.admin_room;
    const std::string kept = admin_room_id();
    if (name.empty() || (!kept.empty() && !admin_room_.invited_back)) return;
    const bool owed = std::any_of(notices_.begin(), notices_.end(),
                                  [&](const NoticeDebt& debt) { return debt.to == name; });
    const ActionKey key = way_to_admins();
    if ((admin_room_.tried && !owed) || !ready(key) || !slot_free(policy::Lane::cosmetic)) return;
    admin_room_.tried = true;
    admin_room_.last_try = world_.tick;
    Intent intent;
    intent.action = ActionKind::notify;
    intent.room = key.room;
    intent.user = name;
    intent.wanted = "join room";
    intent.call.kind = CallKind::join_alias;
    intent.call.alias = kept.empty() ? name : kept;
    send(std::move(intent), key);
}

void Engine::try_admin_room_again() {
    admin_room_.tried = false;
    forget_retry(way_to_admins());
    more_ = true;
}

void Engine::watch_invitation(const policy::RoomEvent& event) {
    const auto* member = std::get_if<policy::MemberContent>(&event.content);
    if (settings_.admin_room.empty() || member == nullptr || member->user != world_.bot) return;
    const std::string kept = admin_room_id();
    if (event.room == kept) seen_in_admin_room(member->membership == policy::MembershipState::join);
    if (member->membership != policy::MembershipState::invite || world_.room_by_id.contains(event.room))
        return;
    if (!kept.empty() && event.room != kept) return;
    admin_room_.invited_back = !kept.empty();
    admin_room_.tried = false;
    Retry& retry = retries_[way_to_admins()];
    retry.not_before = std::max(world_.tick, admin_room_.last_try + kInvitedAgain);
    retry.refused = true;
}

void Engine::seen_in_admin_room(bool in) {
    const AdminRoom::There before =
        std::exchange(admin_room_.there, in ? AdminRoom::There::in : AdminRoom::There::out);
    if (in && before == AdminRoom::There::out) admin_room_.trouble.clear();
    if (!in)
        admin_room_.trouble = fmt::format("the bot, {}, is not in {} ({}) any more: invite it there",
                                          settings_.bot, settings_.admin_room, tame_line(admin_room_id()));
}

// Where somebody wants to know: no event need have told that the bot was put out.
void Engine::ask_for_admin_room() {
    const std::string kept = admin_room_id();
    if (kept.empty()) return;
    Call call;
    call.kind = CallKind::read_member;
    call.room = kept;
    call.user = settings_.bot;
    ask(std::move(call));
}

// Another refusal than these says nothing of the room.
void Engine::take_admin_room(const CallResult& result) {
    const auto* member =
        result.member ? std::get_if<policy::MemberContent>(&result.member->content) : nullptr;
    if (result.out_of_room() || result.outcome == CallOutcome::absent)
        seen_in_admin_room(false);
    else if (member != nullptr)
        seen_in_admin_room(member->membership == policy::MembershipState::join);
    else
        admin_room_.there = AdminRoom::There::not_seen;
}

bool Engine::believed_of_admin_room(const std::string& maker) const {
    if (!settings_.admin_room.starts_with('#')) return true;
    const UserId user = world_.users.find(maker);
    if (!decider_ || !user.valid() || maker == world_.bot || !decider_->is_protected(user)) return false;
    const PersonId person = decider_->person_of(user);
    return !person.valid() || decider_->departed(person) != policy::Tri::yes;
}

// What became of the way there.
void Engine::in_admin_room(Intent& intent, const CallResult& result) {
    const std::string& name = settings_.admin_room;
    CallResult refused;
    refused.outcome = CallOutcome::refused;
    if (result.outcome == CallOutcome::absent) {
        refused.text = fmt::format("there is no room {}", name);
        return put_off(std::move(intent), refused);
    }
    intent.room_id = result.room;
    if (admin_room_id().empty() && !believed_of_admin_room(result.maker)) {
        refused.text =
            fmt::format("{} leads to {}, which {} made, whom the policy does not name under `protected`",
                        name, tame_line(result.room), tame_line(result.maker));
        return put_off(std::move(intent), refused);
    }
    admin_room_.trouble.clear();
    admin_room_.there = AdminRoom::There::in;
    admin_room_.invited_back = false;
    direct_rooms_[name] = result.room;
    mark("direct_room", name, result.room);
    log_.info("RC-ADMIN-ROOM", "the admins are told in this room from now on",
              {{"id", result.room}, {"made_by", result.maker}});
    result_entry(intent, fmt::format("done: that room was made by {}", tame_line(result.maker)), result.event,
                 true);
    ended(intent, true);
    forget_retry(intent.key());
    for (const NoticeDebt& debt : notices_)
        if (debt.to == name) forget_retry({ActionKind::notify, debt.key, debt.to});
    more_ = true;
}

void Engine::not_in_admin_room(const CallResult& result, const std::string& room) {
    const std::string mend =
        room.empty() ? fmt::format("invite the bot, {}, into the room that is the admins', and write its ID",
                                   settings_.bot)
                     : "if that room is the admins', write its ID";
    admin_room_.trouble =
        fmt::format("{}; {} into rollcall.yaml (appservice.admin_room: \"{}\") and restart the daemon",
                    tame_line(result.text), mend, room.empty() ? "!…" : tame_line(room));
}

}  // namespace rollcall::engine
