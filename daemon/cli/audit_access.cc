// audit access: who could read what, when, and why.
#include "daemon/cli/audit_answers.h"
#include "daemon/cli/commands.h"

namespace rollcall::cli {

int audit_access(const Session& session) {
    json::Value args{json::Object{}};
    const Arguments& typed = session.arguments;
    for (const auto& [name, text] : {std::pair{"room", &typed.room},
                                     {"user", &typed.user},
                                     {"at", &typed.at},
                                     {"from", &typed.from},
                                     {"to", &typed.to}})
        if (!text->empty()) args.set(name, *text);
    return ask_and_show(session, request("audit.access", std::move(args)),
                        [](const json::Value& result, const schema::Config& config, const Look& look) {
                            return access_view(result, config.time_zone, look);
                        });
}

}  // namespace rollcall::cli
