// audit review and sign-off: who is in a room and why, and the word of an auditor that it is right so.
#include <fmt/format.h>
#include <memory>
#include <numeric>

#include "daemon/control/answer.h"
#include "daemon/control/auditor.h"
#include "daemon/control/review.h"
#include "daemon/control/review_asking.h"

namespace rollcall::control {
namespace {

Result<std::uint32_t> room_of(const Context& context, const std::string& name) {
    if (context.engine.decider() == nullptr)
        return fail(ErrorKind::unavailable, "no policy is in force", "write one and run `rollcall apply`");
    const policy::Program& program = context.engine.decider()->program();
    const std::string key = room_key_of(context, name);
    if (const int room = program.room_index(key); room >= 0) return static_cast<std::uint32_t>(room);
    std::vector<std::string> keys;
    for (const policy::CompiledRoom& spec : program.rooms) keys.push_back(spec.key);
    const std::string near = nearest(key, keys);
    return fail(ErrorKind::not_found, fmt::format("no room '{}' in the policy in force", key),
                near.empty() ? "give its key" : fmt::format("did you mean '{}'?", near));
}

// Reads the history of that room ("" for all), and goes on with it.
template <class Finish>
Question with_history(const Context& context, std::string key, Finish finish) {
    const auto history = std::make_shared<ReviewHistory>();
    return {[history, key = std::move(key), bot = context.engine.world().bot](TrailReading& trail) -> Status {
                auto read = review_history(trail, key, bot);
                if (!read) return pass(read);
                *history = std::move(*read);
                return {};
            },
            [history, finish = std::move(finish)](const Context& later) { return finish(later, *history); }};
}

Answer reviews(const Context& context, const std::vector<std::uint32_t>& rooms,
               const ReviewHistory& history) {
    json::Value out, list{json::Array{}};
    std::size_t members = 0;
    for (const std::uint32_t room : rooms) {
        json::Value review = review_json(context, room, history);
        members += review["content"]["members"].array()->size();
        if (members > kMostReviewed)
            return error(Error{ErrorKind::limit,
                               fmt::format("more than {} memberships for one review", kMostReviewed),
                               "review the rooms one by one"});
        list.push(std::move(review));
    }
    out.set("at", to_rfc3339(context.engine.date()));
    out.set("policy", context.engine.policy() ? context.engine.policy()->version : "");
    out.set("server", context.config.homeserver.server_name);
    out.set("rooms", std::move(list));
    return ok(std::move(out));
}

// The rooms that are meant: one, or "all".
Result<std::vector<std::uint32_t>> rooms_of(const Context& context, const std::string& name) {
    if (name != "all") {
        const Result<std::uint32_t> room = room_of(context, name);
        if (!room) return pass(room);
        return std::vector{*room};
    }
    std::vector<std::uint32_t> rooms(
        context.engine.decider() == nullptr ? 0 : context.engine.decider()->program().rooms.size());
    std::iota(rooms.begin(), rooms.end(), std::uint32_t{0});
    return rooms;
}

Answer sign_off(const Context& context, const std::string& reason, const ReviewHistory& history) {
    const Result<PersonId> auditor = auditor_of(context);  // after the reading: it may have changed
    if (!auditor) return error(auditor.error());
    const Result<std::uint32_t> room = room_of(context, context.args["room"].text());
    if (!room) return error(room.error());
    const std::string key = context.engine.decider()->program().rooms[*room].key;
    const json::Value review = review_json(context, *room, history);
    const std::string hash = review["hash"].text(), seen = context.args["review"].text();
    if (seen.size() < 8 || !hash.starts_with(seen))
        return error(Error{
            ErrorKind::conflict,
            seen.empty() ? "which review was looked at is missing"
                         : fmt::format("the review of {} is not {} any more: it is {}", key, seen, hash),
            fmt::format("look at `rollcall audit review {}`, and give --review with its hash", key)});
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::command;
    entry.action = kSignOff;
    entry.room_key = key;
    entry.room = review["content"]["id"].text();
    entry.reason = reason;
    entry.review = hash;
    entry.caller = context.caller;
    entry.person = context.engine.world().people[auditor->index()].guid;
    context.engine.record(std::move(entry));
    context.engine.review_settled(key);
    json::Value out;
    out.set("room", key);
    out.set("hash", hash);
    out.set("members", static_cast<std::int64_t>(review["content"]["members"].array()->size()));
    return ok(std::move(out));
}

Answer ask(const Context& context, const std::string& reason, const ReviewHistory& history) {
    const Result<PersonId> auditor = auditor_of(context);  // after the reading: it may have changed
    if (!auditor) return error(auditor.error());
    const auto rooms = rooms_of(context, context.args["room"].text());
    if (!rooms) return error(rooms.error());
    Result<json::Value> asked = ask_owners(context, *rooms, reason, history);
    return asked ? ok(std::move(*asked)) : error(asked.error());
}

}  // namespace

Asked audit_review(const Context& context) {
    if (too_early(context)) return Answer{};
    const std::string name = context.args["room"].text();
    if (const auto rooms = rooms_of(context, name); !rooms) return error(rooms.error());
    return with_history(context, name == "all" ? "" : room_key_of(context, name),
                        [name](const Context& later, const ReviewHistory& history) -> Answer {
                            const auto rooms = rooms_of(later, name);
                            return rooms ? reviews(later, *rooms, history) : error(rooms.error());
                        });
}

Asked audit_sign_off(const Context& context) {
    if (too_early(context)) return Answer{};
    const Result<std::string> reason = reason_of(context);
    if (!reason) return error(reason.error());
    if (const Result<PersonId> auditor = auditor_of(context); !auditor) return error(auditor.error());
    const std::string name = context.args["room"].text();
    if (const Result<std::uint32_t> room = room_of(context, name); !room) return error(room.error());
    return with_history(context, room_key_of(context, name),
                        [reason = *reason](const Context& later, const ReviewHistory& history) {
                            return sign_off(later, reason, history);
                        });
}

Asked audit_ask(const Context& context) {
    if (too_early(context)) return Answer{};
    const Result<std::string> reason = reason_of(context);
    if (!reason) return error(reason.error());
    if (const Result<PersonId> auditor = auditor_of(context); !auditor) return error(auditor.error());
    const std::string name = context.args["room"].text();
    if (const auto rooms = rooms_of(context, name); !rooms) return error(rooms.error());
    return with_history(context, name == "all" ? "" : room_key_of(context, name),
                        [reason = *reason](const Context& later, const ReviewHistory& history) {
                            return ask(later, reason, history);
                        });
}

}  // namespace rollcall::control
