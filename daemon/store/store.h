// Store: what must outlive the process, behind one write call a turn.
//
//     commit(Turn) ── one transaction, one fsync ──► everything in the turn is in force, or nothing of it is
//
// Portable SQL behind it (PostgreSQL is meant to be the second engine). Owned and called by the engine thread
// alone, or by a command that holds the folder's lock; nothing here is shared.
//
// What is personal in the trail is encrypted under its person's key (schema/sealed_part.h). A turn that
// destroys keys writes the table of keys anew and empties the write-ahead log afterwards, so that neither
// holds a copy; where the log cannot be emptied yet, later commits and the next opening try again.
//
// Errors: `limit` when the disk is full (the same turn may be tried again: nothing of it was kept), `io` for
// anything else that SQLite reports. An fsync error is final: the process must end and recover, because what
// the disk holds is not known any more (fatal() tells the two apart).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/result.h"
#include "policy/program.h"
#include "policy/world.h"
#include "schema/trail_leaf.h"

namespace rollcall::store {

inline constexpr const char* kDatabaseFile = "rollcall.db";  // in the state folder

// One policy that was put in force.
struct StoredPolicy {
    std::string version;                                     // hash of the files' text
    std::vector<std::pair<std::string, std::string>> files;  // path as the user named it, text
    policy::Pins pins;
    Time applied{};
    std::string caller;  // who, as the trail says it
    std::string reason;
};

// A request that was announced and whose end is not known yet. `text` is the engine's own JSON.
struct StoredIntent {
    std::uint64_t id = 0;
    std::string text;
};

// One-shot debts and marks of the engine, each under (kind, key): used approvals, rejections, holds, the
// guards' ledger, retry times, notices owed, direct rooms, the pause. A null value deletes.
struct StoredMark {
    std::string kind, key;
    std::optional<std::string> value;
};

// The key under which the trail names a person, and by what they are found: objectGUID, or a name (Matrix ID,
// or "unix:1000" of a caller). A person may come to have several, each found by what was known when it was
// made.
struct StoredPersonKey {
    std::uint64_t id = 0;
    schema::PersonKey key{};
    Guid guid;         // all zero for none
    std::string name;  // "" for none
};

// An entry of the trail on its way into the store.
struct TrailRow {
    std::uint64_t number = 0;  // 1, 2, 3 … without a gap
    Time time{};
    std::string kind, action, room, rule, outcome;  // by which it is found; "" where it has none
    std::uint64_t subject = 0, caller = 0;          // person keys; 0 for none
    schema::TrailLeaf leaf;
};

// An entry as it is read: whole, but for the parts of who was erased.
struct StoredTrailEntry {
    std::uint64_t index = 0;  // its number
    Time time{};
    std::string kind, user, room;  // members of `text`; "" where it has none
    std::string text;              // canonical JSON (schema/trail_entry.h)
    std::uint64_t subject = 0;     // the person key of whom it is about, also where it was destroyed
};

// All that one turn of the engine changes. `world` is read for the rows that `touched` names.
struct Turn {
    const policy::World* world = nullptr;
    policy::Touched touched;
    bool cursor_changed = false;  // world->cursor, attributes_read, directory_read and frozen are written
    std::vector<std::string> transactions;  // IDs taken in by this turn
    std::vector<StoredIntent> intents;
    std::vector<std::uint64_t> finished;       // intents whose result is in `trail`
    std::vector<StoredPersonKey> person_keys;  // new, or one that is found by more than before
    std::vector<TrailRow> trail;
    std::uint64_t trail_covered =
        0;  // leaves up to this number are in the log, signed: they go; 0: as before
    std::vector<StoredMark> marks;
    std::optional<StoredPolicy> policy;
    // Keys that are destroyed, with all that lies under them: what is above is written before.
    std::vector<std::uint64_t> erased_keys;
    Time erased_at{};
};

struct TrailFilter {
    std::string user, room, kind, action;  // "" for any; exact; `user`: whom it is about, by a Matrix ID
    Guid person;                           // … or by this; whoever is found has all entries of theirs,
                                           // whichever Matrix ID stands in them
    std::uint64_t after = 0;               // only entries with a higher index
    std::uint64_t upto = 0;                // … and none with a higher one than this; 0: all
    std::size_t at_most = 200;             // the newest ones, oldest of them first
    std::optional<Time> from, to;          // only entries of this moment or later; of one before this
    std::uint64_t subject = 0;             // … or by a person key: also finds who was erased; 0 for any
};

// Called with one entry after another. An error ends the reading and is its result. Must not read the trail
// itself.
using TrailVisit = std::function<Status(const StoredTrailEntry&)>;

// Gives the leaf of an entry from the log's files, for those that the store has no more.
using LeafReader = std::function<Result<std::string>(std::uint64_t number)>;

// The trail as it is read: by the engine's thread from the store, by all others from TrailReader.
class TrailSource {
  public:
    virtual ~TrailSource() = default;

    [[nodiscard]] virtual Result<std::vector<StoredTrailEntry>> trail(const TrailFilter& filter) = 0;
    // All that the filter lets through (at_most counts for nothing here), oldest first, without holding more
    // than one at a time.
    [[nodiscard]] virtual Status each_trail(const TrailFilter& filter, const TrailVisit& visit) = 0;
    [[nodiscard]] virtual Result<std::uint64_t> trail_size() = 0;
    // Without one, covered entries cannot be read.
    virtual void read_leaves_with(LeafReader reader) = 0;
};

class Store : public TrailSource {
  public:
    [[nodiscard]] virtual Status commit(const Turn& turn) = 0;
    [[nodiscard]] virtual bool fatal() const = 0;  // after a failed commit: the process must end

    // Fills an empty world (its `bot` and `server_name` set by the caller before), without marking anything
    // touched or dirty: joined counts, room_users, expiries and revisit are rebuilt.
    [[nodiscard]] virtual Status load(policy::World& world) = 0;
    [[nodiscard]] virtual Result<std::optional<StoredPolicy>> policy() = 0;  // in force
    [[nodiscard]] virtual Result<std::vector<StoredIntent>> intents() = 0;
    [[nodiscard]] virtual Result<std::vector<StoredMark>> marks() = 0;  // all, by kind and key
    [[nodiscard]] virtual Result<bool> seen_transaction(const std::string& id) = 0;
    // The one by which a person is to be named: found by `guid`, then by `name`; either may say nothing.
    [[nodiscard]] virtual Result<std::optional<StoredPersonKey>> person_key(const Guid& guid,
                                                                            const std::string& name) = 0;
    [[nodiscard]] virtual Result<std::vector<StoredPersonKey>> person_keys() = 0;  // all but destroyed ones
    // Whose departure the trail knows from the directory: the last one of each person key that is there.
    [[nodiscard]] virtual Result<std::map<std::uint64_t, Time>> departures() = 0;
    [[nodiscard]] virtual Result<std::uint64_t> last_person_key() = 0;  // the highest id ever used
    [[nodiscard]] virtual Result<std::uint64_t> last_intent() = 0;      // the highest id ever used
    // Where it lies in a file: that its name does not lead to that file any more, which is written all the
    // same and goes with the process; "" where it does. Looks at the file system.
    [[nodiscard]] virtual std::string misplaced() const { return {}; }
    // What opening it did to a database of an older program, for the log; "" for nothing.
    [[nodiscard]] virtual std::string upgraded() const { return {}; }
};

// Opens or makes `folder`/rollcall.db (WAL, synchronous FULL) and takes the folder's lock, which is held
// until the store goes. Errors: `conflict` names the process that holds the lock.
// With `asks`, for a command that only asks, a database of an older program is refused instead of brought up
// to date; otherwise a copy of it is kept first (upgrade_copy.h).
enum class Opening : std::uint8_t { acts, asks };
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& folder,
                                                               Opening how = Opening::acts);

}  // namespace rollcall::store
