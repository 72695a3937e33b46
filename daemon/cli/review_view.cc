// audit review, for a terminal.
#include <fmt/format.h>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

std::string signed_off(const json::Value& review, const std::string& zone) {
    const json::Value& last = review["signed_off"];
    if (last.is_null()) return "Never signed off.";
    return fmt::format("Signed off on {} by {}: {}{}", shown_time(last["time"].text(), zone),
                       last["by"].text("?"), last["reason"].text(),
                       last["unchanged"].boolean_or(false) ? "" : " (it has changed since)");
}

}  // namespace

std::string review_view(const json::Value& result, const std::string& zone, const Look& look) {
    std::string out;
    for (const json::Value& review : items(result["rooms"])) {
        const json::Value& content = review["content"];
        const json::Array& members = items(content["members"]);
        if (!out.empty()) out += "\n";
        out += paragraph(look, 0, Tone::strong,
                         fmt::format("{} ({}): {}", content["room"].text(), content["name"].text(),
                                     counted(members.size(), "account", "accounts")));
        out += paragraph(
            look, 2, Tone::plain,
            fmt::format("{} History: {}.", signed_off(review, zone), content["history"].text("not known")));
        Table table(2);
        for (const json::Value& member : members) {
            const std::string role = member["role"].text();
            const bool odd = role == "to be removed" || role == "unknown";
            std::string why = with_rule(member);
            if (const std::string by = member["by"].text(); !by.empty()) why += ", let in by " + by;
            table.row({name_of(member),
                       {role, odd                  ? Tone::bad
                              : role == "outsider" ? Tone::warning
                                                   : Tone::plain},
                       member["membership"].text() == "invite" ? "invited" : "",
                       {member["since"].is_null()
                            ? ""
                            : (member["since_before"].boolean_or(false) ? "since before " : "since ") +
                                  shown_time(member["since"].text(), zone),
                        Tone::faint},
                       why});
        }
        out += table.text(look);
        out += paragraph(
            look, 2, Tone::faint,
            fmt::format("Review {}. To sign it off: rollcall audit sign-off {} --review {} "
                        "--reason \"…\"",
                        review["hash"].text(), content["room"].text(), review["hash"].text().substr(0, 12)));
    }
    return out.empty() ? paragraph(look, 0, Tone::plain, "No rooms.") : out;
}

}  // namespace rollcall::cli
