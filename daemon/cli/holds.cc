// holds, approve and reject: what guards have stopped, and the answers to it.
#include <fmt/format.h>

#include "daemon/cli/action_words.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/hold_view.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMost = 20;

// The first of them, whatever is said of them.
std::string actions(const json::Value& list, const Look& look) {
    std::string out;
    if (list.array() == nullptr) return out;
    const json::Array& all = *list.array();
    const std::size_t shown = all.size() <= kMost + 1 ? all.size() : kMost;
    for (std::size_t i = 0; i < shown; ++i)
        out += bullet(look, 2, "·", Tone::faint, action_words(all[i].text()));
    if (shown < all.size())
        out +=
            paragraph(look, 2, Tone::plain,
                      fmt::format("… and {} more; --json lists them", with_separators(all.size() - shown)));
    return out;
}

std::size_t size(const json::Value& list) {
    return list.array() == nullptr ? 0 : list.array()->size();
}

std::string approved_later(const std::string& id, std::size_t count, const json::Value& waits,
                           const Look& look) {
    std::string out = paragraph(
        look, 0, Tone::warning,
        fmt::format("Approved {}: {} done, but not now:", id, counted(count, "action is", "actions are")));
    for (const json::Value& why : items(waits)) out += bullet(look, 2, "!", Tone::warning, why.text());
    return out;
}

}  // namespace

int holds(const Session& session) {
    const bool all = session.arguments.all;
    return ask_and_show(session, request("holds"),
                        [all](const json::Value& result, const schema::Config& config, const Look& look) {
                            return holds_view(result, config.time_zone, all, look);
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
            const json::Value& waits = result["waits"];
            const std::string id = result["id"].text();
            std::string out =
                yes && size(waits) > 0 ? approved_later(id, size(wanted), waits, look)
                : yes
                    ? paragraph(look, 0, Tone::good,
                                fmt::format("Approved {}: {} now, and `rollcall status` shows how far it is.",
                                            id, counted(size(wanted), "action is done", "actions are done")))
                    : paragraph(look, 0, Tone::warning,
                                fmt::format("Rejected {}: {} not done until the policy or the cause changes.",
                                            id, counted(size(wanted), "action is", "actions are")));
            out += actions(wanted, look);
            if (size(unwanted) > 0)
                out += paragraph(look, 0, Tone::plain,
                                 "No longer wanted by the policy, and so not done in any case:");
            return out + actions(unwanted, look);
        });
}

}  // namespace rollcall::cli
