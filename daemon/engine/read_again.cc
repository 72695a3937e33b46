#include "daemon/engine/read_again.h"

#include <algorithm>

#include "daemon/engine/waits.h"

namespace rollcall::engine {
namespace {
constexpr Duration kLongestWait = std::chrono::minutes{1};
constexpr Duration kLongestAsked = std::chrono::minutes{5};  // a homeserver may ask us to wait, not for ever
constexpr std::size_t kMost = 2'000;  // the next look at all rooms finds whatever is beyond
}  // namespace

bool ReadAgain::failed(const What& what, Time now, Tick from, std::optional<Duration> asked_to_wait,
                       std::string text) {
    if (troubles_.size() >= kMost && !troubles_.contains(what)) return false;
    Trouble& trouble = troubles_[what];
    if (trouble.attempts == 0) trouble.since = now;
    ++trouble.attempts;
    trouble.text = std::move(text);
    trouble.asked = false;
    const Duration wanted = asked_to_wait.value_or(Duration{});
    trouble.not_before = from + std::max(backoff(kFirstRetry, kLongestWait, trouble.attempts),
                                         std::min(wanted, kLongestAsked));
    return trouble.attempts == kTold;
}

bool ReadAgain::read(const What& what) {
    const auto at = troubles_.find(what);
    if (at == troubles_.end()) return false;
    const bool told = at->second.attempts >= kTold;
    troubles_.erase(at);
    return told;
}

std::vector<ReadAgain::What> ReadAgain::due(Tick now) {
    std::vector<What> out;
    for (auto& [what, trouble] : troubles_)
        if (!trouble.asked && trouble.not_before <= now) {
            trouble.asked = true;
            out.push_back(what);
        }
    return out;
}

std::optional<Tick> ReadAgain::next() const {
    std::optional<Tick> next;
    for (const auto& [what, trouble] : troubles_)
        if (!trouble.asked && (!next || trouble.not_before < *next)) next = trouble.not_before;
    return next;
}

}  // namespace rollcall::engine
