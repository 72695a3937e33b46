// Leavers: what became of one person's departures, from the entries about them alone.
//
// A fold: take() is given every entry about one person in their order, whichever of their Matrix IDs it
// names. The time runs from when the directory was changed, if it tells that; otherwise from the last moment
// at which they were known not to have departed. What was only accepted is not proven. Pure; any thread.
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

// What a departure is made of, and how each part of it ended.
enum class Part : std::uint8_t { sessions, rooms, elsewhere, past };
inline constexpr std::size_t kParts = 4;
enum class Kept : std::uint8_t {
    kept,
    late,
    not_done,
    not_proven,  // accepted by the homeserver and not seen; or nobody knows from when to count
    open,        // not done, and there is time left
    not_asked,   // the policy does not want it
};
[[nodiscard]] std::string_view to_text(Part part);
[[nodiscard]] std::string_view to_text(Kept kept);

// What the policy wants of a departure besides its own rooms.
struct DepartureWanted {
    bool sign_out = true;
    bool every_room = true;
    bool anything = true;  // not of the bot's own account, which stays
};

enum class Promise : std::uint8_t {
    kept,
    missed,
    open,        // not over, and there is time left
    taken_back,  // they came back before it was over, and in time
    not_proven,  // nothing is known to be late or undone, and not all of it was seen
    not_asked,   // it is the bot's own account
};
[[nodiscard]] std::string_view to_text(Promise promise);

struct Departure {
    std::uint64_t entry = 0;
    std::string user;
    Guid person;
    std::string text;   // "jdoe: account disabled"
    Time said{};        // from when on it is counted: the change in the directory, or the order
    bool dated = true;  // false: an entry of an earlier version, which does not tell when that was
    Time noticed{};     // when it was believed: the entry's own time
    std::optional<Time> signed_out, last_left, last_forgotten, over;
    std::size_t rooms = 0, elsewhere = 0;        // left since: rooms of the policy, and others
    std::set<std::string> remains, unforgotten;  // room keys
    std::set<std::string> forgotten;             // of those left, and not entered since
    std::set<std::string> let_go;                // rooms that they are in and that no policy names any more
    std::set<std::string> owed;                  // of these, those that were named when they departed
    std::optional<Time> reopened;  // somebody put them out once more, by which they read the past again
    std::optional<Time> listed, last_elsewhere;  // rooms outside the policy: found out which; and left
    std::size_t elsewhere_found = 0, elsewhere_accepted = 0;
    std::optional<Time> out_accepted;     // sessions: said to be ended, and not seen
    std::set<std::string> past_readable;  // forgotten as the homeserver says, and readable all the same
    bool no_account = false, not_covered = false;
    [[nodiscard]] Kept kept(Part part, Duration within, Time now, const DepartureWanted& wanted) const;
    // When the part was done; nullopt where it is not, or there was nothing to do.
    [[nodiscard]] std::optional<Time> done_at(Part part) const;
    // Of all parts together.
    [[nodiscard]] Promise whole(Duration within, Time now, const DepartureWanted& wanted) const;
    // Of the rooms that the policy names alone, as things stood at `now`.
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
    void came_of(const schema::TrailEntry& entry);
    void left_elsewhere(Departure& last, const schema::TrailEntry& entry, bool done);
    [[nodiscard]] Departure* open();

    std::set<std::string> released_;
    std::set<std::string> accepted_elsewhere_;  // room IDs
    // Rooms that they are in or invited to, and as whom → joined.
    std::map<std::string, std::map<std::string, bool>> in_;
    std::vector<Departure> departures_;
};

}  // namespace rollcall::audit
