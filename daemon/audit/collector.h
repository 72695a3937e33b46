// Collector: every entry of the trail to somebody else's collector of syslog messages, in order, each at
// least once, on a thread of its own. The log itself is the buffer: nothing is kept besides but a number.
//
//     commit ─► wake() ─► feed ─► frames ─► socket … the other kernel … the collector
//                                   │                     │
//                                  sent                settled ─► cursor, on disk
//
// Nobody answers in syslog. So what was sent counts as *sent*, and as *settled* once one of these holds:
//
//   – it was acknowledged by the other kernel, and the connection lived on for `settle_after`;
//   – acknowledged, the only batch on its connection, and the collector closed that in order (syslog::Sender
//     says what that means). Of a later batch it may have read the bytes and thrown them away: what comes
//     after its own good-bye is nothing to TLS (RFC 8446, section 6.1);
//   – 16 MiB were sent after it: more than Linux's kernels hold unread between them (tcp_wmem and tcp_rmem,
//     4 and 6 MiB).
//
// After a broken connection, an end of the process or a crash it is sent again from the first entry that was
// not settled; after a broken one a single batch first. A collector that breaks one connection after the
// other before anything is settled would get the same entries for ever. So from the second one on, what is
// sent at once is halved each time, and the time for which the connection must live on is quartered (to one
// entry and `settle_at_least`), until something is settled: it gets on by that much each time. Once a
// connection has lived for `settle_after`, all is as before.
//
// What no sender can see: a collector that took nothing out of its socket for longer than that and died then,
// and what it lost after reading.
//
// open(), start() and finish() on one thread; wake() and state() on any; `tell` is called on the sender's,
// about once a second at most while it sends.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "bridges/syslog/sender.h"
#include "daemon/audit/collector_cursor.h"
#include "daemon/audit/collector_feed.h"
#include "daemon/audit/collector_state.h"

namespace rollcall::audit {

struct CollectorSettings {
    syslog::Target to;
    FeedSettings feed;
    Duration settle_after = std::chrono::seconds{60};
    Duration settle_at_least = std::chrono::seconds{1};
    Duration first_retry = std::chrono::seconds{1};  // then twice as long each time, up to
    Duration last_retry = std::chrono::seconds{30};
    Duration last_words = std::chrono::seconds{2};  // at the end, for what is still to be sent
};

class Collector {
  public:
    // Errors: those of reading the store.
    [[nodiscard]] static Result<std::unique_ptr<Collector>> open(CollectorSettings settings);
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    using Tell = std::function<void(const CollectorState&)>;
    void start(Tell tell);
    void wake();
    // Sends what can be sent within `last_words` on a connection that is there, and ends the thread.
    void finish();
    [[nodiscard]] CollectorState state() const;

  private:
    using Clock = std::chrono::steady_clock;
    struct Batch {
        std::uint64_t last = 0;  // entry
        std::size_t bytes = 0;
        Clock::time_point at;
    };
    Collector(CollectorSettings settings, CollectorFeed feed);
    void run();
    // Sends all that there is.
    [[nodiscard]] Status pass_on();
    [[nodiscard]] Status connect();
    [[nodiscard]] Status send_batch(const std::vector<std::string>& messages);
    // Settles what can be; an error where the connection broke while something was not.
    [[nodiscard]] Status look_at_peer();
    void settle(Clock::time_point sent_before, std::size_t unacknowledged);
    void save(bool now);
    void disconnect();
    void broken();
    [[nodiscard]] std::size_t step() const;  // entries at once
    [[nodiscard]] Duration patience() const;
    void note(const Status& done);
    void wait(const Status& done);
    [[nodiscard]] bool stopping() const;

    const CollectorSettings settings_;
    const CollectorCursor cursor_;
    CollectorFeed feed_;
    Tell tell_;
    // Of the thread that sends.
    std::unique_ptr<syslog::Sender> sender_;
    std::uint64_t sent_ = 0, settled_ = 0, saved_ = 0;
    std::deque<Batch> unsettled_;
    std::size_t unsettled_bytes_ = 0;
    Clock::time_point saved_at_{}, told_at_{};
    bool careful_ = false;       // a connection broke: a look at the peer after the first batch
    std::size_t breaks_ = 0;     // connections one after the other on which nothing was settled
    bool settled_here_ = false;  // on this connection
    std::size_t sent_here_ = 0;  // batches
    Clock::time_point connected_at_{};
    Duration retry_;
    Status saving_;  // of the cursor

    std::atomic<Clock::time_point> end_by_{Clock::time_point::max()};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false, ending_ = false;  // protected by mutex_
    CollectorState state_;                 // protected by mutex_
    std::jthread thread_;                  // last: ends first
};

}  // namespace rollcall::audit
