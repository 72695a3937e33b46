#include "schema/yaml_document.h"

#include <yaml.h>

#include <fmt/format.h>
#include <algorithm>
#include <map>

#include "schema/utf8.h"

namespace rollcall::schema {
namespace {

constexpr const char* kQuoteIt = "if it is meant as text, put it in quotes";

// One event of libyaml's stream, freed with its scope.
class Event {
  public:
    Event() = default;
    ~Event() { yaml_event_delete(&event_); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    [[nodiscard]] yaml_event_t* raw() { return &event_; }
    [[nodiscard]] yaml_event_type_t type() const { return event_.type; }
    [[nodiscard]] const yaml_event_t* operator->() const { return &event_; }

  private:
    yaml_event_t event_{};
};

std::string_view view(const yaml_char_t* text) {
    return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

Position position_of_offset(std::string_view text, std::size_t offset, const std::string& file) {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; };
    return {file, 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
            1 + static_cast<int>(std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start),
                                               before.end(), starts_character))};
}

class Loader {
  public:
    Loader(std::string_view text, const std::string& file, Diagnostics& out, const YamlLimits& limits)
        : text_(text), file_(file), out_(out), limits_(limits) {
        yaml_parser_initialize(&parser_);
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size());
    }
    ~Loader() { yaml_parser_delete(&parser_); }
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    std::optional<Node> load() {
        Node root;
        root.kind = Node::Kind::mapping;
        root.at = {file_, 1, 1};
        bool seen = false;
        for (;;) {
            Event event;
            if (!next(event)) return std::nullopt;
            switch (event.type()) {
                case YAML_STREAM_START_EVENT:
                case YAML_DOCUMENT_END_EVENT:
                    break;
                case YAML_STREAM_END_EVENT:
                    return root;
                case YAML_DOCUMENT_START_EVENT:
                    if (!start_document(event, seen)) return std::nullopt;
                    seen = true;
                    break;
                default:
                    if (!node(event, root, 1)) return std::nullopt;
                    // A text of comments alone under `---` is one empty scalar: an empty mapping to its
                    // readers.
                    if (root.missing()) root.kind = Node::Kind::mapping;
            }
        }
    }

  private:
    bool next(Event& event) { return yaml_parser_parse(&parser_, event.raw()) == 1 || syntax_error(); }

    bool start_document(const Event& event, bool seen) {
        if (seen) {
            error(at(event), "a second document begins here", "put it into a file of its own");
            return false;
        }
        const auto& data = event->data.document_start;
        if (data.version_directive != nullptr || data.tag_directives.start != data.tag_directives.end)
            error(at(event), "a % directive stands above the document", "take that line out");
        return true;
    }

    // Each of these returns false where reading cannot go on; `into` is filled otherwise.
    bool node(const Event& event, Node& into, std::size_t depth) {
        into.at = at(event);
        if (++nodes_ > limits_.nodes) {
            error(into.at, fmt::format("more than {} values in one file", limits_.nodes),
                  "split it into several files");
            return false;
        }
        switch (event.type()) {
            case YAML_ALIAS_EVENT:
                error(into.at,
                      fmt::format("the alias *{} is not allowed here", view(event->data.alias.anchor)),
                      fmt::format("write the value out; {}", kQuoteIt));
                into.text = "*";  // so that its readers do not miss a value as well
                return true;
            case YAML_SCALAR_EVENT:
                return scalar(event, into);
            case YAML_SEQUENCE_START_EVENT:
                plain_only(into.at, event->data.sequence_start.anchor, event->data.sequence_start.tag);
                return deep_enough(into.at, depth) && list(into, depth);
            default:  // a mapping starts: libyaml gives nothing else here
                plain_only(into.at, event->data.mapping_start.anchor, event->data.mapping_start.tag);
                return deep_enough(into.at, depth) && mapping(into, depth);
        }
    }

    bool scalar(const Event& event, Node& into) {
        const auto& data = event->data.scalar;
        plain_only(into.at, data.anchor, data.tag);
        into.kind = Node::Kind::scalar;
        into.text.assign(reinterpret_cast<const char*>(data.value), data.length);
        into.quoted = data.style != YAML_PLAIN_SCALAR_STYLE;
        if (into.text.find('\0') == std::string::npos) return true;
        error(into.at, "a NUL character in a text", "take it out");
        return false;
    }

    bool list(Node& into, std::size_t depth) {
        into.kind = Node::Kind::list;
        for (;;) {
            Event event;
            if (!next(event)) return false;
            if (event.type() == YAML_SEQUENCE_END_EVENT) return true;
            into.items.emplace_back();
            if (!node(event, into.items.back(), depth + 1)) return false;
        }
    }

    bool mapping(Node& into, std::size_t depth) {
        into.kind = Node::Kind::mapping;
        std::map<std::string, Position, std::less<>> seen;
        for (;;) {
            Event event;
            if (!next(event)) return false;
            if (event.type() == YAML_MAPPING_END_EVENT) return true;
            Node key;
            if (!key_node(event, key, depth)) return false;
            Event value;
            if (!next(value)) return false;
            Entry entry{key.text, key.at, {}};
            if (!node(value, entry.value, depth + 1)) return false;
            const auto [first, fresh] = seen.emplace(entry.key, entry.key_at);
            if (fresh)
                into.entries.push_back(std::move(entry));
            else
                error(entry.key_at, fmt::format("the key \"{}\" stands twice", entry.key),
                      fmt::format("keep one of them; the first is in line {}", first->second.line));
        }
    }

    bool key_node(const Event& event, Node& key, std::size_t depth) {
        if (event.type() == YAML_SCALAR_EVENT || event.type() == YAML_ALIAS_EVENT)
            return node(event, key, depth + 1);
        error(at(event), "a list or a mapping stands where a key should",
              "write a word, or put the text in quotes");
        return false;
    }

    void plain_only(const Position& where, const yaml_char_t* anchor, const yaml_char_t* tag) {
        if (anchor != nullptr)
            error(where, fmt::format("the anchor &{} is not allowed here", view(anchor)),
                  fmt::format("take it out; {}", kQuoteIt));
        if (tag != nullptr)
            error(where, fmt::format("the tag {} is not allowed here", view(tag)),
                  fmt::format("take it out; {}", kQuoteIt));
    }

    bool deep_enough(const Position& where, std::size_t depth) {
        if (depth <= limits_.depth) return true;
        error(where, fmt::format("nested deeper than {} levels", limits_.depth), "write it flatter");
        return false;
    }

    bool syntax_error() {
        const std::string problem = parser_.problem == nullptr ? "no memory" : parser_.problem;
        if (parser_.error == YAML_READER_ERROR) {
            error(position_of_offset(text_, parser_.problem_offset, file_), problem,
                  "take that character out");
            return false;
        }
        error({file_, static_cast<int>(parser_.problem_mark.line) + 1,
               static_cast<int>(parser_.problem_mark.column) + 1},
              fmt::format("this is not YAML: {}", problem), advice(problem));
        return false;
    }

    static std::string advice(std::string_view problem) {
        if (problem.find("cannot start any token") != std::string_view::npos)
            return "put a text that starts with @, ` or % in quotes, and indent with blanks, not tabs";
        if (problem.find("expected alphabetic") != std::string_view::npos)
            return "put a text that starts with * or & in quotes";
        if (problem.find("mapping values are not allowed") != std::string_view::npos)
            return "put a text that contains \": \" in quotes, or check the indentation";
        if (problem.find("expected <block end>") != std::string_view::npos ||
            problem.find("expected key") != std::string_view::npos ||
            problem.find("expected ':'") != std::string_view::npos)
            return "check the indentation of this line and the one above, and that keys end in \": \"";
        return "check quotes, brackets and indentation before this place";
    }

    [[nodiscard]] Position at(const Event& event) const {
        return {file_, static_cast<int>(event->start_mark.line) + 1,
                static_cast<int>(event->start_mark.column) + 1};
    }
    void error(Position where, std::string message, std::string suggestion) {
        out_.push_back({std::move(where), std::move(message), std::move(suggestion), Severity::error});
    }

    std::string_view text_;
    const FileName file_;
    Diagnostics& out_;
    const YamlLimits& limits_;
    yaml_parser_t parser_{};
    std::size_t nodes_ = 0;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
    return found == entries.end() ? nullptr : &found->value;
}

std::optional<Node> read_yaml(std::string_view text, const std::string& file, Diagnostics& out,
                              const YamlLimits& limits) {
    if (text.size() > limits.bytes) {
        out.push_back({{file, 0, 0},
                       fmt::format("the file has {} bytes; the limit is {}", text.size(), limits.bytes),
                       "split it into several files",
                       Severity::error});
        return std::nullopt;
    }
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark that an editor left
    if (const std::size_t bad = first_bad_utf8(text); bad != std::string_view::npos) {
        out.push_back({position_of_offset(text, bad, file), "a byte that is not UTF-8",
                       "save the file as UTF-8", Severity::error});
        return std::nullopt;
    }
    return Loader(text, file, out, limits).load();
}

}  // namespace rollcall::schema
