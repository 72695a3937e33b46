// Takes facts as the engine would, and waits for one that fits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bridges/directory/directory.h"

namespace rollcall::directory {

// What a complete read could not see, as one sentence.
[[nodiscard]] std::string remarks_text(const policy::DirectorySnapshot& snapshot);

class Recorder {
  public:
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] Sink sink();
    // The first fact, among those not yet taken, that fits; earlier ones are dropped. nullopt after `limit`.
    [[nodiscard]] std::optional<Fact> wait(const std::function<bool(const Fact&)>& fits,
                                           std::chrono::milliseconds limit = std::chrono::seconds{5});
    [[nodiscard]] std::optional<policy::DirectorySnapshot> snapshot(
        std::chrono::milliseconds limit = std::chrono::seconds{10});
    [[nodiscard]] std::optional<policy::DirectoryStatus> status(
        policy::DirectoryHealth health, std::chrono::milliseconds limit = std::chrono::seconds{5});
    // The entry of that person or group in the next changes that have it and fit; and those changes' frame.
    [[nodiscard]] std::optional<policy::PersonEntry> person(
        const Guid& guid, const std::function<bool(const policy::PersonEntry&)>& fits = {});
    [[nodiscard]] std::optional<policy::GroupEntry> group(
        const Guid& guid, const std::function<bool(const policy::GroupEntry&)>& fits = {});
    [[nodiscard]] const policy::DirectoryChanges& changes() const { return changes_; }
    [[nodiscard]] Clock::time_point arrived() const {
        return arrived_;
    }  // of the last fact that was waited for

  private:
    struct Taken {
        Fact fact;
        Clock::time_point at;
    };
    std::mutex mutex_;
    std::condition_variable more_;
    std::vector<Taken> facts_;  // protected by mutex_
    policy::DirectoryChanges changes_;
    Clock::time_point arrived_;
};

}  // namespace rollcall::directory
