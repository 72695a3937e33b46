// The program put together: every long-lived object of a daemon, and the same without one for a single
// command.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/audit/recovery.h"
#include "daemon/control/transport.h"
#include "policy/base/result.h"
#include "schema/config_file.h"

namespace rollcall {

// The handler inside this program, under the lock of the state folder, while no daemon runs. conflict when
// somebody else holds the lock. `reads_only`: for commands that only ask something; then neither the store
// nor the log is written, and no anchor is asked.
[[nodiscard]] Result<std::unique_ptr<control::Transport>> open_in_process(const schema::Config& config,
                                                                          bool reads_only);

// After an apply in-process: carries out what the policy in force wants until nothing more can be done, once.
// `progress` gets a line now and then, on the calling thread.
[[nodiscard]] Status converge(control::Transport& transport,
                              const std::function<void(std::string line)>& progress);

// `audit recover`: a store from an older backup is brought up to its log, while no daemon runs; see
// audit/recovery.h. nullopt: it lacks nothing. `progress` is called on the calling thread.
[[nodiscard]] Result<std::optional<audit::Recovered>> recover_store(
    const schema::Config& config, const std::string& reason,
    const std::function<void(std::uint64_t done, std::uint64_t of)>& progress);

// The daemon, until it is told to stop. The exit status of the program.
[[nodiscard]] int run_daemon(const schema::Config& config);

}  // namespace rollcall
