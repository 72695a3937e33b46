#include "schema/fields.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

#include "schema/beginning.h"

namespace rollcall::schema {
namespace {

bool is_scalar(const Node& node, std::string_view expected, Diagnostics& out) {
    if (node.missing()) {
        report(out, node.at, fmt::format("a value is missing: expected {}", expected),
               "a text that starts with # needs quotes");
        return false;
    }
    if (node.kind == Node::Kind::scalar) return true;
    report(out, node.at, fmt::format("expected {}, found {}", expected, kind_name(node)));
    return false;
}

}  // namespace

void report(Diagnostics& out, const Position& at, std::string message, std::string suggestion,
            Severity severity) {
    out.push_back({at, std::move(message), std::move(suggestion), severity});
}

void report_not_yet(Diagnostics& out, const Position& at, std::string_view what, std::string suggestion) {
    report(out, at, fmt::format("{} is not supported yet", what),
           suggestion.empty() ? "take it out" : std::move(suggestion));
}

std::string kind_name(const Node& node) {
    switch (node.kind) {
        case Node::Kind::list:
            return "a list";
        case Node::Kind::mapping:
            return "a mapping";
        case Node::Kind::scalar:
            break;
    }
    return node.missing() ? "nothing" : fmt::format("\"{}\"", beginning_of(node.text));
}

std::string one_of(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

std::optional<std::string> read_text(const Node& node, Diagnostics& out, std::size_t longest) {
    if (!is_scalar(node, "a text", out)) return std::nullopt;
    if (node.text.empty() || node.text.size() > longest) {
        report(out, node.at,
               node.text.empty()
                   ? "the text is empty"
                   : fmt::format("the text has {} bytes; at most {} are allowed", node.text.size(), longest));
        return std::nullopt;
    }
    return node.text;
}

std::optional<Duration> read_duration(const Node& node, Diagnostics& out) {
    if (!is_scalar(node, "a duration", out)) return std::nullopt;
    const auto duration = parse_duration(node.text);
    if (!duration)
        report(out, node.at, fmt::format("{} is not a duration", kind_name(node)),
               "write a number and a unit: 30s, 15m, 8h, 7d or 1y");
    return duration;
}

std::optional<bool> read_boolean(const Node& node, Diagnostics& out) {
    if (!is_scalar(node, "true or false", out)) return std::nullopt;
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    report(out, node.at, fmt::format("expected true or false, found {}", kind_name(node)));
    return std::nullopt;
}

std::optional<int> read_number(const Node& node, int least, int most, Diagnostics& out) {
    if (!is_scalar(node, "a number", out)) return std::nullopt;
    int number = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(node.text.data(), end, number);
    if (error == std::errc{} && stop == end && number >= least && number <= most) return number;
    report(out, node.at,
           fmt::format("expected a whole number from {} to {}, found {}", least, most, kind_name(node)));
    return std::nullopt;
}

const std::vector<Node>& read_list(const Node& node, Diagnostics& out, std::size_t longest) {
    static const std::vector<Node> kNone;
    if (node.kind != Node::Kind::list) {
        report(out, node.at, fmt::format("expected a list, found {}", kind_name(node)),
               node.kind == Node::Kind::scalar && !node.missing()
                   ? fmt::format("write [{}]", beginning_of(node.text))
                   : "");
        return kNone;
    }
    if (node.items.size() <= longest) return node.items;
    report(out, node.at,
           fmt::format("the list has {} entries; at most {} are allowed", node.items.size(), longest));
    return kNone;
}

void report_choice(const Node& node, const std::vector<std::string>& words, Diagnostics& out) {
    const std::string near = node.kind == Node::Kind::scalar ? nearest(node.text, words) : std::string();
    report(out, node.at, fmt::format("expected {}, found {}", one_of(words), kind_name(node)),
           near.empty() ? std::string() : fmt::format("did you mean \"{}\"?", near));
}

Fields::Fields(const Node& node, std::string what, Diagnostics& out)
    : node_(node), what_(std::move(what)), out_(out) {
    if (good()) return;
    report(out_, node_.at, fmt::format("{} must be a mapping, found {}", what_, kind_name(node_)),
           "write its keys below, indented");
}

const Node* Fields::take(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    const Node* const value = node_.find(key);
    if (value == nullptr || !value->missing()) return value;
    report(out_, value->at, fmt::format("\"{}\" has no value", key),
           "write one, or take the key out; a text that starts with # needs quotes");
    return nullptr;
}

const Node* Fields::need(std::string_view key, std::string_view suggestion) {
    if (good() && node_.find(key) == nullptr)
        report(out_, node_.at, fmt::format("\"{}\" is missing from {}", key, what_), std::string(suggestion));
    return take(key);
}

void Fields::not_yet(std::string_view key, std::string suggestion) {
    not_yet_.emplace_back(key);
    for (const Entry& entry : node_.entries)
        if (entry.key == key) report_not_yet(out_, entry.key_at, fmt::format("\"{}\"", key), suggestion);
}

void Fields::finish() {
    std::vector<std::string> all = known_;
    all.insert(all.end(), not_yet_.begin(), not_yet_.end());
    for (const Entry& entry : node_.entries) {
        if (std::find(all.begin(), all.end(), entry.key) != all.end()) continue;
        const std::string near = nearest(entry.key, all);
        report(out_, entry.key_at, fmt::format("unknown key \"{}\" in {}", beginning_of(entry.key), what_),
               near.empty() ? fmt::format("the keys are {}", one_of(known_))
                            : fmt::format("did you mean \"{}\"?", near));
    }
}

void Fields::text(const Node* node, std::string& into, std::size_t longest) {
    if (node == nullptr) return;
    if (auto value = read_text(*node, out_, longest)) into = std::move(*value);
}
void Fields::duration(const Node* node, Duration& into) {
    if (node == nullptr) return;
    if (const auto value = read_duration(*node, out_)) into = *value;
}
void Fields::boolean(const Node* node, bool& into) {
    if (node == nullptr) return;
    if (const auto value = read_boolean(*node, out_)) into = *value;
}
void Fields::number(const Node* node, int least, int most, int& into) {
    if (node == nullptr) return;
    if (const auto value = read_number(*node, least, most, out_)) into = *value;
}

}  // namespace rollcall::schema
