#include "tests/bridges/directory/lab_recorder.h"

#include <utility>

#include "bridges/directory/sweep.h"

namespace rollcall::directory {

std::string remarks_text(const policy::DirectorySnapshot& snapshot) {
    policy::DirectoryStatus status;
    status.remarks = remarks(snapshot);
    return status.sentence();
}

Sink Recorder::sink() {
    return [this](Fact fact) {
        const std::lock_guard lock(mutex_);
        facts_.push_back({std::move(fact), Clock::now()});
        more_.notify_all();
    };
}

std::optional<Fact> Recorder::wait(const std::function<bool(const Fact&)>& fits,
                                   std::chrono::milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    std::unique_lock lock(mutex_);
    for (;;) {
        for (std::size_t i = 0; i < facts_.size(); ++i) {
            if (!fits(facts_[i].fact)) continue;
            auto found = std::move(facts_[i]);
            facts_.erase(facts_.begin(), facts_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
            arrived_ = found.at;
            return std::move(found.fact);
        }
        if (more_.wait_until(lock, deadline) == std::cv_status::timeout) return std::nullopt;
    }
}

std::optional<policy::DirectorySnapshot> Recorder::snapshot(std::chrono::milliseconds limit) {
    auto fact =
        wait([](const Fact& f) { return std::holds_alternative<policy::DirectorySnapshot>(f); }, limit);
    if (!fact) return std::nullopt;
    return std::get<policy::DirectorySnapshot>(std::move(*fact));
}

std::optional<policy::DirectoryStatus> Recorder::status(policy::DirectoryHealth health,
                                                        std::chrono::milliseconds limit) {
    auto fact = wait(
        [&](const Fact& f) {
            const auto* status = std::get_if<policy::DirectoryStatus>(&f);
            return status != nullptr && status->health == health;
        },
        limit);
    if (!fact) return std::nullopt;
    return std::get<policy::DirectoryStatus>(std::move(*fact));
}

std::optional<policy::PersonEntry> Recorder::person(
    const Guid& guid, const std::function<bool(const policy::PersonEntry&)>& fits) {
    std::optional<policy::PersonEntry> found;
    auto fact = wait([&](const Fact& f) {
        if (const auto* changes = std::get_if<policy::DirectoryChanges>(&f))
            for (const auto& person : changes->people)
                if (person.guid == guid && (!fits || fits(person))) found = person;
        return found.has_value();
    });
    if (fact) changes_ = std::get<policy::DirectoryChanges>(std::move(*fact));
    return found;
}

std::optional<policy::GroupEntry> Recorder::group(
    const Guid& guid, const std::function<bool(const policy::GroupEntry&)>& fits) {
    std::optional<policy::GroupEntry> found;
    auto fact = wait([&](const Fact& f) {
        if (const auto* changes = std::get_if<policy::DirectoryChanges>(&f))
            for (const auto& group : changes->groups)
                if (group.guid == guid && (!fits || fits(group))) found = group;
        return found.has_value();
    });
    if (fact) changes_ = std::get<policy::DirectoryChanges>(std::move(*fact));
    return found;
}

}  // namespace rollcall::directory
