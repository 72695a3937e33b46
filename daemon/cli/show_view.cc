// audit show, for people: one entry, and the chain of cause around it.
#include <fmt/format.h>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"
#include "schema/trail_basis.h"

namespace rollcall::cli {
namespace {

struct Field {
    const char* name;
    const char* words;
};
constexpr Field kFields[] = {{"action", "action"},
                             {"user", "user"},
                             {"person", "person"},
                             {"room_key", "room"},
                             {"room", "room ID"},
                             {"membership", "membership now"},
                             {"history", "history now"},
                             {"was", "was, told late"},
                             {"sender", "done by"},
                             {"source", "learned by"},
                             {"event", "Matrix event"},
                             {"result", "result"},
                             {"reason", "reason"},
                             {"rule", "rule"},
                             {"rule_path", "place in policy"},
                             {"before", "before"},
                             {"after", "after"},
                             {"danger", "look twice"},
                             {"policy", "policy"},
                             {"sponsor", "asked for by"},
                             {"review", "review"},
                             {"erased", "was erased"},
                             {"erased_caller", "caller, erased"}};

void field(Table& table, std::string_view name, const std::string& text) {
    if (!text.empty()) table.row({{name, Tone::faint}, text});
}

std::string caller_text(const json::Value& caller) {
    if (caller.is_null()) return {};
    return fmt::format("{} (uid {}{})", caller["text"].text("?"), caller["uid"].integer_or(-1),
                       caller["login_uid"].integer_or(-1) < 0
                           ? ""
                           : fmt::format(", logged in as uid {}", caller["login_uid"].integer_or(-1)));
}

std::string checkout_text(const json::Value& checkout) {
    if (checkout.is_null()) return {};
    std::string out = "commit " + checkout["commit"].text();
    if (checkout["changed"].boolean_or(false)) out += ", with changes that are not in it";
    const std::string signature = checkout["signature"].text("N");
    if (signature == "N") return out + ", not signed";
    return out + fmt::format(", signed by {} (git says {})", checkout["signer"].text("?"), signature);
}

std::string evidence_text(const json::Value& evidence, const std::string& zone, const Look& look) {
    if (evidence.is_null()) return {};
    Table facts(4);
    field(facts, "directory", evidence["directory"].text());
    field(facts, "controller", evidence["server"].text());
    field(facts, "object", evidence["object"].text());
    field(facts, "objectGUID", evidence["guid"].text());
    field(facts, "attribute", evidence["attribute"].text());
    field(facts, "uSNChanged", evidence["usn"].text());
    field(facts, "read", shown_time(evidence["time"].text(), zone));
    if (const std::string written = evidence["written"].text(); !written.empty())
        field(facts, "written", shown_time(written, zone));
    if (const std::string last = evidence["otherwise"].text(); !last.empty())
        field(facts, "last otherwise", shown_time(last, zone));
    return paragraph(look, 2, Tone::strong, "On the evidence of") + facts.text(look);
}

// What the trail rests on from then on.
std::string basis_text(const json::Value& basis, const Look& look) {
    const auto read = schema::read_trail_basis(basis);
    if (basis.is_null() || !read) return {};
    Table table(4);
    field(table, "program", read->program);
    field(table, "settings", read->configuration);
    for (const schema::TrailAnchor& anchor : read->anchors) {
        std::string text = anchor.name + ": " + anchor.where();
        if (anchor.heads > 0)
            text += fmt::format(", {}, the newest of {}", counted(anchor.heads, "checkpoint", "checkpoints"),
                                counted(anchor.newest, "entry", "entries"));
        field(table, "anchor", text);
    }
    return paragraph(look, 2, Tone::strong, "Resting on") + table.text(look);
}

std::string fields(const json::Value& entry, const std::string& zone, const Look& look) {
    Table table(2);
    field(table, "time", shown_time(entry["time"].text(), zone));
    field(table, "clock showed", entry["written"].is_null() ? "" : shown_time(entry["written"].text(), zone));
    for (const Field& one : kFields) field(table, one.words, with_local_times(entry[one.name].text(), zone));
    field(table, "happened",
          entry["event_time"].is_null() ? "" : shown_time(entry["event_time"].text(), zone));
    field(table, "until", entry["until"].is_null() ? "" : shown_end(entry["until"].text(), zone));
    field(table, "rooms", listed(entry["rooms"]));
    field(table, "erased", listed(entry["pseudonyms"]));
    field(table, "caller", caller_text(entry["caller"]));
    field(table, "checkout", checkout_text(entry["checkout"]));
    return table.text(look) + basis_text(entry["basis"], look) + evidence_text(entry["evidence"], zone, look);
}

std::string role_text(const std::string& role) {
    if (role == "policy") return "policy applied";
    if (role == "directory") return "directory said";
    if (role == "membership") return "seen in the room";
    if (role == "hold") return "held by a guard";
    if (role == "approve") return "approved";
    if (role == "reject") return "rejected";
    return role == "intent" ? "decided and announced" : "what came of it";
}

std::string said(const json::Value& link, const std::string& zone) {
    std::vector<std::string> parts;
    for (const char* name : {"action", "user", "erased", "room_key"})
        if (const std::string text = link[name].text(); !text.empty()) parts.push_back(text);
    std::string out = joined(parts, " ");
    if (const std::string result = link["result"].text(); !result.empty())
        out += (out.empty() ? "" : ": ") + with_local_times(result, zone);
    if (const std::string reason = with_rule(link); !reason.empty())
        out += (out.empty() ? "" : ", ") + reason;
    if (const std::string by = link["caller"]["text"].text(link["erased_caller"].text()); !by.empty())
        out += ", by " + by;
    return out;
}

}  // namespace

std::string show_view(const json::Value& result, const std::string& zone, const Look& look) {
    const json::Value& entry = result["entry"];
    const std::int64_t number = entry["index"].integer_or(0);
    std::string out =
        paragraph(look, 0, Tone::strong, fmt::format("Entry {}: {}", number, entry["kind"].text()));
    out += fields(entry, zone, look);
    const json::Array& chain = items(result["chain"]);
    if (chain.size() < 2) return out;
    out += "\n" + paragraph(look, 0, Tone::strong, "How it came to this");
    Table table(2);
    for (const json::Value& link : chain) {
        const bool here = link["index"].integer_or(0) == number;
        table.row({{std::to_string(link["index"].integer_or(0)), here ? Tone::strong : Tone::faint},
                   {shown_time(link["time"].text(), zone), Tone::faint},
                   {fmt::format("{}: {}", role_text(link["role"].text()), said(link, zone)),
                    here ? Tone::strong : Tone::plain}});
    }
    return out + table.text(look);
}

}  // namespace rollcall::cli
