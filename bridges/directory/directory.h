// Directory: one Active Directory server as the engine sees it: facts out, a few wishes in.
//
// Two threads with a handle each: the watch (changes within moments) and the sweeper (complete reads),
// because a complete read of a large company would make a shared handle deaf for minutes. Facts come from
// both threads, in no order between them; sweep.h says how a consumer keeps an older one from overwriting a
// newer. The owner makes and ends it; every method is safe on any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "bridges/directory/settings.h"
#include "policy/base/result.h"
#include "policy/clock_reading.h"
#include "policy/directory.h"

namespace rollcall::directory {

class Sweeper;
class Watch;

using Fact = std::variant<policy::DirectorySnapshot, policy::DirectoryChanges, policy::DirectoryStatus,
                          policy::ClockReading>;  // without its tick
// Called on both threads; it may block them.
using Sink = std::function<void(Fact)>;

class Directory {
  public:
    Directory(Settings settings, Sink sink);
    ~Directory();  // stop()
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    // Begins to work, once. A cursor is what evidence and invocation_id of the last stored snapshot or change
    // make; without one that still fits, or where `read_all` says so, a complete read comes first.
    void start(std::optional<Cursor> cursor, bool read_all = false);
    // Ends both threads within moments; after it no fact comes.
    void stop();

    void request_sweep();
    // What waits for its next try is tried now: the watch where it cannot read, unless it was refused, and
    // then a status follows, the same one too (true); a complete read at most once a minute. Blocks nobody.
    bool try_now();
    // In force from the next read on. New attributes are asked for by a sweep that this requests.
    void set_attributes(std::vector<std::string> attributes);
    void set_canaries(std::vector<policy::Canary> canaries);
    // How many people the last complete read showed that lacked a canary; nullopt: the last one did not.
    [[nodiscard]] std::optional<std::size_t> people_shown() const {
        const std::size_t shown = people_shown_;
        return shown == 0 ? std::nullopt : std::optional(shown);
    }

  private:
    struct Health {
        policy::DirectoryHealth health = policy::DirectoryHealth::up;
        std::string text;
        std::vector<policy::DirectoryRemark> remarks;
        bool current = false;
        bool operator==(const Health&) const = default;
    };
    [[nodiscard]] Wanted wanted() const;
    void report(Health Directory::*part, Health now);
    void remember_odd(const policy::DirectorySnapshot& snapshot);
    [[nodiscard]] bool were_remarked(const policy::DirectoryChanges& changes) const;
    [[nodiscard]] bool are_odd(const policy::DirectoryChanges& changes) const;
    [[nodiscard]] std::optional<Cursor> stands() const;
    void stand(const Cursor& at);
    void stand_anew(const Cursor& at);
    void open_gap(Cursor gap);
    void close_gap(const Cursor& read);
    void tell(bool again);

    const Settings settings_;
    const Sink sink_;
    mutable std::mutex mutex_;
    Wanted wanted_;  // protected by mutex_
    // The controller that answers, and the highest USN that its database has told: one that tells less later
    // was put back. Protected by mutex_.
    std::optional<Cursor> stands_;
    std::unordered_set<Guid, GuidHash> odd_;  // of whom the last complete read had something odd; by mutex_
    std::unordered_set<Guid, GuidHash> remarked_;  // of whom its remark speaks; protected by mutex_
    std::mutex report_mutex_;                      // also keeps reports in order; never taken under mutex_
    Health watch_health_;                          // protected by report_mutex_
    Health sweep_health_;                          // protected by report_mutex_
    std::optional<Health> reported_;               // protected by report_mutex_
    bool reached_ = false;                         // protected by report_mutex_; the watch has said something
    std::optional<Cursor> gap_;  // protected by report_mutex_; until a complete read covers it
    std::atomic<policy::DirectoryHealth> watch_now_ = policy::DirectoryHealth::up;
    std::atomic<bool> tell_again_ = false;        // what the watch says next
    std::atomic<std::uint64_t> whole_reads_ = 0;  // that ended well
    std::atomic<std::size_t> people_shown_ = 0;   // by the last one, where it lacked a canary
    std::unique_ptr<Sweeper> sweeper_;            // set by start(), cleared by stop()
    std::unique_ptr<Watch> watch_;                // likewise; ends before the sweeper, which it calls
};

// One complete read on the caller's thread, for a command that runs without a daemon.
[[nodiscard]] Result<policy::DirectorySnapshot> read_all(const Settings& settings);

}  // namespace rollcall::directory
