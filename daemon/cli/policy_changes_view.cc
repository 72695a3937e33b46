#include "daemon/cli/policy_changes_view.h"

#include <fmt/format.h>
#include <algorithm>

#include "daemon/cli/items.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

bool is_dangerous(const json::Value& change) {
    return !change["danger"].text().empty();
}

std::size_t dangerous(const json::Array& changes) {
    return static_cast<std::size_t>(std::count_if(changes.begin(), changes.end(), is_dangerous));
}

std::string words(const json::Value& change) {
    std::string out = change_words(change["before"].text(), change["after"].text());
    if (const std::string at = change["at"].text(); !at.empty()) out += " (" + at + ")";
    for (const std::string& more : {change["danger"].text(), change["hint"].text()})
        if (!more.empty()) out += "; " + more;
    return out;
}

std::string_view sign(const json::Value& change) {
    if (is_dangerous(change)) return "!";
    if (change["before"].text().empty()) return "+";
    return change["after"].text().empty() ? "-" : "~";
}

}  // namespace

std::string change_words(const std::string& before, const std::string& after) {
    if (before.empty()) return after;
    return after.empty() ? "no longer: " + before : before + " → " + after;
}

std::string policy_changes_view(const json::Value& plan, const Look& look, bool all) {
    const json::Array& changes = items(plan["policy_changes"]);
    if (changes.empty()) return {};
    const std::size_t risky = dangerous(changes);
    std::string title = fmt::format("POLICY  {}", counted(changes.size(), "change", "changes"));
    if (risky > 0) title += fmt::format(", {} to look at twice (!)", risky);
    Table table(2);
    std::size_t shown = 0, hidden = 0;
    for (const json::Value& change : changes) {
        const bool risk = is_dangerous(change);
        if (!risk && !all && ++shown > kMostChanges) {
            ++hidden;
            continue;
        }
        const Tone tone = risk ? Tone::warning : Tone::change;
        table.row({{sign(change), tone}, {change["path"].text(), tone}, words(change)});
    }
    std::string out = paragraph(look, 0, risky > 0 ? Tone::warning : Tone::strong, title) + table.text(look);
    if (hidden > 0)
        out += paragraph(look, 2, Tone::change,
                         fmt::format("~ … and {} more; --json or --all lists them", with_separators(hidden)));
    return out + "\n";
}

std::string policy_changes_summary(const json::Value& plan) {
    const json::Array& changes = items(plan["policy_changes"]);
    if (changes.empty()) return {};
    const std::size_t risky = dangerous(changes);
    const std::string all = counted(changes.size(), "setting", "settings") + " of the policy to change";
    return risky == 0 ? all : fmt::format("{} ({} to look at twice)", all, risky);
}

}  // namespace rollcall::cli
