#include "daemon/cli/hold_view.h"

#include <fmt/format.h>
#include <algorithm>

#include "daemon/cli/action_words.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {

namespace {

std::string action_lines(const json::Value& actions, const Look& look) {
    std::string out;
    for (const json::Value& action : items(actions))
        out += bullet(look, 4, "!", Tone::warning, action_words(action.text()));
    return out;
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

std::string hold_heading(const json::Value& hold, const std::string& zone, const Look& look) {
    const std::string room = hold["room"].text();
    const std::string line = fmt::format("{}  guard {}{}, {}", hold["id"].text(), hold["guard"].text(),
                                         room.empty() ? "" : " of #" + room, size_words(hold));
    std::string cause = hold["cause"].text();
    if (const std::string since = hold["since"].text(); !since.empty())
        cause += "; held since " + shown_time(since, zone);
    return paragraph(look, 2, Tone::warning, line) + paragraph(look, 4, Tone::plain, cause);
}

std::string rejections(const json::Value& rejected, const std::string& zone, bool actions, const Look& look) {
    std::string out;
    for (const json::Value& one : items(rejected)) {
        out += paragraph(look, 2, Tone::strong,
                         fmt::format("{}  {}, rejected by {} at {}", one["hold"].text(),
                                     counted(items(one["actions"]).size(), "action", "actions"),
                                     one["by"].text(), shown_time(one["at"].text(), zone)));
        out += paragraph(look, 4, Tone::plain, one["reason"].text());
        if (actions) out += action_lines(one["actions"], look);
    }
    return out;
}

std::string hold_answers(const json::Value& hold, const Look& look) {
    if (hold["guard"].text() == "canaries")
        return paragraph(look, 4, Tone::strong,
                         "Nobody can answer this: a complete read that can be believed ends it. Repair the "
                         "directory, or take the canary out of the policy and apply that.");
    const std::string id = printable(hold["id"].text());
    return paragraph(look, 4, Tone::strong, fmt::format("rollcall approve {} --reason \"…\"", id)) +
           paragraph(look, 4, Tone::strong, fmt::format("rollcall reject {} --reason \"…\"", id));
}

std::string holds_view(const json::Value& result, const std::string& zone, const Look& look) {
    const json::Array& holds = items(result["holds"]);
    const bool frozen = std::any_of(holds.begin(), holds.end(), [](const json::Value& hold) {
        return hold["guard"].text() == "canaries";
    });
    std::string out =
        holds.empty() ? "No holds: no guard is stopping anything.\n"
                      : paragraph(look, 0, Tone::warning,
                                  fmt::format("{}: done only when {}", counted(holds.size(), "hold", "holds"),
                                              frozen ? "it is answered, or has ended" : "somebody approves"));
    for (const json::Value& hold : holds)
        out += "\n" + hold_heading(hold, zone, look) + action_lines(hold["actions"], look) +
               hold_answers(hold, look);
    if (items(result["rejected"]).empty()) return out;
    out += "\n" + paragraph(look, 0, Tone::strong,
                            "Rejected: not done until its cause or the policy changes, or it is approved");
    return out + "\n" + rejections(result["rejected"], zone, true, look);
}

}  // namespace rollcall::cli
