#include "daemon/cli/plan_view.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <utility>

#include "daemon/cli/action_words.h"
#include "daemon/cli/hold_view.h"
#include "daemon/cli/items.h"
#include "daemon/cli/people_view.h"
#include "daemon/cli/plan_lines.h"
#include "daemon/cli/policy_changes_view.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

using Lines = std::vector<const json::Value*>;

std::string room_heading(const RoomLines& lines, const Look& look) {
    if (lines.room == nullptr) return paragraph(look, 0, Tone::strong, "In no one room");
    const json::Value& room = *lines.room;
    const bool space = room["space"].boolean_or(false);
    std::vector<Cell> parts{{"#" + room["key"].text(), Tone::strong}};
    if (const std::string name = room["name"].text(); !name.empty()) parts.emplace_back(name);
    if (space) parts.emplace_back("space");
    if (lines.created) parts.emplace_back(space ? "new" : "new room", Tone::good);
    if (!lines.rule.empty()) parts.emplace_back(lines.rule, Tone::faint);
    std::string out, line;
    std::size_t used = 0;
    for (const Cell& part : parts) {  // what the line has no place for stands in the next, whole if it can
        const std::size_t wide = display_width(part.text);
        if (used > 0 && look.width > 0 && used + 2 + wide > look.width) {
            out += line + "\n";
            line.clear();
            used = 0;
        }
        if (look.width > 0 && wide + 2 > look.width) {
            out += paragraph(look, out.empty() ? 0 : 2, part.tone, part.text);
            continue;
        }
        if (used > 0 || !out.empty()) line += "  ", used += 2;
        line += paint(look, part.tone, part.text);
        used += wide;
    }
    return line.empty() ? out : out + line + "\n";
}

// Why, and where the rule stands if the heading does not say.
std::string reason_of(const json::Value& line, const RoomLines& lines) {
    std::vector<std::string> parts;
    for (const std::string& part : {user_words(line), line["reason"].text()})
        if (!part.empty()) parts.push_back(part);
    std::string out = joined(parts, ": ");
    if (const std::string after = line["after"].text(); !after.empty()) out += "; " + after;
    if (lines.rule.empty() && !line["rule"].text().empty()) out += " (" + line["rule"].text() + ")";
    return out;
}

void user_row(Table& table, std::string_view sign, Tone tone, const json::Value& line, const RoomLines& lines,
              Tone name_tone = Tone::plain) {
    table.row({{sign, tone}, {line["user"].text(), name_tone}, line["login"].text(), reason_of(line, lines)});
}

std::string additions(const RoomLines& lines, const Look& look, bool all) {
    const Lines& list = lines.additions;
    // One more than the limit is shown rather than "and 1 more".
    const std::size_t shown = all || list.size() <= kMostAdditions + 1 ? list.size() : kMostAdditions;
    Table table(2);
    for (std::size_t i = 0; i < shown; ++i) user_row(table, "+", Tone::good, *list[i], lines);
    std::string out;
    if (shown < list.size()) {
        out = std::exchange(table, Table(2)).text(look) +
              paragraph(look, 2, Tone::good,
                        fmt::format("+ … and {} more; --json or --all lists them",
                                    with_separators(list.size() - shown)));
    }
    for (const json::Value* line : lines.changes) user_row(table, "~", Tone::change, *line, lines);
    return out + table.text(look);
}

std::string removed_below(const RoomLines& lines) {
    return fmt::format("- {} removed, see below", counted(lines.removals.size(), "person", "people"));
}

// Of whoever departed: nobody is taken out of a room there.
std::string elsewhere_below(const RoomLines& lines) {
    std::set<std::string> people;
    for (const json::Value* line : lines.removals) people.insert((*line)["user"].text());
    return fmt::format("- {} signed out, see below",
                       counted(people.size(), "departed person is", "departed people are"));
}

std::string room_block(const RoomLines& lines, const Look& look, bool all) {
    std::string body;
    if (lines.created) body += bullet(look, 2, "+", Tone::good, "create it");
    if (!lines.settings.empty() && !lines.created) {
        std::vector<std::string> words(lines.settings.begin(), lines.settings.end());
        body += bullet(look, 2, "~", Tone::change, "set " + joined(words, ", "));
    }
    body += additions(lines, look, all);
    if (body.empty()) return {};
    if (!lines.removals.empty())
        body += paragraph(look, 2, Tone::bad,
                          lines.room == nullptr ? elsewhere_below(lines) : removed_below(lines));
    return room_heading(lines, look) + body + "\n";
}

std::string removal_section(const PlanLines& lines, const Look& look) {
    std::string out;
    std::set<std::string> people, departed;
    bool let_go = false;
    for (const RoomLines& room : lines.rooms) {
        let_go = let_go || room.released;
        if (room.removals.empty() && !room.released) continue;
        if (!out.empty()) out += "\n";
        if (room.room == nullptr)
            out += paragraph(look, 0, Tone::strong, "Outside the policy's rooms");
        else {
            RoomLines plain = room;
            plain.created = false;
            out += room_heading(plain, look);
        }
        if (room.released)
            out += bullet(look, 2, "-", Tone::bad,
                          "let go of: the policy no longer names it; its members stay, and nothing is done "
                          "there any more");
        Table table(2);
        for (const json::Value* line : room.removals) {
            user_row(table, "-", Tone::bad, *line, room, Tone::bad);
            (room.room == nullptr ? departed : people).insert((*line)["user"].text());
        }
        out += table.text(look);
    }
    if (out.empty()) return {};
    std::string title = "REMOVALS";
    if (!people.empty())
        title += "  " + counted(people.size(), "person", "people");
    else if (!departed.empty() && !let_go)  // in no managed room any more
        title = "DEPARTURES  " + counted(departed.size(), "person", "people");
    return paragraph(look, 0, Tone::bad, title) + "\n" + out + "\n";
}

std::vector<HeldLine> lines_of(const json::Value& hold, const PlanLines& lines) {
    std::vector<HeldLine> out;
    for (const HeldLine& held : lines.held)
        if ((*held.line)["held"].text() == hold["id"].text()) out.push_back(held);
    return out;
}

std::string held_lines(const json::Value& hold, const PlanLines& lines, const Look& look, bool all) {
    const std::vector<HeldLine> mine = lines_of(hold, lines);
    std::set<std::string> rules;
    for (const HeldLine& held : mine) rules.insert((*held.line)["rule"].text());
    RoomLines heading;  // the rule once, where it is one
    if (rules.size() == 1) heading.rule = *rules.begin();
    Table table(4);
    std::size_t additions = 0, hidden = 0;
    for (const HeldLine& held : mine) {
        const json::Value& line = *held.line;
        const std::string kind = line["kind"].text();
        if (!all && kind == "add" && ++additions > kMostAdditions) {
            ++hidden;
            continue;
        }
        const std::string room = held.room == nullptr ? "-" : (*held.room)["key"].text();
        const std::string user = line["user"].text();
        table.row({{"!", Tone::warning},
                   action_words(fmt::format("{} {} {}", kind, room, user.empty() ? "-" : user)),
                   reason_of(line, heading)});
    }
    std::string out = heading.rule.empty() ? "" : paragraph(look, 4, Tone::faint, heading.rule);
    out += table.text(look);
    if (hidden > 0)
        out += paragraph(look, 4, Tone::warning,
                         fmt::format("! … and {} more; --json or --all lists them", with_separators(hidden)));
    return out;
}

bool is_of_canaries(const json::Value& hold) {
    return hold["guard"].text() == "canaries";
}

std::string hold_section(const json::Value& plan, const PlanLines& lines, const std::string& zone,
                         const Look& look, bool all) {
    const json::Array* holds = plan["holds"].array();
    if (holds == nullptr || holds->empty()) return {};
    std::string out = paragraph(
        look, 0, Tone::warning,
        fmt::format("HELD  {}: a guard stops this until {}", counted(holds->size(), "hold", "holds"),
                    std::all_of(holds->begin(), holds->end(), is_of_canaries)
                        ? "the directory can be believed again"
                        : "somebody approves it"));
    bool answerable = false;
    for (const json::Value& hold : *holds) {
        out += "\n" + hold_heading(hold, zone, look) + held_lines(hold, lines, look, all);
        if (is_of_canaries(hold))
            out += hold_answers(hold, look);
        else
            answerable = true;
    }
    if (answerable)
        out +=
            "\n" + paragraph(look, 2, Tone::plain,
                             fmt::format("{}: `rollcall approve ID --reason \"…\"`, or `reject`.",
                                         plan["in_force"].boolean_or(false) ? "To answer"
                                                                            : "Once the policy is applied"));
    return out + "\n";
}

std::string rejected_section(const json::Value& plan, const PlanLines& lines, const std::string& zone,
                             const Look& look) {
    if (lines.rejected == 0) return {};
    return paragraph(look, 0, Tone::strong,
                     fmt::format("REJECTED  {}: not done until its cause or the policy changes; see "
                                 "`rollcall holds`",
                                 counted(lines.rejected, "action", "actions"))) +
           rejections(plan["rejected"], zone, 0, look) + "\n";
}

std::string texts_section(const json::Value& texts, std::string_view title, const std::string& zone,
                          const Look& look) {
    if (texts.array() == nullptr || texts.array()->empty()) return {};
    std::string out = paragraph(look, 0, Tone::warning, title);
    for (const json::Value& text : *texts.array())
        out += bullet(look, 2, "!", Tone::warning, with_local_times(text.text(), zone));
    return out + "\n";
}

// Whoever reads a plan expects that it is carried out.
std::string pause_section(const json::Value& plan, const Look& look) {
    const std::string paused = plan["pause_text"].text();
    return paused.empty() ? paused : paragraph(look, 0, Tone::warning, "Paused: " + paused) + "\n";
}

// First of all: what this plan does not know.
std::string unseen_section(const json::Value& unseen, const std::string& zone, const Look& look) {
    if (unseen.array() == nullptr || unseen.array()->empty()) return {};
    std::string out = paragraph(look, 0, Tone::bad, "Not seen: this plan is of what was known before");
    for (const json::Value& text : *unseen.array())
        out += bullet(look, 2, "✗", Tone::bad, with_local_times(text.text(), zone));
    return out + "\n";
}

std::string warnings(const json::Value& plan, const Look& look) {
    const json::Array* list = plan["diagnostics"].array();
    if (list == nullptr || list->empty()) return {};
    std::string out = paragraph(look, 0, Tone::warning, "Warnings about the policy files");
    for (const json::Value& one : *list) {
        std::string text = one["at"].text() + ": " + one["message"].text();
        if (const std::string more = one["suggestion"].text(); !more.empty()) text += "; " + more;
        out += bullet(look, 2, "!", Tone::warning, text);
    }
    return out + "\n";
}

std::vector<std::string> line_texts(const json::Value& plan) {
    std::vector<std::string> out;
    const auto add = [&out](const json::Value& lines, const std::string& room) {
        if (lines.array() == nullptr) return;
        for (const json::Value& line : *lines.array()) {
            const std::string user = line["user"].text();
            std::string text =
                action_words(fmt::format("{} {} {}", line["kind"].text(), room, user.empty() ? "-" : user));
            if (const std::int64_t power = line["power"].integer_or(0); power != 0)
                text += fmt::format(" (power {})", power);
            if (line["rejected"].boolean_or(false))
                text += " (rejected)";
            else if (!line["held"].text().empty())
                text += " (held)";
            out.push_back(std::move(text));
        }
    };
    for (const json::Value& change : items(plan["policy_changes"]))
        out.push_back(fmt::format("policy: {} {} → {}", change["path"].text(), change["before"].text("-"),
                                  change["after"].text("-")));
    if (const json::Array* rooms = plan["rooms"].array())
        for (const json::Value& room : *rooms) add(room["lines"], room["key"].text());
    add(plan["elsewhere"], "-");
    return out;
}

std::string only_in(const std::vector<std::string>& mine, const std::vector<std::string>& other,
                    std::string_view title, Tone tone, const Look& look) {
    const std::multiset<std::string> there(other.begin(), other.end());
    std::string out;
    for (const std::string& line : mine)
        if (!there.contains(line)) out += bullet(look, 2, "·", tone, line);
    return out.empty() ? out : paragraph(look, 0, tone, title) + out;
}

}  // namespace

bool plan_is_empty(const json::Value& plan) {
    return count_lines(plan).empty();
}

std::string plan_summary(const json::Value& plan) {
    const PlanCounts counts = count_lines(plan);
    std::vector<std::string> parts;
    const auto part = [&parts](std::size_t n, const std::string& text) {
        if (n > 0) parts.push_back(text);
    };
    const std::string policy = policy_changes_summary(plan);
    part(policy.size(), policy);
    part(counts.created, counted(counts.created, "room", "rooms") + " to create");
    std::string add = counted(counts.added_people, "person", "people") + " to add";
    if (counts.additions > counts.added_people)
        add += fmt::format(" ({})", counted(counts.additions, "membership", "memberships"));
    part(counts.additions, add);
    part(counts.changes + counts.settings,
         counted(counts.changes + counts.settings, "thing", "things") + " to change");
    std::string remove = counted(counts.removed_people, "person", "people") + " to remove";
    if (counts.removals > counts.removed_people)
        remove += fmt::format(" ({})", counted(counts.removals, "membership", "memberships"));
    part(counts.removals, remove);
    part(counts.departures,
         counted(counts.departures, "departed person", "departed people") + " to sign out");
    part(counts.released, counted(counts.released, "room", "rooms") + " to let go of");
    std::string held = counted(counts.holds, "hold", "holds");
    if (counts.held > 0) held += fmt::format(" ({})", counted(counts.held, "action waits", "actions wait"));
    part(counts.holds, held);
    return "Plan: " + joined(parts, ", ");
}

std::string plan_view(const json::Value& plan, const std::string& zone, const Look& look, bool all) {
    const PlanLines lines = sort_lines(plan);
    std::string out =
        pause_section(plan, look) + unseen_section(plan["unseen"], zone, look) + warnings(plan, look) +
        texts_section(plan["conflicts"], "Conflicts: left alone until somebody decides", zone, look) +
        texts_section(plan["room_trouble"], "Rooms that cannot be kept as the policy wants", zone, look) +
        texts_section(plan["stays"],
                      "Must be out, and cannot be taken out: have them leave or give their power up", zone,
                      look);
    const bool in_force = plan["in_force"].boolean_or(false);
    const std::string rejected = rejected_section(plan, lines, zone, look);
    const std::string people = people_sections(plan, look);
    const std::string policy = policy_changes_view(plan, look, all);
    out += policy + texts_section(plan["holds_changed"], "What becomes of holds", zone, look);
    if (plan_is_empty(plan)) {
        out += rejected;
        const auto some = [&plan](const char* list) { return !items(plan[list]).empty(); };
        const bool left =
            lines.rejected > 0 || kicked_people(plan) > 0 || some("room_trouble") || some("stays");
        out += !policy.empty()  ? "Nobody moves, and no room changes; the policy itself does, as above.\n"
               : left           ? "Nothing else to do.\n"
               : some("unseen") ? "Nothing to do, as far as is known.\n"
                                : "Nothing to do: rooms are as the policy wants them.\n";
        if (!policy.empty()) out += paragraph(look, 0, Tone::strong, plan_summary(plan));
        if (!in_force)
            out += paragraph(look, 0, Tone::plain,
                             "The policy files are not in force yet; `rollcall apply` puts them in force.");
        return out + people;
    }
    for (const RoomLines& room : lines.rooms) out += room_block(room, look, all);
    out += removal_section(lines, look) + hold_section(plan, lines, zone, look, all) + rejected;
    const std::string summary = plan_summary(plan);
    out += paragraph(look, 0, Tone::strong, summary);
    if (in_force)
        out += paragraph(look, 0, Tone::faint,
                         "The policy files are in force already; this is what is still to be done.");
    return out + people;
}

std::string plan_difference(const json::Value& saved, const json::Value& now, const Look& look) {
    const std::vector<std::string> before = line_texts(saved), after = line_texts(now);
    std::string out = only_in(before, after, "Only in the saved plan:", Tone::change, look) +
                      only_in(after, before, "Only in the plan as it is now:", Tone::warning, look);
    if (out.empty() && saved["version"].text() != now["version"].text())
        out = paragraph(look, 0, Tone::plain, "The actions are the same, but the policy files have changed.");
    return out;
}

}  // namespace rollcall::cli
