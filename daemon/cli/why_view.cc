#include "daemon/cli/why_view.h"

#include <fmt/format.h>

#include "daemon/cli/action_words.h"
#include "daemon/cli/audit_answers.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

std::string called(const json::Value& why) {
    const std::string login = why["login"].text(), user = why["user"].text();
    return login.empty() ? user : user.empty() ? login : fmt::format("{} ({})", login, user);
}

struct Verdict {
    std::string words;
    Tone tone;
};

Verdict verdict_words(const std::string& verdict, const std::string& who, const std::string& room) {
    if (verdict == "member") return {fmt::format("{} belongs in {}, as a member", who, room), Tone::good};
    if (verdict == "owner") return {fmt::format("{} belongs in {}, as an owner", who, room), Tone::good};
    if (verdict == "may stay")
        return {fmt::format("{} may stay in {}: there is an approval", who, room), Tone::good};
    if (verdict == "protected")
        return {fmt::format("{} is protected and is never removed from {}", who, room), Tone::good};
    if (verdict == "out") return {fmt::format("{} does not belong in {}", who, room), Tone::bad};
    return {
        fmt::format("It is not known whether {} belongs in {}; until it is, nothing is changed", who, room),
        Tone::warning};
}

std::string membership_words(const std::string& membership) {
    if (membership == "join") return "in the room";
    if (membership == "invite") return "invited, has not joined";
    if (membership == "knock") return "has asked to join";
    if (membership == "leave") return "has left, or was removed";
    if (membership == "ban") return "banned";
    return "not in the room";
}

// As it is known: of a room that cannot be looked into, as it was when it could.
std::string now_words(const json::Value& room) {
    const std::string words = membership_words(room["membership"].text());
    return room["stale"].boolean_or(false) ? words + ", when last known" : words;
}

std::string next_words(const json::Value& line) {
    const std::string kind = line["kind"].text();
    if (kind == "add") return line["power"].integer_or(0) >= 50 ? "joins, as owner" : "joins";
    if (kind == "remove") return "is removed";
    const std::string words = user_words(line);
    return words.empty() ? kind : words;
}

std::string next_of(const json::Value& room) {
    std::vector<std::string> parts;
    for (const json::Value& line : items(room["next"])) {
        std::string words = next_words(line);
        if (!line["held"].text().empty()) words += " once a hold is approved (see `rollcall holds`)";
        if (const std::string waits = line["waits"].text(); !waits.empty())
            words += fmt::format(" in {}, unless the directory has them back by then", waits);
        if (const std::string wait = line["left_again"].text(); !wait.empty())
            words += fmt::format(" in {}: who leaves again and again is put back more and more seldom", wait);
        if (const std::string after = line["after"].text(); !after.empty()) words += " " + after;
        if (line["paused"].boolean_or(false)) words += " once `rollcall resume` ends the pause";
        if (line["mask"].boolean_or(false))
            words += " once the homeserver knows registrations/rollcall-mask.yaml (see `rollcall status`)";
        if (line["rejected"].boolean_or(false)) words += ", but that was rejected (see `rollcall holds`)";
        if (const std::string tried = line["tried"].text(); !tried.empty())
            words += fmt::format(", which was tried and is tried again: {}", tried);
        parts.push_back(std::move(words));
    }
    if (const std::string waits = room["waits"].text(); !waits.empty())
        parts.push_back("joining waits: " + waits);
    if (const std::string out_by = room["out_by"].text(); parts.empty() && !out_by.empty())
        return fmt::format("is out by {}; `rollcall readmit USER {} --reason \"…\"` {}", out_by,
                           room["key"].text(), out_by == "a kick" ? "puts them back" : "invites them");
    if (const std::string advice = room["advice"].text(); parts.empty() && !advice.empty()) return advice;
    if (parts.empty() && room["stale"].boolean_or(false)) return "not known";
    return parts.empty() ? "nothing to do" : joined(parts, "; then ");
}

std::string reason_words(const json::Value& reason) {
    std::string out = reason["text"].text();
    if (const std::string path = reason["path"].text(); !path.empty()) out += " (" + path + ")";
    return out;
}

std::string one_room_view(const json::Value& why, const json::Value& room, const std::string& time_zone,
                          const Look& look) {
    const Verdict verdict = verdict_words(room["verdict"].text(), called(why), "#" + room["key"].text());
    std::string out = paragraph(look, 0, verdict.tone, verdict.words);
    Table table(2);
    std::string heading = "because", rule_heading = "rule";
    for (const json::Value& reason : items(room["reasons"])) {
        table.row({{heading, Tone::faint}, reason_words(reason)});
        heading.clear();
        if (const std::string rule = reason["rule"].text(); !rule.empty())
            table.row({{"rule", Tone::faint}, rule});
    }
    if (const std::string dn = why["dn"].text(); !dn.empty()) table.row({{"in directory", Tone::faint}, dn});
    const json::Value& evidence = why["evidence"];
    if (const std::string server = evidence["server"].text(); !server.empty())
        table.row({{"evidence", Tone::faint},
                   fmt::format("read from {}{}, USN {}, object {}", server,
                               evidence["time"].text().empty()
                                   ? ""
                                   : " at " + shown_time(evidence["time"].text(), time_zone),
                               evidence["usn"].integer_or(0), why["guid"].text())});
    table.row({{"now", Tone::faint}, now_words(room)});
    table.row({{"next", Tone::faint}, next_of(room)});
    std::vector<std::string> owners;
    for (const json::Value& owner : items(room["owners"])) owners.push_back(owner.text());
    table.row({{"owners", Tone::faint}, owners.empty() ? "nobody" : joined(owners, ", ")});
    return out + table.text(look) + room_remarks(room["remarks"], look);
}

std::string with_cause(std::string what, const std::string& cause) {
    return cause.empty() ? what : what + ": " + cause;
}

std::string person_lines(const json::Value& why, const Look& look) {
    std::string out = paragraph(look, 0, Tone::strong, called(why));
    const std::string departed = why["departed"].text(), employee = why["employee"].text();
    if (why["not_seen"].boolean_or(false))
        return out + paragraph(look, 2, Tone::plain, "an approval names them; no room has seen them yet");
    if (departed.empty()) return out + paragraph(look, 2, Tone::plain, "nobody that the directory knows");
    if (departed == "yes")
        out += paragraph(look, 2, Tone::bad, "has departed: " + why["departure"].text());
    else if (departed == "unknown")
        out += paragraph(look, 2, Tone::warning,
                         with_cause("it is not known whether they have departed", why["departure"].text()));
    else
        out += paragraph(look, 2, Tone::plain,
                         employee == "yes"  ? "is an employee"
                         : employee == "no" ? "is no employee: people.employees does not match"
                                            : "it is not known whether they are an employee");
    if (const std::string dn = why["dn"].text(); !dn.empty()) out += paragraph(look, 2, Tone::faint, dn);
    return out;
}

std::string all_rooms_view(const json::Value& why, const Look& look) {
    std::string out = person_lines(why, look) + "\n";
    if (items(why["rooms"]).empty()) return out + "Is in no managed room, and belongs in none.\n";
    Table table;
    table.row(
        {{"room", Tone::faint}, {"verdict", Tone::faint}, {"now", Tone::faint}, {"because", Tone::faint}});
    for (const json::Value& room : items(why["rooms"])) {
        const std::string verdict = room["verdict"].text();
        std::vector<std::string> reasons;
        for (const json::Value& reason : items(room["reasons"])) reasons.push_back(reason["text"].text());
        table.row({"#" + room["key"].text(),
                   {verdict, verdict_words(verdict, "", "").tone},
                   now_words(room),
                   joined(reasons, "; ")});
        if (!items(room["next"]).empty() || !room["waits"].text().empty() || !room["advice"].text().empty())
            table.row({"", "", "", {"next: " + next_of(room), Tone::change}});
    }
    return out + table.text(look);
}

}  // namespace

std::string why_view(const json::Value& why, bool one_room, const std::string& time_zone, const Look& look) {
    if (one_room && !items(why["rooms"]).empty())
        return one_room_view(why, items(why["rooms"]).front(), time_zone, look);
    return all_rooms_view(why, look);
}

}  // namespace rollcall::cli
