// The lines of a plan, sorted by how they are shown; what plan_view.cc draws. Points into the plan. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "schema/json.h"

namespace rollcall::cli {

struct RoomLines {
    const json::Value* room = nullptr;                             // nullptr: what concerns no one room
    std::vector<const json::Value*> additions, removals, changes;  // about users
    std::vector<std::string_view> settings;                        // about the room itself, in words
    bool created = false, released = false;
    std::string rule;  // of all its lines, or "" where they differ
};

struct HeldLine {
    const json::Value* room = nullptr;
    const json::Value* line = nullptr;
};

struct PlanLines {
    std::vector<RoomLines>
        rooms;  // in the plan's order; one without `room` last, where there is anything for it
    std::vector<HeldLine> held;
    std::size_t rejected = 0;  // lines that somebody said no to
};

[[nodiscard]] PlanLines sort_lines(const json::Value& plan);

struct PlanCounts {
    std::size_t created = 0, released = 0, settings = 0;
    std::size_t added_people = 0, additions = 0;  // one may join many rooms
    std::size_t removed_people = 0, removals = 0;
    std::size_t departures = 0, changes = 0, held = 0, holds = 0;
    [[nodiscard]] bool empty() const;
};
// What is held is counted as held alone, and what was rejected not at all: it is not to be done.
[[nodiscard]] PlanCounts count_lines(const json::Value& plan);

}  // namespace rollcall::cli
