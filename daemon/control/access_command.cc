// audit access: who could read what in a room at a time, or one person in all rooms.
#include <fmt/format.h>
#include <map>
#include <memory>

#include "daemon/control/answer.h"
#include "daemon/control/audit_question.h"
#include "daemon/control/room_remarks.h"

namespace rollcall::control {
namespace {

using audit::Access;
using audit::Period;

json::Value period_json(const Period& period) {
    json::Value out;
    out.set("from", time_json(period.from));
    out.set("to", time_json(period.to));
    return out;
}

json::Value authority_json(const audit::Authority& why) {
    json::Value out{json::Object{}};
    if (why.entry != 0) out.set("entry", static_cast<std::int64_t>(why.entry));
    for (const auto& [name, text] : {std::pair{"reason", &why.reason},
                                     {"rule", &why.rule},
                                     {"rule_path", &why.rule_path},
                                     {"policy", &why.policy},
                                     {"by", &why.by}})
        if (!text->empty()) out.set(name, *text);
    return out;
}

json::Value approval_json(const audit::Approval& approval) {
    json::Value out;
    out.set("entry", static_cast<std::int64_t>(approval.entry));
    out.set("rule_path", approval.key);
    out.set("reason", approval.reason);
    out.set("sponsor", approval.sponsor);
    out.set("given_by", approval.given_by);
    out.set("until", time_json(approval.until));
    if (approval.time.to < approval.until) out.set("ended", time_json(approval.time.to));
    return out;
}

// Whoever is out and never was in the room: what they were. "" for whoever had joined.
std::string_view only_was(const audit::Member& member, const audit::Stay& stay) {
    std::string_view out = "put out";
    for (const audit::Stay& one : member.stays) {
        if (&one == &stay) break;
        if (one.standing == audit::Standing::joined) return "";
        if (one.standing == audit::Standing::invited) out = "invited";
    }
    return out;
}

// Within `asked`, what this stay let its member read: judged at its last moment, when it was most.
json::Value stay_json(const Access& access, const audit::Member& member, const audit::Stay& stay,
                      const Period& asked, Time now) {
    json::Value out, reads{json::Array{}};
    out.set("standing", to_text(stay.standing));
    if (stay.standing == audit::Standing::left)
        if (const std::string_view only = only_was(member, stay); !only.empty()) out.set("only", only);
    out.set("from", time_json(stay.time.from));
    out.set("to", time_json(stay.time.to));
    out.set("found", stay.found);
    if (stay.earliest < stay.time.from) {
        out.set("since_before", true);  // `from` is when it was so at the latest
        out.set("earliest", time_json(stay.earliest));
        if (asked.to <= stay.time.from) out.set("perhaps", true);
    }
    out.set("why", authority_json(stay.began));
    if (stay.time.to != kNever) out.set("ended", authority_json(stay.ended));
    const Time last = std::min({stay.time.to, asked.to, now + Duration{1}}) - Duration{1};
    for (const Period& period : access.readable(member, last)) reads.push(period_json(period));
    out.set("reads", std::move(reads));
    const audit::Approval* approval = access.approval(member.user, last);
    if (approval == nullptr) approval = access.approval(member.user, std::max(stay.earliest, asked.from));
    if (approval != nullptr) out.set("approval", approval_json(*approval));
    return out;
}

json::Value stays_json(const Access& access, const audit::Member& member, const Period& asked, Time now) {
    json::Value out{json::Array{}};
    for (const audit::Stay& stay : member.stays)
        if (stay.earliest < asked.to && asked.from < stay.time.to)
            out.push(stay_json(access, member, stay, asked, now));
    return out;
}

// As the homeserver said when it was asked last.
bool has_no_account(const Context& context, const std::string& matrix_id) {
    const policy::World& world = context.engine.world();
    const UserId user = world.users.find(matrix_id);
    return user.valid() && world.account(user) == policy::Account::absent;
}

json::Value history_json(const Access& access) {
    json::Value out{json::Array{}};
    for (const audit::Visibility& one : access.history()) {
        json::Value row;
        row.set("from", time_json(one.from));
        row.set("value", one.value);
        row.set("sender", one.sender);
        out.push(std::move(row));
    }
    return out;
}

json::Value unmanaged_json(const std::vector<Period>& periods, const Period& asked) {
    json::Value out{json::Array{}};
    for (const Period& period : periods)
        if (period.from < asked.to && asked.from < period.to) out.push(period_json(period));
    return out;
}

// The moment or the day of --at, the period of --from and --to, or now.
Result<Period> asked_of(const Context& context) {
    if (const std::string at = context.args["at"].text(); !at.empty()) {
        if (!context.args["from"].is_null() || !context.args["to"].is_null())
            return fail(ErrorKind::invalid_input, "--at goes with neither --from nor --to", "leave one out");
        return period_at(context, at);
    }
    if (!context.args["from"].is_null() || !context.args["to"].is_null()) return period_of(context);
    const Time now = context.engine.date();
    return Period{now, now + Duration{1}};
}

void head(const Context& context, const Period& asked, json::Value& out) {
    out.set("from", time_json(asked.from));
    out.set("to", time_json(asked.to));
    out.set("now", to_rfc3339(context.engine.date()));
    out.set("time_zone", context.config.time_zone);
}

Status read_room(TrailReading& trail, const std::string& key, Access& access) {
    const auto take = [&](std::uint64_t index, const schema::TrailEntry& entry) -> Status {
        access.take(index, entry);
        return {};
    };
    store::TrailFilter approvals, room;
    approvals.kind = "policy";
    room.room = key;
    Status read = trail.each_entry(approvals, &Access::may_concern, take);
    if (read) read = trail.each_entry(room, &Access::may_concern, take);
    return read;
}

// Why what the trail has been told of a room need not be all, as it is now.
json::Value remarks_json(const Context& context, const std::string& key) {
    const policy::World& world = context.engine.world();
    const auto room = world.room_by_key.find(key);
    json::Value list{json::Array{}};
    if (room == world.room_by_key.end() || world.rooms[room->second.index()].released) return list;
    list = room_doubts(context.engine, world, room->second);
    const json::Value unread = room_not_read(context.engine, room->second);
    for (const json::Value& one : *unread.array()) list.push(one);
    return list;
}

Answer room_answer(const Context& context, const Period& asked, const std::string& key,
                   const Access& access) {
    if (access.known_since() == kNever && context.engine.world().room_by_key.count(key) == 0)
        return error(Error{ErrorKind::not_found, fmt::format("the trail knows of no room '{}'", key),
                           "give a room's key in the policy; `rollcall status` counts them"});
    json::Value out, people{json::Array{}};
    head(context, asked, out);
    out.set("room", key);
    out.set("known_since", time_json(access.known_since()));
    out.set("history", history_json(access));
    out.set("unmanaged", unmanaged_json(access.unmanaged(), asked));
    out.set("remarks", remarks_json(context, key));
    for (const auto& [user, member] : access.members()) {
        json::Value stays = stays_json(access, member, asked, context.engine.date());
        if (stays.array()->empty()) continue;
        json::Value row;
        row.set("user", user);
        row.set("login", login_of(context, user));
        if (!member.person.empty()) row.set("person", member.person.text());
        row.set("bot", user == context.engine.world().bot);
        row.set("local", access.local(user));
        if (has_no_account(context, user)) row.set("no_account", true);
        row.set("stays", std::move(stays));
        people.push(std::move(row));
    }
    out.set("people", std::move(people));
    return ok(std::move(out));
}

Question room_access(const Context& context, const Period& asked) {
    const std::string key = room_key_of(context, context.args["room"].text());
    const auto access = std::make_shared<Access>(key, context.engine.world().bot);
    return {[key, access](TrailReading& trail) { return read_room(trail, key, *access); },
            [key, access, asked](const Context& later) { return room_answer(later, asked, key, *access); }};
}

bool about_history(std::string_view, std::string_view text) {
    return text.find("\"history\":") != std::string_view::npos;
}

using AccessByRoom = std::map<std::string, Access>;
using PeriodsByRoom = std::map<std::string, std::vector<Period>>;

// Of each of these rooms that a policy stopped naming, when nobody managed it: all of the room's entries say
// so.
Result<PeriodsByRoom> unmanaged_rooms(TrailReading& trail, const AccessByRoom& rooms,
                                      const std::string& bot) {
    PeriodsByRoom out;
    store::TrailFilter filter;
    filter.kind = "result";
    filter.action = "release";
    Status read = trail.each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
        if (rooms.contains(row.room)) out[row.room];
        return {};
    });
    filter = {};
    for (auto& [room, periods] : out) {
        Access all(room, bot);
        filter.room = room;
        if (read)
            read = trail.each_entry(filter, &Access::may_concern,
                                    [&](std::uint64_t index, const schema::TrailEntry& entry) -> Status {
                                        all.take(index, entry);
                                        return {};
                                    });
        periods = all.unmanaged();
    }
    if (!read) return pass(read);
    return out;
}

struct PersonAccess {
    AccessByRoom rooms;
    PeriodsByRoom unmanaged;
};

Status read_person(TrailReading& trail, const Whom& whom, const std::string& bot, PersonAccess& into) {
    AccessByRoom& rooms = into.rooms;
    store::TrailFilter filter;
    filter.user = whom.user;
    filter.person = whom.person;
    Status read =
        trail.each_entry(filter, &Access::may_concern, [&](std::uint64_t index, const auto& entry) -> Status {
            if (!entry.room_key.empty() && entry.history.empty())  // that comes below, of everybody
                rooms.try_emplace(entry.room_key, entry.room_key, bot).first->second.take(index, entry);
            return {};
        });
    filter = {};
    filter.kind = "policy";
    if (read)
        read = trail.each_entry(filter, &Access::may_concern,
                                [&](std::uint64_t index, const auto& entry) -> Status {
                                    for (auto& [key, access] : rooms) access.take(index, entry);
                                    return {};
                                });
    filter.kind = "membership";
    for (auto& room : rooms) {
        filter.room = room.first;
        if (!read) break;
        read =
            trail.each_entry(filter, &about_history, [&](std::uint64_t index, const auto& entry) -> Status {
                room.second.take(index, entry);
                return {};
            });
    }
    if (!read) return read;
    auto unmanaged = unmanaged_rooms(trail, rooms, bot);
    if (!unmanaged) return pass(unmanaged);
    into.unmanaged = std::move(*unmanaged);
    return {};
}

// A person may have had several Matrix IDs: as each of them they are a member of their own.
Answer person_answer(const Context& context, const Period& asked, const Whom& whom,
                     const PersonAccess& read) {
    json::Value out, list{json::Array{}};
    head(context, asked, out);
    out.set("user", whom.user.empty() ? "guid:" + whom.person.text() : whom.user);
    out.set("login", login_of(context, whom.user));
    for (const auto& [key, access] : read.rooms)
        for (const auto& [user, member] : access.members()) {
            json::Value stays = stays_json(access, member, asked, context.engine.date()), row;
            if (stays.array()->empty()) continue;
            row.set("room", key);
            row.set("user", user);
            if (has_no_account(context, user)) row.set("no_account", true);
            row.set("history", history_json(access));
            row.set("remarks", remarks_json(context, key));
            if (const auto at = read.unmanaged.find(key); at != read.unmanaged.end())
                row.set("unmanaged", unmanaged_json(at->second, asked));
            row.set("stays", std::move(stays));
            list.push(std::move(row));
        }
    out.set("rooms", std::move(list));
    return ok(std::move(out));
}

Asked person_access(const Context& context, const Period& asked) {
    const Result<Whom> whom = whom_of(context, context.args["user"].text());
    if (!whom) return error(whom.error());
    const auto found = std::make_shared<PersonAccess>();
    return Question{[whom = *whom, bot = context.engine.world().bot, found](TrailReading& trail) {
                        return read_person(trail, whom, bot, *found);
                    },
                    [whom = *whom, asked, found](const Context& later) {
                        return person_answer(later, asked, whom, *found);
                    }};
}

}  // namespace

Asked audit_access(const Context& context) {
    const bool room = !context.args["room"].text().empty(), user = !context.args["user"].text().empty();
    if (room == user)
        return error(Error{ErrorKind::invalid_input, "a room or a person is needed, one of them",
                           "rollcall audit access ROOM --at TIME, or rollcall audit access --person USER"});
    const Result<Period> asked = asked_of(context);
    if (!asked) return error(asked.error());
    if (asked->from > context.engine.date())
        return error(Error{ErrorKind::invalid_input, "that time has not come yet",
                           "ask about now or the past; `rollcall plan` shows what is to come"});
    if (room) return room_access(context, *asked);
    return person_access(context, *asked);
}

}  // namespace rollcall::control
