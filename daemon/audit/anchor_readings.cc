#include "daemon/audit/anchor_readings.h"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/thread_signals.h"

namespace rollcall::audit {
namespace {

using Clock = std::chrono::steady_clock;

// Shared with the thread that asks.
struct Asked {
    std::unique_ptr<AnchorPort> port;
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<HeldOutside>> kept;  // protected by mutex

    // Whether it answers before it has given nothing for so long.
    [[nodiscard]] bool comes(Clock::time_point began, Duration patience) {
        std::unique_lock lock(mutex);
        const auto until = [&] { return std::max(began, port->got_on()) + patience; };
        while (!changed.wait_until(lock, until(), [this] { return kept.has_value(); }))
            if (Clock::now() >= until()) return false;
        return true;
    }
};

}  // namespace

std::vector<AnchorReading> read_anchors(Anchors anchors, Duration patience) {
    const Clock::time_point began = Clock::now();
    std::vector<std::pair<std::shared_ptr<Asked>, std::thread>> all;
    for (std::unique_ptr<AnchorPort>& port : anchors) {
        const auto asked = std::make_shared<Asked>();
        asked->port = std::move(port);
        all.emplace_back(asked, std::thread([asked] {
                             leave_signals_to_the_engine();
                             auto kept = asked->port->all();
                             const std::lock_guard lock(asked->mutex);
                             asked->kept = std::move(kept);
                             asked->changed.notify_all();
                         }));
    }
    std::vector<AnchorReading> out;
    for (auto& [asked, thread] : all) {
        AnchorPort& port = *asked->port;
        AnchorReading& read = out.emplace_back();
        read.name = port.name();
        read.can_be_read = port.can_be_read();
        read.witness = port.witness();
        const bool there = asked->comes(began, patience);
        if (!there) port.cancel();
        if (there || asked->comes(Clock::now(), kAnchorEnding))
            thread.join();
        else
            thread.detach();
        const std::lock_guard lock(asked->mutex);
        if (there)
            read.kept = std::move(*asked->kept);
        else
            read.kept = fail(ErrorKind::limit,
                             fmt::format("it has not answered for {} s",
                                         std::chrono::ceil<std::chrono::seconds>(patience).count()),
                             "see whether it can be reached, and check again");
    }
    return out;
}

}  // namespace rollcall::audit
