// What every command of the command line works with: what was typed, the terminal, and the doors to the rest
// of the program, which main opens (and tests replace).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bridges/matrix/sign_in.h"
#include "bridges/matrix/sign_up.h"
#include "daemon/audit/recovery.h"
#include "daemon/cli/arguments.h"
#include "daemon/cli/terminal.h"
#include "daemon/control/transport.h"
#include "policy/base/diagnostic.h"
#include "policy/base/result.h"
#include "schema/config_file.h"
#include "schema/json.h"

namespace rollcall::cli {

// As daemon/app.h and daemon/control/transport.h declare them.
struct Doors {
    std::function<Result<std::unique_ptr<control::Transport>>(const std::string&)> connect_daemon;
    std::function<Result<std::unique_ptr<control::Transport>>(const schema::Config&, bool reads_only)>
        open_in_process;
    std::function<Status(control::Transport&, const std::function<void(std::string)>&)> converge;
    std::function<int(const schema::Config&)> run_daemon;
    std::function<Result<std::optional<audit::Recovered>>(
        const schema::Config&, const std::string& reason,
        const std::function<void(std::uint64_t done, std::uint64_t of)>& progress)>
        recover_store;
    std::function<void()> wait;  // a moment, between two looks at something that grows
    std::function<matrix::SignUp(const std::string& homeserver)> sign_up;
    std::function<matrix::SignIn(const std::string& homeserver)> sign_in;
};

struct Session {
    const Arguments& arguments;
    Terminal& terminal;
    const Doors& doors;
};

// An open transport, and whether it ends with this program: then what was applied must be carried out by it.
struct Opened {
    schema::Config config;
    std::unique_ptr<control::Transport> transport;
    bool in_process = false;
};

// "rollcall: …" and what to do about it, on err. Returns the exit status that goes with it.
int report(Terminal& terminal, const Error& error);
// One a line, worst file and line first as they stand in the files, on err.
void print_diagnostics(Terminal& terminal, const Diagnostics& diagnostics);
void print_diagnostics(Terminal& terminal, const json::Value& diagnostics);

// rollcall.yaml; nullopt after a report.
[[nodiscard]] std::optional<schema::Config> load_config(const Session& session);
// The daemon where one runs, this program itself otherwise; nullopt after a report, with the exit status in
// `exit`.
enum class Use : std::uint8_t { asks, acts };  // without a daemon, what only asks writes nothing
[[nodiscard]] std::optional<Opened> open(const Session& session, Use use, int& exit);

[[nodiscard]] json::Value request(std::string command, json::Value args = json::Object{});
// Arguments of a command that works on the policy's files, read here, as whoever calls: the daemon opens
// nothing that a caller names. Files of the configured policy that the caller may not read, the daemon reads.
// nullopt after a report, with the exit status in `exit`.
[[nodiscard]] std::optional<json::Value> policy_args(const Session& session, const schema::Config& config,
                                                     const std::string& named, int& exit);
// The answer, whatever it says; nullopt after a report that there was none.
[[nodiscard]] std::optional<json::Value> ask(const Session& session, control::Transport& transport,
                                             const json::Value& request);
// True if the answer is an error, which then has been reported, in JSON too where that is wanted.
[[nodiscard]] bool failed(const Session& session, const json::Value& answer);
[[nodiscard]] int exit_of(const json::Value& answer);
// Writes `result` as JSON if that is wanted, else what `view` makes of it.
void show(const Session& session, const json::Value& result,
          const std::function<std::string(const Look&)>& view);

// A command that asks one thing and shows the answer.
int ask_and_show(
    const Session& session, const json::Value& request,
    const std::function<std::string(const json::Value&, const schema::Config&, const Look&)>& view);

}  // namespace rollcall::cli
