#include "daemon/control/room_remarks.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "daemon/engine/room_texts.h"
#include "policy/base/text.h"

namespace rollcall::control {
namespace {

using policy::ActionKind;
using policy::Room;

constexpr std::size_t kMost = 100;  // of each list; more are counted

void add(json::Value& list, std::size_t& more, std::string text) {
    if (list.array()->size() < kMost)
        list.push(std::move(text));
    else
        ++more;
}

json::Value finished(json::Value list, std::size_t more) {
    if (more > 0) list.push(fmt::format("… and {} more", more));
    return list;
}

void add_unread(engine::Engine& engine, json::Value& list, std::size_t& more) {
    const policy::World& world = engine.world();
    for (const auto& [what, trouble] : engine.unread().all()) {
        if (trouble.attempts < engine::ReadAgain::kTold) continue;
        if (world.rooms[what.room.index()].released) continue;
        const std::string& key = world.rooms[what.room.index()].key;
        add(list, more,
            fmt::format(
                "{} could not be read since {}; nothing is concluded from that, and it is tried again: {}",
                what.user.empty() ? "#" + key : tame_line(what.user) + " in #" + key,
                to_rfc3339(trouble.since), tame_line(trouble.text)));
    }
}

// Nobody can take them out: "" where somebody can.
std::string why_stays(engine::Engine& engine, RoomId id, UserId user) {
    const policy::World& world = engine.world();
    const bool leaves =
        engine.settings().abilities.mask && world.is_local(world.users.text(user)) && world.covered(user);
    if (leaves) return {};
    if (!world.rooms[id.index()].bot_joined) return "the bot is not in it";
    return policy::not_below_bot(world, id, user) ? policy::power_words(world, id, user) : std::string();
}

json::Value in_trouble(engine::Engine& engine, const policy::Decider& decider, const policy::Backlog& backlog,
                       bool lost_too) {
    const policy::World& world = engine.world();
    json::Value list{json::Array{}};
    std::size_t more = 0;
    for (std::uint32_t r = 0; r < decider.program().rooms.size(); ++r) {
        const RoomId id = decider.world_room(r);
        if (!id.valid() || world.rooms[id.index()].id.empty()) continue;
        const Room& room = world.rooms[id.index()];
        if (!room.bot_joined && lost_too)
            add(list, more, engine::lost_text(world, id, engine.seen_through(id), backlog.adds_waiting(r)));
        if (!room.state.tombstone.empty())
            add(list, more, engine::replaced_text(world, id, backlog.adds_waiting(r)));
    }
    for (const auto& [room, size] : engine.large_rooms())
        if (const auto known = world.room_by_id.find(room);
            known != world.room_by_id.end() && !world.rooms[known->second.index()].released)
            add(list, more,
                fmt::format("#{}: {}; each look at the room costs the homeserver that much, and 512 MiB "
                            "cannot be read. "
                            "Have them stop, and make the room anew under another key",
                            world.rooms[known->second.index()].key, engine::large_text(size)));
    add_unread(engine, list, more);
    return finished(std::move(list), more);
}

void add_lines(const json::Value& texts, const char* what, std::vector<Seen>& out) {
    constexpr std::size_t kMostNamedLines = 5;
    const json::Array& all = *texts.array();
    const std::size_t shown = all.size() <= kMostNamedLines + 1 ? all.size() : kMostNamedLines;
    for (std::size_t i = 0; i < shown; ++i) out.push_back({what, false, all[i].text()});
    if (shown < all.size())
        out.push_back(
            {what, false, fmt::format("{} more; `rollcall status` names them", all.size() - shown)});
}

// Whoever has departed, and of whom the homeserver refuses what must still be done: a line each.
json::Value refused_departures(engine::Engine& engine) {
    json::Value list{json::Array{}};
    std::size_t more = 0;
    std::set<std::string> told;
    for (const engine::Failure& failure : engine.failures()) {
        const auto key = policy::ActionKey::from_text(failure.action);
        if (!failure.refused || is_of_the_barred(failure) || !key) continue;
        const bool departing = key->kind == ActionKind::sign_out || key->kind == ActionKind::list_rooms ||
                               key->kind == ActionKind::leave_unmanaged || key->kind == ActionKind::forget;
        // Who was only removed has a past to forget too.
        const UserId user = engine.world().users.find(key->user);
        if (!departing || !engine.world().departing.contains(user) || !told.insert(key->user).second)
            continue;
        add(list, more,
            fmt::format("{} has departed, and not everything is done: {}", tame_line(key->user),
                        tame_line(failure.text)));
    }
    return finished(std::move(list), more);
}

}  // namespace

json::Value rooms_in_trouble(engine::Engine& engine, const policy::Decider& decider,
                             const policy::Backlog& backlog) {
    return in_trouble(engine, decider, backlog, true);
}

bool wants_another_key(engine::Engine& engine, const std::string& key) {
    const policy::World& world = engine.world();
    const auto known = world.room_by_key.find(key);
    if (known == world.room_by_key.end()) return false;
    const Room& room = world.rooms[known->second.index()];
    return !room.id.empty() &&
           (!room.bot_joined || !room.state.tombstone.empty() || engine.large_rooms().contains(room.id));
}

std::vector<Seen> not_kept(engine::Engine& engine, const policy::Decider& decider,
                           const policy::Backlog& backlog) {
    std::vector<Seen> out;
    add_lines(in_trouble(engine, decider, backlog, false), "rooms", out);
    add_lines(who_stays(engine, decider, backlog), "people", out);
    add_lines(refused_departures(engine), "people", out);
    return out;
}

json::Value who_stays(engine::Engine& engine, const policy::Decider& decider,
                      const policy::Backlog& backlog) {
    json::Value list{json::Array{}};
    const policy::World& world = engine.world();
    std::size_t more = 0;
    for (const policy::Lane lane : {policy::Lane::departure, policy::Lane::outsider, policy::Lane::removal}) {
        const policy::IdSet& users = backlog.users_in(lane);
        for (std::size_t u = users.next(0); u != policy::IdSet::npos; u = users.next(u + 1))
            for (const policy::UserAction& action : backlog.actions(UserId(u))) {
                if (action.lane != lane || action.kind != ActionKind::remove) continue;
                const RoomId id = decider.world_room(action.room);
                if (!id.valid()) continue;
                const std::string why = why_stays(engine, id, UserId(u));
                if (why.empty()) continue;
                add(list, more,
                    fmt::format("{} cannot be taken out of #{}: {}", tame_line(world.users.text(UserId(u))),
                                world.rooms[id.index()].key, why));
            }
    }
    return finished(std::move(list), more);
}

json::Value not_understood(engine::Engine& engine) {
    const policy::World& world = engine.world();
    json::Value list{json::Array{}};
    for (const engine::Unreadable::Event& event : engine.unreadable().named()) {
        const auto known = world.room_by_id.find(event.what.room);
        const std::string room =
            known == world.room_by_id.end()
                ? tame_line(event.what.room)
                : fmt::format("#{} ({})", world.rooms[known->second.index()].key, tame_line(event.what.room));
        std::string text = fmt::format(
            "event {} in {}", event.what.event.empty() ? "without an ID" : tame_line(event.what.event),
            event.what.room.empty() ? "no room that it names" : room);
        if (!event.what.user.empty()) text += fmt::format(", about {}", tame_line(event.what.user));
        text += fmt::format(": {}, since {}", event.what.why, to_rfc3339(event.since));
        if (event.what.may_be_member() && event.what.user.empty())
            text += "; who is in that room is not wholly known";
        list.push(std::move(text));
    }
    if (const std::size_t more = engine.unreadable().unnamed(); more > 0)
        list.push(fmt::format("… and {} more", more));
    return list;
}

json::Value room_doubts(const engine::Engine& engine, const policy::World& world, RoomId id) {
    json::Value list{json::Array{}};
    const Room& room = world.rooms[id.index()];
    if (room.id.empty()) return list;
    if (const std::string seen_by = engine.seen_through(id); !room.bot_joined && !seen_by.empty())
        list.push(
            fmt::format("the bot is not in this room: who is in it is seen in the name of {} every "
                        "minute, and nobody is added",
                        tame_line(seen_by)));
    else if (!room.bot_joined)
        list.push(
            "the bot is not in this room: who is in it is known as of when it was, and nobody is added");
    if (!room.state.tombstone.empty()) {
        const std::string where = engine::led_to(world, room);
        list.push(fmt::format(
            "the room was upgraded: people are led on to {}, and who is there is not shown here", where));
    }
    std::size_t events = 0;
    for (const engine::Unreadable::Event& event : engine.unreadable().named())
        if (event.what.room == room.id) ++events;
    if (events > 0)
        list.push(
            fmt::format("{} cannot be understood (`rollcall status` names {}): whoever that is about is "
                        "shown as they were known before, or not at all",
                        events == 1 ? "1 event of this room" : fmt::format("{} events of it", events),
                        events == 1 ? "it" : "them"));
    return list;
}

json::Value room_not_read(const engine::Engine& engine, RoomId id) {
    json::Value list{json::Array{}};
    constexpr std::string_view kAsBefore = "this is what was known before";
    if (engine.settings().one_shot)
        list.push(fmt::format("no daemon is running, and nobody has looked since the last one ended: {}",
                              kAsBefore));
    else if (const std::string trouble = engine.reach().trouble(); !trouble.empty())
        list.push(fmt::format("the homeserver cannot be used ({}): {}", tame_line(trouble), kAsBefore));
    else if (engine.hears() && engine.way_back().state() == engine::WayBack::State::broken)
        list.push(fmt::format("the homeserver does not reach the daemon: {}", kAsBefore));
    std::size_t members = 0;
    for (const auto& [what, trouble] : engine.unread().all()) {
        if (what.room != id || trouble.attempts < engine::ReadAgain::kTold) continue;
        if (!what.user.empty())
            ++members;
        else
            list.push(fmt::format("the room could not be read since {}: this is what was known before",
                                  to_rfc3339(trouble.since)));
    }
    if (members > 0)
        list.push(fmt::format("{} of its members could not be read: they are shown as they were known before",
                              members));
    return list;
}

}  // namespace rollcall::control
