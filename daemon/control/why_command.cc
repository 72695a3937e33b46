// why: the verdict, the rule, and the path through the directory that led there.
#include <fmt/format.h>
#include <map>
#include <string>

#include "daemon/control/answer.h"
#include "daemon/control/by_hand.h"
#include "daemon/control/commands.h"
#include "daemon/control/hidden.h"
#include "daemon/control/people_remarks.h"
#include "daemon/control/room_remarks.h"
#include "policy/doubts.h"
#include "policy/explain.h"
#include "policy/explain_approval.h"

namespace rollcall::control {
namespace {

std::string_view verdict_text(const policy::Verdict& verdict) {
    if (verdict.basis == policy::Basis::approval) return "may stay";
    if (verdict.basis == policy::Basis::protected_id) return "protected";
    if (verdict.presence == policy::Presence::unknown) return "unknown";
    if (verdict.presence == policy::Presence::out) return "out";
    return verdict.owner == policy::Tri::yes ? "owner" : "member";
}

json::Value reason_json(const policy::Reason& reason) {
    json::Value row;
    row.set("text", reason.text);
    row.set("path", reason.path);
    row.set("rule", reason.at.file_line());
    return row;
}

constexpr std::string_view kBanned = "is banned: the ban of an owner stands until an owner lifts it";
constexpr std::string_view kNotInvited = "nobody has invited them yet: whoever may invite into this room can";

// Of somebody whom nothing has shown yet but an approval that names them. Nobody can be told apart from a
// name that was mistyped, unless an approval is about just that name.
std::optional<Answer> not_seen_yet(const Context& context) {
    const policy::Decider& decider = *context.engine.decider();
    const std::string name = context.args["user"].text(), wanted = context.args["room"].text();
    if (!name.starts_with('@') || context.engine.world().users.find(name).valid()) return std::nullopt;
    std::vector<policy::Foreseen> found = policy::foreseen(decider, name);
    if (found.empty()) return std::nullopt;
    if (!wanted.empty()) {
        const Result<std::uint32_t> room = find_room(context.engine, wanted);
        if (!room) return error(room.error());
        std::erase_if(found, [&](const policy::Foreseen& one) { return one.room != *room; });
        if (found.empty()) {
            const policy::CompiledRoom& spec = decider.program().rooms[*room];
            found.push_back({*room,
                             false,
                             {"from another server, without an approval for this room",
                              spec.key + ".outsiders", spec.at}});
        }
    }
    json::Value result, rooms{json::Array{}};
    result.set("user", name);
    result.set("not_seen", true);
    for (const policy::Foreseen& one : found) {
        json::Value row, reasons{json::Array{}};
        reasons.push(reason_json(one.reason));
        row.set("key", decider.program().rooms[one.room].key);
        row.set("name", decider.program().rooms[one.room].name);
        row.set("verdict", one.holds ? "may stay" : "out");
        row.set("membership", policy::to_text(policy::MembershipState::none));
        if (one.holds) row.set("advice", kNotInvited);
        row.set("reasons", std::move(reasons));
        json::Value owners{json::Array{}};
        for (const std::string& owner : policy::owners_of(decider, one.room)) owners.push(owner);
        row.set("owners", std::move(owners));
        row.set("next", json::Array{});
        rooms.push(std::move(row));
    }
    result.set("rooms", std::move(rooms));
    return ok(std::move(result));
}

// What is not known of a room is not known of whoever is in it.
void doubts(const engine::Engine& engine, RoomId id, json::Value& out) {
    const policy::World& world = engine.decider()->world();
    if (!id.valid() || world.rooms[id.index()].id.empty()) return;
    json::Value remarks = room_doubts(engine, world, id);
    const json::Value not_read = room_not_read(engine, id);
    for (const json::Value& one : *not_read.array()) remarks.push(one);
    if (!world.frozen.empty())
        remarks.push(
            fmt::format("whoever lost a group since the last read that can be believed still counts "
                        "as in it: {}",
                        frozen_words(engine, world.frozen)));
    if (remarks.array()->empty()) return;
    out.set("remarks", std::move(remarks));
    const bool unseen = !world.rooms[id.index()].bot_joined && engine.seen_through(id).empty();
    if (unseen || !not_read.array()->empty()) out.set("stale", true);
}

// What was tried and did not succeed, by action → why.
using Tried = std::map<std::string, std::string, std::less<>>;

Tried tried(const engine::Engine& engine) {
    Tried out;
    for (const engine::Failure& failure : engine.failures()) out.emplace(failure.action, failure.text);
    return out;
}

json::Value room_json(engine::Engine& engine, UserId user, std::uint32_t room, const Tried& tried) {
    const policy::Decider& decider = *engine.decider();
    const policy::CompiledRoom& spec = decider.program().rooms[room];
    const policy::Explanation why = policy::explain(decider, user, room);
    json::Value out, reasons{json::Array{}}, owners{json::Array{}}, next{json::Array{}};
    for (const policy::Reason& reason : why.reasons) reasons.push(reason_json(reason));
    for (const std::string& owner : why.owners) owners.push(owner);
    const RoomId known = decider.world_room(room);
    for (const policy::UserAction& action : engine.backlog().actions(user))
        if (action.room == room && known.valid() &&
            policy::waits_for_room(engine.world(), known, action.kind)) {
            out.set("waits", engine.world().rooms[known.index()].bot_joined
                                 ? "people were led on from this room to another one"
                                 : "the bot is not in this room");
        } else if (action.room == room && action.kind != policy::ActionKind::leave_unmanaged) {
            const policy::PlanLine line{
                spec.key,     action.kind,  action.lane, engine.world().users.text(user),
                action.basis, action.power, user,        room};
            const bool allowed = engine.guards().allows(decider, engine.memory(), user, action);
            const policy::ActionKey key = policy::key_of(decider, user, action);
            const bool rejected = policy::answers(engine.memory().rejected, key, action.basis);
            json::Value row = to_json(decider, line, allowed || rejected ? "" : "held", rejected);
            const bool urgent = action.lane == policy::Lane::departure;
            if (engine.paused() == engine::Engine::Pause::all ||
                (engine.paused() != engine::Engine::Pause::none && !urgent))
                row.set("paused", true);
            if (const auto at = tried.find(key.text()); at != tried.end()) row.set("tried", at->second);
            if (const Duration left = engine.grace_left(user, action); allowed && left > Duration{})
                row.set("waits", duration_text(std::chrono::ceil<std::chrono::seconds>(left)));
            if (std::string left_again = put_back_in(engine, key); !left_again.empty())
                row.set("left_again", std::move(left_again));
            if (std::string after = after_sponsor(engine, user, action); !after.empty())
                row.set("after", std::move(after));
            if (engine.waits_for_mask(user, action)) row.set("mask", true);
            next.push(std::move(row));
        }
    out.set("key", spec.key);
    out.set("name", spec.name);
    out.set("verdict", verdict_text(why.verdict));
    const RoomId id = decider.world_room(room);
    const policy::MembershipState state =
        id.valid() ? engine.world().state_of(user, id) : policy::MembershipState::none;
    out.set("membership", policy::to_text(state));
    doubts(engine, id, out);
    if (why.verdict.basis == policy::Basis::approval && state == policy::MembershipState::none)
        out.set("advice", kNotInvited);
    if (why.verdict.presence == policy::Presence::in && state == policy::MembershipState::ban)
        out.set("advice", kBanned);
    // Belongs, and is out by somebody's hand: one command lets them in again.
    if (const policy::Membership* held = id.valid() ? engine.world().membership(user, id) : nullptr;
        held != nullptr && why.verdict.presence == policy::Presence::in &&
        held->state == policy::MembershipState::leave && held->cause != policy::Cause::daemon)
        out.set("out_by", held->cause == policy::Cause::self ? "own leave" : "a kick");
    out.set("reasons", std::move(reasons));
    out.set("owners", std::move(owners));
    out.set("next", std::move(next));
    return out;
}

void person_json(engine::Engine& engine, PersonId person, json::Value& out) {
    const policy::World& world = engine.world();
    const policy::Person& known = world.people[person.index()];
    out.set("login", known.login.view());
    out.set("dn", known.dn.text());
    out.set("guid", known.guid.text());
    out.set("departed", to_text(engine.decider()->departed(person)));
    const policy::Tri departed = engine.decider()->departed(person);
    out.set("departure", departed == policy::Tri::unknown
                             ? policy::undecided_departure(world, person)
                             : policy::departure_reason(*engine.decider(), person));
    out.set("employee", to_text(engine.decider()->employee(person)));
    out.set("evidence", to_json(policy::Evidence{world.cursor.directory, world.cursor.server, known.usn,
                                                 known.dn.text(), world.cursor.time}));
}

}  // namespace

Answer why(const Context& context) {
    engine::Engine& engine = context.engine;
    if (engine.decider() == nullptr)
        return error(
            Error{ErrorKind::unavailable, "no policy is in force", "write one and run `rollcall apply`"});
    if (std::optional<Answer> early = not_seen_yet(context)) return std::move(*early);
    const Result<UserId> user = find_user(engine, context.args["user"].text());
    if (!user) return error(user.error());
    const policy::Decider& decider = *engine.decider();
    json::Value result, rooms{json::Array{}};
    const Tried tried_before = tried(engine);
    result.set("user", engine.world().users.text(*user));
    if (const PersonId person = decider.person_of(*user); person.valid()) person_json(engine, person, result);
    const std::string wanted = context.args["room"].text();
    if (!wanted.empty()) {
        const Result<std::uint32_t> room = find_room(context.engine, wanted);
        if (!room) return error(room.error());
        rooms.push(room_json(engine, *user, *room, tried_before));
    } else {
        std::vector<std::uint32_t> found;
        decider.each_room(*user, [&](std::uint32_t room, const policy::Verdict& verdict) {
            const RoomId id = decider.world_room(room);
            const policy::MembershipState state =
                id.valid() ? engine.world().state_of(*user, id) : policy::MembershipState::none;
            const bool there = state == policy::MembershipState::join ||
                               state == policy::MembershipState::invite ||
                               state == policy::MembershipState::ban;
            if (there || verdict.presence != policy::Presence::out) found.push_back(room);
        });
        for (const std::uint32_t room : found) rooms.push(room_json(engine, *user, room, tried_before));
    }
    result.set("rooms", std::move(rooms));
    return ok(std::move(result));
}

}  // namespace rollcall::control
