#include "daemon/engine/way_back.h"

#include <fmt/format.h>
#include <algorithm>
#include <sstream>
#include <utility>

#include "daemon/engine/waits.h"
#include "schema/matrix_content.h"

namespace rollcall::engine {
namespace {

// A homeserver tells within a second (Synapse: 20 ms), in the order in which things happened. One that is
// busy tells of other things first: then more patience, for as long as they come.
constexpr Duration kEventDue = std::chrono::seconds{10};
constexpr Duration kEventDueBusy = std::chrono::minutes{5};
// After that a ping: it also says whether the homeserver is there at all, while nothing happens.
constexpr Duration kSilence = std::chrono::seconds{30};
constexpr Duration kLostAtOnce = std::chrono::seconds{2};
constexpr Duration kFirstPingAgain = std::chrono::seconds{5};
constexpr Duration kPingCameAgain = std::chrono::seconds{1};
constexpr int kMostDoubts = 3;
constexpr Duration kLongestPingAgain = std::chrono::minutes{1};
constexpr Duration kFirstLookAgain = std::chrono::seconds{30};
constexpr Duration kLongestLookAgain = std::chrono::minutes{10};
// Whoever asks waits so long for what a probe made.
constexpr Duration kProbeComes = std::chrono::seconds{2};

std::string kick_of(const std::string& room, const std::string& user) {
    return room + "\n" + user;
}

// What tells its event.
std::string event_of(const Intent& intent, const std::string& event) {
    return event.empty() ? kick_of(intent.room_id, intent.user) : event;
}

std::string list_of(const std::set<std::string>& kinds) {
    return fmt::format("{}", fmt::join(kinds, ", "));
}

}  // namespace

std::string member_kind(policy::MembershipState state) {
    return fmt::format("m.room.member ({})", policy::to_text(state));
}

bool is_kick(const policy::RoomEvent& event, const std::string& bot) {
    const auto* member = std::get_if<policy::MemberContent>(&event.content);
    return member != nullptr && event.sender == bot && member->user != bot &&
           member->membership == policy::MembershipState::leave;
}

bool comes_after(const policy::RoomEvent& event, std::uint32_t before) {
    return before == 0 || event.replaces.empty() || policy::event_digest(event.replaces) == before;
}

WayBack::State WayBack::state() const {
    if (!no_listener_.empty() || !refused_.empty() || !ping_trouble_.empty() || !missing_.empty())
        return State::broken;
    return ping_seen_ || last_seen_ != Time{} ? State::arrives : State::not_seen;
}

std::string WayBack::trouble() const {
    if (!no_listener_.empty()) return no_listener_;
    if (!refused_.empty())
        return fmt::format(
            "the homeserver sends a transaction that cannot be taken ({}), and nothing after it; its table "
            "application_services_txns holds it, and it is over when another one was taken",
            refused_);
    if (!ping_trouble_.empty()) return ping_trouble_;
    if (missing_.empty()) return {};
    return fmt::format(
        "the homeserver took {} of the daemon's changes and did not tell of them ({}); look at what stands "
        "between the homeserver and appservice.url, and at the homeserver's log; it is over with the next "
        "event of that kind; the bot makes some in a room of its own, now and then and whenever `rollcall "
        "check --online` asks{}",
        missed_, list_of(missing_), probe_trouble_);
}

std::string WayBack::came_again() const {
    return list_of(came_again_);
}

void WayBack::cannot_listen(std::string why) {
    no_listener_ = std::move(why);
}

bool WayBack::ping_due(Tick now) const {
    return ping_.empty() && no_listener_.empty() && now >= next_ping_;
}

std::string WayBack::begin_ping(Tick now) {
    pinged_at_ = now;
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
    const bool nothing = result.outcome == CallOutcome::unreachable || result.outcome == CallOutcome::retry ||
                         result.outcome == CallOutcome::torn;
    const bool none_there = result.outcome == CallOutcome::absent;
    const std::string before = ping_trouble_;
    const bool failed = !nothing && !none_there && (result.outcome != CallOutcome::done || !ping_came_);
    // One that is lost on a way that was there says nothing yet: it is sent again at once. So is one that is
    // lost at once: the homeserver may have kept a connection to the process before, which is no more. One
    // that came and is said to be lost is sent again a moment later: Synapse says so while it sends anew what
    // it had kept. Each time it is lost, the answer to what came may be what does not reach the homeserver.
    const bool at_once = now.tick - pinged_at_ < kLostAtOnce;
    const bool came = ping_came_ && result.outcome != CallOutcome::done;
    if (failed && before.empty() && (last_seen_ != Time{} || at_once || came) &&
        doubts_++ < (came ? kMostDoubts : 1)) {
        next_ping_ = now.tick + (came ? kPingCameAgain : Duration{0});
        return;
    }
    doubts_ = 0;
    if (!nothing) ping_trouble_.clear();
    if (result.outcome == CallOutcome::done && !ping_came_) {
        ping_trouble_ =
            "the homeserver says that it reached the daemon, but nothing came here: something else "
            "answers there; " +
            result.text;
    } else if (result.outcome == CallOutcome::done) {
        ping_seen_ = true;
        last_seen_ = now.wall;
        last_heard_ = now.tick;
    } else if (failed) {
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

void WayBack::await(const Intent& intent, const std::string& event, bool must_come, Tick now) {
    if (awaited_.size() >= kMostAwaited) return;
    const Call& call = intent.call;
    const std::string kind = call.kind == CallKind::put_state ? call.type : member_kind(call.membership);
    awaited_[event_of(intent, event)] = {intent.id, kind, intent.after, must_come, now};
}

void WayBack::not_so(const Intent& intent) {
    const auto at = awaited_.find(event_of(intent, intent.event));
    if (at != awaited_.end() && at->second.intent == intent.id) awaited_.erase(at);
}

void WayBack::heard(Moment now) {
    last_seen_ = now.wall;
    last_heard_ = now.tick;
    refused_.clear();
    ping_trouble_.clear();  // what brought this can bring more
    if (ping_.empty()) next_ping_ = now.tick + kSilence;
}

void WayBack::refused(std::string why, Tick now) {
    const bool known = !std::exchange(refused_, std::move(why)).empty();
    if (!known) broken_at(now);
}

// Is this event of somebody's membership the kick that is awaited?
bool WayBack::is_it(const policy::RoomEvent& event, Awaited& awaited, const std::string& bot) {
    const bool next = comes_after(event, awaited.after);
    if (next && is_kick(event, bot)) return true;
    if (next) awaited.after = policy::event_digest(event.event);
    if (is_kick(event, bot)) awaited.must_come = false;  // out of its order, or another one
    return false;
}

std::optional<std::uint64_t> WayBack::event_came(const policy::RoomEvent& event, const std::string& bot,
                                                 Moment now) {
    heard(now);
    last_event_ = now.tick;
    const auto* member = std::get_if<policy::MemberContent>(&event.content);
    const std::string kind =
        member != nullptr ? member_kind(member->membership) : std::string(schema::event_type(event.content));
    if (missing_.erase(kind) + missing_before_.erase(kind) > 0) came_again_.insert(kind);
    if (missing_.empty()) missed_ = 0;
    if (missing_.empty() && missing_before_.empty()) {
        probed_.reset();
        probe_trouble_.clear();
    }
    auto at = awaited_.find(event.event);
    if (at == awaited_.end() && member != nullptr) {
        at = awaited_.find(kick_of(event.room, member->user));
        if (at != awaited_.end() && !is_it(event, at->second, bot)) return std::nullopt;
    }
    if (at == awaited_.end()) return std::nullopt;
    const std::uint64_t intent = at->second.intent;
    told_until_ = std::max(told_until_, at->second.since);
    awaited_.erase(at);
    return intent;
}

// What was accepted well before what came of ours should have come before it: no more patience.
Tick WayBack::overdue(Tick since) const {
    if (since + kEventDue < told_until_) return since;
    return std::min(since + kEventDueBusy, std::max(since, last_heard_) + kEventDue);
}

void WayBack::notice_missing(Tick now) {
    const bool was_whole = missing_.empty();
    std::erase_if(awaited_, [&](const auto& entry) {
        if (now < overdue(entry.second.since)) return false;
        if (!entry.second.must_come) return true;
        missing_.insert(entry.second.kind);
        came_again_.erase(entry.second.kind);
        ++missed_;
        return true;
    });
    probe_in_vain(now);
    if (!was_whole || missing_.empty()) return;
    broken_at(now);
    ping_soon();
    next_probe_ = now + kFirstLookAgain;
    probes_ = 0;
}

// What was missing when the last process ended was tried, and is missing still.
void WayBack::probe_in_vain(Tick now) {
    if (!probed_ || now < overdue(*probed_)) return;
    probed_.reset();
    probe_trouble_ = ", and what it made last did not come either";
    for (const std::string& kind : missing_before_)
        if (missing_.insert(kind).second) ++missed_;
}

std::set<std::string> WayBack::all_missing() const {
    std::set<std::string> all = missing_before_;
    all.insert(missing_.begin(), missing_.end());
    return all;
}

bool WayBack::probe_due(Tick now) const {
    return !probing_ && !(missing_.empty() && missing_before_.empty()) && now >= next_probe_;
}

std::vector<std::string> WayBack::begin_probe() {
    probing_ = true;
    probed_.reset();
    const std::set<std::string> kinds = all_missing();
    return {kinds.begin(), kinds.end()};
}

// Its events may have come before the answer.
void WayBack::probe_ended(const CallResult& result, Tick now) {
    probing_ = false;
    next_probe_ = now + backoff(kFirstLookAgain, kLongestLookAgain, ++probes_);
    if (missing_.empty() && missing_before_.empty()) return;
    probe_trouble_.clear();
    if (result.outcome == CallOutcome::done)
        probed_ = now;
    else
        probe_trouble_ = ", and the last time it could not: " + result.text;
}

bool WayBack::probing(Tick now) const {
    return probing_ || (probed_ && now < *probed_ + kProbeComes);
}

Tick WayBack::next_of_probe() const {
    if (probing_ || (missing_.empty() && missing_before_.empty())) return kNoTick;
    return probed_ ? std::min(next_probe_, overdue(*probed_)) : next_probe_;
}

std::string WayBack::kinds_missing() const {
    return fmt::format("{}", fmt::join(all_missing(), "\n"));
}

void WayBack::were_missing(const std::string& kinds) {
    std::istringstream lines(kinds);
    for (std::string kind; std::getline(lines, kind);) missing_before_.insert(kind);
}

bool WayBack::look_due(Tick now) const {
    return state() == State::broken && no_listener_.empty() && now >= next_look_;
}

void WayBack::looked(Tick now) {
    next_look_ = now + backoff(kFirstLookAgain, kLongestLookAgain, ++looks_);
}

Tick WayBack::next() const {
    Tick next = ping_.empty() && no_listener_.empty() ? next_ping_ : kNoTick;
    for (const auto& [key, awaited] : awaited_) next = std::min(next, overdue(awaited.since));
    next = std::min(next, next_of_probe());
    if (state() == State::broken && no_listener_.empty()) next = std::min(next, next_look_);
    return next;
}

}  // namespace rollcall::engine
