// Patience: waits on one thread for an answer that comes on another, until it is cancelled.
//
// What is asked must have a deadline of its own: it answers in any case. cancel() from any thread; whatever
// is asked afterwards is not waited for.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "policy/base/result.h"

namespace rollcall::anchors {

class Patience {
  public:
    // `ask` gets a function that takes the answer; it may be called after this object is gone.
    // unavailable: cancelled.
    template <class T, class Ask>
    [[nodiscard]] Result<T> answer_to(Ask ask) {
        const auto answer = std::make_shared<std::optional<T>>();
        ask([shared = shared_, answer](T said) {
            {
                const std::lock_guard lock(shared->mutex);
                *answer = std::move(said);
            }
            shared->changed.notify_all();
        });
        std::unique_lock lock(shared_->mutex);
        shared_->changed.wait(lock, [&] { return answer->has_value() || shared_->cancelled; });
        if (!*answer) return fail(ErrorKind::unavailable, "given up, because the program ends");
        return std::move(**answer);
    }

    void cancel() {
        {
            const std::lock_guard lock(shared_->mutex);
            shared_->cancelled = true;
        }
        shared_->changed.notify_all();
    }

  private:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        bool cancelled = false;  // protected by mutex, and so is the answer
    };
    const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace rollcall::anchors
