#include "daemon/control/review_asking.h"

#include <fmt/format.h>
#include <optional>

#include "daemon/control/review_message.h"

namespace rollcall::control {
namespace {

using engine::ReviewAsk;
using policy::Tri;

// Is this user an owner of the room who is in it?
Tri owns(const Context& context, UserId user, std::uint32_t room) {
    const policy::Decider& decider = *context.engine.decider();
    const PersonId person = decider.person_of(user);
    const RoomId id = decider.world_room(room);
    if (!person.valid() || !id.valid() ||
        context.engine.world().state_of(user, id) != policy::MembershipState::join)
        return Tri::no;
    const Tri departed = decider.departed(person);
    if (departed == Tri::yes) return Tri::no;
    const policy::Verdict verdict = decider.verdict(user, room);
    if (departed == Tri::unknown || verdict.presence == policy::Presence::unknown) return Tri::unknown;
    return verdict.presence == policy::Presence::in ? verdict.owner : Tri::no;
}

std::vector<UserId> owners_of(const Context& context, std::uint32_t room) {
    std::vector<UserId> out;
    const RoomId id = context.engine.decider()->world_room(room);
    if (!id.valid()) return out;
    for (const UserId user : context.engine.world().room_users.row(id.index()))
        if (owns(context, user, room) == Tri::yes) out.push_back(user);
    return out;
}

schema::TrailEntry entry_about(const Context& context, UserId user, const json::Value& review) {
    const PersonId person = context.engine.decider()->person_of(user);
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::command;
    entry.room_key = review["content"]["room"].text();
    entry.room = review["content"]["id"].text();
    entry.user = context.engine.world().users.text(user);
    if (person.valid()) entry.person = context.engine.world().people[person.index()].guid;
    entry.review = review["hash"].text();
    return entry;
}

// `caller`: who wanted it; null where a room had changed before they answered.
void ask(const Context& context, UserId user, const json::Value& review, const ReviewHistory& history,
         const schema::TrailCaller* caller, const std::string& reason) {
    engine::Engine& engine = context.engine;
    schema::TrailEntry entry = entry_about(context, user, review);
    entry.action = kAskReview;
    entry.reason = reason;
    if (caller != nullptr) entry.caller = *caller;
    engine.record(std::move(entry));
    ReviewAsk made;
    made.user = engine.world().users.text(user);
    made.room_key = review["content"]["room"].text();
    made.hash = review["hash"].text();
    made.asked = engine.date();
    made.entry = engine.trail_size();
    ReviewMessage message = review_message(context, review, history, caller == nullptr);
    engine.ask_review(std::move(made), std::move(message.text), std::move(message.html));
}

// The entry says what the homeserver says: who reacted, when, and by which event.
void sign(const Context& context, UserId user, const ReviewAsk& asked, const json::Value& review) {
    engine::Engine& engine = context.engine;
    schema::TrailEntry entry = entry_about(context, user, review);
    entry.action = kSignOff;
    entry.reason = fmt::format("reacted with {}", engine::kSigningReaction);
    entry.event = asked.reaction->event;
    entry.event_time = asked.reaction->time;
    entry.sender = entry.user;
    entry.source = "event";
    engine.record(std::move(entry));
    const std::uint64_t number = engine.trail_size();
    engine.review_settled(asked.room_key);
    engine.forget_review_ask(asked.key());
    engine.tell(asked.user, asked.room_key + "/signed",
                fmt::format("Signed off: {} with {}. It is on record as entry {} (review {}).",
                            quoted_room(review["content"]), people_in(review["content"]), number,
                            short_hash(review)));
}

void answer(const Context& context, const ReviewAsk& asked, std::uint32_t room, const json::Value& review,
            const ReviewHistory& history) {
    engine::Engine& engine = context.engine;
    const UserId user = engine.world().user(asked.user);
    const std::string name = quoted_room(review["content"]);
    switch (owns(context, user, room)) {
        case Tri::no:
            engine.forget_review_ask(asked.key());
            return engine.tell(
                asked.user, asked.room_key + "/no-owner",
                fmt::format("You are not an owner of {} any more, or not in it, so your {} does "
                            "not count. Nothing was signed off.",
                            name, engine::kSigningReaction));
        case Tri::unknown:
            engine.forget_reaction(asked.key());
            return engine.tell(
                asked.user, asked.room_key + "/unknown",
                fmt::format("Whether you are an owner of {} cannot be checked at the moment, so "
                            "nothing was signed off. Take your {} back and give it again later.",
                            name, engine::kSigningReaction));
        case Tri::yes:
            break;
    }
    if (review["hash"].text() == asked.hash) return sign(context, user, asked, review);
    engine.forget_review_ask(asked.key());
    ask(context, user, review, history, nullptr,
        fmt::format("{} had changed since entry {}", asked.room_key, asked.entry));
}

}  // namespace

Result<json::Value> ask_owners(const Context& context, const std::vector<std::uint32_t>& rooms,
                               const std::string& reason, const ReviewHistory& history) {
    struct Wanted {
        json::Value review;
        std::vector<UserId> owners;
    };
    std::vector<Wanted> wanted;
    json::Value out, asked{json::Array{}}, nobody{json::Array{}};
    std::size_t messages = 0, members = 0;
    for (const std::uint32_t room : rooms) {
        std::vector<UserId> owners = owners_of(context, room);
        if (owners.empty()) {
            nobody.push(context.engine.decider()->program().rooms[room].key);
            continue;
        }
        messages += owners.size();
        json::Value review = review_json(context, room, history);
        members += review["content"]["members"].array()->size();
        if (members > kMostReviewed || !context.engine.may_ask(messages))
            return fail(ErrorKind::limit,
                        members > kMostReviewed
                            ? fmt::format("more than {} memberships to review at once", kMostReviewed)
                            : fmt::format("more than {} reviews would wait for their owners",
                                          engine::Engine::kMostReviewAsks),
                        "ask for the rooms one by one");
        wanted.push_back({std::move(review), std::move(owners)});
    }
    if (wanted.empty())
        return fail(ErrorKind::conflict,
                    rooms.size() == 1 ? "no owner of that room is in it, so there is nobody to ask"
                                      : "no owner of any room is in it, so there is nobody to ask",
                    "give the room owners in the policy, or sign it off with `rollcall audit sign-off`");
    for (const Wanted& one : wanted) {
        json::Value row, owners{json::Array{}};
        for (const UserId user : one.owners) {
            ask(context, user, one.review, history, &context.caller, reason);
            owners.push(context.engine.world().users.text(user));
        }
        row.set("room", one.review["content"]["room"]);
        row.set("hash", one.review["hash"]);
        row.set("owners", std::move(owners));
        asked.push(std::move(row));
    }
    out.set("asked", std::move(asked));
    out.set("nobody", std::move(nobody));
    return out;
}

void answer_reactions(engine::Engine& engine, const schema::Config& config, const std::string& room_key,
                      const Result<ReviewHistory>& history) {
    const json::Value no_args;
    const schema::TrailCaller nobody;
    const Context context{engine, config, no_args, nobody};
    const int room = engine.decider() == nullptr ? -1 : engine.decider()->program().room_index(room_key);
    if (!history)
        engine.log().warn("RC-REVIEW-UNREAD", history.error().text(), {{"room", room_key}});
    else if (room >= 0)
        if (const auto waiting = engine.reactions_to(room_key); !waiting.empty()) {
            const auto index = static_cast<std::uint32_t>(room);
            const json::Value review = review_json(context, index, *history);
            for (const ReviewAsk& asked : waiting) answer(context, asked, index, review, *history);
        }
    engine.reactions_looked_at(static_cast<bool>(history));
}

}  // namespace rollcall::control
