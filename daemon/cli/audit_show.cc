// audit show: one entry, and how it came to it.
#include "daemon/cli/audit_answers.h"
#include "daemon/cli/commands.h"

namespace rollcall::cli {

int audit_show(const Session& session) {
    json::Value args{json::Object{}};
    args.set("number", session.arguments.number);
    return ask_and_show(session, request("audit.show", std::move(args)),
                        [](const json::Value& result, const schema::Config& config, const Look& look) {
                            return show_view(result, config.time_zone, look);
                        });
}

}  // namespace rollcall::cli
