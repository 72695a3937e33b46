// Reach: whether the homeserver as a whole answers.
//
//     a request met no answer, or one that says nothing ─► in doubt ─► "who am I?" ─► answered: it was that
//                                                                            │        request's own trouble
//                                                                            └─► not: it is away, all waits
//     away ─► asked again, more and more seldom ─► answered: back
//
// One request may fail for a reason of its own: a path that a proxy serves wrongly, a room whose other
// servers hang. What one person's request runs into must keep nobody else's waiting, so only a question that
// needs nothing but the homeserver and its database says that it is away. Where it is there and yet request
// after request fails, whatever is not urgent goes on slowly (slow()).
// Owned by the engine, on its thread; it asks nobody itself.
#pragma once

#include <string>

#include "policy/base/time.h"

namespace rollcall::engine {

class Reach {
  public:
    // What people and whoever waits are to be told.
    enum class Change : std::uint8_t { none, away, back };

    // A request met no answer, or one that says nothing about what was asked. Of what other homeservers may
    // keep waiting (`others`) that counts for nothing but a doubt.
    void missed(const std::string& text, bool others, Tick now);
    // One was answered, by whatever.
    Change answered(Tick now);

    // The question is due, is under way, has its answer.
    [[nodiscard]] bool ask_due(Tick now) const;
    void asked() { asking_ = true; }
    // Somebody wants to know whether it is back: it is asked now, at most about once a second.
    void ask_now(Tick now);
    Change found(bool answers, const std::string& text, Tick now);
    [[nodiscard]] Tick next() const;  // when it is due; kNoTick

    [[nodiscard]] bool away() const { return away_; }
    // When the question met no answer last; when any request did.
    [[nodiscard]] Tick asked_in_vain_at() const { return asked_in_vain_at_; }
    [[nodiscard]] Tick last_missed() const { return last_missed_; }
    // Nothing is known for certain until the answer is there.
    [[nodiscard]] bool in_doubt() const { return doubted_ && !away_; }
    // It is there, and nothing succeeds: until when nothing is sent that can wait.
    [[nodiscard]] bool slow(Tick now) const { return now < slow_until_; }
    [[nodiscard]] Tick slow_until() const { return slow_until_; }
    [[nodiscard]] bool failing() const { return in_a_row_ >= kFailing; }
    // How long it was away, from the first failure to the last.
    [[nodiscard]] Duration absence() const { return last_missed_ - first_missed_; }
    // For people; "" where all is well.
    [[nodiscard]] std::string trouble() const;
    [[nodiscard]] bool ever_answered() const { return ever_answered_; }

    static constexpr int kFailing = 8;  // requests in a row: as many as are in flight at once

  private:
    bool ever_answered_ = false;
    bool away_ = false, doubted_ = false, asking_ = false;
    int in_a_row_ = 0;  // requests that failed since one was answered
    int asked_in_vain_ = 0;
    Tick ask_at_{}, slow_until_{};
    Tick first_missed_{}, last_missed_{}, asked_in_vain_at_{};
    std::string text_;
};

}  // namespace rollcall::engine
