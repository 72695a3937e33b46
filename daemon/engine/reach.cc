#include "daemon/engine/reach.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/waits.h"

namespace rollcall::engine {
namespace {
constexpr Duration kAskAgain = std::chrono::milliseconds{500};
constexpr Duration kLongestAsk = std::chrono::seconds{15};
}  // namespace

void Reach::missed(const std::string& text, bool others, Tick now) {
    if (!away_ && !doubted_) first_missed_ = now;
    last_missed_ = now;
    if (away_) return;
    doubted_ = true;
    if (others) return;
    text_ = text;
    ++in_a_row_;
    if (failing()) slow_until_ = now + backoff(kAskAgain, kLongestAsk, in_a_row_ - kFailing + 1);
}

Reach::Change Reach::answered(Tick now) {
    ever_answered_ = true;
    in_a_row_ = 0;
    slow_until_ = Tick{};
    // What was sent before it went away may be answered late; a doubt is settled by its own question.
    return away_ ? found(true, "", now) : Change::none;
}

bool Reach::ask_due(Tick now) const {
    return doubted_ && !asking_ && ask_at_ <= now;
}

void Reach::ask_now(Tick now) {
    if (away_ && now - asked_in_vain_at_ >= kTryOnDemand) ask_at_ = std::min(ask_at_, now);
}

Reach::Change Reach::found(bool answers, const std::string& text, Tick now) {
    asking_ = false;
    if (answers) {
        ever_answered_ = true;
        doubted_ = false;
        asked_in_vain_ = 0;
        ask_at_ = Tick{};
        return std::exchange(away_, false) ? Change::back : Change::none;
    }
    last_missed_ = asked_in_vain_at_ = now;
    text_ = text;
    ask_at_ = now + backoff(kAskAgain, kLongestAsk, ++asked_in_vain_);
    return std::exchange(away_, true) ? Change::none : Change::away;
}

Tick Reach::next() const {
    return doubted_ && !asking_ ? ask_at_ : kNoTick;
}

std::string Reach::trouble() const {
    if (away_) return text_;
    if (failing()) return fmt::format("it answers, and the last {} requests failed: {}", in_a_row_, text_);
    return {};
}

}  // namespace rollcall::engine
