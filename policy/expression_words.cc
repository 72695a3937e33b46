#include "policy/expression_words.h"

#include <fmt/format.h>

namespace rollcall::policy {
namespace {

// "{group: Staff}" without its braces, so that `except` can stand beside it.
std::string inner(const Program& program, NodeId id);

std::string list(const Program& program, const Node& node, std::string_view word) {
    std::string out;
    for (std::uint32_t i = 0; i < node.count; ++i) {
        if (!out.empty()) out += ", ";
        out += expression_words(program, program.children[node.first + i]);
    }
    return fmt::format("{}: [{}]", word, out);
}

std::string condition_words(const CompiledCondition& condition) {
    switch (condition.kind) {
        case Condition::Kind::group:
            return "group: " + flow_text(condition.name);
        case Condition::Kind::user:
            return "user: " + flow_text(condition.name);
        case Condition::Kind::under:
            return "under: " + flow_text(condition.name);
        default:
            break;
    }
    std::string values;
    for (const std::string& value : condition.values)
        values += (values.empty() ? "" : ", ") + flow_text(value);
    const std::string attribute = "attribute: " + flow_text(condition.attribute);
    switch (condition.test) {
        case Condition::Test::is:
            return fmt::format("{}, is: {}", attribute, values);
        case Condition::Test::in:
            return fmt::format("{}, in: [{}]", attribute, values);
        case Condition::Test::matches:
            return fmt::format("{}, matches: {}", attribute, values);
    }
    return attribute;
}

// What an `except` can stand beside: one of its own is put inside `all`.
std::string beside(const Program& program, NodeId id) {
    if (program.nodes[id.index()].op != Node::Op::except) return inner(program, id);
    return fmt::format("all: [{}]", expression_words(program, id));
}

std::string inner(const Program& program, NodeId id) {
    const Node& node = program.nodes[id.index()];
    switch (node.op) {
        case Node::Op::condition:
            return condition_words(program.conditions[node.first]);
        case Node::Op::any:
            return list(program, node, "any");
        case Node::Op::all:
            return list(program, node, "all");
        case Node::Op::except:
            return fmt::format("{}, except: {}", beside(program, NodeId(std::size_t{node.first})),
                               expression_words(program, NodeId(std::size_t{node.count})));
        default:
            return fmt::format("all: [{}]", expression_words(program, id));
    }
}

}  // namespace

std::string flow_text(std::string_view value) {
    const bool plain = !value.empty() && value.front() != ' ' && value.back() != ' ' &&
                       value.front() != '-' &&
                       value.find_first_of(",[]{}#&*!|>'\"%@`:=\\?\n\r\t") == std::string_view::npos;
    if (plain) return std::string(value);
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string expression_words(const Program& program, NodeId node) {
    if (!node.valid()) return {};
    switch (program.nodes[node.index()].op) {
        case Node::Op::no:
            return "nobody";
        case Node::Op::employees:
            return "employees";
        default:
            return "{" + inner(program, node) + "}";
    }
}

std::string members_words(const Program& program, const CompiledRoom& room) {
    if (!room.members.valid()) return {};
    if (room.except.valid())
        return fmt::format("{{{}, except: {}}}", beside(program, room.members),
                           expression_words(program, room.except));
    switch (program.nodes[room.members.index()].op) {
        case Node::Op::employees:  // not the word itself: such a room is not open to whoever is in its space
            return room.whole_employees ? "employees" : "{all: [employees]}";
        case Node::Op::except:
            return fmt::format("{{{}}}", beside(program, room.members));
        default:
            return expression_words(program, room.members);
    }
}

}  // namespace rollcall::policy
