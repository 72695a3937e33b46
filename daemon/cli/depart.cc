// depart: one person is treated as departed at once, or no longer.
#include <fmt/format.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/items.h"

namespace rollcall::cli {
namespace {

std::string departed_view(const std::string& login, const json::Array& waits, const Look& look) {
    std::string out = paragraph(
        look, 0, Tone::bad,
        fmt::format("{} counts as departed from now on{}", login,
                    waits.empty() ? ": sessions end, then all rooms." : ". Not all of it is done now:"));
    for (const json::Value& why : waits) out += bullet(look, 2, "!", Tone::warning, why.text());
    return out + paragraph(look, 0, Tone::plain, "Until the directory says so too, --take-back undoes it.");
}

}  // namespace

int depart(const Session& session) {
    const bool taken_back = session.arguments.take_back;
    json::Value args{json::Object{}};
    args.set("user", session.arguments.user);
    args.set("reason", session.arguments.reason);
    if (taken_back) args.set("take_back", true);
    return ask_and_show(
        session, request("depart", std::move(args)),
        [taken_back](const json::Value& result, const schema::Config&, const Look& look) {
            const std::string login = result["login"].text(result["user"].text());
            const bool departed = result["departed"].boolean_or(false);
            if (!taken_back) return departed_view(login, items(result["waits"]), look);
            if (departed)
                return paragraph(
                    look, 0, Tone::warning,
                    fmt::format("Taken back; {} has departed all the same, because the directory says so.",
                                login));
            return paragraph(look, 0, Tone::good,
                             fmt::format("Taken back: the directory decides about {} again.", login));
        });
}

}  // namespace rollcall::cli
