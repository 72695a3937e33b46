// Sweeper: one thread that makes complete reads, each on a handle of its own: when asked, and every so often.
//
// Asked twice while it works, it works once more. A read that failed is tried again with growing pauses until
// one is complete. It holds still while the watch cannot sign in, so that a wrong password is not tried twice
// as often. request(), allow() and the destructor on any thread; hooks on its own thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bridges/directory/backoff.h"
#include "bridges/directory/cutoff.h"
#include "bridges/directory/settings.h"
#include "policy/base/result.h"
#include "policy/directory.h"

namespace rollcall::directory {

class Sweeper {
  public:
    struct Hooks {
        std::function<void(policy::DirectorySnapshot)> snapshot;
        std::function<void(policy::DirectoryHealth, const std::string& text,
                           std::vector<policy::DirectoryRemark>)>
            health;
        // How many people the last read showed that lacked a canary; before `health`. nullopt: it did not end
        // by that.
        std::function<void(std::optional<std::size_t>)> shown;
        std::function<Wanted()> wanted;
        // Where the watch stands, asked before each read: the read must be of that controller.
        std::function<std::optional<Cursor>()> stands;
    };
    Sweeper(Settings settings, Hooks hooks);
    ~Sweeper();
    Sweeper(const Sweeper&) = delete;
    Sweeper& operator=(const Sweeper&) = delete;

    void request();
    // Once the last one is `pauses.read_again` old, whatever it was: for whoever asks, and what goes by
    // changes.
    void soon();
    void allow(bool allowed);

  private:
    using Clock = std::chrono::steady_clock;
    void run(const std::stop_token& stop);
    [[nodiscard]] bool wait_for_work(const std::stop_token& stop);
    void settle(bool complete);
    [[nodiscard]] Clock::time_point next() const;
    [[nodiscard]] Result<policy::DirectorySnapshot> read(std::optional<std::size_t>& shown);

    const Settings settings_;
    const Hooks hooks_;
    Cutoff cutoff_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    bool requested_ = false;        // protected by mutex_
    bool allowed_ = false;          // protected by mutex_
    Clock::time_point due_;         // protected by mutex_: no later than this
    Clock::time_point not_before_;  // protected by mutex_: a pause after a failure
    Clock::time_point ended_;       // protected by mutex_: the last one, or the start
    Backoff backoff_;               // of the thread alone
    std::jthread thread_;           // last: it uses all of the above
};

}  // namespace rollcall::directory
