#include "daemon/engine/trusted_time.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

namespace rollcall::engine {
namespace {

bool within(Time a, Time b, Duration bound) {
    return a - b <= bound && b - a <= bound;
}

// About how far, in the largest unit of which there are two: "12m", "90d".
std::string length_text(Duration length) {
    for (const Duration unit : {Duration{std::chrono::hours{24}}, Duration{std::chrono::hours{1}},
                                Duration{std::chrono::minutes{1}}})
        if (length > 2 * unit - std::chrono::seconds{1})
            return duration_text((length + unit / 2) / unit * unit);
    return duration_text(std::chrono::round<std::chrono::seconds>(length));
}

}  // namespace

void TrustedTime::begin(Moment now, std::optional<Time> alive) {
    now_ = now;
    if (alive) alive_ = Moment{*alive, now.tick};
    judge();
}

void TrustedTime::pass(Moment now) {
    const Time expected = now_.wall + (now.tick - now_.tick);
    if (!within(now.wall, expected, kSmallStep)) last_set_ = Set{now.tick, expected, now.wall};
    if (ahead()) earliest_ += now.tick - now_.tick;  // does not wait for it
    now_ = now;
    judge();
}

void TrustedTime::hear(policy::ClockReading reading) {
    readings_[std::move(reading.whose)] = {reading.time, reading.tick};
    judge();
}

void TrustedTime::judge() {
    bool agrees = false, contradicts = false, carried_too = false;
    Time least = now_.wall, most = now_.wall;
    for (const auto& [whose, reading] : readings_) {
        const Time says = carried(reading);
        agrees |= within(says, now_.wall, kClocksAgree);
        if (!fresh(reading)) continue;
        contradicts = true;
        carried_too |= base_ && within(says, carried(*base_), kClocksAgree);
        least = std::min(least, says);
        most = std::max(most, says);
    }
    if (agrees || (base_ && within(now_.wall, carried(*base_), kSmallStep))) {
        state_ = State::confirmed;
        if (agrees) base_ = now_;
        return believe(now_.wall, now_.wall);
    }
    if (base_) {
        state_ = State::set;
        const Time date = carried(*base_);
        return believe(date, carried_too ? date : std::max(most, date));
    }
    state_ = contradicts ? State::contradicted : State::unwitnessed;
    const Time alive = alive_ ? carried(*alive_) : Time{};
    if (contradicts)
        believe(std::max(least, alive), most);
    else
        believe(alive, kNever);
}

void TrustedTime::believe(Time at_least, Time at_most) {
    earliest_ = std::max(earliest_, at_least);
    latest_ = std::max(earliest_, at_most);
}

Time TrustedTime::shown() const {
    if (state_ == State::confirmed) return now_.wall;
    if (base_) return carried(*base_);
    return alive_ ? std::max(now_.wall, carried(*alive_)) : now_.wall;
}

bool TrustedTime::heard() const {
    return std::any_of(readings_.begin(), readings_.end(),
                       [this](const auto& reading) { return fresh(reading.second); });
}

bool TrustedTime::is_behind() const {
    return state_ == State::unwitnessed && alive_ && alive_->wall > now_.wall + kClocksAgree;
}

std::vector<TrustedTime::Other> TrustedTime::others() const {
    std::vector<Other> out;
    for (const auto& [whose, reading] : readings_) {
        const Time says = carried(reading);
        const bool agrees = within(says, now_.wall, kClocksAgree);
        if (agrees || fresh(reading)) out.push_back({whose, says, agrees});
    }
    return out;
}

std::string TrustedTime::Set::text() const {
    return fmt::format("this machine's clock was set {} by {}, from {} to {}", to > from ? "ahead" : "back",
                       length_text(to > from ? to - from : from - to), to_rfc3339(from), to_rfc3339(to));
}

std::string TrustedTime::trouble() const {
    std::string out = state_ == State::unwitnessed ? "unwitnessed" : state_ == State::set ? "set" : "";
    const auto told = others();
    if (std::any_of(told.begin(), told.end(), [](const Other& other) { return !other.agrees; }))
        out += "/differs";
    if (state_ == State::confirmed && ahead()) out += "/ahead";
    return out;
}

std::string TrustedTime::text() const {
    std::string out;
    for (const Other& other : others())
        if (!other.agrees) out += fmt::format(", {} says {}", other.whose, to_rfc3339(other.says));
    const std::string here = fmt::format("this machine's clock says {}{}", to_rfc3339(now_.wall), out);
    switch (state_) {
        case State::unwitnessed:
            if (is_behind())
                return here + fmt::format(
                                  ", which is before {}, when Rollcall was running last: set it if it is "
                                  "wrong (by a clock that is behind a certificate is not valid yet); until "
                                  "the domain controller or the homeserver answers no account and no "
                                  "approval ends by it",
                                  to_rfc3339(alive_->wall));
            return here +
                   ", and no other clock has been heard since the start: no account and no approval "
                   "ends by it until the domain controller or the homeserver answers";
        case State::contradicted:
            return here +
                   ": no account and no approval ends that has not ended by both; set the clock that is "
                   "wrong";
        case State::set:
            return here + fmt::format(
                              ", and it was set while Rollcall ran: it goes on by {}, until another clock "
                              "agrees with this machine's",
                              to_rfc3339(shown()));
        case State::confirmed:
            break;
    }
    if (ahead())
        return here + fmt::format(", and {} was believed before: what had ended by then has ended",
                                  to_rfc3339(earliest_));
    return out.empty() ? "" : here + ": set the clock that is wrong";
}

}  // namespace rollcall::engine
