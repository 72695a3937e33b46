#include "daemon/control/review.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "daemon/control/room_remarks.h"
#include "policy/explain.h"
#include "schema/sha256.h"

namespace rollcall::control {
namespace {

using policy::MembershipState;

bool for_a_review(std::string_view kind, std::string_view text) {
    return audit::Access::may_concern(kind, text) ||
           (kind == "command" && text.find("\"review\":") != std::string_view::npos);
}

std::string_view role_of(const policy::Verdict& verdict, bool bot) {
    if (bot) return "bot";
    switch (verdict.basis) {
        case policy::Basis::approval:
            return "outsider";
        case policy::Basis::service:
            return "service";
        case policy::Basis::protected_id:
            return "protected";
        default:
            break;
    }
    if (verdict.presence == policy::Presence::out) return "to be removed";
    if (verdict.presence == policy::Presence::unknown) return "unknown";
    return verdict.owner == policy::Tri::yes ? "owner" : "member";
}

json::Value member_json(const Context& context, UserId user, std::uint32_t room,
                        const policy::Membership& held, const audit::Access* access) {
    const policy::World& world = context.engine.world();
    const policy::Decider& decider = *context.engine.decider();
    const std::string& name = world.users.text(user);
    const policy::Explanation why = policy::explain_verdict(decider, user, room);
    json::Value out;
    out.set("user", name);
    out.set("login", login_of(context, name));
    if (why.person.valid()) out.set("person", world.people[why.person.index()].guid.text());
    out.set("membership", policy::to_text(held.state));
    out.set("role", role_of(why.verdict, name == world.bot));
    out.set("reason", name == world.bot ? "the daemon itself" : why.short_text);
    if (name != world.bot && !why.reasons.empty()) {
        out.set("rule", why.reasons.front().at.line > 0 ? why.reasons.front().at.file_line() : "");
        out.set("rule_path", why.reasons.front().path);
    }
    const auto known = access == nullptr ? std::map<std::string, audit::Member>::const_iterator{}
                                         : access->members().find(name);
    if (access == nullptr || known == access->members().end() || known->second.stays.empty()) return out;
    const audit::Stay& stay = known->second.stays.back();
    out.set("since", to_rfc3339(stay.time.from));
    if (stay.earliest < stay.time.from) out.set("since_before", true);
    out.set("entry", static_cast<std::int64_t>(stay.began.entry));
    if (!stay.began.by.empty()) out.set("by", stay.began.by);
    return out;
}

// Of a command its caller, of a reaction the owner; of either the pseudonym that is left of them.
std::string signer_of(const schema::TrailEntry& entry) {
    if (entry.caller) return entry.caller->text;
    return entry.erased_caller.empty() ? entry.user : entry.erased_caller;
}

}  // namespace

Result<ReviewHistory> review_history(TrailReading& trail, const std::string& key, const std::string& bot) {
    ReviewHistory out;
    store::TrailFilter filter;
    filter.room = key;
    Status read =
        trail.each_entry(filter, &for_a_review, [&](std::uint64_t index, const auto& entry) -> Status {
            if (entry.room_key.empty()) return {};
            if (!entry.review.empty() && entry.action == kSignOff)
                out.signed_off[entry.room_key] = {index,        entry.time,   signer_of(entry),
                                                  entry.reason, entry.review, entry.event};
            else if (entry.review.empty())
                out.access.try_emplace(entry.room_key, entry.room_key, bot).first->second.take(index, entry);
            return {};
        });
    if (!read) return pass(read);
    return out;
}

json::Value review_content(const Context& context, std::uint32_t room, const ReviewHistory& history) {
    const policy::World& world = context.engine.world();
    const policy::Decider& decider = *context.engine.decider();
    const policy::CompiledRoom& spec = decider.program().rooms[room];
    const RoomId id = decider.world_room(room);
    const auto access = history.access.find(spec.key);
    json::Value out;
    out.set("room", spec.key);
    out.set("name", spec.name);
    json::Array members;
    if (id.valid()) {
        out.set("id", world.rooms[id.index()].id);
        out.set("history", world.rooms[id.index()].state.history.view());
        if (json::Value doubts = room_doubts(context.engine, world, id); !doubts.array()->empty())
            out.set("remarks", std::move(doubts));
        for (const UserId user : world.room_users.row(id.index())) {
            const policy::Membership* held = world.membership(user, id);
            if (held != nullptr &&
                (held->state == MembershipState::join || held->state == MembershipState::invite))
                members.push_back(member_json(context, user, room, *held,
                                              access == history.access.end() ? nullptr : &access->second));
        }
    }
    std::sort(members.begin(), members.end(),
              [](const json::Value& a, const json::Value& b) { return a["user"].text() < b["user"].text(); });
    out.set("members", std::move(members));
    return out;
}

std::string review_hash(const json::Value& content) {
    return schema::sha256_hex(json::write(content));
}

namespace {

// Of the owners who were asked and have not answered.
json::Value asked_json(const Context& context, const std::string& key) {
    json::Value list{json::Array{}};
    for (const auto& [of, ask] : context.engine.review_asks()) {
        if (ask.room_key != key || ask.settled) continue;
        json::Value row;
        row.set("user", ask.user);
        row.set("login", login_of(context, ask.user));
        row.set("time", to_rfc3339(ask.asked));
        row.set("entry", static_cast<std::int64_t>(ask.entry));
        row.set("review", ask.hash);
        if (!ask.trouble.empty()) row.set("trouble", ask.trouble);
        list.push(std::move(row));
    }
    return list;
}

}  // namespace

json::Value review_json(const Context& context, std::uint32_t room, const ReviewHistory& history) {
    json::Value content = review_content(context, room, history), out;
    const std::string hash = review_hash(content), key = content["room"].text();
    const auto last = history.signed_off.find(key);
    out.set("hash", hash);
    if (last != history.signed_off.end()) {
        const SignOff& signed_by = last->second;
        json::Value sign_off;
        sign_off.set("entry", static_cast<std::int64_t>(signed_by.entry));
        sign_off.set("time", to_rfc3339(signed_by.time));
        sign_off.set("by", signed_by.by);
        sign_off.set("way", signed_by.reaction.empty() ? "command" : "reaction");
        sign_off.set("reason", signed_by.reason);
        sign_off.set("review", signed_by.review);
        sign_off.set("unchanged", signed_by.review == hash);
        out.set("signed_off", std::move(sign_off));
    }
    if (json::Value asked = asked_json(context, key); !asked.array()->empty())
        out.set("asked", std::move(asked));
    const RoomId id = context.engine.decider()->world_room(room);
    if (json::Value unread = id.valid() ? room_not_read(context.engine, id) : json::Value{json::Array{}};
        !unread.array()->empty())
        out.set("not_read", std::move(unread));
    out.set("content", std::move(content));
    return out;
}

ReviewChanges changes_since_sign_off(const json::Value& content, const ReviewHistory& history) {
    ReviewChanges out;
    const std::string key = content["room"].text();
    const auto last = history.signed_off.find(key);
    const auto access = history.access.find(key);
    if (last == history.signed_off.end() || access == history.access.end()) return out;
    std::set<std::string> there;
    for (const json::Value& member : *content["members"].array()) there.insert(member["user"].text());
    for (const auto& [user, member] : access->second.members()) {
        const audit::Stay* before = member.at(last->second.time);
        const bool was = before != nullptr && before->standing != audit::Standing::left;
        if (!was && there.contains(user)) out.came.push_back(user);
        if (was && !there.contains(user)) out.left.push_back(user);
    }
    return out;
}

}  // namespace rollcall::control
