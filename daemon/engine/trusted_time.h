// TrustedTime: how far this machine's clock is believed.
//
// Nothing ends because one clock says so: what was confirmed is carried on by the clock that only goes
// forward, and the machine's own date is followed as long as it moves as that one does. After a start, and
// after it was set, it is followed again once a second clock (the domain controller's, the homeserver's) says
// about the same. Until then the date is somewhere between earliest() and latest().
//
//     begin ──► unwitnessed ──hear──► confirmed ◄──hear── set ◄──pass── confirmed
//                    └──hear──► contradicted ──hear──► confirmed
//
// Pure; engine thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/clock_reading.h"

namespace rollcall::engine {

// Two clocks say the same: Kerberos, by which these machines sign in, bears as much (RFC 4120, 1.6).
inline constexpr Duration kClocksAgree = std::chrono::minutes{5};
// More than this between two turns is no clock being kept right, but one that was set.
inline constexpr Duration kSmallStep = std::chrono::seconds{30};

class TrustedTime {
  public:
    enum class State : std::uint8_t {
        unwitnessed,   // since the start no other clock was heard
        contradicted,  // … and the one that was says something else
        confirmed,
        set,  // it was set while this process ran: what was confirmed is carried on
    };

    // `alive`: the date that the process before believed last.
    void begin(Moment now, std::optional<Time> alive);
    void pass(Moment now);
    void hear(policy::ClockReading reading);

    [[nodiscard]] State state() const { return state_; }
    // It is at least that; never goes back. Time{}: nothing at all is known.
    [[nodiscard]] Time earliest() const { return earliest_; }
    // … and at most that: the same where the date is known.
    [[nodiscard]] Time latest() const { return latest_; }
    [[nodiscard]] bool known() const { return latest_ == earliest_; }
    // The best that can be said, for people and for the trail.
    [[nodiscard]] Time shown() const;
    // What this machine's own clocks show.
    [[nodiscard]] Time wall() const { return now_.wall; }
    [[nodiscard]] const Moment& now() const { return now_; }
    // The other clocks, as far as they say now.
    struct Other {
        std::string whose;
        Time says{};
        bool agrees = false;
    };
    [[nodiscard]] std::vector<Other> others() const;
    // Has any of them been heard since the start, or since this machine's was set?
    [[nodiscard]] bool heard() const;
    // No other clock was heard, and this machine's says a date at which the process before ran already.
    [[nodiscard]] bool is_behind() const;
    // What is wrong, in one sentence for people; "" where nothing is. trouble(): the same in a word that
    // stays while the same is wrong.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string trouble() const;
    // That this machine's clock was set while this process ran, the last time.
    struct Set {
        Tick at{};  // when it was noticed
        Time from{}, to{};
        [[nodiscard]] std::string text() const;
    };
    [[nodiscard]] const std::optional<Set>& last_set() const { return last_set_; }

  private:
    void judge();
    void believe(Time at_least, Time at_most);
    [[nodiscard]] Time carried(const Moment& from) const { return from.wall + (now_.tick - from.tick); }
    // Readings from before it was set prove nothing against it: the machine may have slept.
    [[nodiscard]] bool fresh(const Moment& reading) const {
        return !last_set_ || reading.tick >= last_set_->at;
    }
    // What was believed is later than what all clocks say now.
    [[nodiscard]] bool ahead() const { return earliest_ > now_.wall + kSmallStep; }

    Moment now_;
    std::optional<Moment> alive_;  // of the process before, as if it had gone on without a gap
    std::optional<Moment> base_;   // confirmed last
    std::map<std::string, Moment, std::less<>> readings_;  // by whose
    State state_ = State::unwitnessed;
    Time earliest_{}, latest_{};
    std::optional<Set> last_set_;
};

}  // namespace rollcall::engine
