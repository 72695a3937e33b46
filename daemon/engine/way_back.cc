#include "daemon/engine/way_back.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/waits.h"
#include "schema/matrix_content.h"

namespace rollcall::engine {
namespace {

// A homeserver tells within a second (Synapse: 20 ms), in the order in which things happened. One that is
// busy tells of other things first: then more patience, for as long as they come.
constexpr Duration kEventDue = std::chrono::seconds{10};
constexpr Duration kEventDueBusy = std::chrono::minutes{5};
constexpr Duration kSilence = std::chrono::minutes{5};  // after that a ping
constexpr Duration kFirstPingAgain = std::chrono::seconds{5};
constexpr Duration kLongestPingAgain = std::chrono::minutes{1};
constexpr Duration kFirstLookAgain = std::chrono::seconds{30};
constexpr Duration kLongestLookAgain = std::chrono::minutes{10};

// What tells the event of a membership: a kick's answer names no event ID.
std::string member_key(const std::string& room, const std::string& user, policy::MembershipState state) {
    return fmt::format("{}\n{}\n{}", room, user, policy::to_text(state));
}

std::string member_kind(policy::MembershipState state) {
    return fmt::format("m.room.member ({})", policy::to_text(state));
}

}  // namespace

WayBack::State WayBack::state() const {
    if (!no_listener_.empty() || !ping_trouble_.empty() || !missing_.empty()) return State::broken;
    return ping_seen_ || last_seen_ != Time{} ? State::arrives : State::not_seen;
}

std::string WayBack::trouble() const {
    if (!no_listener_.empty()) return no_listener_;
    if (!ping_trouble_.empty()) return ping_trouble_;
    if (missing_.empty()) return {};
    std::string kinds;
    for (const std::string& kind : missing_) kinds += (kinds.empty() ? "" : ", ") + kind;
    return fmt::format(
        "the homeserver took {} of the daemon's changes and did not tell of them ({}); look at what stands "
        "between the homeserver and appservice.url, and at the homeserver's log",
        missed_, kinds);
}

void WayBack::cannot_listen(std::string why) {
    no_listener_ = std::move(why);
}

bool WayBack::ping_due(Tick now) const {
    return ping_.empty() && no_listener_.empty() && now >= next_ping_;
}

std::string WayBack::begin_ping() {
    ping_came_ = false;
    ping_ = fmt::format("rollcall{}", ++pings_);
    return ping_;
}

void WayBack::ping_arrived(const std::string& id) {
    ping_came_ = ping_came_ || (!ping_.empty() && id == ping_);
}

void WayBack::ping_ended(const CallResult& result, Moment now) {
    if (std::exchange(ping_, "").empty()) return;
    ping_seen_ = false;
    // The homeserver itself did not answer: that is another trouble, and nothing is known of this one.
    const bool nothing = result.outcome == CallOutcome::unreachable || result.outcome == CallOutcome::retry;
    const bool none_there = result.outcome == CallOutcome::absent;
    const std::string before = ping_trouble_;
    if (!nothing) ping_trouble_.clear();
    if (result.outcome == CallOutcome::done && !ping_came_) {
        ping_trouble_ = fmt::format(
            "the homeserver says that it reached {}, but nothing came here: "
            "something else answers there",
            result.text);
    } else if (result.outcome == CallOutcome::done) {
        ping_seen_ = true;
        last_seen_ = now.wall;
        last_heard_ = now.tick;
    } else if (!nothing && !none_there) {
        ping_trouble_ = result.text;
    }
    if (ping_seen_ || none_there) {
        failed_pings_ = 0;
        next_ping_ = now.tick + kSilence;
    } else {
        next_ping_ = now.tick + backoff(kFirstPingAgain, kLongestPingAgain, ++failed_pings_);
    }
    if (before.empty() && !ping_trouble_.empty()) broken_at(now.tick);
}

void WayBack::broken_at(Tick now) {
    next_look_ = now;
    looks_ = 0;
}

void WayBack::accepted(const Call& call, const CallResult& result, Tick now) {
    if (awaited_.size() >= kMostAwaited) return;
    if (call.kind == CallKind::put_member)
        awaited_.try_emplace(member_key(call.room, call.user, call.membership),
                             Awaited{member_kind(call.membership), now});
    else if (call.kind == CallKind::put_state && !result.event.empty())
        awaited_.try_emplace(result.event, Awaited{call.type, now});
}

void WayBack::heard(Moment now) {
    last_seen_ = now.wall;
    last_heard_ = now.tick;
    ping_trouble_.clear();  // what brought this can bring more
    if (ping_.empty()) next_ping_ = now.tick + kSilence;
}

void WayBack::event_came(const policy::RoomEvent& event, Moment now) {
    heard(now);
    // What was accepted well before this should have come before it: no more patience.
    const auto came = [this](const std::string& key) {
        const auto at = awaited_.find(key);
        if (at == awaited_.end()) return;
        const Tick since = at->second.since;
        awaited_.erase(at);
        for (auto& [other, awaited] : awaited_)
            if (awaited.since + kEventDue < since) awaited.since -= kEventDueBusy;
    };
    came(event.event);
    std::string kind(schema::event_type(event.content));
    if (const auto* member = std::get_if<policy::MemberContent>(&event.content)) {
        came(member_key(event.room, member->user, member->membership));
        kind = member_kind(member->membership);
    }
    missing_.erase(kind);
    if (missing_.empty()) missed_ = 0;
}

Tick WayBack::overdue(const Awaited& awaited) const {
    return std::min(awaited.since + kEventDueBusy, std::max(awaited.since, last_heard_) + kEventDue);
}

void WayBack::notice_missing(Tick now) {
    const bool was_whole = missing_.empty();
    std::erase_if(awaited_, [&](const auto& entry) {
        if (now < overdue(entry.second)) return false;
        missing_.insert(entry.second.kind);
        ++missed_;
        return true;
    });
    if (!was_whole || missing_.empty()) return;
    broken_at(now);
    ping_soon();
}

bool WayBack::look_due(Tick now) const {
    return state() == State::broken && no_listener_.empty() && now >= next_look_;
}

void WayBack::looked(Tick now) {
    next_look_ = now + backoff(kFirstLookAgain, kLongestLookAgain, ++looks_);
}

Tick WayBack::next() const {
    Tick next = ping_.empty() && no_listener_.empty() ? next_ping_ : kNoTick;
    for (const auto& [key, awaited] : awaited_) next = std::min(next, overdue(awaited));
    if (state() == State::broken && no_listener_.empty()) next = std::min(next, next_look_);
    return next;
}

}  // namespace rollcall::engine
