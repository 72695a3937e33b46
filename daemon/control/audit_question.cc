#include "daemon/control/audit_question.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>

#include "daemon/control/answer.h"
#include "schema/beginning.h"
#include "schema/time_zone.h"

namespace rollcall::control {
namespace {

constexpr std::size_t kLongestTime = 64;

// A length of time is meant as so long ago.
Result<schema::MomentText> moment_of(const Context& context, const std::string& text) {
    if (const std::optional<Duration> ago = parse_duration(text)) {
        const Time then = context.engine.world().now - *ago;
        return schema::MomentText{then, then};
    }
    const auto moment =
        text.size() > kLongestTime ? std::nullopt : schema::read_moment(text, context.config.time_zone);
    if (moment) return *moment;
    return fail(
        ErrorKind::invalid_input, fmt::format("'{}' is no time", schema::beginning_of(text, kLongestTime)),
        fmt::format("write 2026-03-31, \"2026-03-31 14:05\" (in {}), 2026-03-31T14:05:00+02:00, or 2h "
                    "for so long ago",
                    context.config.time_zone));
}

Result<schema::TrailEntry> entry_of(const store::StoredTrailEntry& row) {
    const Result<json::Value> value = json::parse(row.text);
    Result<schema::TrailEntry> entry =
        value ? schema::read_trail_entry(*value) : Result<schema::TrailEntry>(pass(value));
    if (entry) return entry;
    return fail(ErrorKind::io, fmt::format("entry {} of the trail cannot be read", row.index),
                entry.error().message);
}

}  // namespace

bool too_early(const Context& context) {
    return context.engine.settings().one_shot && !context.engine.fresh();
}

Result<audit::Period> period_at(const Context& context, const std::string& text) {
    const Result<schema::MomentText> moment = moment_of(context, text);
    if (!moment) return pass(moment);
    return audit::Period{moment->first, moment->last + Duration{1}};
}

Result<audit::Period> period_of(const Context& context) {
    audit::Period period;
    const std::string from = context.args["from"].text(), to = context.args["to"].text();
    if (!from.empty()) {
        const Result<schema::MomentText> moment = moment_of(context, from);
        if (!moment) return pass(moment);
        period.from = moment->first;
    }
    if (!to.empty()) {
        const Result<schema::MomentText> moment = moment_of(context, to);
        if (!moment) return pass(moment);
        period.to = moment->last + Duration{1};
    }
    if (period.from < period.to) return period;
    return fail(ErrorKind::invalid_input, fmt::format("--from {} is not before --to {}", from, to),
                "turn them around");
}

Result<Whom> whom_of(const Context& context, const std::string& name) {
    const policy::World& world = context.engine.world();
    const bool is_guid = name.starts_with("guid:");
    Whom out;
    if (name.starts_with('@')) out.user = name;
    if (is_guid) out.person = Guid::from_text(name.substr(5)).value_or(Guid{});
    const Result<PersonId> person = find_person(context.engine, name);
    if (!person && out.user.empty() && out.person.empty()) return pass(person);
    if (!person) return out;  // not of the directory (any more); the trail may know them
    out.person = world.people[person->index()].guid;
    const UserId user =
        context.engine.decider() == nullptr ? UserId{} : context.engine.decider()->user_of(*person);
    if (out.user.empty() && user.valid()) out.user = world.users.text(user);
    return out;
}

std::string room_key_of(const Context& context, const std::string& name) {
    const policy::World& world = context.engine.world();
    if (const auto room = world.room_by_id.find(name); room != world.room_by_id.end())
        return world.rooms[room->second.index()].key;
    if (!name.starts_with('#')) return context.engine.key_now(name);
    for (const policy::Room& room : world.rooms)
        if (room.claimed_alias == name) return room.key;
    return context.engine.key_now(name.substr(1, name.find(':') - 1));
}

std::string login_of(const Context& context, const std::string& matrix_id) {
    const UserId user = context.engine.world().users.find(matrix_id);
    if (!user.valid() || context.engine.decider() == nullptr) return {};
    const PersonId person = context.engine.decider()->person_of(user);
    return person.valid() ? context.engine.world().people[person.index()].login.text() : "";
}

// Of renames, and of recoveries, which take renames back, there are few.
Status TrailReading::know_room_keys() {
    if (rooms_) return {};
    std::vector<store::StoredTrailEntry> rows;
    const auto keep = [&](const store::StoredTrailEntry& row) -> Status {
        rows.push_back(row);
        return may_go_on();
    };
    store::TrailFilter filter;
    filter.kind = "policy";
    filter.action = schema::kRenameRoom;
    Status read = source_.each_trail(filter, keep);
    filter.kind = "command";
    filter.action = "recover";
    if (read && !rows.empty()) read = source_.each_trail(filter, keep);
    if (!read) return read;
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    audit::RoomKeys rooms;
    for (const store::StoredTrailEntry& row : rows) {
        const Result<schema::TrailEntry> entry = entry_of(row);
        if (!entry) return pass(entry);
        rooms.take(row.index, *entry);
    }
    rooms_ = std::move(rooms);
    return {};
}

// The same question of each key that the room had, in the order in which it had them.
std::vector<store::TrailFilter> TrailReading::filters_of(const store::TrailFilter& filter) const {
    std::vector<store::TrailFilter> out;
    if (filter.room.empty() || rooms_->none()) return {filter};
    for (const audit::RoomKeys::Span& span : rooms_->spans(filter.room)) {
        store::TrailFilter& one = out.emplace_back(filter);
        one.room = span.key;
        one.after = std::max(filter.after, span.after);
        one.upto = span.upto;
        if (one.upto != 0 && one.upto <= one.after) out.pop_back();
    }
    return out;
}

Status TrailReading::may_go_on() {
    if (++examined_ % 256 == 0 && std::chrono::steady_clock::now() - began_ > kLongestQuestion)
        return fail(ErrorKind::limit,
                    fmt::format("the answer takes more than {} s", kLongestQuestion.count()),
                    "ask about a shorter time, or export the trail and ask there");
    if (over_ != nullptr && *over_) return fail(ErrorKind::unavailable, "the daemon is stopping");
    return {};
}

Status TrailReading::visit_row(const store::StoredTrailEntry& row, const store::TrailVisit& visit) {
    if (Status going = may_go_on(); !going) return going;
    const std::string& room = rooms_->now(row.room, row.index);
    if (room == row.room) return visit(row);
    store::StoredTrailEntry renamed = row;
    renamed.room = room;
    return visit(renamed);
}

Status TrailReading::each_row(const store::TrailFilter& filter, const store::TrailVisit& visit) {
    if (Status known = know_room_keys(); !known) return known;
    for (const store::TrailFilter& one : filters_of(filter)) {
        Status read = source_.each_trail(
            one, [&](const store::StoredTrailEntry& row) { return visit_row(row, visit); });
        if (!read) return read;
    }
    return {};
}

Result<std::vector<store::StoredTrailEntry>> TrailReading::newest(const store::TrailFilter& filter) {
    if (const Status known = know_room_keys(); !known) return pass(known);
    const std::vector<store::TrailFilter> filters = filters_of(filter);
    std::vector<store::StoredTrailEntry> out;
    for (auto one = filters.rbegin(); one != filters.rend() && out.size() < filter.at_most; ++one) {
        store::TrailFilter rest = *one;
        rest.at_most = filter.at_most - out.size();
        auto rows = source_.trail(rest);
        if (!rows) return rows;
        out.insert(out.begin(), std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
    }
    return out;
}

Status TrailReading::each_entry(const store::TrailFilter& filter, EntryWanted wanted,
                                const EntryVisit& visit) {
    return each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
        if (!wanted(row.kind, row.text)) return {};
        Result<schema::TrailEntry> entry = entry_of(row);
        if (!entry) return pass(entry);
        if (entry->user.empty()) entry->user = entry->erased;
        entry->room_key = row.room;
        for (std::string& room : entry->rooms) room = rooms_->now(room, row.index);
        return visit(row.index, *entry);
    });
}

Result<json::Value> entry_json(const store::StoredTrailEntry& row) {
    Result<json::Value> entry = json::parse(row.text);
    if (!entry || !entry->is_object())
        return fail(ErrorKind::io, fmt::format("entry {} of the trail cannot be read", row.index));
    json::Value out;
    out.set("index", static_cast<std::int64_t>(row.index));
    for (json::Member& member : *entry->object()) out.set(member.first, std::move(member.second));
    return out;
}

json::Value time_json(Time time) {
    return time == audit::kEver || time == kNever ? json::Value{} : json::Value{to_rfc3339(time)};
}

}  // namespace rollcall::control
