// Publication: the log's files follow the store, on a thread of their own.
//
//     commit ─► wake() ─► leaves from the store ─► tiles, within a second ─► signed every `checkpoint_every`
//                                                                              ├► anchors, on threads of
//                                                                              │  their own (anchoring.h)
//                                                                              └► tell(LogState)
//
// The store's entries are in force whatever happens here: when the disk is full or the folder is not to be
// written, it is tried again until it can be, status says so, and nothing is lost. A daemon starts the
// thread; a command without one only calls finish() at its end.
//
// open(), start() and finish() on one thread; wake() and state() on any; `tell` is called on the publisher's.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "daemon/audit/anchoring.h"
#include "daemon/audit/key_files.h"
#include "daemon/audit/log_state.h"
#include "daemon/audit/publisher.h"
#include "daemon/store/trail_reader.h"
#include "schema/key_rotation.h"

namespace rollcall::audit {

struct PublicationSettings {
    std::string state;   // folder of the store, which exists
    std::string folder;  // of the log
    std::string origin;
    schema::SignerKey key;
    Duration checkpoint_every = std::chrono::minutes{1};
    KeyFiles key_files{};     // where the next key lies, once the log is handed on
    bool reads_only = false;  // compares store and files, and writes nothing; finish() is not called
};

class Publication {
  public:
    // Publishes what the store holds already. Errors: conflict where files and store are not of one log, or
    // an anchor that answers within some seconds has seen another (a fork), which must stop the start; a full
    // disk is none.
    [[nodiscard]] static Result<std::unique_ptr<Publication>> open(PublicationSettings settings,
                                                                   Anchors anchors);
    ~Publication();
    Publication(const Publication&) = delete;
    Publication& operator=(const Publication&) = delete;

    using Tell = std::function<void(const LogState&)>;
    void start(Tell tell);
    void wake();
    // Ends the thread, publishes the rest, signs it, and gives the anchors some seconds to take it.
    [[nodiscard]] Status finish();
    [[nodiscard]] LogState state() const;

  private:
    using Clock = std::chrono::steady_clock;
    Publication(PublicationSettings settings, std::unique_ptr<store::TrailReader> reader, Publisher publisher,
                schema::KeyChain keys);
    void run();
    [[nodiscard]] Status step(bool sign_now);
    [[nodiscard]] Status append();
    [[nodiscard]] Status hand_on(std::uint64_t after, const std::vector<std::string>& leaves);
    [[nodiscard]] Status same_log();
    void offer();
    void note(const Status& done);

    const PublicationSettings settings_;
    const std::unique_ptr<store::TrailReader> reader_;
    Publisher publisher_;
    schema::KeyChain keys_;  // of what was appended and is still to come
    Tell tell_;
    std::optional<Clock::time_point> signed_last_;
    std::optional<LogState> told_;  // what is not said twice

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false, ending_ = false;  // protected by mutex_
    bool anchored_ = false;                // protected by mutex_: an anchor has news
    LogState state_;                       // protected by mutex_
    std::unique_ptr<Anchoring> anchoring_;
    std::jthread thread_;  // last: ends first
};

// Reads single entries of a log for the store, which has them no more. Keeps the bundle that was read last.
[[nodiscard]] store::LeafReader log_reader(const LogFolder& folder);

// The trail for who reads it beside the engine, on a connection of its own: rows from the store in `state`,
// leaves that it has no more from the log in `folder`. Owned by one thread.
[[nodiscard]] Result<std::unique_ptr<store::TrailSource>> open_trail(const std::string& state,
                                                                     const std::string& folder);

}  // namespace rollcall::audit
