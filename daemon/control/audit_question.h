// What the questions to the trail have in common: the period that is asked about, whom and which room a name
// means, and reading entries within limits. Engine thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "daemon/audit/access.h"
#include "daemon/control/commands.h"

namespace rollcall::control {

// Entries that one reading may look at, and how long one question may take: the engine waits for it, and a
// leaver with it.
inline constexpr std::size_t kMostExamined = 1'000'000;
inline constexpr auto kLongestQuestion = std::chrono::seconds{3};

// Nothing can be said of now before the directory and the rooms were read, where no daemon has done that.
[[nodiscard]] bool too_early(const Context& context);

// {"from"?, "to"?}: dates or times; `to` is meant with all of its day. Without them everything.
[[nodiscard]] Result<audit::Period> period_of(const Context& context);
// {name: text} as the period that it stands for; a moment is one millisecond long.
[[nodiscard]] Result<audit::Period> period_at(const Context& context, const std::string& text);

// The Matrix ID of a login or Matrix ID. One that the program does not know now may stand in the trail.
[[nodiscard]] Result<std::string> matrix_id_of(const Context& context, const std::string& name);
// The key of a room: key, alias or room ID. One that no policy names now may stand in the trail.
[[nodiscard]] std::string room_key_of(const Context& context, const std::string& name);
// The login of whoever has that Matrix ID; "".
[[nodiscard]] std::string login_of(const Context& context, const std::string& matrix_id);

// Every entry that the filter lets through, within the limits above: all questions read through this.
[[nodiscard]] Status each_row(const Context& context, const store::TrailFilter& filter,
                              const store::TrailVisit& visit);
// Those of them that `wanted` (by kind and text, before it is read) lets through, read. Of somebody who was
// erased, the pseudonym stands as `user`.
using EntryVisit = std::function<Status(std::uint64_t index, const schema::TrailEntry& entry)>;
using EntryWanted = bool (*)(std::string_view kind, std::string_view text);
[[nodiscard]] Status each_entry(const Context& context, const store::TrailFilter& filter, EntryWanted wanted,
                                const EntryVisit& visit);

// An entry as answers have it: its members and its number as "index".
[[nodiscard]] Result<json::Value> entry_json(const store::StoredTrailEntry& row);

// A moment as answers have it; null where it is before or after everything.
[[nodiscard]] json::Value time_json(Time time);

}  // namespace rollcall::control
