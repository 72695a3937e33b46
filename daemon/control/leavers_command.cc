// audit leavers: whoever departed in a period, and whether the promise was kept.
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>

#include "daemon/audit/leavers.h"
#include "daemon/control/answer.h"
#include "daemon/control/audit_question.h"
#include "daemon/control/kept_back.h"
#include "daemon/control/seen.h"

namespace rollcall::control {
namespace {

constexpr std::size_t kMostLeavers = 10'000;

json::Value texts(const std::set<std::string>& keys) {
    json::Value list{json::Array{}};
    for (const std::string& key : keys) list.push(key);
    return list;
}

json::Value optional_time(const std::optional<Time>& time) {
    return time ? json::Value{to_rfc3339(*time)} : json::Value{};
}

constexpr std::array kAllParts{audit::Part::sessions, audit::Part::rooms, audit::Part::elsewhere,
                               audit::Part::past};

// What each part of it came to.
json::Value parts_json(const audit::Departure& departure, Duration promise, Time now,
                       const audit::DepartureWanted& wanted) {
    json::Value parts;
    for (const audit::Part part : kAllParts) {
        json::Value row;
        row.set("kept", audit::to_text(departure.kept(part, promise, now, wanted)));
        row.set("at", optional_time(departure.done_at(part)));
        parts.set(std::string(audit::to_text(part)), std::move(row));
    }
    return parts;
}

// What the policy in force asks for; one that is not there yet asks for everything. Never of the bot.
audit::DepartureWanted wanted_of(const Context& context, const audit::Departure& departure) {
    audit::DepartureWanted wanted;
    wanted.anything = departure.user != context.engine.settings().bot;
    const policy::Decider* decider = context.engine.decider();
    if (decider == nullptr) return wanted;
    wanted.sign_out = decider->program().sign_out;
    wanted.every_room = decider->program().leave == policy::LeaveScope::every_room;
    return wanted;
}

json::Value departure_json(const Context& context, const audit::Departure& departure, Duration promise,
                           const std::map<std::string, std::string>& kept) {
    json::Value row;
    row.set("entry", static_cast<std::int64_t>(departure.entry));
    row.set("user", departure.user);
    row.set("login", login_of(context, departure.user));
    if (!departure.person.empty()) row.set("person", departure.person.text());
    row.set("text", departure.text);
    row.set("said", to_rfc3339(departure.said));
    row.set("noticed", to_rfc3339(departure.noticed));
    row.set("signed_out", optional_time(departure.signed_out));
    row.set("last_left", optional_time(departure.last_left));
    row.set("last_forgotten", optional_time(departure.last_forgotten));
    row.set("over", optional_time(departure.over));
    row.set("rooms", static_cast<std::int64_t>(departure.rooms));
    row.set("elsewhere", static_cast<std::int64_t>(departure.elsewhere));
    row.set("remains", texts(departure.remains));
    row.set("unforgotten", texts(departure.unforgotten));
    if (!departure.let_go.empty()) row.set("let_go", texts(departure.let_go));
    if (!departure.past_readable.empty()) row.set("past_readable", texts(departure.past_readable));
    row.set("elsewhere_found", static_cast<std::int64_t>(departure.elsewhere_found));
    row.set("no_account", departure.no_account);
    row.set("not_covered", departure.not_covered);
    row.set("dated", departure.dated);
    const auto took = departure.took();
    row.set("took_ms", took ? json::Value{static_cast<std::int64_t>(took->count())} : json::Value{});
    const Time now = context.engine.date();
    const audit::DepartureWanted wanted = wanted_of(context, departure);
    if (!wanted.anything) row.set("bot", true);
    const audit::Promise whole = departure.whole(promise, now, wanted);
    row.set("promise", to_text(whole));
    if (const auto at = kept.find(departure.user); at != kept.end() && !departure.over)
        row.set("kept_back", at->second);
    row.set("parts", parts_json(departure, promise, now, wanted));
    return row;
}

// Who departed in the period: the keys by which they are found, which may be several of one person.
Result<std::set<std::uint64_t>> leavers_of(TrailReading& trail, const audit::Period& period) {
    store::TrailFilter filter;
    filter.kind = "directory";
    filter.action = "departed";
    if (period.from != audit::kEver) filter.from = period.from;
    if (period.to != kNever) filter.to = period.to;
    std::set<std::uint64_t> people;
    Status read = trail.each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
        if (people.size() > kMostLeavers)
            return fail(ErrorKind::limit,
                        fmt::format("more than {} people departed in that time", kMostLeavers),
                        "ask about a shorter time");
        if (row.subject != 0) people.insert(row.subject);
        return {};
    });
    if (!read) return pass(read);
    return people;
}

// Each time that a policy stopped naming a room, or began to again.
struct Managed {
    std::uint64_t entry = 0;
    std::string room;
    bool managed = false;
};
Result<std::vector<Managed>> changes_of_rooms(TrailReading& trail) {
    std::vector<Managed> out;
    for (const bool managed : {false, true}) {
        store::TrailFilter filter;
        filter.kind = "result";
        filter.action = managed ? "manage again" : "release";
        Status read = trail.each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
            out.push_back({row.index, row.room, managed});
            return {};
        });
        if (!read) return pass(read);
    }
    std::sort(out.begin(), out.end(), [](const Managed& a, const Managed& b) { return a.entry < b.entry; });
    return out;
}

bool about_leaving(std::string_view kind, std::string_view text) {
    if (kind == "directory" || text.find("\"membership\":") != std::string_view::npos) return true;
    if (kind != "result" && kind != "failure") return false;
    const std::array actions{R"("action":"sign out")", R"("action":"list rooms")", R"("action":"leave")",
                             R"("action":"forget")"};
    return std::any_of(actions.begin(), actions.end(),
                       [text](const char* action) { return text.find(action) != std::string_view::npos; });
}

// In the order of their entries.
Result<std::vector<audit::Departure>> departures_of(TrailReading& trail, const audit::Period& period) {
    const auto people = leavers_of(trail, period);
    if (!people) return pass(people);
    const auto rooms = changes_of_rooms(trail);
    if (!rooms) return pass(rooms);
    std::vector<audit::Departure> departures;
    std::set<std::uint64_t> seen;  // departures: of somebody with two keys they come twice
    for (const std::uint64_t subject : *people) {
        audit::Leavers leavers;
        auto next = rooms->begin();
        store::TrailFilter filter;
        filter.subject = subject;
        Status read =
            trail.each_entry(filter, &about_leaving, [&](std::uint64_t index, const auto& entry) -> Status {
                for (; next != rooms->end() && next->entry < index; ++next)
                    leavers.managed(next->room, next->managed);
                leavers.take(index, entry);
                return {};
            });
        if (!read) return pass(read);
        for (; next != rooms->end(); ++next) leavers.managed(next->room, next->managed);
        for (const audit::Departure& departure : leavers.departures())
            if (period.from <= departure.noticed && departure.noticed < period.to &&
                seen.insert(departure.entry).second)
                departures.push_back(departure);
    }
    std::sort(departures.begin(), departures.end(),
              [](const auto& a, const auto& b) { return a.entry < b.entry; });
    return departures;
}

// Why somebody may have departed of whom nothing is here.
json::Value not_looked_at(const Context& context) {
    if (!context.engine.settings().one_shot) return unseen(what_was_seen(context));
    json::Value list{json::Array{}};
    list.push("no daemon is running: of who has departed since one did, nothing is known");
    return list;
}

Answer leavers_answer(const Context& context, const audit::Period& period, Duration promise,
                      const std::vector<audit::Departure>& departures) {
    json::Value out, list{json::Array{}};
    std::map<audit::Promise, std::int64_t> counts;
    const std::map<std::string, std::string> back = kept_back(context.engine);
    std::int64_t kept_now = 0;
    for (const audit::Departure& departure : departures) {
        list.push(departure_json(context, departure, promise, back));
        if (!list.array()->back()["kept_back"].is_null()) ++kept_now;
        ++counts[departure.whole(promise, context.engine.date(), wanted_of(context, departure))];
    }
    out.set("from", time_json(period.from));
    out.set("to", time_json(period.to));
    out.set("now", to_rfc3339(context.engine.date()));
    out.set("promise", duration_text(promise));
    out.set("kept", counts[audit::Promise::kept]);
    out.set("missed", counts[audit::Promise::missed]);
    out.set("open", counts[audit::Promise::open]);
    out.set("not_proven", counts[audit::Promise::not_proven]);
    out.set("kept_back", kept_now);
    out.set("departures", std::move(list));
    json::Value unseen = not_looked_at(context);
    const bool all = unseen.array()->empty();
    out.set("unseen", std::move(unseen));
    const bool kept =
        counts[audit::Promise::missed] == 0 && counts[audit::Promise::not_proven] == 0 && kept_now == 0;
    return ok(std::move(out), all && kept ? 0 : 1);
}

}  // namespace

Asked audit_leavers(const Context& context) {
    const Result<audit::Period> period = period_of(context);
    if (!period) return error(period.error());
    const std::string promised = context.args["promise"].text(duration_text(context.config.audit.promise));
    const std::optional<Duration> promise = parse_duration(promised);
    if (!promise)
        return error(Error{ErrorKind::invalid_input, fmt::format("'{}' is no duration", promised),
                           "write 5m, 90s, 1h or 1d"});
    const auto departures = std::make_shared<std::vector<audit::Departure>>();
    return Question{[period = *period, departures](TrailReading& trail) -> Status {
                        auto read = departures_of(trail, period);
                        if (!read) return pass(read);
                        *departures = std::move(*read);
                        return {};
                    },
                    [period = *period, promise = *promise, departures](const Context& later) {
                        return leavers_answer(later, period, promise, *departures);
                    }};
}

}  // namespace rollcall::control
