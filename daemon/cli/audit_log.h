// The audit log's files, as the commands open them that look at the log itself and not through the daemon.
#pragma once

#include <optional>

#include "daemon/audit/log_folder.h"
#include "daemon/cli/session.h"
#include "schema/checkpoint.h"

namespace rollcall::cli {

struct OpenedLog {
    schema::Config config;
    schema::VerifierKey key;
    audit::LogFolder folder;
};
// nullopt after a report, with the exit status in `exit`. Nothing is made where there is no log yet.
[[nodiscard]] std::optional<OpenedLog> open_log(const Session& session, int& exit);

// One entry as `audit prove` and `audit check-proof` show it: a member a line.
[[nodiscard]] std::string entry_view(const json::Value& entry, const std::string& time_zone,
                                     const Look& look);

}  // namespace rollcall::cli
