#include "daemon/cli/audit_view.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "daemon/cli/policy_changes_view.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

Tone tone_of(const std::string& kind, const std::string& result) {
    const bool done = result.empty() || result == "done" || result.starts_with("done:");  // or found to be so
    if (kind == "failure" || (kind == "result" && !done)) return Tone::bad;
    if (kind == "hold") return Tone::warning;
    if (kind == "approve" || kind == "reject" || kind == "command" || kind == "policy") return Tone::change;
    return Tone::plain;
}

// Whom the entry is about and who asked for it.
std::string who(const json::Value& entry) {
    const std::string user = entry["user"].text(entry["erased"].text()),
                      caller = entry["caller"]["text"].text(entry["erased_caller"].text());
    if (caller.empty()) return user;
    return user.empty() ? "by " + caller : user + " by " + caller;
}

// What a policy changed, as its plan told it.
std::string changed_setting(const json::Value& entry) {
    const std::string before = entry["before"].text(), after = entry["after"].text();
    if (before.empty() && after.empty()) return {};
    return entry["rule_path"].text() + ": " + change_words(before, after);
}

std::string in_brackets(const std::string& text) {
    return text.empty() ? "" : "(" + text + ")";
}

constexpr std::size_t kLeastForReason = 24;  // columns; with less, an entry is sentences and no row

struct Shown {
    std::string number, time, kind, who, room, action, result, reason;
    Tone tone = Tone::plain;
};

Shown shown(const json::Value& entry, const std::string& time_zone) {
    Shown out;
    const std::int64_t number = entry["index"].integer_or(0);
    out.number = number > 0 ? std::to_string(number) : "";
    out.time = shown_time(entry["time"].text(), time_zone);
    out.kind = entry["kind"].text();
    out.who = who(entry);
    out.room = entry["room_key"].text(entry["room"].text());
    out.action = entry["action"].text();
    out.result = with_local_times(entry["result"].text(), time_zone);
    const std::string danger = entry["danger"].text();
    out.reason = changed_setting(entry);
    for (const std::string& more : {entry["reason"].text(), in_brackets(entry["rule"].text())})
        if (!more.empty()) out.reason += (out.reason.empty() ? "" : " ") + more;
    if (!danger.empty()) out.reason = "! " + out.reason + "; " + danger;
    out.tone = danger.empty() ? tone_of(out.kind, out.result) : Tone::warning;
    return out;
}

std::string rows(const std::vector<Shown>& entries, const Look& look) {
    Table table;
    for (const Shown& one : entries)
        table.row({{one.number, Tone::faint},
                   {one.time, Tone::faint},
                   {one.kind, one.tone},
                   one.who,
                   one.room,
                   one.action,
                   {one.result, one.tone == Tone::bad ? one.tone : Tone::plain},
                   one.reason});
    return table.text(look);
}

// The columns before the reason, as Table lays them out.
std::size_t before_the_reason(const std::vector<Shown>& entries) {
    std::array<std::size_t, 7> widths{};
    for (const Shown& one : entries) {
        const std::array<const std::string*, 7> cells{&one.number, &one.time,   &one.kind,  &one.who,
                                                      &one.room,   &one.action, &one.result};
        for (std::size_t i = 0; i < cells.size(); ++i)
            widths[i] = std::max(widths[i], display_width(printable(*cells[i])));
    }
    std::size_t out = 0;
    for (const std::size_t width : widths) out += width == 0 ? 0 : width + 2;
    return out;
}

// For narrow places: when and what kind, and then all of it as one text under itself.
std::string sentences(const std::vector<Shown>& entries, const Look& look) {
    Table table;
    for (const Shown& one : entries) {
        std::string text = one.action;
        for (const auto& [word, part] : {std::pair{" ", &one.who}, {" in ", &one.room}, {": ", &one.result}})
            if (!part->empty()) text += (text.empty() ? "" : word) + *part;
        if (!one.reason.empty()) text += (one.result.empty() ? ": " : "; ") + one.reason;
        table.row({{one.number, Tone::faint},
                   {one.time, Tone::faint},
                   {one.kind, one.tone},
                   {text, one.tone == Tone::bad ? one.tone : Tone::plain}});
    }
    return table.text(look);
}

}  // namespace

std::string audit_view(const json::Array& entries, const std::string& time_zone, const Look& look) {
    std::vector<Shown> all;
    all.reserve(entries.size());
    for (const json::Value& entry : entries) all.push_back(shown(entry, time_zone));
    const bool fits = look.width == 0 || before_the_reason(all) + kLeastForReason <= look.width;
    return fits ? rows(all, look) : sentences(all, look);
}

}  // namespace rollcall::cli
