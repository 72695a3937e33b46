#include "daemon/audit/access.h"

#include <algorithm>
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
           says("\"action\":\"forget\"") || says("\"action\":\"release\"") ||
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
    if (entry.user.empty()) return;
    if (entry.kind == TrailKind::intent) {
        Open& open = open_[entry.user];
        if (entry.action == "join" || entry.action == "invite")
            open.in = authority_of(index, entry), open.in_intent = entry.intent;
        if (entry.action == "leave") open.out = authority_of(index, entry), open.out_intent = entry.intent;
    } else if (!entry.membership.empty()) {
        change(entry, index);
    } else if (entry.kind == TrailKind::result && entry.action != "forget") {
        // Nothing came of it: whoever comes or goes later does not do so on its authority.
        Open& open = open_[entry.user];
        if (entry.intent == open.in_intent) open.in = {};
        if (entry.intent == open.out_intent) open.out = {};
    } else if (entry.action == "forget" && entry.kind == TrailKind::result &&
               entry.result.starts_with("done")) {
        open_[entry.user].reads_past = false;
        const auto member = members_.find(entry.user);
        if (member != members_.end() && !member->second.stays.empty() &&
            member->second.stays.back().standing == Standing::left &&
            member->second.stays.back().time.to == kNever)
            end(member->second, entry.time, authority_of(index, entry));
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
Authority Access::why(const TrailEntry& entry, std::uint64_t index, bool in, const Stay* invitation) {
    Open& open = open_[entry.user];
    Authority announced = std::exchange(in ? open.in : open.out, {});
    const bool others = entry.kind == TrailKind::membership && entry.sender != bot_ &&
                        entry.sender != entry.user && !entry.sender.empty();
    if (!others && announced.entry != 0) return announced;
    if (!others && in && invitation != nullptr) return invitation->began;
    Authority own = authority_of(index, entry);
    if (own.by == bot_) own.by.clear();
    return own;
}

// A membership is known to be this from now on: that of an answer, an event, or what was found.
void Access::change(const TrailEntry& entry, std::uint64_t index) {
    Member& member = members_[entry.user];
    member.user = entry.user;
    if (!entry.person.empty()) member.person = entry.person;
    const bool joined = entry.membership == "join", in = joined || entry.membership == "invite";
    const Standing standing = joined ? Standing::joined : Standing::invited;
    const Stay* last = member.stays.empty() ? nullptr : &member.stays.back();
    const Stay* now = last != nullptr && last->time.to == kNever ? last : nullptr;
    const bool same =
        in ? now != nullptr && now->standing == standing : now == nullptr || now->standing == Standing::left;
    // Removed before the trail began, and nobody took the past from them.
    const bool left_before = entry.source == "before" && !in && last == nullptr && local(entry.user);
    if (same && !left_before) return;  // known already

    const bool before = entry.source == "before", found = entry.source == "read" || before;
    Time time = found && entry.event_time && *entry.event_time < entry.time ? *entry.event_time : entry.time;
    if (last != nullptr) time = std::max(time, now != nullptr ? now->time.from : last->time.to);
    const bool invited = now != nullptr && now->standing == Standing::invited;
    const Authority authority = why(entry, index, in, invited ? now : nullptr);
    bool& reads_past = open_[entry.user].reads_past;
    if (joined) reads_past = false;
    if (now != nullptr && now->standing == Standing::joined) reads_past = local(entry.user);
    if (now != nullptr) end(member, time, authority);
    if (left_before) {
        member.stays.push_back({Standing::joined, {time, time}, false, kEver, authority, authority});
        reads_past = true;
    }
    const Time earliest = !before ? time : member.stays.empty() ? kEver : member.stays.back().time.to;
    if (in || reads_past)
        member.stays.push_back(
            {in ? standing : Standing::left, {time, kNever}, found && !before, earliest, authority, {}});
}

void Access::end(Member& member, Time time, const Authority& why) {
    Stay& last = member.stays.back();
    last.time.to = std::max(time, last.time.from);
    last.ended = why;
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
    Time limit = at;
    if (now->standing == Standing::left)
        for (const Stay& stay : member.stays)
            if (stay.standing == Standing::joined && stay.time.to <= at) limit = stay.time.to;
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
