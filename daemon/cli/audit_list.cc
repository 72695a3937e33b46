// audit list: the latest entries of the trail, and with --follow those that come.
#include "daemon/cli/audit_view.h"
#include "daemon/cli/commands.h"

namespace rollcall::cli {
namespace {

json::Value filter(const Arguments& arguments, std::int64_t after) {
    json::Value args{json::Object{}};
    if (!arguments.user.empty()) args.set("user", arguments.user);
    if (!arguments.room.empty()) args.set("room", arguments.room);
    for (const auto& [name, text] : {std::pair{"kind", &arguments.kind},
                                     {"action", &arguments.action},
                                     {"rule", &arguments.rule},
                                     {"result", &arguments.result},
                                     {"from", &arguments.from},
                                     {"to", &arguments.to}})
        if (!text->empty()) args.set(name, *text);
    if (after > 0) args.set("after", after);
    args.set("most", arguments.most);
    return request("audit.list", std::move(args));
}

// While following, JSON is one entry a line.
void print(const Session& session, const json::Array& entries, const std::string& zone) {
    if (!session.arguments.json) {
        session.terminal.out(audit_view(entries, zone, session.terminal.out_look()));
        return;
    }
    for (const json::Value& entry : entries) session.terminal.out(json::write(entry) + "\n");
}

int follow(const Session& session, const Opened& opened) {
    if (opened.in_process)
        return report(session.terminal,
                      Error{ErrorKind::unavailable, "no daemon is running, so no entries will come",
                            "leave --follow out, or start it with `rollcall run`"});
    for (std::int64_t after = 0;; session.doors.wait()) {
        const std::optional<json::Value> answer =
            ask(session, *opened.transport, filter(session.arguments, after));
        if (!answer) return 1;
        if (failed(session, *answer)) return exit_of(*answer);
        const json::Array* entries = (*answer)["result"]["entries"].array();
        if (entries == nullptr || entries->empty()) continue;
        print(session, *entries, opened.config.time_zone);
        after = entries->back()["index"].integer_or(after);
    }
}

}  // namespace

int audit_list(const Session& session) {
    if (!session.arguments.follow)
        return ask_and_show(session, filter(session.arguments, 0),
                            [](const json::Value& result, const schema::Config& config, const Look& look) {
                                const json::Array* entries = result["entries"].array();
                                return entries == nullptr || entries->empty()
                                           ? std::string("No entries.\n")
                                           : audit_view(*entries, config.time_zone, look);
                            });
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::asks, exit);
    return opened ? follow(session, *opened) : exit;
}

}  // namespace rollcall::cli
