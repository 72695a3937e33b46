// Engine: what people change by hand although the policy says it, and what of that goes on and on
// (put_backs.h).
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/base/text.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using schema::TrailEntry;
using schema::TrailKind;

namespace {

constexpr std::string_view kAgain = "again/";  // room key, and what puts it back

std::string told_id(const ActionKey& key) {
    return fmt::format("{}{}/{} {}", kAgain, key.room, to_text(key.kind), key.user);
}

ActionKey told_key(std::string_view id) {
    id.remove_prefix(kAgain.size());
    const std::size_t room = id.find('/'), kind = id.find(' ', room);
    ActionKey key = ActionKey::from_text(
                        fmt::format("{} - {}", id.substr(room + 1, kind - room - 1), id.substr(kind + 1)))
                        .value_or(ActionKey{});
    key.room = id.substr(0, room);
    return key;
}

// "name: changed by hand"
std::string what_happens(const ActionKey& key) {
    return key.user.empty() ? fmt::format("{}: changed by hand", policy::room_change_words(key.kind))
                            : fmt::format("{} leaves", tame_line(key.user));
}

std::string no_more(const ActionKey& key) {
    return key.user.empty() ? fmt::format("{}: nobody has changed it by hand for an hour",
                                          policy::room_change_words(key.kind))
                            : fmt::format("{} has not left for an hour", tame_line(key.user));
}

// "#crew, name: …", "#crew: @amy:… leaves …"
std::string in_room(const ActionKey& key, const std::string& text) {
    return fmt::format("#{}{} {}", key.room, key.user.empty() ? "," : ":", text);
}

}  // namespace

// Whatever was done before, somebody undid it: that it is to be done again is no fault of ours.
void Engine::changed_by_hand(const policy::ByHand& one) {
    const int managed = decider_ ? decider_->managed(one.room) : -1;
    if (managed < 0) return;
    const ActionKey key{one.setting, world_.rooms[one.room.index()].key,
                        one.user.valid() ? world_.users.text(one.user) : std::string()};
    std::erase_if(repeats_, [&](const auto& repeat) {
        const ActionKey& done = repeat.first;
        if (done.room != key.room) return false;
        if (one.user.valid()) return done.user == key.user && done.kind != ActionKind::set_power;
        return done.kind == key.kind ||
               (key.kind == ActionKind::set_power_levels && done.kind == ActionKind::set_power);
    });
    // Of memberships only an own leave is undone each time; a kick once an hour (policy::kPutBackEvery).
    const auto index = static_cast<std::uint32_t>(managed);
    if (one.user.valid() &&
        (!one.own_leave || decider_->program().rooms[index].leaving != policy::Leaving::rejoin ||
         decider_->verdict(one.user, index).presence != policy::Presence::in))
        return;
    if (put_backs_.changed(key, one.by, date(), world_.tick)) say_changed_again(key, one.by);
}

void Engine::say_changed_again(const ActionKey& key, const std::string& by) {
    const PutBacks::PutBack& known = put_backs_.all().at(key);
    const std::string text =
        fmt::format("{} again and again, {} times since {}; it is put back {}", what_happens(key),
                    known.changes, to_rfc3339(known.since),
                    policy::decides_who_reads(key.kind) ? "at once each time"
                                                        : "more and more seldom, at most once an hour");
    log_.warn("RC-CHANGED-AGAIN", text, {{"room", key.room}, {"user", by}});
    put_back_entry(key, TrailKind::failure, text, by);
    tell_trouble(told_id(key),
                 fmt::format("{} (last by {}). Have that stop, or change the policy: `rollcall status` "
                             "lists it.",
                             in_room(key, text), tame_line(by)));
}

void Engine::put_back_entry(const ActionKey& key, TrailKind kind, const std::string& text,
                            const std::string& by) {
    TrailEntry entry;
    entry.kind = kind;
    entry.action = "put back";
    entry.room_key = key.room;
    if (const auto room = world_.room_by_key.find(key.room); room != world_.room_by_key.end())
        entry.room = world_.rooms[room->second.index()].id;
    entry.user = key.user;
    entry.sender = by;
    entry.result = text;
    record(std::move(entry));
}

// What was done puts right what somebody had changed.
void Engine::put_back(const Intent& intent) {
    if (intent.action == ActionKind::add) put_backs_.done(intent.key(), world_.tick);
    const auto setting = intent.call.kind == CallKind::put_state ? policy::setting_of(intent.content)
                                                                 : std::optional<ActionKind>();
    if (setting) put_backs_.done({*setting, intent.room, ""}, world_.tick);
}

void Engine::look_at_put_backs() {
    for (const ActionKey& key : put_backs_.calm(world_.tick)) {
        log_.info("RC-CHANGED-NO-MORE", no_more(key), {{"room", key.room}});
        put_back_entry(key, TrailKind::result, no_more(key), "");
    }
}

// A start knows nothing of what was before it, and says so only when it has seen that much of rest.
std::optional<std::string> Engine::changed_again_over(const std::string& id) const {
    const ActionKey key = told_key(id);
    if (put_backs_.again(key) || world_.tick - started_ < PutBacks::kCalm) return std::nullopt;
    return in_room(key, no_more(key)) + ".";
}

}  // namespace rollcall::engine
