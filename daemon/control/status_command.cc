// status: health, and everything that could not be done.
#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "daemon/control/answer.h"
#include "daemon/control/by_hand.h"
#include "daemon/control/commands.h"
#include "daemon/control/hidden.h"
#include "daemon/control/kept_back.h"
#include "daemon/control/people_remarks.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/room_remarks.h"
#include "daemon/control/seen.h"
#include "policy/explain.h"

namespace rollcall::control {
namespace {

std::string_view health_text(policy::DirectoryHealth health) {
    switch (health) {
        case policy::DirectoryHealth::up:
            return "up";
        case policy::DirectoryHealth::unreachable:
            return "unreachable";
        case policy::DirectoryHealth::wrong_credentials:
            return "wrong credentials";
        case policy::DirectoryHealth::untrusted_certificate:
            return "certificate not trusted";
        case policy::DirectoryHealth::incomplete:
            return "read incomplete";
    }
    return "";
}

// Where the files as they are now cannot be applied: the first place, and what is wrong there; "" where they
// can, as far as can be told. Names of the directory are looked up only once it was read.
std::string policy_fault(const Context& context, const PolicyTexts& texts) {
    const auto& in_force = context.engine.policy();
    const policy::World& world = context.engine.world();
    Diagnostics found = context.policy->read.diagnostics;
    if (!has_errors(found) && world.directory_read)
        found = load_policy(texts, context.policy->read, context.engine.world(),
                            in_force ? in_force->pins : policy::Pins{})
                    .diagnostics;
    std::erase_if(found, [](const Diagnostic& one) { return one.severity != Severity::error; });
    if (found.empty()) return {};
    std::stable_sort(found.begin(), found.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
    const Diagnostic first = told(*context.policy, {found.front()}).front();
    return fmt::format("{}: {}{}", first.at.text(), first.message,
                       found.size() > 1 ? fmt::format(" (and {} more)", found.size() - 1) : "");
}

json::Value policy_json(const Context& context) {
    json::Value out;
    const auto& in_force = context.engine.policy();
    out.set("in_force", in_force.has_value());
    if (in_force) {
        out.set("version", in_force->version);
        out.set("applied", to_rfc3339(in_force->applied));
        out.set("by", in_force->caller);
        out.set("reason", in_force->reason);
    }
    const Result<PolicyTexts>& texts = context.policy->texts;
    const bool edited = !texts || !in_force || policy_version(*texts) != in_force->version;
    out.set("edited", edited);
    if (texts && edited)
        if (std::string fault = policy_fault(context, *texts); !fault.empty())
            out.set("fault", std::move(fault));
    out.set("edited_text", !texts ? texts.error().message : edited ? "edited, not applied" : "");
    return out;
}

json::Value clock_json(const engine::Engine& engine) {
    json::Value out;
    out.set("trusted", engine.clock().state() == engine::TrustedTime::State::confirmed);
    out.set("text", engine.clock().text());
    out.set("waits", engine.clock().state() == engine::TrustedTime::State::unwitnessed &&
                         !engine.clock().is_behind());  // for another one
    return out;
}

// Of whom what the directory hides is said in its own line already.
json::Value text_says(const policy::DirectoryStatus& status) {
    json::Value out;
    out.set("groups", status.remarks_on(policy::DirectoryRemark::About::groups));
    out.set("people", status.remarks_on(policy::DirectoryRemark::About::people));
    return out;
}

json::Value directory_json(const engine::Engine& engine, const policy::World& world) {
    json::Value out;
    const policy::DirectoryStatus& status = engine.directory_status();
    out.set("name", world.cursor.directory);
    out.set("server", world.cursor.server);
    // Without a daemon nobody asks it for this.
    const bool asked = !engine.settings().one_shot || engine.directory_current() ||
                       status.health != policy::DirectoryHealth::up;
    out.set("health", !asked                     ? "not asked"
                      : !directory_heard(engine) ? "not heard yet"
                                                 : health_text(status.health));
    out.set("text", frozen_words(engine, status.sentence()));
    if (status.health == policy::DirectoryHealth::up) out.set("text_says", text_says(status));
    out.set("read", world.directory_read);
    out.set("current", engine.directory_current());
    out.set("usn", static_cast<std::int64_t>(world.cursor.usn));
    out.set("last_answer", world.cursor.time == Time{} ? "" : to_rfc3339(world.cursor.time));
    out.set("frozen", frozen_words(engine, world.frozen));
    out.set("doubt", policy::doubt_text(world));
    out.set("people", static_cast<std::int64_t>(world.people.size()));
    out.set("groups", static_cast<std::int64_t>(world.groups.size()));
    return out;
}

json::Value homeserver_json(const Context& context) {
    engine::Engine& engine = context.engine;
    json::Value homeserver;
    homeserver.set("health", engine.reach().away()            ? "down"
                             : engine.reach().failing()       ? "failing"
                             : engine.reach().ever_answered() ? "up"
                                                              : "not asked");
    homeserver.set("text", homeserver_trouble(context));
    homeserver.set("requests", static_cast<std::int64_t>(engine.counters().requests));
    homeserver.set("transactions", static_cast<std::int64_t>(engine.counters().transactions));
    homeserver.set("mask", engine.settings().abilities.mask);
    homeserver.set("mask_text", engine.mask_gone() ? std::string(engine::kMaskGone)
                                : engine.mask() == engine::Engine::Mask::unknown
                                    ? std::string(engine::kMaskUnknown)
                                    : mask_differs(engine));
    homeserver.set("sign_in_text",
                   engine.sign_in_elsewhere() ? engine::kSignInElsewhere : std::string_view());
    if (engine.hears()) homeserver.set("events", events_json(engine));
    return homeserver;
}

struct Counted {
    std::int64_t rooms = 0, created = 0, filling = 0, lost = 0, members = 0, released = 0;
    Bans bans;
    json::Value protected_departed{json::Array{}}, aliases{json::Array{}};
};

Counted count(const engine::Engine& engine, const policy::World& world) {
    Counted out;
    const policy::Decider* decider = engine.decider();
    for (std::size_t i = 0; i < world.rooms.size(); ++i) {
        const policy::Room& room = world.rooms[i];
        if (room.released) {
            ++out.released;
            continue;
        }
        // Never made, and no longer wanted.
        if (room.id.empty() && decider != nullptr && decider->managed(RoomId(i)) < 0) continue;
        ++out.rooms;
        if (!room.id.empty()) ++out.created;
        if (room.phase == policy::RoomPhase::filling) ++out.filling;
        if (!room.id.empty() && !room.bot_joined) ++out.lost;
        out.members += static_cast<std::int64_t>(room.joined);
        const std::int32_t managed = decider != nullptr ? decider->managed(RoomId(i)) : -1;
        if (managed >= 0 && !room.alias_conflict.empty() &&
            room.alias_conflict ==
                policy::wanted_alias(*decider, decider->program().rooms[static_cast<std::size_t>(managed)]))
            out.aliases.push(room.alias_conflict + " leads to somebody else's room");
    }
    if (decider == nullptr) return out;
    out.bans = bans_of(*decider);
    for (const std::string& id : protected_departed(*decider)) out.protected_departed.push(id);
    return out;
}

// What could not be done; or, with `invited`, what now waits for people to accept.
json::Value failures_json(const engine::Engine& engine, bool invited) {
    json::Value list{json::Array{}};
    for (const engine::Failure& failure : engine.failures()) {
        // Of the admin room there is one line, however much is to be told there.
        if (failure.invited != invited || is_to_admins(engine, failure)) continue;
        json::Value row;
        row.set("action", failure.action);
        row.set("text", failure.text);
        row.set("attempts", failure.attempts);
        row.set("next", failure.next == Time{} ? "" : to_rfc3339(failure.next));  // "": never
        row.set("refused", failure.refused);
        if (is_of_the_barred(failure)) row.set("barred", true);
        list.push(std::move(row));
    }
    return list;
}

json::Value trail_json(const Context& context) {
    const engine::Engine& engine = context.engine;
    const audit::LogState& log = engine.log_state();
    json::Value out;
    out.set("entries", static_cast<std::int64_t>(engine.trail_size()));
    out.set("published", static_cast<std::int64_t>(log.published));
    out.set("signed", static_cast<std::int64_t>(log.signed_size));
    if (log.signed_at != Time{}) out.set("signed_at", to_rfc3339(log.signed_at));
    out.set("root", log.root);
    out.set("key", log.verifier);
    out.set("trouble", log.trouble);
    json::Value anchors{json::Array{}};
    for (const audit::AnchorState& at : log.anchors) {
        json::Value anchor;
        anchor.set("name", at.name);
        anchor.set("signed", static_cast<std::int64_t>(at.size));
        if (at.at != Time{}) anchor.set("at", to_rfc3339(at.at));
        anchor.set("trouble", at.trouble);
        anchor.set("read_back", at.read_back);
        anchors.push(std::move(anchor));
    }
    if (engine.settings().reads_only)  // without a daemon nobody asks them for this
        for (const schema::AnchorConfig& at : context.config.audit.anchors) {
            json::Value anchor;
            anchor.set("name", at.name);
            anchor.set("asked", false);
            anchors.push(std::move(anchor));
        }
    out.set("anchors", std::move(anchors));
    out.set("legal_holds", static_cast<std::int64_t>(engine.legal_holds().size()));
    return out;
}

json::Value collector_json(const engine::Engine& engine) {
    const audit::CollectorState& state = engine.collector_state();
    json::Value out;
    if (state.to.empty()) return out;
    const std::uint64_t entries = engine.trail_size();
    out.set("to", state.to);
    out.set("sent", static_cast<std::int64_t>(state.sent));
    out.set("waiting", static_cast<std::int64_t>(entries - std::min(entries, state.sent)));
    out.set("trouble", state.trouble);
    if (state.since != Time{}) out.set("since", to_rfc3339(state.since));
    return out;
}

// Rooms of which an owner was asked to sign the review off, and nobody has.
json::Value reviews_json(const engine::Engine& engine) {
    std::set<std::string> waiting, unsent;
    Time since = kNever;
    for (const auto& [key, ask] : engine.review_asks()) {
        if (ask.settled) continue;
        (ask.trouble.empty() ? waiting : unsent).insert(ask.room_key);
        since = std::min(since, ask.asked);
    }
    json::Value out;
    out.set("waiting", static_cast<std::int64_t>(waiting.size()));
    out.set("unsent", static_cast<std::int64_t>(unsent.size()));
    if (since != kNever) out.set("since", to_rfc3339(since));
    return out;
}

}  // namespace

Answer status(const Context& context) {
    engine::Engine& engine = context.engine;
    const policy::World& world = engine.world();
    Counted counted = count(engine, world);
    json::Value out, rooms, backlog, conflicts{json::Array{}};
    rooms.set("managed", counted.rooms);
    rooms.set("created", counted.created);
    rooms.set("filling", counted.filling);
    rooms.set("lost", counted.lost);
    rooms.set("released", counted.released);
    rooms.set("members", counted.members);
    backlog.set("actions",
                static_cast<std::int64_t>(engine.backlog().user_actions() + engine.backlog().room_actions()));
    backlog.set("in_flight", static_cast<std::int64_t>(engine.in_flight()));
    backlog.set("notices", static_cast<std::int64_t>(engine.notices_owed()));
    backlog.set("quiet", engine.quiet());
    if (engine.decider() != nullptr)
        for (const policy::IdentityConflict& conflict : engine.decider()->conflicts())
            conflicts.push(conflict.text);
    const json::Value holds = holds_json(engine);
    out.set("now", to_rfc3339(engine.date()));
    out.set("clock", clock_json(engine));
    out.set("time_zone", context.config.time_zone);
    out.set("policy", policy_json(context));
    out.set("directory", directory_json(engine, world));
    out.set("homeserver", homeserver_json(context));
    out.set("rooms", std::move(rooms));
    out.set("backlog", std::move(backlog));
    out.set("trail", trail_json(context));
    if (json::Value collector = collector_json(engine); !collector.is_null())
        out.set("collector", std::move(collector));
    out.set("reviews", reviews_json(engine));
    out.set("holds", holds["holds"]);
    out.set("rejected", holds["rejected"]);
    out.set("pause", engine.paused() == engine::Engine::Pause::none  ? "none"
                     : engine.paused() == engine::Engine::Pause::all ? "all"
                                                                     : "all but departures");
    out.set("pause_text", engine.pause_text());
    out.set("failures", failures_json(engine, false));
    out.set("invited", failures_json(engine, true));
    out.set("conflicts", std::move(conflicts));
    out.set("alias_conflicts", std::move(counted.aliases));
    out.set("bans", std::move(counted.bans.list));
    out.set("banned", counted.bans.belong);
    out.set("bans_of_approved", std::move(counted.bans.of_approved));
    out.set("protected_departed", std::move(counted.protected_departed));
    out.set("unreadable_people", unreadable_people_json(world));
    out.set("unreadable_groups", texts_json(unreadable_groups(world)));
    json::Value gone{json::Array{}};
    for (const auto& [guid, text] : engine.gone()) gone.push(text);
    out.set("gone", std::move(gone));
    out.set("room_trouble", engine.decider() == nullptr
                                ? json::Value(json::Array{})
                                : rooms_in_trouble(engine, *engine.decider(), engine.backlog()));
    out.set("stays", engine.decider() == nullptr ? json::Value(json::Array{})
                                                 : who_stays(engine, *engine.decider(), engine.backlog()));
    out.set("overdue", overdue_json(engine));
    out.set("grace", who_waits(engine));
    if (engine.decider() != nullptr) {
        out.set("out_by_hand", out_by_hand(*engine.decider(), engine.backlog()));
        out.set("must_accept", must_accept(*engine.decider(), engine.backlog()));
        out.set("changed_again", changed_again(engine));
    }
    out.set("not_understood", not_understood(engine));
    json::Value suspects{json::Array{}};
    for (const std::string& room : engine.suspect_rooms()) suspects.push(room);
    out.set("suspect_rooms", std::move(suspects));
    out.set("unremembered_rooms", texts_json(engine.unremembered_rooms()));
    out.set("bot_text", homeserver_trouble(context).empty() ? barred_text(engine) : "");
    out.set("admin_room_text", admin_room_trouble(engine));
    out.set("disk_full", engine.blocked());
    out.set("store_text", engine.store_trouble());
    out.set("log_lines_waiting", static_cast<std::int64_t>(engine.log().not_taken()));
    return ok(std::move(out), holds["holds"].array()->empty() ? 0 : 4);
}

}  // namespace rollcall::control
