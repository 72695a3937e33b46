// What every reader of a YAML mapping does: take the keys that it knows, and report the ones that are left
// over, the ones that are missing and the values of the wrong type, all of them and each in its place.
//
//     Fields room(node, "a room", out);
//     text.name = room.text(room.need("name"));
//     room.not_yet("encryption");
//     room.finish();                          // whatever was not asked for is an unknown key
//
// Used within one reading, on one stack; the nodes and the diagnostics must outlive it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/choice.h"
#include "policy/base/diagnostic.h"
#include "policy/base/time.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {

void report(Diagnostics& out, const Position& at, std::string message, std::string suggestion = {},
            Severity severity = Severity::error);
// "not supported yet": the file is right, this version does not carry it out.
void report_not_yet(Diagnostics& out, const Position& at, std::string_view what, std::string suggestion = {});

// One scalar. nullopt after a report. A text is at least one byte and at most `longest`.
[[nodiscard]] std::optional<std::string> read_text(const Node& node, Diagnostics& out,
                                                   std::size_t longest = 1024);
[[nodiscard]] std::optional<Duration> read_duration(const Node& node, Diagnostics& out);
[[nodiscard]] std::optional<bool> read_boolean(const Node& node, Diagnostics& out);
[[nodiscard]] std::optional<int> read_number(const Node& node, int least, int most, Diagnostics& out);
// The items of a list; an empty span of nodes after a report. At most `longest` items.
[[nodiscard]] const std::vector<Node>& read_list(const Node& node, Diagnostics& out,
                                                 std::size_t longest = 10'000);
// "everyone, owners or nobody": how a choice is named in a report.
[[nodiscard]] std::string one_of(const std::vector<std::string>& words);
[[nodiscard]] std::string kind_name(const Node& node);

// The report of a word that is none of the choices.
void report_choice(const Node& node, const std::vector<std::string>& words, Diagnostics& out);

template <class Enum, std::size_t N>
[[nodiscard]] std::optional<Enum> read_choice(const Node& node, const std::array<Choice<Enum>, N>& choices,
                                              Diagnostics& out) {
    std::vector<std::string> words;
    for (const auto& choice : choices) {
        if (node.kind == Node::Kind::scalar && node.text == choice.word) return choice.value;
        words.emplace_back(choice.word);
    }
    report_choice(node, words, out);
    return std::nullopt;
}

class Fields {
  public:
    // `what` names the mapping in reports: "a room". Anything but a mapping is reported here, and has no
    // fields then.
    Fields(const Node& node, std::string what, Diagnostics& out);

    [[nodiscard]] bool good() const { return node_.kind == Node::Kind::mapping; }
    [[nodiscard]] const Position& at() const { return node_.at; }
    [[nodiscard]] const Node* take(
        std::string_view key);  // nullptr where it is absent, or present without a value
    [[nodiscard]] const Node* need(std::string_view key,
                                   std::string_view suggestion = {});  // reports its absence
    void not_yet(std::string_view key, std::string suggestion = {});
    // Reports every key that none of the above was asked for, with the nearest that was.
    void finish();

    // The value of a key, read; `into` is left alone where the key is absent or wrong.
    void text(const Node* node, std::string& into, std::size_t longest = 1024);
    void duration(const Node* node, Duration& into);
    void boolean(const Node* node, bool& into);
    void number(const Node* node, int least, int most, int& into);

  private:
    const Node& node_;
    std::string what_;
    Diagnostics& out_;
    std::vector<std::string> known_;    // keys that were asked for
    std::vector<std::string> not_yet_;  // keys that were answered with "not supported yet"
};

}  // namespace rollcall::schema
