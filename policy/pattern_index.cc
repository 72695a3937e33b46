#include "policy/pattern_index.h"

#include <re2/re2.h>

namespace rollcall::policy {

namespace {
// Of one attribute: titles and departments are few; of what everybody has their own there is nothing to keep.
constexpr std::size_t kMostKnown = 10'000;
}  // namespace

void PatternIndex::add(const std::string& attribute, ConditionId condition, Pattern pattern) {
    by_attribute_[attribute].all.emplace_back(condition, std::move(pattern));
}

void PatternIndex::find(const std::string& attribute, const std::string& value,
                        std::vector<ConditionId>& holds) {
    const auto at = by_attribute_.find(attribute);
    if (at == by_attribute_.end()) return;
    Patterns& patterns = at->second;
    const auto known = patterns.known.find(value);
    if (known != patterns.known.end()) {
        holds.insert(holds.end(), known->second.begin(), known->second.end());
        return;
    }
    std::vector<ConditionId> matched;
    for (const auto& [condition, pattern] : patterns.all)
        if (RE2::FullMatch(value, *pattern)) matched.push_back(condition);
    holds.insert(holds.end(), matched.begin(), matched.end());
    if (patterns.known.size() < kMostKnown) patterns.known.emplace(value, std::move(matched));
}

}  // namespace rollcall::policy
