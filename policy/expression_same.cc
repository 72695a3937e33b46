// Are two compiled expressions the same question, each in a program of its own?
#include <algorithm>

#include "policy/expression_words.h"

namespace rollcall::policy {
namespace {

// The name is how it was written: what it was pinned to is what it means.
bool same(const CompiledCondition& a, const CompiledCondition& b) {
    return a.kind == b.kind && a.guid == b.guid && a.attribute == b.attribute && a.test == b.test &&
           a.values == b.values;
}

}  // namespace

bool same_expression(const Program& of_a, NodeId a, const Program& of_b, NodeId b) {
    if (!a.valid() || !b.valid()) return a.valid() == b.valid();
    const Node& x = of_a.nodes[a.index()];
    const Node& y = of_b.nodes[b.index()];
    if (x.op != y.op) return false;
    const auto inner = [&](std::uint32_t in_a, std::uint32_t in_b) {
        return same_expression(of_a, NodeId(std::size_t{in_a}), of_b, NodeId(std::size_t{in_b}));
    };
    switch (x.op) {
        case Node::Op::condition:
            return same(of_a.conditions[x.first], of_b.conditions[y.first]);
        case Node::Op::except:
            return inner(x.first, y.first) && inner(x.count, y.count);
        case Node::Op::any:
        case Node::Op::all: {
            const auto children = [](const Program& program, const Node& node) {
                const auto first = program.children.begin() + node.first;
                return std::vector<NodeId>(first, first + node.count);
            };
            const std::vector<NodeId> p = children(of_a, x), q = children(of_b, y);
            return std::equal(p.begin(), p.end(), q.begin(), q.end(),
                              [&](NodeId i, NodeId j) { return same_expression(of_a, i, of_b, j); });
        }
        default:
            return true;
    }
}

}  // namespace rollcall::policy
