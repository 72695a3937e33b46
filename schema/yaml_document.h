// A YAML text as a tree in which every value and every key knows where it stands. Strict on purpose: what
// YAML offers beyond mappings, lists and scalars is how files come to mean something else than they seem to.
//
// Refused, each with its place and what to write instead: anchors, aliases, tags, directives, several
// documents, a key that stands twice, keys that are no scalars, bytes that are not UTF-8, and whatever passes
// the limits. Scalars keep their text (`no`, `007` and `1e3` stay what they are); what they mean is for the
// reader of that key to say. Source: YAML 1.1 as libyaml 0.2.5 reads it; only yaml_document.cc includes it.
// Values; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/diagnostic.h"

namespace rollcall::schema {

struct Entry;

struct Node {
    enum class Kind { scalar, list, mapping };
    Kind kind = Kind::scalar;
    Position at;
    std::string text;            // of a scalar
    bool quoted = false;         // of a scalar: written with quotes or as a block
    std::vector<Node> items;     // of a list
    std::vector<Entry> entries;  // of a mapping, in the order of the text

    // `key:` with nothing behind it.
    [[nodiscard]] bool missing() const { return kind == Kind::scalar && !quoted && text.empty(); }
    // The value of that key, or nullptr where there is none or this is no mapping.
    [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Entry {
    std::string key;
    Position key_at;
    Node value;
};

struct YamlLimits {
    std::size_t bytes = 1U << 20U;
    std::size_t depth = 32;
    std::size_t nodes = 100'000;
};

// Reads one file; `file` is its name in diagnostics. An empty text is an empty mapping. nullopt where the
// text cannot be read as a tree; other faults leave a tree, so that its readers can add theirs to the list.
[[nodiscard]] std::optional<Node> read_yaml(std::string_view text, const std::string& file, Diagnostics& out,
                                            const YamlLimits& limits = {});

}  // namespace rollcall::schema
