// audit leavers: who departed, and how soon they were out.
#include "daemon/cli/audit_answers.h"
#include "daemon/cli/commands.h"

namespace rollcall::cli {

int audit_leavers(const Session& session) {
    json::Value args{json::Object{}};
    const Arguments& typed = session.arguments;
    for (const auto& [name, text] :
         {std::pair{"from", &typed.from}, {"to", &typed.to}, {"promise", &typed.promise}})
        if (!text->empty()) args.set(name, *text);
    return ask_and_show(session, request("audit.leavers", std::move(args)),
                        [](const json::Value& result, const schema::Config& config, const Look& look) {
                            return leavers_view(result, config.time_zone, look);
                        });
}

}  // namespace rollcall::cli
