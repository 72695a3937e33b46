// PolicyInput: the policy's files for one command, read and parsed before the command reaches the engine's
// thread.
//
//     the caller's own   sent as {files: [{name, text}…]} by whoever read them: the daemon opens nothing that
//     a
//                        caller names, which could be a file that they cannot read, or one that never ends
//     the configured     the folder of rollcall.yaml, read by the daemon. What stands in them is quoted only
//     to
//                        those who surely may read them: root, and the daemon's own user
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/control/policy_files.h"
#include "schema/json.h"
#include "schema/trail_entry.h"

namespace rollcall::control {

struct PolicyInput {
    Result<PolicyTexts> texts;
    schema::PolicyRead read;  // of these texts
    bool quoted = true;       // the answer may show what stands in them
};

// What is wrong in them: of files that the daemon read itself, for who may not, where it is and no word of
// what stands there.
[[nodiscard]] Diagnostics told(const PolicyInput& input, Diagnostics diagnostics);

// Reads a folder on a thread of its own, so that a file system that hangs keeps nobody for long. That thread
// is left behind then, and nobody begins another. Any thread.
class FolderReader {
  public:
    using Read = std::function<Result<PolicyTexts>()>;
    explicit FolderReader(Read read, Duration patience = std::chrono::seconds{10});
    // unavailable where no answer comes in time.
    [[nodiscard]] Result<PolicyTexts> read() const;

  private:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        bool busy = false;
        std::size_t rounds = 0;  // that are over
        Result<PolicyTexts> last = PolicyTexts{};
    };
    const Read read_;
    const Duration patience_;
    const std::shared_ptr<Shared> shared_;
};

// Of a request's {files}. Errors: invalid_input, limit.
[[nodiscard]] Result<PolicyTexts> texts_of(const json::Value& files);
// The other way.
[[nodiscard]] json::Value files_json(const PolicyTexts& texts);

}  // namespace rollcall::control
