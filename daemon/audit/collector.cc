#include "daemon/audit/collector.h"

#include <algorithm>

#include "daemon/failpoint.h"
#include "daemon/thread_signals.h"

namespace rollcall::audit {
namespace {

constexpr std::size_t kAtOnce = 64;  // entries a batch: some ten kilobytes, four megabytes at most
constexpr std::size_t kUnread = 16U << 20U;
constexpr auto kTogether = std::chrono::milliseconds{50};  // what comes within this goes in one batch
constexpr auto kSaveEvery = std::chrono::seconds{2};
constexpr auto kTellEvery = std::chrono::seconds{1};
constexpr auto kLookAtPeer = std::chrono::milliseconds{500};  // at a connection on which nothing is sent
constexpr std::size_t kMostBreaks = 16;                       // that count

}  // namespace

Collector::Collector(CollectorSettings settings, CollectorFeed feed)
    : settings_(std::move(settings)),
      cursor_(settings_.feed.state, settings_.to.url),
      feed_(std::move(feed)),
      retry_(settings_.first_retry) {
    state_.to = settings_.to.url;
}

Result<std::unique_ptr<Collector>> Collector::open(CollectorSettings settings) {
    auto feed = CollectorFeed::open(settings.feed);
    if (!feed) return pass(feed);
    std::unique_ptr<Collector> out(new Collector(std::move(settings), std::move(*feed)));
    const auto size = out->feed_.size();
    if (!size) return pass(size);
    const std::uint64_t settled = out->cursor_.read();
    out->settled_ = settled <= *size ? settled : 0;  // of a trail that was longer: not of this one
    out->sent_ = out->saved_ = out->settled_;
    out->state_.sent = out->sent_;
    return out;
}

Collector::~Collector() {
    finish();
}

void Collector::start(Tell tell) {
    tell_ = std::move(tell);
    woken_ = true;
    thread_ = std::jthread([this] { run(); });
}

void Collector::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_one();
}

void Collector::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
        ending_ = true;
        end_by_ = Clock::now() + settings_.last_words;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

CollectorState Collector::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

bool Collector::stopping() const {
    return Clock::now() > end_by_.load();
}

void Collector::run() {
    leave_signals_to_the_engine();
    while (true) {
        bool last = false;
        {
            const std::lock_guard lock(mutex_);
            last = ending_;
            woken_ = false;
        }
        const Status done = last && !sender_ ? Status{} : pass_on();
        save(last || !done);
        if (last) break;
        note(done);
        wait(done);
    }
    disconnect();
}

Status Collector::pass_on() {
    if (Status there = look_at_peer(); !there) return there;
    if (sender_ && !unsettled_.empty() && breaks_ < 2) careful_ = false;  // it lives on
    while (true) {
        if (careful_ && breaks_ > 1 && !unsettled_.empty()) return {};  // until that is settled
        const auto messages = feed_.next(sent_, step());
        if (!messages) return pass(messages);
        if (messages->empty()) return {};
        if (!sender_)
            if (Status connected = connect(); !connected) return connected;
        if (Status sent = send_batch(*messages); !sent) {
            broken();
            return sent;
        }
        if (Status there = look_at_peer(); !there) return there;
        save(false);
        if (careful_ && sender_) return {};
        if (Clock::now() >= told_at_ + kTellEvery) note({});
    }
}

Status Collector::connect() {
    auto made = syslog::Sender::connect(settings_.to, [this] { return stopping(); });
    if (!made) return pass(made);
    sender_ = std::move(*made);
    connected_at_ = Clock::now();
    settled_here_ = false;
    sent_here_ = 0;
    return {};
}

Status Collector::send_batch(const std::vector<std::string>& messages) {
    std::string frames;
    for (const std::string& message : messages) frames += syslog::frame(message);
    failpoint("before_collector");
    if (Status sent = sender_->send(frames); !sent) return sent;
    failpoint("sent_to_collector");
    sent_ += messages.size();
    ++sent_here_;
    unsettled_.push_back({sent_, frames.size(), Clock::now()});
    unsettled_bytes_ += frames.size();
    while (unsettled_bytes_ - unsettled_.front().bytes >= kUnread) settle(unsettled_.front().at, 0);
    return {};
}

// What was sent up to then, and is not among the last bytes that nobody acknowledged.
void Collector::settle(Clock::time_point sent_before, std::size_t unacknowledged) {
    while (!unsettled_.empty() && unsettled_.front().at <= sent_before &&
           unsettled_bytes_ - unsettled_.front().bytes >= unacknowledged) {
        settled_ = unsettled_.front().last;
        unsettled_bytes_ -= unsettled_.front().bytes;
        unsettled_.pop_front();
        retry_ = settings_.first_retry;
        settled_here_ = true;
        careful_ = false;
    }
}

Status Collector::look_at_peer() {
    using Peer = syslog::Sender::Peer;
    if (!sender_) return {};
    const Peer peer = sender_->peer();
    if (peer == Peer::open) {
        if (Clock::now() >= connected_at_ + settings_.settle_after) breaks_ = 0;
        settle(Clock::now() - patience(), sender_->unacknowledged());
        return {};
    }
    if (peer == Peer::closed_in_order && sent_here_ == 1) settle(Clock::time_point::max(), 0);
    if (unsettled_.empty()) {
        disconnect();
        return {};
    }
    broken();
    const std::size_t name = settings_.to.url.find("://") + 3;
    return fail(ErrorKind::unavailable, settings_.to.url.substr(name) + " closed the connection",
                "see in the collector's log why");
}

// With something on the way that may be lost.
void Collector::broken() {
    if (!settled_here_) breaks_ = std::min(breaks_ + 1, kMostBreaks);
    careful_ = true;
    disconnect();
}

std::size_t Collector::step() const {
    if (!careful_ || breaks_ < 2) return kAtOnce;
    return std::max<std::size_t>(1, kAtOnce >> (breaks_ - 1));
}

Duration Collector::patience() const {
    if (breaks_ < 2) return settings_.settle_after;
    const Duration shorter{settings_.settle_after.count() >> (2 * breaks_)};
    return std::max(shorter, std::min(settings_.settle_at_least, settings_.settle_after));
}

// From the first entry again of which it is not known that somebody has it.
void Collector::disconnect() {
    sender_.reset();
    unsettled_.clear();
    unsettled_bytes_ = 0;
    sent_ = settled_;
}

void Collector::save(bool now) {
    if (settled_ == saved_ || (!now && Clock::now() < saved_at_ + kSaveEvery)) return;
    failpoint("before_cursor");
    saving_ = cursor_.write(settled_);
    failpoint("cursor_written");
    saved_at_ = Clock::now();
    if (saving_) saved_ = settled_;
}

void Collector::note(const Status& done) {
    CollectorState now;
    now.to = settings_.to.url;
    now.sent = sent_;
    if (!done)
        now.trouble = done.error().message;
    else if (!saving_)
        now.trouble = saving_.error().message;
    {
        const std::lock_guard lock(mutex_);
        if (!now.trouble.empty())
            now.since = state_.trouble.empty()
                            ? std::chrono::floor<Duration>(std::chrono::system_clock::now())
                            : state_.since;
        if (now == state_) return;
        state_ = now;
    }
    told_at_ = Clock::now();
    if (tell_) tell_(now);
}

void Collector::wait(const Status& done) {
    std::unique_lock lock(mutex_);
    const auto ending = [this] { return ending_; };
    if (!done) {
        changed_.wait_for(lock, retry_, ending);
        retry_ = std::min(2 * retry_, settings_.last_retry);
        return;
    }
    const auto news = [this] { return woken_ || ending_; };
    if (sender_)
        changed_.wait_for(lock, kLookAtPeer, news);
    else
        changed_.wait(lock, news);
    if (woken_) changed_.wait_for(lock, kTogether, ending);
}

}  // namespace rollcall::audit
