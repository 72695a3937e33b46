// Publication: the log's files follow the store, on a thread of their own.
//
//     commit ─► wake() ─► leaves from the store ─► tiles, within a second ─► signed every `checkpoint_every`
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

#include "daemon/audit/anchor_folder.h"
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
    std::vector<AnchorFolder> anchors;
    KeyFiles key_files{};  // where the next key lies, once the log is handed on
};

class Publication {
  public:
    // Publishes what the store holds already. Errors: conflict where files and store are not of one log (a
    // fork), which must stop the start; a full disk is none.
    [[nodiscard]] static Result<std::unique_ptr<Publication>> open(PublicationSettings settings);
    ~Publication();
    Publication(const Publication&) = delete;
    Publication& operator=(const Publication&) = delete;

    using Tell = std::function<void(const LogState&)>;
    void start(Tell tell);
    void wake();
    // Ends the thread, publishes the rest and signs it.
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
    void anchor();
    [[nodiscard]] Status same_log();
    [[nodiscard]] Status no_older_than_anchors() const;
    void note(const Status& done);

    const PublicationSettings settings_;
    const std::unique_ptr<store::TrailReader> reader_;
    Publisher publisher_;
    schema::KeyChain keys_;  // of what was appended and is still to come
    Tell tell_;
    std::optional<Clock::time_point> signed_last_;
    std::vector<AnchorState> anchors_;
    std::optional<LogState> told_;  // what is not said twice

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false, ending_ = false;  // protected by mutex_
    LogState state_;                       // protected by mutex_
    std::jthread thread_;                  // last: ends first
};

// Reads single entries of a log for the store, which has them no more. Keeps the bundle that was read last.
[[nodiscard]] store::LeafReader log_reader(const LogFolder& folder);

}  // namespace rollcall::audit
