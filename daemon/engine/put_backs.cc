#include "daemon/engine/put_backs.h"

#include <algorithm>

#include "daemon/engine/waits.h"

namespace rollcall::engine {

using policy::ActionKey;

namespace {
constexpr std::size_t kMostWhoDid = 20;
}  // namespace

bool PutBacks::changed(const ActionKey& key, std::string_view by, Time date, Tick now) {
    PutBack& one = all_[key];
    if (one.changes++ == 0) one.since = date;
    one.last = now;
    one.open = true;
    if (const auto known = one.by.find(std::string(by)); known != one.by.end())
        ++known->second;
    else if (one.by.size() < kMostWhoDid)
        one.by.emplace(by, 1);
    return one.times >= kAtOnce && !std::exchange(one.again, true);
}

void PutBacks::done(const ActionKey& key, Tick now) {
    const auto at = all_.find(key);
    if (at == all_.end() || !std::exchange(at->second.open, false)) return;
    PutBack& one = at->second;
    one.last = now;
    if (++one.times < kAtOnce || policy::decides_who_reads(key.kind)) return;
    one.not_before = now + backoff(kFirstWait, kLongestWait, static_cast<int>(one.times - kAtOnce) + 1);
}

bool PutBacks::waits(const ActionKey& key, Tick now) const {
    const auto at = all_.find(key);
    return at != all_.end() && at->second.open && at->second.not_before > now;
}

void PutBacks::try_now() {
    for (auto& [key, one] : all_) one.not_before = {};
}

void PutBacks::try_now(const ActionKey& key) {
    if (const auto at = all_.find(key); at != all_.end()) at->second.not_before = {};
}

std::vector<ActionKey> PutBacks::calm(Tick now) {
    std::vector<ActionKey> out;
    std::erase_if(all_, [&](const auto& entry) {
        const PutBack& one = entry.second;
        if (one.last + kCalm > now || (one.open && one.not_before > now)) return false;
        if (one.again) out.push_back(entry.first);
        return true;
    });
    return out;
}

void PutBacks::rename_room(const std::string& from, const std::string& to) {
    for (auto& [key, one] : std::exchange(all_, {})) {
        ActionKey now = key;
        if (now.room == from) now.room = to;
        all_.emplace(std::move(now), std::move(one));
    }
}

void PutBacks::forget_room(const std::string& room) {
    std::erase_if(all_, [&](const auto& entry) { return entry.first.room == room; });
}

Tick PutBacks::next(Tick now) const {
    Tick next = kNoTick;
    for (const auto& [key, one] : all_) {
        if (one.open && one.not_before > now) next = std::min(next, one.not_before);
        if (one.again) next = std::min(next, std::max(one.last + kCalm, one.not_before));
    }
    return next;
}

std::size_t PutBacks::again() const {
    return static_cast<std::size_t>(
        std::count_if(all_.begin(), all_.end(), [](const auto& entry) { return entry.second.again; }));
}

bool PutBacks::again(const ActionKey& key) const {
    const auto at = all_.find(key);
    return at != all_.end() && at->second.again;
}

}  // namespace rollcall::engine
