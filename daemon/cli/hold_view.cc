#include "daemon/cli/hold_view.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>
#include <set>

#include "daemon/cli/action_words.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {

namespace {

constexpr std::size_t kMostActions = 20;  // of one hold, unless all are asked for

std::string and_more(std::size_t count, std::string_view how, const Look& look) {
    return paragraph(look, 4, Tone::warning, fmt::format("… and {} more; {}", with_separators(count), how));
}

// One more than the limit is shown rather than "and 1 more".
std::size_t shown_of(std::size_t count, std::size_t most) {
    return count - std::min(count, most) <= 1 ? count : most;
}

// What waits, and for each why it would be done; the rule once, where it is one.
std::string held_lines(const json::Value& hold, bool all, const Look& look) {
    const json::Array &actions = items(hold["actions"]), &lines = items(hold["lines"]);
    const std::size_t shown = all ? actions.size() : shown_of(actions.size(), kMostActions);
    std::set<std::string> rules;
    for (std::size_t i = 0; i < lines.size(); ++i) rules.insert(lines[i]["rule"].text());
    const bool one = rules.size() == 1 && lines.size() == actions.size();
    std::string out =
        one && !rules.begin()->empty() ? paragraph(look, 4, Tone::faint, *rules.begin()) : std::string();
    Table table(4);
    for (std::size_t i = 0; i < shown; ++i) {
        const json::Value line = i < lines.size() ? lines[i] : json::Value{};
        const std::string rule = one ? "" : line["rule"].text();
        table.row({{"!", Tone::warning},
                   action_words(actions[i].text()),
                   line["reason"].text() + (rule.empty() ? "" : " (" + rule + ")")});
    }
    out += table.text(look);
    if (shown < actions.size())
        out += and_more(actions.size() - shown, "`rollcall holds --all` lists them", look);
    return out;
}

// Not of a read that was cut off, say.
bool is_about_a_canary(const json::Value& hold) {
    return hold["cause"].text().find("canary '") != std::string::npos;
}

// "3 actions", and about how many people, where that is another number.
std::string size_words(const json::Value& hold) {
    const std::size_t actions = items(hold["actions"]).size();
    const std::int64_t people = hold["people"].integer_or(0);
    const std::string words = counted(actions, "action", "actions");
    if (people <= 0 || static_cast<std::size_t>(people) == actions) return words;
    return fmt::format("{} about {}", words, counted(static_cast<std::size_t>(people), "person", "people"));
}

}  // namespace

bool any_nobody_answers(const json::Value& holds) {
    const json::Array& all = items(holds);
    return std::any_of(all.begin(), all.end(),
                       [](const json::Value& hold) { return hold["guard"].text() == "canaries"; });
}

std::string hold_heading(const json::Value& hold, const std::string& zone, const Look& look) {
    const std::string room = hold["room"].text();
    const std::string line = fmt::format("{}  guard {}{}, {}", hold["id"].text(), hold["guard"].text(),
                                         room.empty() ? "" : " of #" + room, size_words(hold));
    std::string cause = hold["cause"].text();
    if (const std::string since = hold["since"].text(); !since.empty())
        cause += "; held since " + shown_time(since, zone);
    return paragraph(look, 2, Tone::warning, line) + paragraph(look, 4, Tone::plain, cause);
}

std::string rejections(const json::Value& rejected, const std::string& zone, std::size_t most_actions,
                       const Look& look) {
    std::string out;
    for (const json::Value& one : items(rejected)) {
        out += paragraph(look, 2, Tone::strong,
                         fmt::format("{}  {}, rejected by {} at {}", one["hold"].text(),
                                     counted(items(one["actions"]).size(), "action", "actions"),
                                     one["by"].text(), shown_time(one["at"].text(), zone)));
        out += paragraph(look, 4, Tone::plain, one["reason"].text());
        if (most_actions == 0) continue;
        const json::Array& actions = items(one["actions"]);
        const std::size_t shown = shown_of(actions.size(), most_actions);
        for (std::size_t i = 0; i < shown; ++i)
            out += bullet(look, 4, "!", Tone::warning, action_words(actions[i].text()));
        if (shown < actions.size())
            out += and_more(actions.size() - shown, "`rollcall holds --all` lists them", look);
    }
    return out;
}

std::string hold_answers(const json::Value& hold, const Look& look) {
    if (hold["guard"].text() == "canaries")
        return paragraph(
            look, 4, Tone::strong,
            std::string("Nobody can answer this: a complete read that can be believed ends it. ") +
                (is_about_a_canary(hold)
                     ? "Let the bind account read again what it does not show. Only if the canary "
                       "is gone for good, name another one in its stead and apply that."
                     : "Repair the directory, or what hides part of it from the bind account."));
    const std::string id = printable(hold["id"].text());
    return paragraph(look, 4, Tone::strong, fmt::format("rollcall approve {} --reason \"…\"", id)) +
           paragraph(look, 4, Tone::strong, fmt::format("rollcall reject {} --reason \"…\"", id));
}

std::string holds_view(const json::Value& result, const std::string& zone, bool all, const Look& look) {
    const json::Array& holds = items(result["holds"]);
    const bool frozen = any_nobody_answers(result["holds"]);
    std::string out =
        holds.empty() ? "No holds: no guard is stopping anything.\n"
                      : paragraph(look, 0, Tone::warning,
                                  fmt::format("{}: done only when {}", counted(holds.size(), "hold", "holds"),
                                              frozen ? "it is answered, or has ended" : "somebody approves"));
    for (const json::Value& hold : holds) {
        const std::string answers = hold_answers(hold, look);
        out += "\n" + hold_heading(hold, zone, look) + answers + "\n" + held_lines(hold, all, look);
        // Whoever has scrolled through all of it finds both commands here too.
        if (all && items(hold["actions"]).size() > kMostActions) out += "\n" + answers;
    }
    if (items(result["rejected"]).empty()) return out;
    out += "\n" + paragraph(look, 0, Tone::strong,
                            "Rejected: not done until its cause or the policy changes, or it is approved");
    return out + "\n" +
           rejections(result["rejected"], zone, all ? std::numeric_limits<std::size_t>::max() : kMostActions,
                      look);
}

}  // namespace rollcall::cli
