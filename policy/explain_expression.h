// Behind explain(): sentences for the leaves of an expression that make it hold for a person, or not, or
// unknown.
#pragma once

#include <string>
#include <vector>

#include "policy/explain.h"

namespace rollcall::policy {

class ExpressionExplainer {
  public:
    // `person` must be valid where leaves of conditions are asked for.
    ExpressionExplainer(const Decider& decider, PersonId person) : decider_(decider), person_(person) {}

    // Sentences for the leaves that make `node` what it is.
    void leaves(NodeId node, Tri value, std::vector<Reason>& out) const;

  private:
    [[nodiscard]] GroupId group_of(const CompiledCondition& condition, Tri value) const;
    [[nodiscard]] std::string by_deletion(const CompiledCondition& condition, GroupId group) const;
    [[nodiscard]] std::string leaf(const CompiledCondition& condition, Tri value) const;

    const Decider& decider_;
    PersonId person_;
};

}  // namespace rollcall::policy
