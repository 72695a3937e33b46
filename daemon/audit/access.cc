#include "daemon/audit/access.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "policy/base/text.h"
#include "schema/matrix_id.h"

namespace rollcall::audit {

using schema::TrailEntry;
using schema::TrailKind;

std::string_view to_text(Standing standing) {
    switch (standing) {
        case Standing::invited:
            return "invited";
        case Standing::joined:
            return "joined";
        case Standing::left:
            return "left";
    }
    return "";
}

const Stay* Member::at(Time time) const {
    for (const Stay& stay : stays)
        if (stay.earliest <= time && time < stay.time.to) return &stay;
    return nullptr;
}

namespace {

Authority authority_of(std::uint64_t index, const TrailEntry& entry) {
    return {index, entry.reason, entry.rule, entry.rule_path, entry.policy, entry.sender};
}

// An event that comes later than that after it happened was not told as it happened: somebody was away.
constexpr Duration kPrompt = std::chrono::seconds{2};

bool is_shared(const std::string& visibility) {
    return visibility.empty() || visibility == "shared" || visibility == "world_readable";
}

void add(std::vector<Period>& to, Period period) {
    if (period.from < period.to) to.push_back(period);
}

// In order and apart: what overlaps or touches becomes one.
std::vector<Period> united(std::vector<Period> periods) {
    std::sort(periods.begin(), periods.end(),
              [](const Period& a, const Period& b) { return a.from < b.from; });
    std::vector<Period> out;
    for (const Period& period : periods) {
        if (!out.empty() && period.from <= out.back().to)
            out.back().to = std::max(out.back().to, period.to);
        else
            out.push_back(period);
    }
    return out;
}

}  // namespace

bool Access::may_concern(std::string_view kind, std::string_view text) {
    const auto says = [text](std::string_view what) { return text.find(what) != std::string_view::npos; };
    if (kind == "policy") return says("\"rooms\":");
    const bool asked =
        says("\"action\":\"join\"") || says("\"action\":\"invite\"") || says("\"action\":\"leave\"");
    if (kind == "intent") return asked;
    return (kind == "result" && asked) || says("\"membership\":") || says("\"history\":") ||
           says("\"was\":") || says("\"action\":\"forget\"") || says("\"action\":\"release\"") ||
           says("\"action\":\"manage again\"");
}

bool Access::local(const std::string& user) const {
    return schema::server_of(user) == schema::server_of(bot_);
}

void Access::take(std::uint64_t index, const TrailEntry& entry) {
    if (entry.kind == TrailKind::policy) return take_approval(index, entry);
    if (entry.room_key != room_key_) return;
    known_since_ = std::min(known_since_, entry.time);
    note_release(entry);
    if (!entry.history.empty())
        history_.push_back({history_.empty() ? kEver : entry.time, entry.history, entry.sender});
    if (!entry.was.empty()) return entry.user.empty() ? late_history(entry) : late(entry, index);
    if (entry.user.empty()) return;
    if (entry.kind == TrailKind::intent) {
        Open& open = open_[entry.user];
        if (entry.action == "join" || entry.action == "invite")
            open.in = authority_of(index, entry), open.in_intent = entry.intent;
        if (entry.action == "leave") open.out = authority_of(index, entry), open.out_intent = entry.intent;
    } else if (!entry.membership.empty()) {
        change(entry, index);
    } else if (entry.kind == TrailKind::result && entry.action != "forget" &&
               !entry.result.starts_with("accepted")) {
        // Nothing came of it: whoever comes or goes later does not do so on its authority.
        Open& open = open_[entry.user];
        if (entry.intent == open.in_intent) open.in = {};
        if (entry.intent == open.out_intent) open.out = {};
    } else if (entry.action == "forget" && entry.kind == TrailKind::result &&
               entry.result.starts_with("done")) {
        Change forgotten;
        forgotten.time = entry.time;
        forgotten.forgotten = true;
        forgotten.why = authority_of(index, entry);
        if (const auto member = members_.find(entry.user); member != members_.end()) {
            Open& open = open_[entry.user];
            open.assumed = false;
            // Only who is out can forget a room: what took them out is told later.
            if (standing_now(member->second) == Standing::joined && open.out.entry != 0)
                open.forgotten = std::move(forgotten);
            else
                stand(member->second, std::move(forgotten));
        }
    }
}

void Access::note_release(const TrailEntry& entry) {
    const bool unmanaged = !unmanaged_.empty() && unmanaged_.back().to == kNever;
    if (entry.kind == TrailKind::result && entry.action == "release") {
        if (!unmanaged) unmanaged_.push_back({entry.time, kNever});
    } else if (unmanaged && entry.kind == TrailKind::result && entry.action == "manage again") {
        unmanaged_.back().to = entry.time;
    }
}

// Of our own doing, on the authority of what was announced; else whoever did it. Who comes in by themselves
// is there on the authority of the invitation that they had.
Authority Access::why(const TrailEntry& entry, std::uint64_t index, bool in, bool& by_invitation) {
    Open& open = open_[entry.user];
    Authority announced = std::exchange(in ? open.in : open.out, {});
    const bool others = entry.kind == TrailKind::membership && entry.sender != bot_ &&
                        entry.sender != entry.user && !entry.sender.empty();
    if (!others && announced.entry != 0) return announced;
    by_invitation = !others && in;
    Authority own = authority_of(index, entry);
    if (own.by == bot_) own.by.clear();
    return own;
}

// A membership is known to be this from now on: that of an answer, an event, or what was found.
void Access::change(const TrailEntry& entry, std::uint64_t index) {
    Member& member = members_[entry.user];
    member.user = entry.user;
    if (!entry.person.empty()) member.person = entry.person;
    Change change = change_of(entry.membership);
    change.before = entry.source == "before";
    change.time = entry.time;
    if (entry.event_time && *entry.event_time < entry.time) {
        const bool delayed = entry.source == "event" && entry.time - *entry.event_time > kPrompt;
        change.found = entry.source == "read" || change.before || delayed;
        if (change.found) change.time = *entry.event_time;
    }
    const bool put_out = entry.membership == "leave" || entry.membership == "ban";
    change.again = put_out && !change.before && local(entry.user) && !entry.sender.empty() &&
                   entry.sender != bot_ && entry.sender != entry.user;
    forget_assumed(member);
    Open& open = open_[entry.user];
    std::optional<Change> forgotten = std::exchange(open.forgotten, {});
    if (change.to || entry.intent == 0 || entry.intent != open.out_intent) forgotten.reset();
    if (forgotten)
        change.time = std::min({change.time, entry.event_time.value_or(entry.time), forgotten->time});
    if (!known(member, change) || change.again)
        change.why = why(entry, index, change.to.has_value(), change.by_invitation);
    stand(member, std::move(change));
    if (entry.result == schema::kLeftAndForgotten) {
        Change taken;
        taken.time = entry.time;
        taken.forgotten = true;
        taken.why = authority_of(index, entry);
        forgotten = std::move(taken);
    }
    if (forgotten) stand(member, std::move(*forgotten));
}

// Told of after what came of it: it takes its place among what is known, and what is so now stays so.
void Access::late(const TrailEntry& entry, std::uint64_t index) {
    Member& member = members_[entry.user];
    member.user = entry.user;
    if (!entry.person.empty()) member.person = entry.person;
    const std::optional<Standing> now = standing_now(member);
    Change told = change_of(entry.was);
    told.found = true;
    told.time = std::min(entry.event_time.value_or(entry.time), entry.time);
    told.why = authority_of(index, entry);
    if (told.why.by == bot_) told.why.by.clear();
    told.by_invitation = told.to && entry.sender == entry.user;
    forget_assumed(member);
    std::vector<Change> all = changes_of(member);
    Change known_now;
    known_now.found = true;
    if (now != Standing::left) known_now.to = now;
    known_now.time = known_now.to ? told.time : entry.time;
    const auto place = std::upper_bound(all.begin(), all.end(), told.time,
                                        [](Time time, const Change& one) { return time < one.time; });
    all.insert(place, std::move(told));
    replay(member, std::move(all));
    std::optional<Standing> after = standing_now(member);
    if (after == Standing::left) after.reset();
    if (after == known_now.to) return;
    open_[entry.user].assumed = true;
    stand(member, std::move(known_now));
}

void Access::replay(Member& member, std::vector<Change> all) {
    member.stays.clear();
    open_[member.user].reads_past = false;
    for (Change& one : all) stand(member, std::move(one));
}

void Access::forget_assumed(Member& member) {
    if (!std::exchange(open_[member.user].assumed, false)) return;
    std::vector<Change> all = changes_of(member);
    all.pop_back();  // nothing came after it
    replay(member, std::move(all));
}

Access::Change Access::change_of(std::string_view membership) {
    Change out;
    if (membership == "join") out.to = Standing::joined;
    if (membership == "invite") out.to = Standing::invited;
    return out;
}

// The changes that make such stays.
std::vector<Access::Change> Access::changes_of(const Member& member) {
    std::vector<Change> out;
    for (std::size_t i = 0; i < member.stays.size(); ++i) {
        const Stay& stay = member.stays[i];
        Change begun;
        if (stay.standing != Standing::left) begun.to = stay.standing;
        begun.time = stay.time.from;
        begun.before = stay.earliest != stay.time.from;
        begun.found = stay.found || begun.before;
        begun.again = stay.again;
        begun.why = stay.began;
        out.push_back(std::move(begun));
        const Stay* next = i + 1 < member.stays.size() ? &member.stays[i + 1] : nullptr;
        const bool goes_on =
            next != nullptr && next->time.from == stay.time.to && next->standing != stay.standing;
        if (stay.time.to == kNever || goes_on) continue;
        Change ended;
        ended.time = stay.time.to;
        ended.forgotten = stay.standing == Standing::left;
        ended.why = stay.ended;
        out.push_back(std::move(ended));
    }
    return out;
}

std::optional<Standing> Access::standing_now(const Member& member) {
    if (member.stays.empty() || member.stays.back().time.to != kNever) return std::nullopt;
    return member.stays.back().standing;
}

// Removed before the trail began, and nobody took the past from them.
bool Access::left_before(const Member& member, const Change& change) const {
    return change.before && !change.to && member.stays.empty() && local(member.user);
}

bool Access::known(const Member& member, const Change& change) const {
    const std::optional<Standing> now = standing_now(member);
    const bool same = change.to ? now == change.to : !now || now == Standing::left;
    return same && !left_before(member, change);
}

void Access::stand(Member& member, Change change) {
    bool& reads_past = open_[member.user].reads_past;
    const std::optional<Standing> now = standing_now(member);
    if (change.forgotten) {
        reads_past = false;
        if (now == Standing::left) end(member, change.time, change.why);
        return;
    }
    if (known(member, change) && !change.again) return;
    Time time = change.time;
    if (!member.stays.empty()) {
        const Period& last = member.stays.back().time;
        time = std::max(time, now ? last.from : last.to);
    }
    if (change.by_invitation && now == Standing::invited) change.why = member.stays.back().began;
    const bool left_then = left_before(member, change);
    if (change.to == Standing::joined) reads_past = false;
    // Each leave lets an account of our server read up to there, also of whoever was only invited.
    if (!change.to && (now == Standing::joined || now == Standing::invited || change.again))
        reads_past = local(member.user);
    if (now) end(member, time, change.why);
    if (left_then) {
        member.stays.push_back({Standing::joined, {time, time}, false, kEver, change.why, change.why});
        reads_past = true;
    }
    const Time earliest = !change.before ? time : member.stays.empty() ? kEver : member.stays.back().time.to;
    if (!change.to && !reads_past) return;
    Stay& stay = member.stays.emplace_back();
    stay.standing = change.to.value_or(Standing::left);
    stay.time = {time, kNever};
    stay.found = change.found && !change.before;
    stay.earliest = earliest;
    stay.began = std::move(change.why);
    stay.again = change.again && now != Standing::joined && now != Standing::invited;
}

void Access::end(Member& member, Time time, const Authority& why) {
    Stay& last = member.stays.back();
    last.time.to = std::max(time, last.time.from);
    last.ended = why;
}

// What the visibility was for a time, told of afterwards: counted where it lets people read more.
void Access::late_history(const TrailEntry& entry) {
    if (history_.empty() || !is_shared(entry.was)) return;
    const Time from = std::min(entry.event_time.value_or(entry.time), entry.time);
    const Visibility now = history_.back();
    const auto place = std::upper_bound(history_.begin(), history_.end(), from,
                                        [](Time time, const Visibility& one) { return time < one.from; });
    const bool last = place == history_.end();
    history_.insert(place, {from, entry.was, entry.sender});
    if (last && now.value != entry.was) history_.push_back({entry.time, now.value, now.sender});
}

void Access::take_approval(std::uint64_t index, const TrailEntry& entry) {
    for (Approval& approval : approvals_)
        if (approval.key == entry.rule_path && approval.time.to > entry.time) approval.time.to = entry.time;
    if (entry.action != "approve outsider" || !entry.until ||
        std::find(entry.rooms.begin(), entry.rooms.end(), room_key_) == entry.rooms.end())
        return;
    approvals_.push_back({index,
                          entry.user,
                          entry.rule_path,
                          entry.reason,
                          entry.sponsor,
                          entry.caller ? entry.caller->text : "",
                          *entry.until,
                          {entry.time, *entry.until}});
}

const Approval* Access::approval(const std::string& user, Time at) const {
    for (const Approval& approval : approvals_)
        if (approval.time.from <= at && at < approval.time.to && glob_match(approval.who, user))
            return &approval;
    return nullptr;
}

std::string Access::history_at(Time time) const {
    std::string value;
    for (const Visibility& one : history_)
        if (one.from <= time) value = one.value;
    return value;
}

// Sent while the room shared its past, up to that moment.
std::vector<Period> Access::shared_until(Time limit) const {
    std::vector<Period> out;
    if (history_.empty()) add(out, {kEver, limit});
    for (std::size_t i = 0; i < history_.size(); ++i)
        if (is_shared(history_[i].value))
            add(out,
                {history_[i].from, std::min(limit, i + 1 < history_.size() ? history_[i + 1].from : kNever)});
    return out;
}

std::vector<Period> Access::readable(const Member& member, Time at) const {
    const Stay* now = member.at(at);
    if (now == nullptr || now->standing == Standing::invited) return {};
    const Time limit = now->standing == Standing::left ? now->time.from : at;
    std::vector<Period> out = shared_until(limit);
    for (const Stay& stay : member.stays) {
        const Period within{stay.earliest, std::min(stay.time.to, limit)};
        if (stay.standing == Standing::joined) add(out, within);
        if (stay.standing != Standing::invited) continue;
        for (std::size_t i = 0; i < history_.size(); ++i)
            if (history_[i].value == "invited")
                add(out, {std::max(within.from, history_[i].from),
                          std::min(within.to, i + 1 < history_.size() ? history_[i + 1].from : kNever)});
    }
    return united(std::move(out));
}

}  // namespace rollcall::audit
