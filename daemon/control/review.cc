#include "daemon/control/review.h"

#include <fmt/format.h>
#include <sodium.h>
#include <algorithm>

#include "policy/explain.h"

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

}  // namespace

Result<ReviewHistory> review_history(TrailReading& trail, const std::string& key, const std::string& bot) {
    ReviewHistory out;
    store::TrailFilter filter;
    filter.room = key;
    Status read =
        trail.each_entry(filter, &for_a_review, [&](std::uint64_t index, const auto& entry) -> Status {
            if (entry.room_key.empty()) return {};
            if (!entry.review.empty())
                out.signed_off[entry.room_key] = {index, entry.time, entry.caller ? entry.caller->text : "",
                                                  entry.reason, entry.review};
            else
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
    const std::string bytes = json::write(content);
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    std::string hex;
    for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
    return hex;
}

}  // namespace rollcall::control
