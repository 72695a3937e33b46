// What the questions to the trail have in common: the period that is asked about, whom and which room a name
// means (engine thread), and reading entries (whoever asks: see Question).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/audit/access.h"
#include "daemon/audit/room_keys.h"
#include "daemon/control/commands.h"

namespace rollcall::control {

// How long one question may read. Meanwhile SQLite cannot fold its write-ahead log back into the database.
inline constexpr auto kLongestQuestion = std::chrono::seconds{60};

// Reads for one question, within its time.
class TrailReading {
  public:
    // `over`: says, while it lasts, that nobody waits for the answer any more; may be null.
    explicit TrailReading(store::TrailSource& source, const std::atomic<bool>* over = nullptr)
        : source_(source), over_(over) {}

    // Every entry that the filter lets through. Rooms are called what they are called now
    // (audit/room_keys.h), in the filter and in what is visited, but for the text of a row.
    [[nodiscard]] Status each_row(const store::TrailFilter& filter, const store::TrailVisit& visit);
    // Those of them that `wanted` (by kind and text, before it is read) lets through, read. Of somebody who
    // was erased, the pseudonym stands as `user`.
    using EntryVisit = std::function<Status(std::uint64_t index, const schema::TrailEntry& entry)>;
    using EntryWanted = bool (*)(std::string_view kind, std::string_view text);
    [[nodiscard]] Status each_entry(const store::TrailFilter& filter, EntryWanted wanted,
                                    const EntryVisit& visit);
    // The newest ones; see store::TrailFilter.
    [[nodiscard]] Result<std::vector<store::StoredTrailEntry>> newest(const store::TrailFilter& filter);
    [[nodiscard]] Result<std::uint64_t> size() { return source_.trail_size(); }

  private:
    [[nodiscard]] Status may_go_on();
    [[nodiscard]] Status know_room_keys();
    [[nodiscard]] std::vector<store::TrailFilter> filters_of(const store::TrailFilter& filter) const;
    [[nodiscard]] Status visit_row(const store::StoredTrailEntry& row, const store::TrailVisit& visit);

    store::TrailSource& source_;
    std::optional<audit::RoomKeys> rooms_;  // read once somebody asks
    const std::atomic<bool>* const over_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::size_t examined_ = 0;
};

// Nothing can be said of now before the directory and the rooms were read, where no daemon has done that.
[[nodiscard]] bool too_early(const Context& context);

// {"from"?, "to"?}: dates or times; `to` is meant with all of its day. Without them everything.
[[nodiscard]] Result<audit::Period> period_of(const Context& context);
// {name: text} as the period that it stands for; a moment is one millisecond long.
[[nodiscard]] Result<audit::Period> period_at(const Context& context, const std::string& text);

// Whom a question is about: by login, Matrix ID (one that they had before does too), distinguished name or
// guid:…. A Matrix ID that the program does not know now may stand in the trail.
struct Whom {
    std::string user;  // a Matrix ID of theirs, the one that was given or the one of today; "" for none
    Guid person;       // empty: nobody of the directory
};
[[nodiscard]] Result<Whom> whom_of(const Context& context, const std::string& name);
// The key of a room: one that it has or had, alias or room ID. One that no policy names now may stand in the
// trail.
[[nodiscard]] std::string room_key_of(const Context& context, const std::string& name);
// The login of whoever has that Matrix ID; "".
[[nodiscard]] std::string login_of(const Context& context, const std::string& matrix_id);

// An entry as answers have it: its members and its number as "index".
[[nodiscard]] Result<json::Value> entry_json(const store::StoredTrailEntry& row);

// A moment as answers have it; null where it is before or after everything.
[[nodiscard]] json::Value time_json(Time time);

}  // namespace rollcall::control
