// The patterns over each attribute, and which of them a value matches: found once a value, for all who have
// it. One thread.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/program.h"

namespace rollcall::policy {

class PatternIndex {
  public:
    void add(const std::string& attribute, ConditionId condition, Pattern pattern);
    // Appends the conditions whose patterns this value matches.
    void find(const std::string& attribute, const std::string& value, std::vector<ConditionId>& holds);
    [[nodiscard]] bool empty() const { return by_attribute_.empty(); }

  private:
    struct Patterns {
        std::vector<std::pair<ConditionId, Pattern>> all;
        std::unordered_map<std::string, std::vector<ConditionId>> known;  // value → those it matches
    };
    std::unordered_map<std::string, Patterns> by_attribute_;
};

}  // namespace rollcall::policy
