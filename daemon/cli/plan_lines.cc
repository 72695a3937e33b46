#include "daemon/cli/plan_lines.h"

#include <set>

#include "daemon/cli/action_words.h"
#include "daemon/cli/items.h"

namespace rollcall::cli {
namespace {

void take(const json::Value& line, RoomLines& into, PlanLines& plan) {
    if (line["rejected"].boolean_or(false)) {
        ++plan.rejected;
        return;
    }
    const std::string kind = line["kind"].text();
    if (!line["held"].text().empty()) {
        plan.held.push_back({into.room, &line});
        return;
    }
    if (kind == "create")
        into.created = true;
    else if (kind == "release")
        into.released = true;
    else if (!room_change(kind).empty())
        into.settings.push_back(room_change(kind));
    else if (kind_of(kind) == Kind::addition)
        into.additions.push_back(&line);
    else if (kind_of(kind) == Kind::removal)
        into.removals.push_back(&line);
    else
        into.changes.push_back(&line);
}

// A removal takes the past away too: no line of its own for that.
void drop_implied(RoomLines& lines) {
    std::set<std::string> removed;
    for (const json::Value* line : lines.removals) removed.insert((*line)["user"].text());
    std::erase_if(lines.changes, [&](const json::Value* line) {
        return (*line)["kind"].text() == "forget" && removed.contains((*line)["user"].text());
    });
}

RoomLines room_lines(const json::Value* room, const json::Value& lines, PlanLines& plan) {
    RoomLines out;
    out.room = room;
    std::set<std::string> rules;
    for (const json::Value& line : items(lines)) {
        take(line, out, plan);
        rules.insert(line["rule"].text());
    }
    if (rules.size() == 1) out.rule = *rules.begin();
    drop_implied(out);
    return out;
}

}  // namespace

PlanLines sort_lines(const json::Value& plan) {
    PlanLines out;
    for (const json::Value& room : items(plan["rooms"]))
        out.rooms.push_back(room_lines(&room, room["lines"], out));
    RoomLines elsewhere = room_lines(nullptr, plan["elsewhere"], out);
    if (!elsewhere.additions.empty() || !elsewhere.removals.empty() || !elsewhere.changes.empty())
        out.rooms.push_back(std::move(elsewhere));
    return out;
}

bool PlanCounts::empty() const {
    return created + released + settings + additions + removals + departures + changes + held + holds == 0;
}

PlanCounts count_lines(const json::Value& plan) {
    const PlanLines lines = sort_lines(plan);
    PlanCounts out;
    std::set<std::string> added, removed, departed;
    for (const RoomLines& room : lines.rooms) {
        out.created += room.created ? 1U : 0U;
        out.released += room.released ? 1U : 0U;
        // What makes a new room what it should be is part of making it.
        if (!room.created) out.settings += room.settings.size();
        for (const json::Value* line : room.additions) added.insert((*line)["user"].text()), ++out.additions;
        for (const json::Value* line : room.removals) {
            const bool room_lost = (*line)["kind"].text() == "remove";
            (room_lost ? removed : departed).insert((*line)["user"].text());
            out.removals += room_lost ? 1U : 0U;
        }
        out.changes += room.changes.size();
    }
    out.added_people = added.size();
    out.removed_people = removed.size();
    out.departures = departed.size();
    out.held = lines.held.size();
    out.holds = items(plan["holds"]).size();
    return out;
}

}  // namespace rollcall::cli
