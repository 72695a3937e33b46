#include "daemon/audit/anchoring.h"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/thread_signals.h"
#include "schema/tlog_proof.h"

namespace rollcall::audit {
namespace {

constexpr Duration kFirstRetry = std::chrono::seconds{2};
constexpr Duration kLastRetry = std::chrono::minutes{1};

}  // namespace

// One anchor and its thread. Shared by the two, so that a thread which hangs for ever keeps what it uses.
class Anchoring::Lane {
  public:
    Lane(std::unique_ptr<AnchorPort> port, AnchoredLog log, std::function<void()> news, Duration slow)
        : port_(std::move(port)), log_(std::move(log)), news_(std::move(news)), slow_(slow) {
        state_.name = port_->name();
        state_.read_back = port_->can_be_read();
    }

    static void start(const std::shared_ptr<Lane>& lane) {
        lane->thread_ = std::thread([lane] { lane->run(); });
    }

    void offer(const SignedHead& head) {
        {
            const std::lock_guard lock(mutex_);
            if (wanted_ && wanted_->size == head.size && wanted_->note == head.note) return;
            wanted_ = head;
            ++offered_;
        }
        changed_.notify_all();
    }

    // Whether the newest head had its turn until then; what came of the last one.
    [[nodiscard]] Status settle(std::chrono::steady_clock::time_point until) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return tried_ == offered_; });
        return fork_ ? Status(tl::unexpected<Error>(*fork_)) : Status{};
    }

    [[nodiscard]] AnchorState state() {
        const std::lock_guard lock(mutex_);
        AnchorState out = state_;
        if (busy_since_ && std::chrono::steady_clock::now() - *busy_since_ >= slow_)
            out.trouble = fmt::format("it has not answered for more than {} s",
                                      std::chrono::ceil<std::chrono::seconds>(slow_).count());
        return out;
    }

    [[nodiscard]] std::string cosignature(std::uint64_t size) {
        const std::lock_guard lock(mutex_);
        return state_.size == size ? cosignature_ : "";
    }

    void cancel() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        port_->cancel();
        changed_.notify_all();
    }

    // After cancel(), by the owner.
    void end(std::chrono::steady_clock::time_point until) {
        bool ended = false;
        {
            std::unique_lock lock(mutex_);
            ended = changed_.wait_until(lock, until, [this] { return ended_; });
        }
        if (ended)
            thread_.join();
        else
            thread_.detach();
    }

  private:
    void run() {
        leave_signals_to_the_engine();
        std::unique_lock lock(mutex_);
        Duration pause = kFirstRetry;
        while (!ending_) {
            changed_.wait(lock, [this] { return ending_ || is_due(); });
            if (ending_) break;
            const SignedHead head = *wanted_;
            const std::uint64_t number = offered_;
            busy_since_ = std::chrono::steady_clock::now();
            lock.unlock();
            Brought brought;
            const Status done = bring(head, brought);
            lock.lock();
            busy_since_.reset();
            tried_ = number;
            fork_ = std::move(brought.fork);
            if (brought.left && head.size > state_.size) ++state_.left;
            state_.found = std::max(state_.found, brought.found);
            take(head, done);
            if (ending_) break;
            news_();
            changed_.notify_all();
            if (done) {
                pause = kFirstRetry;
                continue;
            }
            changed_.wait_for(lock, pause, [this] { return ending_ || tried_ != offered_; });
            pause = std::min(2 * pause, kLastRetry);
        }
        ended_ = true;
        changed_.notify_all();
    }

    [[nodiscard]] bool is_due() const { return tried_ != offered_ || !state_.trouble.empty(); }

    struct Brought {
        std::optional<Error> fork;  // this key has signed another log, which is there
        std::uint64_t found = 0;    // entries of the newest head that was there
        bool left = false;          // the place has that head now, and had not before
    };
    [[nodiscard]] Status bring(const SignedHead& head, Brought& brought) {
        if (!compared_) {
            const auto held = compare_newest(*port_, log_, head);
            if (!held && held.error().kind == ErrorKind::conflict) brought.fork = held.error();
            if (!held) return pass(held);
            compared_ = true;
            if (*held) brought.found = (*held)->size;
            if (*held && (*held)->size == head.size) return {};  // left there by an earlier process
        }
        if (head.note.empty()) return {};
        Status put = port_->put(head.size, head.note);
        brought.left = compared_ = put.has_value();
        return put;
    }

    void take(const SignedHead& head, const Status& done) {
        state_.trouble = done ? "" : done.error().message;
        if (!done) return;
        state_.size = head.size;
        cosignature_ = port_->cosignature();
        state_.at = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    }

    const std::unique_ptr<AnchorPort> port_;
    const AnchoredLog log_;
    const std::function<void()> news_;
    const Duration slow_;
    bool compared_ = false;  // the thread's own

    std::mutex mutex_;
    std::condition_variable changed_;
    // protected by mutex_:
    std::optional<SignedHead> wanted_;
    std::uint64_t offered_ = 0, tried_ = 0;  // numbers of the newest head, and of the one that had its turn
    std::optional<Error> fork_;
    AnchorState state_;
    std::optional<std::chrono::steady_clock::time_point> busy_since_;
    std::string cosignature_;  // under the head of state_.size
    bool ending_ = false, ended_ = false;

    std::thread thread_;  // the owner's
};

Anchoring::Anchoring(Anchors anchors, AnchoredLog log, std::function<void()> news, Duration slow) {
    for (std::unique_ptr<AnchorPort>& port : anchors)
        lanes_.push_back(std::make_shared<Lane>(std::move(port), log, news, slow));
    for (const std::shared_ptr<Lane>& lane : lanes_) Lane::start(lane);
}

Anchoring::~Anchoring() {
    for (const std::shared_ptr<Lane>& lane : lanes_) lane->cancel();
    const auto until = std::chrono::steady_clock::now() + kAnchorEnding;
    for (const std::shared_ptr<Lane>& lane : lanes_) lane->end(until);
}

void Anchoring::offer(const SignedHead& head) {
    for (const std::shared_ptr<Lane>& lane : lanes_) lane->offer(head);
}

Status Anchoring::settle(Duration at_most) const {
    const auto until = std::chrono::steady_clock::now() + at_most;
    Status out;
    for (const std::shared_ptr<Lane>& lane : lanes_)
        if (Status settled = lane->settle(until); !settled && out) out = std::move(settled);
    return out;
}

std::vector<AnchorState> Anchoring::states() const {
    std::vector<AnchorState> out;
    for (const std::shared_ptr<Lane>& lane : lanes_) out.push_back(lane->state());
    return out;
}

std::string Anchoring::cosignatures(std::uint64_t size) const {
    std::string out;
    for (const std::shared_ptr<Lane>& lane : lanes_) out += lane->cosignature(size);
    return out;
}

Result<std::optional<schema::Checkpoint>> compare_newest(AnchorPort& anchor, const AnchoredLog& log,
                                                         const SignedHead& head) {
    using Held = std::optional<schema::Checkpoint>;
    const Result<std::optional<Anchor>> newest = anchor.newest();
    if (!newest) return pass(newest);
    if (!*newest) return Held{};
    const auto kept = schema::open_checkpoint((*newest)->note, log.origin, head.keys);
    if (!kept) return Held{};  // of another log or key: `verify` says so
    if (kept->size <= head.size) {
        const auto folder = LogFolder::open(log.folder);
        if (!folder) return pass(folder);
        const auto then = schema::tlog_root(folder->reader(head.size), kept->size);
        if (!then) return pass(then);
        if (*then == kept->root) return Held(*kept);
    }
    return fail(ErrorKind::conflict,
                fmt::format("the log in {} does not contain the {} entries that were signed in {}: going on "
                            "would fork it",
                            log.folder, kept->size, (*newest)->name),
                "store and log were restored from an older backup; see docs/trail.md, \"After a restore\"");
}

}  // namespace rollcall::audit
