#include "daemon/control/audit_question.h"

#include <fmt/format.h>

#include "daemon/control/answer.h"
#include "schema/time_zone.h"

namespace rollcall::control {
namespace {

constexpr std::size_t kLongestTime = 64;

Result<schema::MomentText> moment_of(const Context& context, const std::string& text) {
    const auto moment =
        text.size() > kLongestTime ? std::nullopt : schema::read_moment(text, context.config.time_zone);
    if (moment) return *moment;
    return fail(ErrorKind::invalid_input, fmt::format("'{}' is no time", text.substr(0, kLongestTime)),
                fmt::format("write 2026-03-31, \"2026-03-31 14:05\" (in {}) or 2026-03-31T14:05:00+02:00",
                            context.config.time_zone));
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
    if (world.room_by_key.contains(name) || !name.starts_with('#')) return name;
    for (const policy::Room& room : world.rooms)
        if (room.claimed_alias == name) return room.key;
    return name.substr(1, name.find(':') - 1);
}

std::string login_of(const Context& context, const std::string& matrix_id) {
    const UserId user = context.engine.world().users.find(matrix_id);
    if (!user.valid() || context.engine.decider() == nullptr) return {};
    const PersonId person = context.engine.decider()->person_of(user);
    return person.valid() ? context.engine.world().people[person.index()].login.text() : "";
}

Status TrailReading::each_row(const store::TrailFilter& filter, const store::TrailVisit& visit) {
    return source_.each_trail(filter, [&](const store::StoredTrailEntry& row) -> Status {
        if (++examined_ % 256 == 0 && std::chrono::steady_clock::now() - began_ > kLongestQuestion)
            return fail(ErrorKind::limit,
                        fmt::format("the answer takes more than {} s", kLongestQuestion.count()),
                        "ask about a shorter time, or export the trail and ask there");
        if (over_ != nullptr && *over_) return fail(ErrorKind::unavailable, "the daemon is stopping");
        return visit(row);
    });
}

Status TrailReading::each_entry(const store::TrailFilter& filter, EntryWanted wanted,
                                const EntryVisit& visit) {
    return each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
        if (!wanted(row.kind, row.text)) return {};
        const Result<json::Value> value = json::parse(row.text);
        Result<schema::TrailEntry> entry =
            value ? schema::read_trail_entry(*value) : Result<schema::TrailEntry>(pass(value));
        if (!entry)
            return fail(ErrorKind::io, fmt::format("entry {} of the trail cannot be read", row.index),
                        entry.error().message);
        if (entry->user.empty()) entry->user = entry->erased;
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
