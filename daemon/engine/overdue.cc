#include "daemon/engine/overdue.h"

#include <algorithm>

namespace rollcall::engine {

void Overdue::look(Tick now, const std::vector<std::uint64_t>& requests, const policy::IdSet& departed) {
    std::map<std::uint64_t, Tick> open;
    for (const std::uint64_t id : requests) {
        const auto known = requests_.find(id);
        open.emplace(id, known == requests_.end() ? now : known->second);
    }
    requests_ = std::move(open);
    std::erase_if(departed_, [&](const auto& one) { return !departed.contains(one.first.index()); });
    for (std::size_t at = departed.next(0); at != policy::IdSet::npos && departed_.size() < kMostNamed;
         at = departed.next(at + 1))
        departed_.emplace(UserId(at), now);
}

Overdue::Waiting Overdue::requests(Tick now) const {
    Waiting out;
    for (const auto& [id, since] : requests_) {
        if (now - since < kUsual) continue;
        ++out.count;
        out.longest = std::max(out.longest, now - since);
    }
    return out;
}

std::vector<Overdue::Person> Overdue::departed(Tick now) const {
    std::vector<Person> out;
    for (const auto& [user, since] : departed_)
        if (now - since >= kUsual) out.push_back({user, now - since});
    std::stable_sort(out.begin(), out.end(),
                     [](const Person& a, const Person& b) { return a.since > b.since; });
    return out;
}

}  // namespace rollcall::engine
