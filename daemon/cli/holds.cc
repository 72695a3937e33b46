// holds, approve and reject: what guards have stopped, and the answers to it.
#include <fmt/format.h>

#include "daemon/cli/action_words.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/hold_view.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

std::string actions(const json::Value& list, std::string_view sign, Tone tone, const Look& look) {
    std::string out;
    if (list.array() != nullptr)
        for (const json::Value& action : *list.array())
            out += bullet(look, 2, sign, tone, action_words(action.text()));
    return out;
}

std::size_t size(const json::Value& list) {
    return list.array() == nullptr ? 0 : list.array()->size();
}

}  // namespace

int holds(const Session& session) {
    return ask_and_show(session, request("holds"),
                        [](const json::Value& result, const schema::Config& config, const Look& look) {
                            return holds_view(result, config.time_zone, look);
                        });
}

int answer_hold(const Session& session) {
    const bool yes = session.arguments.command == Command::approve;
    json::Value args{json::Object{}};
    args.set("id", session.arguments.id);
    args.set("reason", session.arguments.reason);
    return ask_and_show(
        session, request(yes ? "approve" : "reject", std::move(args)),
        [yes](const json::Value& result, const schema::Config&, const Look& look) {
            const json::Value &wanted = result["wanted"], &unwanted = result["unwanted"];
            const std::string n = counted(size(wanted), "action", "actions");
            std::string out = paragraph(
                look, 0, yes ? Tone::good : Tone::warning,
                yes ? fmt::format("Approved: {} carried out.", n)
                    : fmt::format("Rejected: {} not done until the policy or the cause changes.", n));
            out += actions(wanted, yes ? "+" : "-", yes ? Tone::good : Tone::warning, look);
            if (size(unwanted) > 0)
                out += paragraph(look, 0, Tone::plain,
                                 "No longer wanted by the policy, and so not done in any case:");
            return out + actions(unwanted, "·", Tone::faint, look);
        });
}

}  // namespace rollcall::cli
