// pause and resume: what the daemon does is stopped and goes on.
#include "daemon/cli/commands.h"

namespace rollcall::cli {
namespace {

std::string pause_view(const json::Value& result, const schema::Config&, const Look& look) {
    const std::string pause = result["pause"].text();
    if (pause == "none") return paragraph(look, 0, Tone::good, "Going on: nothing is paused.");
    const std::string what = pause == "all" ? "Paused: nothing is done, and departures wait too."
                                            : "Paused: only departures are still carried out.";
    return paragraph(look, 0, Tone::warning, what) +
           paragraph(look, 0, Tone::plain, "`rollcall resume` goes on.");
}

}  // namespace

int pause(const Session& session) {
    json::Value args{json::Object{}};
    args.set("reason", session.arguments.reason);
    args.set("all", session.arguments.all);
    return ask_and_show(session, request("pause", std::move(args)), pause_view);
}

int resume(const Session& session) {
    json::Value args{json::Object{}};
    if (!session.arguments.reason.empty()) args.set("reason", session.arguments.reason);
    return ask_and_show(session, request("resume", std::move(args)), pause_view);
}

}  // namespace rollcall::cli
