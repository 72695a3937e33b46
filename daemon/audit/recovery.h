// Recovery: a store from an older backup goes on where its log is, so that neither forks.
//
//     store  1 … 40 ─────┐
//     log    1 … 40, 41 … 95 ──► rows 41 … 95 in the store, without what only the lost store had of people
//                                entry 96: "recover", which says so; verify expects nothing more of 41 … 95
//
// What entries erased is erased again. Requests whose end nobody knows any more get a result that says so.
// Orders, holds and policies of that time are in the log, and not in the store: they are listed, so that
// somebody gives them again.
//
// On the thread that owns the store, before anything else uses it.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/audit/trail.h"
#include "daemon/audit/verify.h"
#include "daemon/store/store.h"
#include "daemon/store/trail_reader.h"

namespace rollcall::audit {

// An entry of that time by which somebody ordered something.
struct LostOrder {
    std::uint64_t number = 0;
    Time time{};
    std::string action, room;
};

struct Recovered {
    std::uint64_t first = 0, last = 0;  // entries taken from the log
    std::size_t people = 0;             // pseudonyms of whom the store knows nobody
    std::size_t erased = 0;             // people erased again
    std::size_t unknown = 0;            // requests whose end is not known
    std::vector<LostOrder> orders;
};

struct RecoverySettings {
    std::string origin;
    std::vector<schema::VerifierKey> keys;  // in force
    schema::TrailCaller caller;
    std::string reason;
    Time now{};
    std::function<void(std::uint64_t done, std::uint64_t of)> progress;
};

// One commit. Leaves the daemon paused, departures too: the policy in force is an older one, perhaps.
// nullopt: the store has all that the log has. Errors: conflict where the log is not whole, or not this
// store's.
// `reader`: of the same state folder.
[[nodiscard]] Result<std::optional<Recovered>> recover(store::Store& store, store::TrailReader& reader,
                                                       const LogFolder& folder,
                                                       const RecoverySettings& settings);

// "41-95" as its numbers; nullopt: it is none.
[[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> read_range(std::string_view text);

}  // namespace rollcall::audit
