#include "daemon/engine/addresses.h"

#include <algorithm>

namespace rollcall::engine {
namespace {
// Long enough for whoever asked to see the answers; a moment later somebody may have changed something.
constexpr Duration kSeenLately = std::chrono::seconds{2};
constexpr std::size_t kAtOnce = 4;
}  // namespace

bool Addresses::known(const std::vector<std::string>& addresses, Tick now) {
    if (asking()) return false;
    if (seen_at_ && now - *seen_at_ >= kSeenLately) seen_.clear(), seen_at_.reset();
    const std::size_t most = std::min(addresses.size(), kMostAsked);
    for (std::size_t i = 0; i < most; ++i)
        if (!seen_.contains(addresses[i])) to_ask_.push_back(addresses[i]);
    return to_ask_.empty();
}

std::optional<std::string> Addresses::next(std::uint64_t id) {
    if (to_ask_.empty() || asked_.size() >= kAtOnce) return std::nullopt;
    std::string address = std::move(to_ask_.front());
    to_ask_.pop_front();
    asked_.emplace(id, address);
    return address;
}

std::optional<std::string> Addresses::answered(std::uint64_t id, const CallResult& result, Tick now) {
    const auto at = asked_.find(id);
    if (at == asked_.end()) return std::nullopt;
    std::string address = std::move(at->second);
    asked_.erase(at);
    Seen& seen = seen_[address] = Seen{};
    seen.said = result.outcome == CallOutcome::done || result.outcome == CallOutcome::absent;
    if (result.outcome == CallOutcome::done) seen.room = result.room;
    if (!seen.said) seen.trouble = result.text;
    seen_at_ = now;
    return address;
}

const Addresses::Seen* Addresses::at(const std::string& address) const {
    const auto seen = seen_.find(address);
    return seen == seen_.end() ? nullptr : &seen->second;
}

}  // namespace rollcall::engine
