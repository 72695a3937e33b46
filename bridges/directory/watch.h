// Watch: one thread, one handle, every change within moments.
//
// Registers the notification first, then reads, and reads again at every wake-up, so nothing falls between.
// Without a notification it asks every few seconds; with one it asks now and then all the same. A lost
// connection is made again with growing pauses. What it cannot bridge (another server or database, a USN that
// went back, a moved container below which everything changed its name without a trace) it answers by asking
// for a complete read. The object may be made, and ended, on any thread; its hooks are called on its own
// thread, one at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "bridges/directory/backoff.h"
#include "bridges/directory/containers.h"
#include "bridges/directory/cutoff.h"
#include "bridges/directory/drain.h"
#include "bridges/directory/notification.h"
#include "bridges/directory/settings.h"
#include "policy/directory.h"

namespace rollcall::directory {

class Watch {
  public:
    struct Hooks {
        std::function<void(policy::DirectoryChanges)> changes;
        std::function<void(policy::DirectoryHealth, const std::string& text)>
            health;  // at every try; repeats itself
        // Changes alone do not tell everything. `gap`: what was before it only a complete read can say.
        std::function<void(std::optional<Cursor> gap)> need_sweep;
        std::function<Wanted()> wanted;
        std::function<void(Time)> clock;  // what the controller's shows, whenever it is asked anything
        std::function<void(const Cursor&)> stands;   // where it has got to; before anything is asked for
        std::function<std::uint64_t()> whole_reads;  // how many complete reads have ended well
    };
    // Without a cursor, or with one that does not fit the server, it goes on from the server's present and
    // asks for a sweep. Starts at once.
    Watch(Settings settings, Hooks hooks, std::optional<Cursor> cursor);
    // Ends the thread, whatever it waits for, within moments.
    ~Watch();
    // Ends the pause before the next try; where a canary is missing, signs in anew. Any thread.
    void try_now();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

  private:
    void run(const std::stop_token& stop);
    [[nodiscard]] Status session(const std::stop_token& stop);
    [[nodiscard]] Status join(Connection& connection, const Root& root);
    void join_cursor(const Root& root);
    [[nodiscard]] Status learn_containers(Connection& connection);
    [[nodiscard]] Status take_changes(Connection& connection, const Root& root);
    void look_whole();
    void note_canary(std::string missing);
    [[nodiscard]] Error canary_error() const;
    void follow_containers(const Drained& drained);
    void pause(const std::stop_token& stop, std::chrono::milliseconds wait);
    [[nodiscard]] bool signs_in_anew() const;
    [[nodiscard]] Status sign_in_anew();
    [[nodiscard]] Result<Notification::Event> wait(Notification& notification) const;

    const Settings settings_;
    const Hooks hooks_;
    Cutoff cutoff_;
    std::mutex mutex_;  // for pausing only
    std::condition_variable_any wake_;
    std::atomic<std::uint64_t> asked_ = 0;  // how often try_now() was called
    // Of the thread alone:
    std::optional<Cursor> cursor_;
    Rights rights_;
    std::unordered_map<Guid, std::string, GuidHash> containers_;  // where each was last seen
    bool unseen_since_ = false;  // a complete read is due: the controller was out of sight
    std::optional<std::chrono::steady_clock::time_point> looked_whole_;
    std::string missing_canary_;                        // as last looked for
    std::uint64_t asked_before_ = 0, read_before_ = 0;  // as this session began: asked_, hooks_.whole_reads()
    bool read_shows_it_ = false;                        // a complete read has led to this session
    bool anew_ = false;                                 // the session ended for that, and not by a failure
    bool containers_moved_ = false;
    bool containers_unsure_ = false;  // the next drain covers a time of which no container's place is known
    Backoff backoff_;
    Backoff refused_backoff_;  // slow: wrong passwords lock accounts out
    std::jthread thread_;      // last: it uses all of the above
};

}  // namespace rollcall::directory
