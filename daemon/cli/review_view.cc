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
    const std::string why = last["way"].text() == "reaction" ? ", in Matrix, as the homeserver says"
                                                             : ": " + last["reason"].text();
    return fmt::format("Signed off on {} by {}{}{}.", shown_time(last["time"].text(), zone),
                       last["by"].text("?"), why,
                       last["unchanged"].boolean_or(false) ? "" : " (it has changed since)");
}

// Owners whose word is awaited.
std::string asked(const json::Value& review, const std::string& zone, const Look& look) {
    std::string out;
    for (const json::Value& one : items(review["asked"])) {
        const std::string trouble = one["trouble"].text();
        out +=
            paragraph(look, 2, trouble.empty() ? Tone::plain : Tone::warning,
                      trouble.empty()
                          ? fmt::format("{} was asked in Matrix on {}{}", name_of(one),
                                        shown_time(one["time"].text(), zone),
                                        one["review"] == review["hash"] ? "." : ", about an earlier review.")
                          : fmt::format("{} could not be asked: {}", name_of(one), trouble));
    }
    return out;
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
        out += room_remarks(content["remarks"], look) + room_remarks(review["not_read"], look) +
               asked(review, zone, look);
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

std::string asked_view(const json::Value& result, bool later, const Look& look) {
    std::size_t messages = 0;
    Table table(2);
    for (const json::Value& room : items(result["asked"])) {
        messages += items(room["owners"]).size();
        table.row({room["room"].text(),
                   {"review " + room["hash"].text().substr(0, 12), Tone::faint},
                   listed(room["owners"])});
    }
    std::string out = paragraph(look, 0, Tone::good,
                                fmt::format("Asked to sign off, by a reaction in Matrix: {} about {}.",
                                            counted(messages, "owner", "owners"),
                                            counted(items(result["asked"]).size(), "room", "rooms"))) +
                      table.text(look);
    if (later)
        out += paragraph(look, 0, Tone::warning, "No daemon is running: they get the message once it does.");
    if (items(result["nobody"]).empty()) return out;
    return out + paragraph(look, 0, Tone::warning,
                           fmt::format("Nobody to ask, because no owner is there: {}. Sign these off with "
                                       "`rollcall audit sign-off`.",
                                       listed(result["nobody"])));
}

}  // namespace rollcall::cli
