#include "bridges/directory/sweeper.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "bridges/directory/connection.h"
#include "bridges/directory/sweep.h"

namespace rollcall::directory {

using namespace std::chrono_literals;

Sweeper::Sweeper(Settings settings, Hooks hooks)
    : settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      due_(Clock::now() + settings_.verify_every),
      not_before_(Clock::now()),
      ended_(Clock::now()),
      backoff_(2s, 5min),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Sweeper::~Sweeper() {
    thread_.request_stop();
    cutoff_.cut();
}

void Sweeper::request() {
    const std::lock_guard lock(mutex_);
    requested_ = true;
    wake_.notify_all();
}

void Sweeper::soon() {
    const std::lock_guard lock(mutex_);
    due_ = std::min(due_, ended_ + settings_.pauses.read_again);
    not_before_ = std::min(not_before_, ended_ + settings_.pauses.read_again);
    wake_.notify_all();
}

// Under mutex_.
Sweeper::Clock::time_point Sweeper::next() const {
    return requested_ ? not_before_ : std::max(due_, not_before_);
}

void Sweeper::allow(bool allowed) {
    const std::lock_guard lock(mutex_);
    allowed_ = allowed;
    wake_.notify_all();
}

// False: it is time to end.
bool Sweeper::wait_for_work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto at = next();
        if (allowed_ && Clock::now() >= at) {
            requested_ = false;
            return true;
        }
        // Woken by request(), soon(), allow() and the end; each changes what there is to wait for.
        if (allowed_) {
            wake_.wait_until(lock, stop, at, [&] { return next() < at || !allowed_; });
        } else {
            wake_.wait(lock, stop, [&] { return allowed_; });
        }
    }
    return false;
}

void Sweeper::settle(bool complete) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    due_ = now + settings_.verify_every;
    not_before_ = ended_ = now;
    if (complete) {
        backoff_.reset();
    } else {
        requested_ = true;
        not_before_ = now + backoff_.next();
    }
}

// A name can lead to several controllers, each with USNs and a delay of its own: what one has said cannot be
// put together with what another says.
Result<policy::DirectorySnapshot> Sweeper::read(std::optional<std::size_t>& shown) {
    const auto stands = hooks_.stands();
    auto connection = Connection::open(settings_, cutoff_);
    if (!connection) return pass(connection);
    auto snapshot = sweep(*connection, settings_, hooks_.wanted(), &shown);
    if (!snapshot || !stands) return snapshot;
    if (snapshot->invocation_id != stands->invocation_id)
        return fail(ErrorKind::io,
                    fmt::format("{} leads to two controllers (invocationId {} and {})", settings_.url,
                                stands->invocation_id, snapshot->invocation_id),
                    "name one controller in `servers`");
    snapshot->put_back = snapshot->evidence.usn < stands->usn;
    return snapshot;
}

void Sweeper::run(const std::stop_token& stop) {
    while (wait_for_work(stop)) {
        std::optional<std::size_t> shown;
        auto snapshot = read(shown);
        if (stop.stop_requested()) return;
        hooks_.shown(shown);
        settle(snapshot.has_value());
        if (snapshot) {
            std::vector<policy::DirectoryRemark> found = remarks(*snapshot);
            hooks_.snapshot(std::move(*snapshot));
            hooks_.health(policy::DirectoryHealth::up, "", std::move(found));
        } else {
            hooks_.health(health_of(snapshot.error()), snapshot.error().text(), {});
        }
    }
}

}  // namespace rollcall::directory
