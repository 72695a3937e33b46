#include "daemon/control/seen.h"

#include <fmt/format.h>
#include <algorithm>

#include "bridges/directory/pace.h"
#include "daemon/control/hidden.h"
#include "policy/base/text.h"
#include "schema/time_zone.h"

namespace rollcall::control {
namespace {

using engine::Engine;
using engine::WayBack;

// What was kept from before the time was kept, or never came by itself, has none: then nothing is said of it.
std::string when(const Context& context, std::string_view words, Time time) {
    return time == Time{} ? std::string()
                          : fmt::format(", {} {}", words, schema::local_time(time, context.config.time_zone));
}

// Of a failure that was not seen just now.
std::string tried(const Context& context, std::optional<Tick> last) {
    constexpr Duration kJustNow = std::chrono::seconds{2};
    const Engine& engine = context.engine;
    const Tick now = context.engine.world().tick;
    if (!last || now - *last <= kJustNow) return {};
    return when(context, "seen last at", engine.date() - (now - *last));
}

// The homeserver's administrator has suspended, locked or deactivated the bot's account: some of what it does
// is refused, and some is not. Seen by what was refused; there is no way to ask (client-server API, account
// suspension).
std::optional<Seen> barred(const Engine& engine) {
    std::string text = barred_text(engine);
    if (text.empty()) return std::nullopt;
    return Seen{"bot", false, std::move(text)};
}

Seen homeserver(const Context& context) {
    const Engine& engine = context.engine;
    const std::string& url = context.config.homeserver.url;
    const std::string trouble = homeserver_trouble(context);
    if (!trouble.empty())
        return {"homeserver", false, fmt::format("{} (homeserver.url) cannot be used: {}", url, trouble)};
    if (!engine.reach().ever_answered())
        return {"homeserver", false, fmt::format("{} (homeserver.url) has not answered yet", url)};
    return {"homeserver", true, fmt::format("{} answers, and knows registrations/rollcall.yaml", url)};
}

// It has answered before, and what it was asked since hangs.
std::optional<Seen> hanging(Engine& engine) {
    const engine::Overdue::Waiting waiting = engine.overdue().requests(engine.world().tick);
    if (waiting.count == 0) return std::nullopt;
    return Seen{"requests", false,
                fmt::format("{} the homeserver's answer, the longest for {}",
                            waiting.count == 1 ? "1 waits for" : fmt::format("{} wait for", waiting.count),
                            duration_text(std::chrono::floor<std::chrono::seconds>(waiting.longest)))};
}

Seen mask(const Engine& engine) {
    const std::string what = "mask registration";
    if (engine.mask_gone()) return {what, false, std::string(engine::kMaskGone)};
    if (engine.mask() == Engine::Mask::unknown) return {what, false, std::string(engine::kMaskUnknown)};
    if (engine.mask() == Engine::Mask::not_seen)
        return {what, false,
                "the homeserver has not said yet whether it knows registrations/rollcall-mask.yaml"};
    if (std::string differs = mask_differs(engine); !differs.empty())
        return {what, false, std::move(differs)};
    return {what, true, "the homeserver knows registrations/rollcall-mask.yaml"};
}

Seen events(const Context& context) {
    const WayBack& way = context.engine.way_back();
    const std::string& url = context.config.appservice.url;
    switch (way.state()) {
        case WayBack::State::broken:
            return {"events", false, way.trouble()};
        case WayBack::State::arrives: {
            const std::string again = way.came_again();
            return {"events", true,
                    fmt::format("the homeserver reaches the daemon at {}{}{}", url,
                                again.empty() ? "" : ", and tells again of what was missing: " + again,
                                when(context, "last at", way.last_seen()))};
        }
        case WayBack::State::not_seen:
            break;
    }
    return {
        "events", false,
        fmt::format("nothing has come from the homeserver to {} (appservice.url) yet; where it has no ping "
                    "(Matrix 1.7), let something happen in a managed room, and look again",
                    url)};
}

// Where the bot is not, little is seen and little can be done.
std::optional<Seen> rooms(Engine& engine) {
    constexpr std::size_t kMostNamed = 3;
    const policy::Decider* decider = engine.decider();
    if (decider == nullptr) return std::nullopt;
    const policy::World& world = engine.world();
    std::size_t made = 0, out = 0;
    std::string named;
    for (const policy::CompiledRoom& spec : decider->program().rooms) {
        const auto known = world.room_by_key.find(spec.key);
        if (known == world.room_by_key.end()) continue;
        const policy::Room& room = world.rooms[known->second.index()];
        if (room.id.empty() || room.released) continue;
        ++made;
        if (room.bot_joined) continue;
        if (++out <= kMostNamed) named += (named.empty() ? "#" : ", #") + spec.key;
    }
    if (out == 0) return std::nullopt;
    if (out == made && made > 1)
        return Seen{"rooms", false,
                    fmt::format("the bot, {}, is in none of the {} rooms any more: its account may have been "
                                "deactivated at the homeserver",
                                engine.settings().bot, made)};
    const std::string more = out > kMostNamed ? fmt::format(" and {} more", out - kMostNamed) : "";
    return Seen{"rooms", false,
                fmt::format("the bot is not in {}{}; `rollcall status` says what to do", named, more)};
}

// It answers like a directory, and has of most attributes, and of most groups' members, nothing.
bool is_global_catalog(const schema::Config& config) {
    constexpr std::string_view kPort = ":3269";
    return std::any_of(config.directories.begin(), config.directories.end(), [&](const auto& directory) {
        return std::any_of(directory.servers.begin(), directory.servers.end(), [&](const std::string& url) {
            return url.ends_with(kPort) || url.ends_with(std::string(kPort) + "/");
        });
    });
}

Seen directory(const Context& context) {
    const Engine& engine = context.engine;
    const policy::World& world = context.engine.world();
    const policy::DirectoryStatus& status = engine.directory_status();
    if (status.health != policy::DirectoryHealth::up)
        return {"directory", false,
                (status.text.empty() ? "the directory cannot be read" : frozen_words(engine, status.text)) +
                    tried(context, engine.directory_told())};
    if (!directory_heard(engine)) return {"directory", false, "it has not answered anything since the start"};
    if (!world.frozen.empty()) return {"directory", false, frozen_words(engine, world.frozen)};
    if (std::string doubt = policy::doubt_text(world); !doubt.empty())
        return {"directory", false, std::move(doubt)};
    if (!world.directory_read) return {"directory", false, "it has not been read completely yet"};
    if (!engine.directory_current())
        return {"directory", false, "what it says now is not known yet: this is what it said before"};
    if (is_global_catalog(context.config))
        return {
            "directory", false,
            "port 3269 is that of the global catalog, which lacks most attributes and the members of most "
            "groups; write the URL without a port (636), and restart the daemon"};
    const std::string& server = world.cursor.server.empty() ? world.cursor.directory : world.cursor.server;
    const std::optional<Tick> last = context.engine.directory().last_answer();
    const Time answered = last ? engine.date() - (world.tick - *last) : world.cursor.time;
    if (last && world.tick - *last > 2 * directory::kLookEvery)
        return {"directory", false,
                fmt::format("{} has not said whether anything has changed{}", server,
                            when(context, "since", answered))};
    return {"directory", true,
            fmt::format("{} was read: {} people, {} groups{}", server, world.people.size(),
                        world.groups.size(), when(context, "as of", answered))};
}

// Nothing ends by a date that is not known. While the directory cannot be asked, that it says none is no
// second cause; but that this machine's clock is wrong may be the first.
std::optional<Seen> clock_seen(const Engine& engine, bool directory_ok) {
    const engine::TrustedTime& date = engine.clock();
    const bool waits = date.state() == engine::TrustedTime::State::unwitnessed && !date.is_behind();
    std::string text = date.text();
    if (text.empty() || (waits && !directory_ok)) return std::nullopt;
    return Seen{"clock", false, std::move(text)};
}

// A departure is planned once it is known whether there is an account of that name.
std::optional<Seen> accounts_seen(Engine& engine) {
    constexpr std::size_t kMostNamed = 3;
    const std::vector<UserId> awaited = engine.accounts_awaited();
    if (awaited.empty()) return std::nullopt;
    std::string named;
    for (std::size_t i = 0; i < std::min(awaited.size(), kMostNamed); ++i)
        named += (i == 0 ? "" : ", ") + tame_line(engine.world().users.text(awaited[i]));
    if (awaited.size() > kMostNamed) named += fmt::format(" and {} more", awaited.size() - kMostNamed);
    return Seen{
        "accounts", false,
        fmt::format("the homeserver has not said whether there is an account of whoever has departed: "
                    "{}; what is to be done about them is not known",
                    named)};
}

}  // namespace

bool is_of_the_barred(const engine::Failure& failure) {
    return engine::is_of_the_barred(failure.as_bot, failure.text);
}

std::string barred_text(const Engine& engine) {
    for (const engine::Failure& failure : engine.failures())
        if (is_of_the_barred(failure))
            return fmt::format(
                "the homeserver's administrator has barred the account {}: {} Have that undone; `rollcall "
                "check --online` has it tried again",
                engine.settings().bot, failure.text);
    return {};
}

std::string paused_text(const Engine& engine) {
    if (engine.paused() == Engine::Pause::none) return {};
    return fmt::format("nothing{} is carried out until `rollcall resume`: {}",
                       engine.paused() == Engine::Pause::all ? ", no departure either," : " but departures",
                       engine.pause_text());
}

std::string pause_stops(const Engine& engine, bool departure) {
    if (engine.paused() == Engine::Pause::all)
        return "everything is paused, departures too, until `rollcall resume`";
    if (engine.paused() == Engine::Pause::none || departure) return {};
    return "everything but departures is paused until `rollcall resume`";
}

std::string mask_differs(const Engine& engine) {
    if (!engine.settings().mask_covers || !engine.decider()) return {};
    const policy::World& world = engine.decider()->world();
    std::size_t refused = 0;
    std::string first;
    for (const UserId user : world.uncovered) {
        const std::string& name = world.users.text(user);
        if (engine.settings().mask_covers(name) && ++refused == 1) first = name;
    }
    if (refused == 0) return {};
    return fmt::format(
        "the homeserver lets nobody act as {}{}, whom registrations/rollcall-mask.yaml covers: it reads "
        "another copy of "
        "that file; copy this one there and restart the homeserver",
        tame_line(first), refused > 1 ? fmt::format(" and {} more", refused - 1) : "");
}

std::string homeserver_trouble(const Context& context) {
    const engine::Reach& reach = context.engine.reach();
    const std::string trouble = reach.trouble();
    return trouble.empty() ? trouble : trouble + tried(context, reach.last_missed());
}

std::string admin_room_trouble(const Engine& engine) {
    if (const std::string& trouble = engine.admin_room_trouble(); !trouble.empty()) return trouble;
    for (const engine::Failure& failure : engine.failures())
        if (is_to_admins(engine, failure))
            return fmt::format("what is to be told in {} is refused: {}", engine.settings().admin_room,
                               tame_line(failure.text));
    return {};
}

bool is_to_admins(const Engine& engine, const engine::Failure& failure) {
    const std::string& name = engine.settings().admin_room;
    return failure.refused && !name.empty() && failure.action.starts_with("notify ") &&
           failure.action.ends_with(" " + name);
}

// "" where the room is none of the policy's.
std::string who_reads(const Engine& engine, const std::string& room_id) {
    if (!engine.decider()) return {};
    const policy::World& world = engine.decider()->world();
    const auto room = world.room_by_id.find(room_id);
    if (room == world.room_by_id.end() || engine.decider()->managed(room->second) < 0) return {};
    return fmt::format(", which is #{} of the policy: whoever that lets in reads what the admins are told",
                       world.rooms[room->second.index()].key);
}

// Who cannot be asked, or may write nothing, tells the admins nothing.
std::optional<Seen> admin_room_seen(const Engine& engine, const std::vector<Seen>& ways) {
    const std::string &name = engine.settings().admin_room, kept = engine.admin_room_id();
    if (name.empty()) return std::nullopt;
    const std::string what = "admin room", room = tame_line(kept);
    const engine::Addresses::Seen* seen = engine.addresses().at(name);
    const bool nowhere = kept.empty() && seen != nullptr && seen->said && seen->room.empty();
    // Before there is a policy the bot goes nowhere, and nobody can say whose room that is.
    if (kept.empty() && !engine.policy() && !nowhere) return std::nullopt;
    for (const Seen& one : ways)
        if (!one.ok && (one.what == "homeserver" || one.what == "bot"))
            return Seen{what, false,
                        one.what == "bot" ? "not tried: the bot's account is barred"
                                          : "not tried: the homeserver cannot be used"};
    if (const std::string trouble = admin_room_trouble(engine); !trouble.empty())
        return Seen{what, false, "the admins are told nothing: " + trouble};
    if (name.starts_with('#') && seen == nullptr)
        return Seen{what, false, "not tried: where " + name + " leads"};
    if (seen != nullptr && !seen->said)
        return Seen{what, false,
                    fmt::format("where {} leads could not be seen: {}", name, tame_line(seen->trouble))};
    if (nowhere)
        return Seen{
            what, false,
            fmt::format("there is no room {} (appservice.admin_room): make one, invite the bot, {}, and "
                        "write the room's ID in place of that address",
                        name, engine.settings().bot)};
    if (kept.empty())
        return Seen{what, false,
                    fmt::format("the bot has not been in {} yet: whose room it is will be seen by a daemon "
                                "that runs",
                                name)};
    if (seen != nullptr && kept != seen->room)
        return Seen{
            what, false,
            fmt::format("{} leads {}{}, and the bot goes on writing in {}, where it led before; write the "
                        "right one's ID in place of that address",
                        name, seen->room.empty() ? "nowhere" : "to ", tame_line(seen->room), room)};
    if (engine.bot_in_admin_room() != engine::AdminRoom::There::in)
        return Seen{what, false, fmt::format("the homeserver did not say whether the bot is in {}", room)};
    return Seen{what, true,
                fmt::format("the bot writes in {}{}", room == name ? room : name + ", " + room,
                            who_reads(engine, kept))};
}

bool directory_heard(const Engine& engine) {
    return engine.directory_tried() || !engine.directory_status().server.empty();
}

std::vector<Seen> what_was_seen(const Context& context) {
    Engine& engine = context.engine;
    std::vector<Seen> out{homeserver(context)};
    if (out.front().ok) {
        if (std::optional<Seen> hangs = hanging(engine)) out.push_back(std::move(*hangs));
        if (std::optional<Seen> bot = barred(engine)) out.push_back(std::move(*bot));
        if (engine.mask() != Engine::Mask::none || engine.mask_gone()) out.push_back(mask(engine));
        if (engine.hears()) out.push_back(events(context));
        if (std::optional<Seen> lost = rooms(engine)) out.push_back(std::move(*lost));
        if (std::optional<Seen> unknown = accounts_seen(engine)) out.push_back(std::move(*unknown));
    }
    Seen read = directory(context);
    if (std::optional<Seen> date = clock_seen(engine, read.ok)) out.push_back(std::move(*date));
    out.push_back(std::move(read));
    for (Seen& part : hidden_parts(engine.world())) out.push_back(std::move(part));
    if (engine.blocked())
        out.push_back(
            {"store", false,
             "it cannot be written, so nothing new is taken in: the disk is full, or another program "
             "holds rollcall.db; the log's RC-DISK-FULL says which it is"});
    if (std::string misplaced = engine.store_trouble(); !misplaced.empty())
        out.push_back(
            {"store", false, misplaced + "; put that file back under its name before the daemon ends"});
    if (const std::string& trouble = engine.log_state().trouble; !trouble.empty())
        out.push_back(
            {"trail", false, "the audit log cannot be written, and waits in the store: " + trouble});
    return out;
}

std::vector<Seen> every_way(const Context& context) {
    const Engine& engine = context.engine;
    std::vector<Seen> out = what_was_seen(context);
    const auto not_tried = [&out](std::string what) {
        if (std::none_of(out.begin(), out.end(), [&](const Seen& one) { return one.what == what; }))
            out.insert(out.end() - 1, {std::move(what), false, "not tried: the homeserver cannot be used"});
    };
    const bool usable = out.front().ok;
    if (!usable && engine.mask() != Engine::Mask::none) not_tried("mask registration");
    if (!usable && engine.hears()) not_tried("events");
    return out;
}

json::Value to_json(const std::vector<Seen>& seen) {
    json::Value list{json::Array{}};
    for (const Seen& one : seen) {
        json::Value row;
        row.set("what", one.what);
        row.set("ok", one.ok);
        row.set("text", one.text);
        list.push(std::move(row));
    }
    return list;
}

json::Value unseen(const std::vector<Seen>& seen) {
    json::Value list{json::Array{}};
    for (const Seen& one : seen)
        if (!one.ok) list.push(one.what + ": " + one.text);
    return list;
}

json::Value texts_json(const std::vector<std::string>& texts) {
    json::Value list{json::Array{}};
    for (const std::string& text : texts) list.push(text);
    return list;
}

json::Value events_json(const Engine& engine) {
    const WayBack& way = engine.way_back();
    json::Value out;
    out.set("state", way.state() == WayBack::State::arrives  ? "arrive"
                     : way.state() == WayBack::State::broken ? "missing"
                                                             : "not seen");
    out.set("text", way.trouble());
    out.set("last_seen", way.last_seen() == Time{} ? "" : to_rfc3339(way.last_seen()));
    return out;
}

}  // namespace rollcall::control
