// Leavers: what became of one person's departures, from the entries about them alone.
//
// A fold: take() is given every entry about one person in their order, whichever of their Matrix IDs it
// names. When a room was left counts from the answer or the event that said so; the promise is about the
// rooms that the policy names. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/base/guid.h"
#include "policy/base/time.h"
#include "schema/trail_entry.h"

namespace rollcall::audit {

enum class Promise : std::uint8_t {
    kept,
    missed,
    open,        // not over, and there is time left
    taken_back,  // they came back before it was over, and in time
};
[[nodiscard]] std::string_view to_text(Promise promise);

struct Departure {
    std::uint64_t entry = 0;
    std::string user;
    Guid person;
    std::string text;  // "jdoe: account disabled"
    Time said{};       // when the directory's news was read, or the order given
    Time noticed{};    // when it was believed: the entry's own time
    std::optional<Time> signed_out, last_left, last_forgotten, over;
    std::size_t rooms = 0, elsewhere = 0;        // left since: rooms of the policy, and others
    std::set<std::string> remains, unforgotten;  // room keys
    std::set<std::string> let_go;                // rooms that they are in and that no policy names any more
    // As things stood at `now`.
    [[nodiscard]] Promise promise(Duration within, Time now) const;
    [[nodiscard]] std::optional<Duration> took() const;  // until the last room was left; nullopt: not over
};

class Leavers {
  public:
    void take(std::uint64_t index, const schema::TrailEntry& entry);
    // No policy names this room any more, from here on: nobody is taken out of it. Or one does again.
    void managed(const std::string& room_key, bool managed);
    // All departures, each as it ended: by a return, by the next one, or with the last entry taken.
    [[nodiscard]] const std::vector<Departure>& departures() const { return departures_; }

  private:
    void departed(std::uint64_t index, const schema::TrailEntry& entry);
    void membership(const schema::TrailEntry& entry);
    void done(const schema::TrailEntry& entry);
    [[nodiscard]] Departure* open();

    std::set<std::string> released_;
    // Rooms that they are in or invited to, and as whom → joined.
    std::map<std::string, std::map<std::string, bool>> in_;
    std::vector<Departure> departures_;
};

}  // namespace rollcall::audit
