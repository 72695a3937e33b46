// plan: what would happen if the files as they are now were applied.
#include <fmt/format.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/items.h"
#include "daemon/cli/plan_view.h"
#include "daemon/cli/saved_plan.h"
#include "daemon/control/policy_folder.h"

namespace rollcall::cli {
namespace {

int exit_for(const json::Value& plan, bool exit_code) {
    for (const char* not_seen_or_not_done : {"unseen", "room_trouble", "stays"})
        if (!items(plan[not_seen_or_not_done]).empty()) return 1;
    if (!exit_code) return 0;
    if (const json::Array* holds = plan["holds"].array(); holds != nullptr && !holds->empty()) return 4;
    return plan_is_empty(plan) && plan["in_force"].boolean_or(false) ? 0 : 3;
}

}  // namespace

int plan(const Session& session) {
    const Arguments& arguments = session.arguments;
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::asks, exit);
    if (!opened) return exit;
    print_diagnostics(session.terminal,
                      control::not_read(arguments.policy.empty() ? opened->config.policy : arguments.policy));
    std::optional<json::Value> args = policy_args(session, opened->config, arguments.policy, exit);
    if (!args) return exit;
    const std::optional<json::Value> answer =
        ask(session, *opened->transport, request("plan", std::move(*args)));
    if (!answer) return 1;
    if (failed(session, *answer)) return exit_of(*answer);
    const json::Value& result = (*answer)["result"];
    show(session, result,
         [&](const Look& look) { return plan_view(result, opened->config.time_zone, look, arguments.all); });
    if (!arguments.out.empty()) {
        if (const Status saved = save_plan(arguments.out, result); !saved)
            return report(session.terminal, saved.error());
        session.terminal.err(fmt::format("Saved in {}; `rollcall apply {}` does exactly this, or refuses.\n",
                                         arguments.out, arguments.out));
    }
    return exit_for(result, arguments.exit_code);
}

}  // namespace rollcall::cli
