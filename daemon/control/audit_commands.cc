// audit list, show and export: entries of the trail as they stand there.
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <deque>
#include <memory>

#include "daemon/control/answer.h"
#include "daemon/control/audit_question.h"

namespace rollcall::control {
namespace {

constexpr std::int64_t kMostListed = 100'000;
constexpr std::int64_t kMostExported = 5'000;  // in one answer; the asker goes on from there
constexpr std::size_t kMostOfChain = 200;

std::uint64_t number_of(const json::Value& value) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.integer_or(0)));
}

// What is asked for besides what the store finds by itself.
struct Wanted {
    std::string rule, result;

    [[nodiscard]] bool none() const { return rule.empty() && result.empty(); }
    // A rule is named by its place in the files or in the policy, or by the beginning of either.
    [[nodiscard]] bool fits(const json::Value& entry) const {
        if (!rule.empty() && !entry["rule"].text().starts_with(rule) &&
            !entry["rule_path"].text().starts_with(rule))
            return false;
        return result.empty() || entry["result"].text().starts_with(result);
    }
};

Result<store::TrailFilter> filter_of(const Context& context) {
    store::TrailFilter filter;
    const Result<audit::Period> period = period_of(context);
    if (!period) return pass(period);
    if (period->from != audit::kEver) filter.from = period->from;
    if (period->to != kNever) filter.to = period->to;
    filter.kind = context.args["kind"].text();
    filter.action = context.args["action"].text();
    filter.after = number_of(context.args["after"]);
    if (const std::string room = context.args["room"].text(); !room.empty())
        filter.room = room_key_of(context, room);
    if (const std::string user = context.args["user"].text(); !user.empty()) {
        Result<Whom> whom = whom_of(context, user);
        if (!whom) return pass(whom);
        filter.user = std::move(whom->user);
        filter.person = whom->person;
    }
    return filter;
}

Answer entries_answer(const Context& context, json::Array entries) {
    json::Value result;
    result.set("entries", std::move(entries));
    result.set("time_zone", context.config.time_zone);
    return ok(std::move(result));
}

// The newest `at_most` that fit: the last ones of all that are looked at are kept.
Result<json::Array> newest(TrailReading& trail, const store::TrailFilter& filter, const Wanted& wanted) {
    std::deque<json::Value> kept;
    const auto keep = [&](const store::StoredTrailEntry& row) -> Status {
        Result<json::Value> entry = entry_json(row);
        if (!entry) return pass(entry);
        if (!wanted.fits(*entry)) return {};
        kept.push_back(std::move(*entry));
        if (kept.size() > filter.at_most) kept.pop_front();
        return {};
    };
    Status read;
    if (wanted.none()) {
        const auto rows = trail.newest(filter);
        if (!rows) return pass(rows);
        for (auto row = rows->begin(); row != rows->end() && read; ++row) read = keep(*row);
    } else {
        read = trail.each_row(filter, keep);
    }
    if (!read) return pass(read);
    return json::Array(std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
}

struct Exported {
    json::Array entries;  // oldest first
    bool more = false;
};

Status read_export(TrailReading& trail, const store::TrailFilter& filter, Exported& into) {
    Status read = trail.each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
        into.more = into.entries.size() == filter.at_most;
        if (into.more) return fail(ErrorKind::limit, "enough");
        Result<json::Value> entry = entry_json(row);
        if (!entry) return pass(entry);
        into.entries.push_back(std::move(*entry));
        return {};
    });
    if (into.more) return {};
    return read;
}

std::size_t most_of(const Context& context, std::int64_t usual, std::int64_t most) {
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(context.args["most"].integer_or(usual), 1, most));
}

}  // namespace

Asked audit_list(const Context& context) {
    Result<store::TrailFilter> filter = filter_of(context);
    if (!filter) return error(filter.error());
    filter->at_most = most_of(context, 200, kMostListed);
    const Wanted wanted{context.args["rule"].text(), context.args["result"].text()};
    const auto found = std::make_shared<json::Array>();
    return Question{[filter = *filter, wanted, found](TrailReading& trail) -> Status {
                        Result<json::Array> read = newest(trail, filter, wanted);
                        if (!read) return pass(read);
                        *found = std::move(*read);
                        return {};
                    },
                    [found](const Context& later) { return entries_answer(later, std::move(*found)); }};
}

Asked audit_export(const Context& context) {
    Result<store::TrailFilter> filter = filter_of(context);
    if (!filter) return error(filter.error());
    filter->at_most = most_of(context, kMostExported, kMostExported);
    const auto exported = std::make_shared<Exported>();
    return Question{
        [filter = *filter, exported](TrailReading& trail) { return read_export(trail, filter, *exported); },
        [exported](const Context& later) {
            json::Value result;
            result.set("entries", std::move(exported->entries));
            result.set("more", exported->more);
            result.set("time_zone", later.config.time_zone);
            return ok(std::move(result));
        }};
}

namespace {

// The chain of cause of one entry: what was learned, what was decided, asked for, and came of it.
class Chain {
  public:
    // `room`: the key by which its room is known now; `subject`: the person key of whom it is about, 0 for
    // nobody.
    Chain(TrailReading& trail, json::Value entry, std::string room, std::uint64_t subject)
        : trail_(trail), entry_(std::move(entry)), room_(std::move(room)), subject_(subject) {}

    Status gather() {
        intent_ = entry_["intent"].integer_or(0);
        if (intent_ != 0)
            if (Status read = follow_intent(); !read) return read;
        first_ = number_of(links_.empty() ? entry_["index"] : links_.front()["index"]);
        if (Status read = find_policy(); !read) return read;
        if (!entry_["user"].text().empty() && intent_ != 0)
            if (Status read = find_cause(); !read) return read;
        std::sort(links_.begin(), links_.end(), [](const json::Value& a, const json::Value& b) {
            return a["index"].integer_or(0) < b["index"].integer_or(0);
        });
        return {};
    }
    [[nodiscard]] json::Value answer() && {
        json::Value out;
        out.set("entry", std::move(entry_));
        out.set("chain", std::move(links_));
        return out;
    }

  private:
    void link(std::string_view role, const json::Value& entry) {
        json::Value out;
        out.set("role", role);
        for (const json::Member& member : *entry.object()) out.set(member.first, member.second);
        links_.push_back(std::move(out));
    }
    // The entries that `text` says may matter, each as JSON.
    Status each(const store::TrailFilter& filter, std::string_view text,
                const std::function<void(const json::Value&, const std::string& room)>& visit) const {
        return trail_.each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
            if (row.text.find(text) == std::string::npos) return {};
            const Result<json::Value> entry = entry_json(row);
            if (!entry) return pass(entry);
            visit(*entry, row.room);
            return {};
        });
    }
    // The announcement and all that came of it.
    Status follow_intent() {
        store::TrailFilter filter;
        filter.subject = subject_;
        filter.room = room_;
        const std::string announced = fmt::format("\"intent\":{},", intent_);
        return each(filter, announced, [this](const json::Value& entry, const std::string&) {
            if (entry["intent"].integer_or(0) != intent_ || links_.size() >= kMostOfChain) return;
            link(entry["kind"].text() == "intent" ? "intent" : "result", entry);
        });
    }
    // Who put the policy in force that decided.
    Status find_policy() {
        const std::string hash = entry_["policy"].text();
        if (hash.empty() || entry_["kind"].text() == "policy") return {};
        store::TrailFilter filter;
        filter.kind = "policy";
        json::Value found;
        Status read = each(filter, hash, [&](const json::Value& entry, const std::string&) {
            if (number_of(entry["index"]) < first_ && entry["policy"].text() == hash &&
                entry["action"].text() == "apply")
                found = entry;
        });
        if (!found.is_null()) link("policy", found);
        return read;
    }
    // The last that was learned, held or answered about this person, before it was decided.
    Status find_cause() {
        store::TrailFilter filter;
        filter.subject = subject_;
        static constexpr std::array<std::string_view, 5> kRoles{"directory", "membership", "hold", "approve",
                                                                "reject"};
        std::array<json::Value, kRoles.size()> last;
        Status read = each(filter, "\"kind\":\"", [&](const json::Value& entry, const std::string& room) {
            const auto role = std::find(kRoles.begin(), kRoles.end(), entry["kind"].text());
            if (role == kRoles.end() || number_of(entry["index"]) >= first_) return;
            if (!room.empty() && room != room_) return;
            if (entry["user"].text() != entry_["user"].text()) return;  // another Matrix ID of theirs
            last[static_cast<std::size_t>(role - kRoles.begin())] = entry;
        });
        // A return is no cause of a removal, and what was seen in the room none of a departure's.
        const std::string learned = last[0]["action"].text(), action = entry_["action"].text();
        const bool in = action == "join" || action == "invite";
        if (in != (learned == "returned")) last[0] = {};
        if (!last[0].is_null() || last[1]["membership"].is_null()) last[1] = {};
        for (std::size_t i = 0; i < kRoles.size(); ++i)
            if (!last[i].is_null()) link(kRoles[i], last[i]);
        return read;
    }

    TrailReading& trail_;
    json::Value entry_;
    const std::string room_;
    const std::uint64_t subject_;
    std::uint64_t first_ = 0;
    std::int64_t intent_ = 0;
    json::Array links_;
};

Result<json::Value> shown(TrailReading& trail, std::uint64_t number) {
    const Result<std::uint64_t> size = trail.size();
    if (!size) return pass(size);
    if (number == 0 || number > *size)
        return fail(ErrorKind::not_found, fmt::format("the trail has no entry {}", number),
                    fmt::format("it has the entries 1 to {}; `rollcall audit list` shows numbers", *size));
    store::TrailFilter filter;
    filter.after = number - 1;
    std::optional<Result<json::Value>> found;
    std::uint64_t subject = 0;
    std::string room;
    static_cast<void>(trail.each_row(filter, [&](const store::StoredTrailEntry& row) -> Status {
        found = entry_json(row);
        subject = row.subject;
        room = row.room;
        return fail(ErrorKind::limit, "enough");
    }));
    if (!found)
        return fail(ErrorKind::io, fmt::format("entry {} of the trail cannot be read", number),
                    "`rollcall audit verify` says what is wrong");
    if (!*found) return pass(*found);
    Chain chain(trail, std::move(**found), std::move(room), subject);
    if (Status read = chain.gather(); !read) return pass(read);
    return std::move(chain).answer();
}

}  // namespace

Asked audit_show(const Context& context) {
    const auto found = std::make_shared<json::Value>();
    return Question{[number = number_of(context.args["number"]), found](TrailReading& trail) -> Status {
                        Result<json::Value> read = shown(trail, number);
                        if (!read) return pass(read);
                        *found = std::move(*read);
                        return {};
                    },
                    [found](const Context& later) {
                        found->set("time_zone", later.config.time_zone);
                        return ok(std::move(*found));
                    }};
}

}  // namespace rollcall::control
