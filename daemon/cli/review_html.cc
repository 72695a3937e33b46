// audit review --format html: one page that needs nothing beside it and prints a room a sheet.
#include <fmt/format.h>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, "Liberation Sans", sans-serif; color: #1b1f24; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0; }
p { margin: .25rem 0; }
.faint { color: #5b6470; }
section { border: 1px solid #d4d9e0; border-radius: 8px; padding: 1rem 1.25rem; margin: 1.25rem 0; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; }
th { text-align: left; font-weight: 600; color: #5b6470; border-bottom: 2px solid #d4d9e0; padding: .3rem .75rem .3rem 0; white-space: nowrap; }
td { vertical-align: top; border-bottom: 1px solid #e8ebef; padding: .35rem .75rem .35rem 0; }
td:last-child { white-space: nowrap; padding-right: 0; }
td small { color: #5b6470; display: block; overflow-wrap: anywhere; }
.odd { color: #b42318; font-weight: 600; }
.outside { color: #8a5300; font-weight: 600; }
.sign { display: grid; grid-template-columns: 2fr 2fr 1fr; gap: 1.5rem; margin-top: 2.25rem; }
.sign div { border-top: 1px solid #1b1f24; padding-top: .2rem; font-size: .8rem; color: #5b6470; }
code { font: .85em ui-monospace, "Liberation Mono", monospace; overflow-wrap: anywhere; }
@media print {
  @page { size: A4; margin: 16mm; }
  body { font-size: 10.5pt; margin: 0; padding: 0; max-width: none; }
  section { border: 0; padding: 0; margin: 0; break-before: page; }
  header + section { break-before: auto; margin-top: 6mm; }
  thead { display: table-header-group; }
  tr, .sign { break-inside: avoid; }
}
)";

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : printable(text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string small(const std::string& text) {
    return text.empty() ? "" : "<small>" + escaped(text) + "</small>";
}

std::string member_row(const json::Value& member, const std::string& zone) {
    const std::string role = member["role"].text(), login = member["login"].text();
    const char* look = role == "to be removed" || role == "unknown" ? " class=\"odd\""
                       : role == "outsider"                         ? " class=\"outside\""
                                                                    : "";
    std::string rule = member["rule"].text();
    if (const std::string by = member["by"].text(); !by.empty())
        rule += (rule.empty() ? "let in by " : " · let in by ") + by;
    const std::int64_t entry = member["entry"].integer_or(0);
    return fmt::format("<tr><td>{}{}</td><td{}>{}{}</td><td>{}{}</td><td>{}{}</td></tr>\n",
                       escaped(login.empty() ? member["user"].text() : login),
                       small(login.empty() ? "" : member["user"].text()), look, escaped(role),
                       small(member["membership"].text() == "invite" ? "invited, has not joined" : ""),
                       escaped(member["reason"].text()), small(rule),
                       member["since"].is_null()
                           ? ""
                           : (member["since_before"].boolean_or(false) ? "before " : "") +
                                 escaped(shown_time(member["since"].text(), zone)),
                       small(entry > 0 ? fmt::format("entry {}", entry) : ""));
}

std::string last_sign_off(const json::Value& review, const std::string& zone) {
    const json::Value& last = review["signed_off"];
    if (last.is_null()) return "Never signed off.";
    return fmt::format(
        "Last signed off on {} by {}{}{}", shown_time(last["time"].text(), zone), last["by"].text("?"),
        last["way"].text() == "reaction" ? ", in Matrix, as the homeserver says"
                                         : ": " + last["reason"].text(),
        last["unchanged"].boolean_or(false) ? " (nothing has changed since)" : " (it has changed since)");
}

std::string table(const std::string& rows) {
    if (rows.empty()) return "<p>Nobody is in it.</p>\n";
    return "<table><thead><tr><th>Who</th><th>Role</th><th>Why</th><th>Since</th></tr></thead>\n<tbody>\n" +
           rows + "</tbody></table>\n";
}

std::string remarks(const json::Value& list) {
    std::string out;
    for (const json::Value& one : items(list))
        out += "<p class=\"odd\">Not all is known: " + escaped(one.text()) + ".</p>\n";
    return out;
}

std::string room_section(const json::Value& review, const std::string& zone) {
    const json::Value& content = review["content"];
    std::string owners, rows;
    for (const json::Value& member : items(content["members"])) {
        rows += member_row(member, zone);
        if (member["role"].text() != "owner") continue;
        owners += (owners.empty() ? "" : ", ") + member["login"].text(member["user"].text());
    }
    return fmt::format(
        "<section>\n<h2>{} <span class=\"faint\">({})</span></h2>\n"
        "<p>{}. Owners: {}. History visibility: {}.</p>\n<p>{}</p>\n"
        "{}{}<p class=\"faint\">Review <code>{}</code></p>\n"
        "<div class=\"sign\"><div>Name</div><div>Signature</div><div>Date</div></div>\n</section>\n",
        escaped(content["name"].text()), escaped(content["room"].text()),
        counted(items(content["members"]).size(), "account", "accounts"),
        owners.empty() ? "none" : escaped(owners), escaped(content["history"].text("not known")),
        escaped(last_sign_off(review, zone)), remarks(content["remarks"]) + remarks(review["not_read"]),
        table(rows), escaped(review["hash"].text()));
}

}  // namespace

std::string review_html(const json::Value& result, const std::string& zone) {
    const std::string at = escaped(shown_time(result["at"].text(), zone));
    std::string out = fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Access review, {0}</title>\n"
        "<style>{1}</style>\n</head>\n<body>\n<header>\n<h1>Access review</h1>\n"
        "<p class=\"faint\">{2} · as of {0} · policy <code>{3}</code></p>\n</header>\n",
        at, kStyle, escaped(result["server"].text()), escaped(result["policy"].text("none").substr(0, 16)));
    for (const json::Value& review : items(result["rooms"])) out += room_section(review, zone);
    return out + "</body>\n</html>\n";
}

}  // namespace rollcall::cli
