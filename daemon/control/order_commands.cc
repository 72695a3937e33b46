// Commands that give the engine an order, and the lists beside them.
#include <fmt/format.h>

#include "daemon/control/answer.h"
#include "daemon/control/commands.h"
#include "daemon/control/seen.h"

namespace rollcall::control {

namespace {

json::Value texts(const std::vector<policy::ActionKey>& keys) {
    json::Value list{json::Array{}};
    for (const policy::ActionKey& key : keys) list.push(key.text());
    return list;
}

std::string_view pause_text(engine::Engine::Pause pause) {
    switch (pause) {
        case engine::Engine::Pause::none:
            return "none";
        case engine::Engine::Pause::all_but_departures:
            return "all but departures";
        case engine::Engine::Pause::all:
            return "all";
    }
    return "";
}

Answer set_pause(const Context& context, engine::Engine::Pause pause, const std::string& reason) {
    context.engine.pause(pause, context.caller, reason);
    json::Value result;
    result.set("pause", pause_text(pause));
    return ok(std::move(result));
}

// Why somebody who is to be let into a room is not let in now; "" where nothing is known that stops it.
std::string why_it_waits(const Context& context, std::uint32_t room) {
    engine::Engine& engine = context.engine;
    if (std::string paused = pause_stops(engine, false); !paused.empty()) return paused;
    const std::vector<Seen> seen = what_was_seen(context);
    if (!seen.front().ok) return seen.front().text;
    if (engine.mask() == engine::Engine::Mask::unknown) return std::string(engine::kMaskUnknown);
    const RoomId id = engine.decider()->world_room(room);
    if (id.valid() && !engine.world().rooms[id.index()].bot_joined) return "the bot is not in this room";
    return {};
}

// Why what was approved is not done now, or not all of it.
std::vector<std::string> approval_waits(const Context& context,
                                        const std::vector<policy::ActionKey>& wanted) {
    engine::Engine& engine = context.engine;
    std::vector<std::string> out;
    const auto departs = [&engine](const policy::ActionKey& key) {
        const UserId user = engine.world().users.find(key.user);
        return user.valid() && engine.backlog().users_in(policy::Lane::departure).contains(user.index());
    };
    if (wanted.empty()) return out;
    if (engine.settings().one_shot) out.emplace_back("no daemon is running that would do it");
    if (std::string paused = pause_stops(engine, std::all_of(wanted.begin(), wanted.end(), departs));
        !paused.empty())
        out.push_back(std::move(paused));
    if (engine.reach().away()) out.push_back("the homeserver cannot be used: " + engine.reach().trouble());
    return out;
}

// Guards must have counted the whole plan: until then the command waits.
Answer answer_hold(const Context& context, bool yes) {
    const Result<std::string> reason = reason_of(context);
    if (!reason) return error(reason.error());
    engine::Engine& engine = context.engine;
    if (engine.decider() != nullptr && !engine.counted()) return std::nullopt;
    const std::string id = context.args["id"].text();
    if (engine.decider() == nullptr)
        return error(Error{ErrorKind::not_found, fmt::format("no hold '{}'", id),
                           "no policy is in force, so no guard holds anything"});
    const auto answer = engine.answer(yes, id, context.caller, *reason);
    if (!answer) return error(answer.error());
    json::Value result;
    result.set("id", answer->id);
    result.set("wanted", texts(answer->wanted));
    result.set("unwanted", texts(answer->unwanted));
    if (!yes) return ok(std::move(result));
    const std::vector<std::string> waits = approval_waits(context, answer->wanted);
    result.set("waits", texts_json(waits));
    return ok(std::move(result), waits.empty() ? 0 : 1);
}

}  // namespace

Result<std::string> reason_of(const Context& context) {
    std::string reason = context.args["reason"].text();
    if (reason.empty())
        return fail(ErrorKind::invalid_input, "a reason is needed",
                    "add --reason \"…\"; it goes into the audit trail");
    if (reason.size() > 1000)
        return fail(ErrorKind::invalid_input, "the reason is longer than 1,000 bytes", "shorten it");
    return reason;
}

Answer pause(const Context& context) {
    const Result<std::string> reason = reason_of(context);
    if (!reason) return error(reason.error());
    const bool all = context.args["all"].boolean_or(false);
    return set_pause(context, all ? engine::Engine::Pause::all : engine::Engine::Pause::all_but_departures,
                     *reason);
}

Answer resume(const Context& context) {
    return set_pause(context, engine::Engine::Pause::none, context.args["reason"].text());
}

namespace {

// Why nothing is done about somebody's departure now, or not all of it.
std::vector<std::string> departure_waits(const Context& context, PersonId person) {
    engine::Engine& engine = context.engine;
    const policy::World& world = engine.world();
    std::vector<std::string> out;
    if (engine.settings().one_shot) out.emplace_back("no daemon is running that would do it");
    const policy::Decider* decider = engine.decider();
    if (decider == nullptr) {
        out.emplace_back("no policy is in force: nobody is taken out of anything before `rollcall apply`");
        return out;
    }
    if (std::string paused = pause_stops(engine, true); !paused.empty()) out.push_back(std::move(paused));
    if (engine.reach().away()) out.push_back("the homeserver cannot be used: " + engine.reach().trouble());
    const UserId user = decider->departs_as(person);
    if (!user.valid()) {
        out.emplace_back("no Matrix ID is theirs: `rollcall status` names who claims one that another has");
        return out;
    }
    const std::string& name = world.users.text(user);
    if (user == decider->bot()) {
        out.push_back(name + " is the bot's own account, which stays");
        return out;
    }
    if (decider->is_protected(user)) out.push_back("the policy protects " + name + ", who is never removed");
    if (!engine.settings().abilities.mask)
        out.emplace_back("there is no mask registration: their sessions go on");
    else if (engine.mask() == engine::Engine::Mask::unknown)
        out.emplace_back("their sessions go on until the homeserver knows registrations/rollcall-mask.yaml");
    else if (!world.covered(user))
        out.push_back("the mask registration does not cover " + name + ": their sessions go on");
    return out;
}

}  // namespace

Answer depart(const Context& context) {
    const Result<std::string> reason = reason_of(context);
    if (!reason) return error(reason.error());
    const Result<PersonId> person = find_person(context.engine, context.args["user"].text());
    if (!person) return error(person.error());
    const bool taken_back = context.args["take_back"].boolean_or(false);
    context.engine.depart(*person, taken_back, context.caller, *reason);
    json::Value result;
    result.set("login", context.engine.world().people[person->index()].login.view());
    result.set("departed", context.engine.decider() != nullptr &&
                               context.engine.decider()->departed(*person) == policy::Tri::yes);
    if (taken_back) return ok(std::move(result));
    json::Value waits{json::Array{}};
    for (std::string& why : departure_waits(context, *person)) waits.push(std::move(why));
    const bool all = waits.array()->empty();
    result.set("waits", std::move(waits));
    return ok(std::move(result), all ? 0 : 1);
}

Answer readmit(const Context& context) {
    const Result<std::string> reason = reason_of(context);
    if (!reason) return error(reason.error());
    engine::Engine& engine = context.engine;
    if (engine.decider() == nullptr)
        return error(
            Error{ErrorKind::unavailable, "no policy is in force", "write one and run `rollcall apply`"});
    if (engine.settings().one_shot)
        return error(Error{ErrorKind::unavailable, "no daemon is running that could let anybody in",
                           "start `rollcall run` and say it again"});
    // Who has departed must be known as it is now.
    if (!engine.directory_current())
        return error(Error{ErrorKind::unavailable, "the directory has not been read to its present state",
                           "`rollcall status` says when it is; try again then"});
    const Result<UserId> user = find_user(engine, context.args["user"].text());
    if (!user) return error(user.error());
    const Result<std::uint32_t> room = find_room(engine, context.args["room"].text());
    if (!room) return error(room.error());
    const auto done = engine.readmit(*user, *room, context.caller, *reason);
    if (!done) return error(done.error());
    json::Value result;
    result.set("user", engine.world().users.text(*user));
    result.set("room", engine.decider()->program().rooms[*room].key);
    const bool invited = *done == engine::Engine::Readmitted::invited;
    result.set("done", invited ? "invited" : "put back");
    if (invited)  // whoever is from outside joins by themselves, however they came to be out
        result.set("outside", engine.decider()->verdict(*user, *room).basis == policy::Basis::approval);
    result.set("waits", why_it_waits(context, *room));
    return ok(std::move(result));
}

Answer holds(const Context& context) {
    const bool any = !context.engine.guards().holds().empty();
    return ok(holds_json(context.engine, true), any ? 4 : 0);
}

Answer approve(const Context& context) {
    return answer_hold(context, true);
}

Answer reject(const Context& context) {
    return answer_hold(context, false);
}

}  // namespace rollcall::control
