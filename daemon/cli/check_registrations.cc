#include "daemon/cli/check_registrations.h"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>

#include "bridges/matrix/covers.h"
#include "daemon/cli/check_files.h"
#include "schema/fields.h"
#include "schema/yaml_document.h"

namespace rollcall::cli {
namespace {

using schema::Node;

constexpr std::size_t kShortestToken = 32;
constexpr std::size_t kOwnToken = 64;  // hexadecimal digits, as init writes it

// Names that nobody has, to see what a pattern covers.
constexpr std::string_view kSomebody = "zq-somebody", kElsewhere = "elsewhere.invalid";

std::string text_of(const Node* node) {
    return node == nullptr ? std::string() : node->text;
}

bool only_hexadecimal(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// YAML takes it for something else than text, and homeservers want text.
bool is_no_text(const Node& node) {
    if (node.kind != Node::Kind::scalar || node.quoted || node.text.empty()) return false;
    const bool number = node.text.find_first_not_of("0123456789_.+-eExX") == std::string::npos &&
                        node.text.find_first_of("0123456789") != std::string::npos;
    return number || node.text == "true" || node.text == "false" || node.text == "yes" || node.text == "no" ||
           node.text == "null" || node.text == "~";
}

class Judge {
  public:
    Judge(const RegistrationPair& pair, Diagnostics& out) : pair_(pair), out_(out) {}

    void both() {
        const std::optional<Node> main = tree(pair_.main), mask = tree(pair_.mask);
        if (main) one(*main, pair_.main.file, false);
        if (mask) one(*mask, pair_.mask.file, true);
        if (!main || !mask) return;
        for (const char* key : {"id", "as_token", "hs_token"}) {
            const Node* there = mask->find(key);
            if (there != nullptr && !there->text.empty() && there->text == text_of(main->find(key)))
                say(there->at,
                    fmt::format("{} is the same as in {}: a homeserver refuses two registrations with "
                                "one {}",
                                key, pair_.main.file, key),
                    std::string(key) == "id"
                        ? "write: id: rollcall-mask"
                        : "run `rollcall init --rotate-tokens`, and restart the homeserver");
        }
    }

  private:
    void say(const Position& at, std::string message, std::string instead,
             Severity severity = Severity::error) {
        out_.push_back({at, std::move(message), std::move(instead), severity});
    }

    // What cannot be read at all is reported by its reader.
    static std::optional<Node> tree(const RegistrationText& file) {
        Diagnostics ignored;
        if (file.text.empty()) return std::nullopt;
        std::optional<Node> root = schema::read_yaml(file.text, file.file, ignored);
        if (root && root->kind != Node::Kind::mapping) return std::nullopt;
        return root;
    }

    void one(const Node& root, const std::string& file, bool mask) {
        for (const char* key : {"id", "as_token", "hs_token", "sender_localpart"})
            if (const Node* node = root.find(key); node != nullptr && is_no_text(*node))
                say(node->at, fmt::format("{} is no text: a homeserver refuses it", key),
                    fmt::format("write it in quotes: {}: '{}'", key, node->text));
        tokens(root);
        sender(root);
        rate_limit(root, file);
        const Node* url = root.find("url");
        if (mask && url != nullptr && !url->missing() &&
            (url->quoted || (url->text != "null" && url->text != "~")))
            say(url->at,
                "the mask registration names a url: the homeserver would send it every event of its users' "
                "rooms",
                "write: url: null");
        const Node* namespaces = root.find("namespaces");
        if (namespaces == nullptr) return;
        if (namespaces->kind != Node::Kind::mapping)
            return say(namespaces->at, "namespaces is no mapping: a homeserver refuses it",
                       "write users:, aliases: and rooms: below it, as `rollcall init` does");
        users(*namespaces, mask);
        aliases(*namespaces, mask);
        rooms(*namespaces);
    }

    void tokens(const Node& root) {
        for (const char* key : {"as_token", "hs_token"}) {
            const Node* node = root.find(key);
            if (node == nullptr || node->text.empty()) continue;
            if (node->text.size() < kShortestToken)
                say(node->at,
                    fmt::format("{} has {} characters: it can be guessed, or was cut", key,
                                node->text.size()),
                    "run `rollcall init --rotate-tokens`, and restart the homeserver");
            else if (only_hexadecimal(node->text) && node->text.size() != kOwnToken)
                say(node->at,
                    fmt::format(
                        "{} has {} hexadecimal digits, and `rollcall init` writes {}: a part is missing, or "
                        "doubled",
                        key, node->text.size(), kOwnToken),
                    "copy it anew, or run `rollcall init --rotate-tokens`, and restart the homeserver",
                    Severity::warning);
        }
        const Node* ours = root.find("as_token");
        const Node* theirs = root.find("hs_token");
        if (ours != nullptr && theirs != nullptr && !ours->text.empty() && ours->text == theirs->text)
            say(theirs->at, "hs_token is the same as as_token: whoever is sent the one has the other",
                "run `rollcall init --rotate-tokens`, and restart the homeserver");
    }

    void sender(const Node& root) {
        const Node* node = root.find("sender_localpart");
        if (node == nullptr) return;
        if (node->text == pair_.bot)
            say(node->at, "the sender is the bot: a homeserver refuses its sender some calls",
                "write: sender_localpart: _rollcall_sender", Severity::warning);
        if (node->text.find_first_of("@:") != std::string::npos)
            say(node->at, "sender_localpart is a whole Matrix ID", "write what stands between @ and :");
    }

    void rate_limit(const Node& root, const std::string& file) {
        const Node* node = root.find("rate_limited");
        if (node != nullptr && node->text == "false") return;
        say(node == nullptr ? Position{file, 1, 1} : node->at,
            node == nullptr
                ? "rate_limited is missing: a homeserver takes that for true, and slows the daemon down"
                : "the homeserver slows the daemon down",
            "write: rate_limited: false", Severity::warning);
    }

    // Of each pattern of one list.
    template <class Look>
    void each(const Node& namespaces, const char* kind, const Look& look) {
        const Node* list = namespaces.find(kind);
        if (list == nullptr || list->kind != Node::Kind::list) return;
        for (const Node& item : list->items) {
            const Node* regex = item.find("regex");
            if (regex != nullptr) look(*regex, item.find("exclusive"));
        }
    }

    void pattern(const Node& regex, char sigil) {
        const std::string example = fmt::format("{}{}:{}", sigil, kSomebody, pair_.server_name);
        if (!matrix::pattern_covers(regex.text, example))
            return say(regex.at, fmt::format("{} is no pattern that can be read", regex.text),
                       "write it as `rollcall init` does");
        if (!regex.text.starts_with('^') || !regex.text.ends_with('$'))
            say(regex.at,
                fmt::format("{} does not begin with ^ and end with $: it may cover more than it says",
                            regex.text),
                fmt::format("write {}{}{}", regex.text.starts_with('^') ? "" : "^", regex.text,
                            regex.text.ends_with('$') ? "" : "$"),
                Severity::warning);
        if (matrix::pattern_covers(regex.text, fmt::format("{}{}:{}", sigil, kSomebody, kElsewhere))
                .value_or(false))
            say(regex.at, fmt::format("{} covers names of every server", regex.text),
                fmt::format("let it end with :{}$", escaped(pair_.server_name)));
        if (has_loose_dot(regex.text))
            say(regex.at, fmt::format("a dot of {} stands for any character", pair_.server_name),
                "write \\. for each of them", Severity::warning);
    }

    // Is the server named with a dot that is not written as one?
    bool has_loose_dot(const std::string& regex) const {
        const auto times = [](const std::string& text, const std::string& what) {
            std::size_t count = 0;
            for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
                ++count;
            return count;
        };
        std::string plain = regex;
        for (std::size_t at = plain.find("\\."); at != std::string::npos; at = plain.find("\\.", at))
            plain.erase(at, 1);
        return times(plain, pair_.server_name) != times(regex, escaped(pair_.server_name));
    }

    static std::string escaped(const std::string& server) {
        std::string out;
        for (const char c : server) out += c == '.' ? "\\." : std::string(1, c);
        return out;
    }

    void users(const Node& namespaces, bool mask) {
        const std::string bot = fmt::format("@{}:{}", pair_.bot, pair_.server_name);
        const std::string somebody = fmt::format("@{}:{}", kSomebody, pair_.server_name);
        bool covers_bot = false, covers_people = false;
        each(namespaces, "users", [&](const Node& regex, const Node* exclusive) {
            pattern(regex, '@');
            const bool its_bot = matrix::pattern_covers(regex.text, bot).value_or(false);
            const bool its_people = matrix::pattern_covers(regex.text, somebody).value_or(false);
            covers_bot = covers_bot || its_bot;
            covers_people = covers_people || its_people;
            const bool alone = text_of(exclusive) == "true";
            if (its_people && alone)
                say(exclusive->at,
                    "exclusive over everybody: nobody can make an account, and none can be given",
                    "write: exclusive: false");
            if (!mask && its_people)
                say(regex.at, "the main registration covers people: the homeserver sends it all that they do",
                    "let it cover the bot's own names alone, as `rollcall init` does", Severity::warning);
            if (!mask && its_bot && !its_people && exclusive != nullptr && !alone)
                say(exclusive->at, fmt::format("anybody may make the account {}", bot),
                    "write: exclusive: true", Severity::warning);
        });
        if (!mask && !covers_bot)
            say(namespaces.at, fmt::format("no pattern of users covers the bot, {}", bot),
                fmt::format("write: regex: '^@{}:{}$'", pair_.bot, escaped(pair_.server_name)));
        if (mask && !covers_people)
            say(namespaces.at, fmt::format("no pattern of users covers the people of {}", pair_.server_name),
                fmt::format("write: regex: '^@(?!(?:{}):{}$).*:{}$'", pair_.bot, escaped(pair_.server_name),
                            escaped(pair_.server_name)));
    }

    void aliases(const Node& namespaces, bool mask) {
        const std::string address = fmt::format("#{}:{}", kSomebody, pair_.server_name);
        bool covered = false;
        each(namespaces, "aliases", [&](const Node& regex, const Node* exclusive) {
            pattern(regex, '#');
            covered = covered || matrix::pattern_covers(regex.text, address).value_or(false);
            if (text_of(exclusive) == "true")
                say(exclusive->at, "exclusive over room addresses: people can make none of their own",
                    "write: exclusive: false");
        });
        if (!covered && mask != pair_.mask.text.empty())
            say(namespaces.at,
                fmt::format("no pattern of aliases covers the addresses of {}: rooms get none",
                            pair_.server_name),
                fmt::format("write: regex: '^#.*:{}$'", escaped(pair_.server_name)), Severity::warning);
    }

    // Rollcall is told of its rooms because the bot is in them, and needs none by their IDs.
    void rooms(const Node& namespaces) {
        each(namespaces, "rooms", [&](const Node& regex, const Node* exclusive) {
            const bool alone = text_of(exclusive) == "true";
            say(regex.at,
                alone ? "rooms are claimed, and nobody else may have them: the homeserver sends the daemon "
                        "all that happens there"
                      : "rooms are claimed: the homeserver sends the daemon all that happens there",
                "write: rooms: []", alone ? Severity::error : Severity::warning);
        });
    }

    const RegistrationPair& pair_;
    Diagnostics& out_;
};

}  // namespace

Diagnostics judge_registrations(const RegistrationPair& pair) {
    Diagnostics out;
    Judge(pair, out).both();
    return out;
}

}  // namespace rollcall::cli
