#include "daemon/cli/hold_view.h"

#include <fmt/format.h>

#include "daemon/cli/action_words.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {

std::string hold_heading(const json::Value& hold, const Look& look) {
    const std::string room = hold["room"].text();
    const std::size_t actions = hold["actions"].array() == nullptr ? 0 : hold["actions"].array()->size();
    const std::string line =
        fmt::format("{}  guard {}{}, {}", hold["id"].text(), hold["guard"].text(),
                    room.empty() ? "" : " of #" + room, counted(actions, "action", "actions"));
    return paragraph(look, 2, Tone::warning, line) + paragraph(look, 4, Tone::plain, hold["cause"].text());
}

std::string hold_answers(const json::Value& hold, const Look& look) {
    const std::string id = printable(hold["id"].text());
    return paragraph(look, 4, Tone::strong, fmt::format("rollcall approve {} --reason \"…\"", id)) +
           paragraph(look, 4, Tone::strong, fmt::format("rollcall reject {} --reason \"…\"", id));
}

std::string holds_view(const json::Value& result, const Look& look) {
    const json::Array* holds = result["holds"].array();
    if (holds == nullptr || holds->empty()) return "No holds: no guard has stopped anything.\n";
    std::string out = paragraph(
        look, 0, Tone::warning,
        fmt::format("{}: done only when somebody approves", counted(holds->size(), "hold", "holds")));
    for (const json::Value& hold : *holds) {
        out += "\n" + hold_heading(hold, look);
        if (hold["actions"].array() != nullptr)
            for (const json::Value& action : *hold["actions"].array())
                out += bullet(look, 4, "!", Tone::warning, action_words(action.text()));
        out += hold_answers(hold, look);
    }
    return out;
}

}  // namespace rollcall::cli
