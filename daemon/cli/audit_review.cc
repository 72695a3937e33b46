// audit review and sign-off: who is in a room and why, and the word that it is right so.
#include <fmt/format.h>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/files.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

std::string in_format(const Session& session, const json::Value& result, const std::string& zone,
                      const Look& look) {
    if (session.arguments.json) return json::write_pretty(result) + "\n";
    if (session.arguments.format == "html") return review_html(result, zone);
    if (session.arguments.format == "csv") return review_csv(result);
    return review_view(result, zone, look);
}

// The daemon sends the messages; without one they wait in the store.
int ask_owners(const Session& session) {
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::acts, exit);
    if (!opened) return exit;
    json::Value args{json::Object{}};
    args.set("room", session.arguments.room);
    args.set("reason", session.arguments.reason);
    const std::optional<json::Value> answer =
        ask(session, *opened->transport, request("audit.ask", std::move(args)));
    if (!answer) return 1;
    if (failed(session, *answer)) return exit_of(*answer);
    show(session, (*answer)["result"],
         [&](const Look& look) { return asked_view((*answer)["result"], opened->in_process, look); });
    return 0;
}

}  // namespace

int audit_review(const Session& session) {
    if (session.arguments.ask) return ask_owners(session);
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::asks, exit);
    if (!opened) return exit;
    json::Value args{json::Object{}};
    args.set("room", session.arguments.room);
    const std::optional<json::Value> answer =
        ask(session, *opened->transport, request("audit.review", std::move(args)));
    if (!answer) return 1;
    if (failed(session, *answer)) return exit_of(*answer);
    const std::string& path = session.arguments.out;
    const Look look = path.empty() ? session.terminal.out_look() : Look{};
    const std::string text = in_format(session, (*answer)["result"], opened->config.time_zone, look);
    if (path.empty()) {
        session.terminal.out(text);
        return 0;
    }
    // Who is where is for those who asked.
    if (const Status written = write_file(path, text, 0600, Existing::replace); !written)
        return report(session.terminal, written.error());
    session.terminal.err(fmt::format("written: {}\n", printable(path)));
    return 0;
}

int audit_sign_off(const Session& session) {
    json::Value args{json::Object{}};
    args.set("room", session.arguments.room);
    args.set("reason", session.arguments.reason);
    if (!session.arguments.review.empty()) args.set("review", session.arguments.review);
    return ask_and_show(session, request("audit.sign-off", std::move(args)),
                        [](const json::Value& result, const schema::Config&, const Look& look) {
                            return paragraph(
                                look, 0, Tone::good,
                                fmt::format("Signed off: {} with {}, review {}.", result["room"].text(),
                                            counted(static_cast<std::size_t>(result["members"].integer_or(0)),
                                                    "person", "people"),
                                            result["hash"].text()));
                        });
}

}  // namespace rollcall::cli
